"""Five microphones around explosions: sound files with the stations' files beside them, and the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from detector.association import Sensors, lon_lat
from detector.association.travel import air, travel
from detector.timebase import ns_from_iso

RATE = 8_000
START = "2026-03-01T06:30:00Z"
START_NS = ns_from_iso(START)
ORIGIN = (16.4, 48.2)
TEMPERATURE_C = 15.0
MICROPHONES_M = {
    "north": (0.0, 420.0),
    "east": (430.0, 60.0),
    "south": (60.0, -380.0),
    "west": (-410.0, -20.0),
    "middle": (30.0, 40.0),
}
HEIGHT_M = 10.0


def microphones(
    folder: Path,
    explosions: Sequence[tuple[float, tuple[float, float]]],
    *,
    seconds: float = 12.0,
    names: Sequence[str] = tuple(MICROPHONES_M),
    local: bool = False,
    lone_bang_s: float | None = None,
    scale: float = 1.0,
) -> list[str]:
    """Writes a FLAC and a JSON for each microphone; explosions are (time since START [s], place east, north [m]).

    lone_bang_s: one that only the first microphone hears, such as a door beside it.
    scale: of the distances between the microphones.
    """
    random = np.random.default_rng(7)
    medium = air(TEMPERATURE_C)
    for name in names:
        place = MICROPHONES_M[name][0] * scale, MICROPHONES_M[name][1] * scale
        samples = 0.001 * random.normal(size=round(seconds * RATE))
        arrivals = [
            at_s + float(travel([*source, 0.0], [*place, HEIGHT_M], medium).time_s) for at_s, source in explosions
        ]
        if lone_bang_s is not None and name == names[0]:
            arrivals.append(lone_bang_s)
        for arrival_s in arrivals:
            at, length = round(arrival_s * RATE), RATE // 10
            if at + length < len(samples):
                samples[at : at + length] += 0.2 * random.normal(size=length) * np.exp(-np.arange(length) / 200)
        soundfile.write(folder / f"{name}.flac", samples, RATE, "PCM_16")
        write_station(folder / f"{name}.json", name, place, local=local)
    return [f"{name}.flac" for name in names]


def write_station(file: Path, name: str, place: tuple[float, float], *, local: bool = False) -> None:
    lon_deg, lat_deg = lon_lat(place, ORIGIN).tolist()
    position = (
        {"x_m": place[0], "y_m": place[1], "z_m": HEIGHT_M}
        if local
        else {"lon_deg": lon_deg, "lat_deg": lat_deg, "alt_m": HEIGHT_M}
    )
    file.write_text(json.dumps({"start": START, "sensor": name, "position": position}), "utf-8")


def square(centre_m: tuple[float, float], half_m: float) -> list[list[float]]:
    """A closed ring on the map. [deg]"""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half_m + centre_m
    return [[float(lon), float(lat)] for lon, lat in lon_lat(corners, ORIGIN)]


def configuration(
    folder: Path,
    media: list[str],
    *,
    zone: tuple[tuple[float, float], float] = ((0.0, 0.0), 300.0),
    rules: list[dict[str, Any]] | None = None,
    **network: Any,
) -> Path:
    """One network, and one rule on impulses inside a square zone, unless other rules are given."""
    feature = {
        "type": "Feature",
        "properties": {"id": "strip", "kind": "zone", "name": "the strip"},
        "geometry": {"type": "Polygon", "coordinates": [square(*zone)]},
    }
    (folder / "map.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    sensors = {"id": "mics", "media": media, "temperature_c": TEMPERATURE_C, **network}
    whole = {
        "version": 1,
        "map": "map.geojson",
        "sensors": [sensors],
        "rules": rules if rules is not None else [{"id": "silence", "kind": "impulse", "zones": ["strip"]}],
        "evidence": {"pre_roll_s": 1, "post_roll_s": 1},
    }
    path = folder / "heard.yaml"
    path.write_text(json.dumps(whole, indent=1))
    return path


def distance_m(place: tuple[float, float], lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """East and north of a place on the map from a place in the plane. [m]"""
    found = Sensors.on_earth(("a",), [[lon_deg, lat_deg, 0.0]], ORIGIN).position_m[0, :2]
    return float(found[0] - place[0]), float(found[1] - place[1])
