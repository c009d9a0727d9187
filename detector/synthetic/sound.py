"""What microphones around a scene hear, or a geophone feels: its flashes and other bangs, with known truth."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from shapely.geometry import Point

from detector.association import Medium, air, ground
from detector.association.travel import travel
from detector.synthetic.agreement import zone_polygons
from detector.synthetic.place import Place
from detector.synthetic.scene import Scene
from detector.timebase import NS_PER_S, ns_from_iso

_NOISE = 0.001
_DIES_AWAY_S = 0.02
# Of the ground's wave: how it swings, how it dies away, how much of a bang goes into the ground. [Hz], [s], [1]
_SWINGS_HZ, _GROUND_DIES_AWAY_S, _INTO_GROUND = 14.0, 0.15, 0.2
# What the sound in the air, later, does to the ground, as a share of the ground's own wave. [1]
_AIR_ON_GROUND = 0.5
_LOUD_AT_M = 100.0
# One place and one series, as the rules of configs/demo.yaml have it.
_SERIES_M, _SERIES_S = 60.0, 10.0


@dataclass(frozen=True, slots=True)
class Bang:
    """A short loud sound at a place. loudness: share of full scale 100 m away."""

    t_s: float
    east_m: float
    north_m: float
    loudness: float = 0.3


@dataclass(frozen=True, slots=True)
class Knock:
    """A sound so near to one microphone that no other hears it."""

    t_s: float
    microphone: str
    loudness: float = 0.2


@dataclass(frozen=True, slots=True)
class Listening:
    """Microphones, and everything they will hear. microphones_m: name -> east, north, up. [m]

    wave_m_s: they are geophones, and this is the speed of the ground's first wave; None: microphones. [m/s]
    """

    place: Place
    start: str
    seconds: float
    microphones_m: dict[str, tuple[float, float, float]]
    bangs: tuple[Bang, ...] = ()
    knocks: tuple[Knock, ...] = ()
    temperature_c: float = 10.0
    rate_hz: int = 4000
    seed: int = 1
    wave_m_s: float | None = None


def demo_listening(scene: Scene) -> Listening:
    """Five microphones around a scene hear its flashes, two explosions (one of them far outside the zones), a door."""
    microphones = {
        "north": (20.0, 400.0, 8.0),
        "east": (380.0, 130.0, 6.0),
        "south": (40.0, -210.0, 10.0),
        "west": (-390.0, 120.0, 7.0),
        "middle": (-30.0, 80.0, 9.0),
    }
    shots = tuple(Bang(flash.t_s, flash.east_m, flash.north_m, 0.2) for flash in scene.flashes)
    explosions = (Bang(12.0, -180.0, 235.0, 0.5), Bang(21.0, 150.0, -160.0, 0.5))
    return Listening(scene.place, scene.start, scene.seconds, microphones, (*explosions, *shots), (Knock(5.0, "east"),))


def demo_ground(scene: Scene) -> Listening:
    """One geophone at the side of the scene feels the same as its microphones hear, and a footstep beside it."""
    heard = demo_listening(scene)
    step = Knock(6.0, "geophone", 0.05)
    geophone = {"geophone": (-250.0, -60.0, 0.0)}
    return replace(heard, microphones_m=geophone, knocks=(step,), rate_hz=250, wave_m_s=1800.0)


def sounds(listening: Listening) -> dict[str, NDArray[np.float64]]:
    """What each microphone hears, shares of full scale. shape (T,) each"""
    in_air = air(listening.temperature_c)
    in_ground = None if listening.wave_m_s is None else ground(listening.wave_m_s)
    heard = {}
    for number, (name, at_m) in enumerate(listening.microphones_m.items()):
        random = np.random.default_rng([listening.seed, number])
        samples = _NOISE * random.normal(size=round(listening.seconds * listening.rate_hz))
        for bang in listening.bangs:
            source_m = np.array([bang.east_m, bang.north_m, 0.0])
            far_m = float(np.linalg.norm(source_m - at_m))
            loudness = bang.loudness * _LOUD_AT_M / max(far_m, _LOUD_AT_M)
            by_air_s = bang.t_s + _delay_s(source_m, at_m, in_air)
            if in_ground is None:
                _add(samples, by_air_s, loudness, listening.rate_hz, random)
            else:
                strength = _INTO_GROUND * loudness
                _swing(samples, bang.t_s + _delay_s(source_m, at_m, in_ground), strength, listening.rate_hz)
                _swing(samples, by_air_s, _AIR_ON_GROUND * strength, listening.rate_hz)
        for knock in listening.knocks:
            if knock.microphone == name:
                _add(samples, knock.t_s, knock.loudness, listening.rate_hz, random)
        heard[name] = samples
    return heard


def write_listening(listening: Listening, folder: Path) -> list[Path]:
    """Write a FLAC and its station's file for each microphone, and truth.json; the FLACs' paths come back."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, samples in sounds(listening).items():
        file = folder / f"{name}.flac"
        soundfile.write(file, samples, listening.rate_hz, "PCM_16")
        lat_deg, lon_deg, alt_m = listening.place.geodetic(np.array(listening.microphones_m[name]))
        position = {"lon_deg": float(lon_deg), "lat_deg": float(lat_deg), "alt_m": round(float(alt_m), 3)}
        station = {"start": listening.start, "sensor": name, "clock_sigma_s": 0.001, "position": position}
        file.with_suffix(".json").write_text(json.dumps(station, indent=1) + "\n", "utf-8")
        written.append(file)
    (folder / "truth.json").write_text(json.dumps({"events": heard_events(listening)}, indent=1) + "\n", "utf-8")
    return written


def heard_events(listening: Listening) -> list[dict[str, Any]]:
    """What the agreement calls events: bangs inside a zone, those of one place that follow one another as one."""
    series: list[list[Bang]] = []
    for bang in sorted(listening.bangs, key=lambda one: one.t_s):
        for one in series:
            last = one[-1]
            near = np.hypot(bang.east_m - last.east_m, bang.north_m - last.north_m) <= _SERIES_M
            if near and bang.t_s - last.t_s <= _SERIES_S:
                one.append(bang)
                break
        else:
            series.append([bang])
    return [event for one in series for event in _events(one, listening)]


def _events(series: Sequence[Bang], listening: Listening) -> list[dict[str, Any]]:
    first, last, start_ns = series[0], series[-1], ns_from_iso(listening.start)
    lon_deg, lat_deg = listening.place.lon_lat([(first.east_m, first.north_m)])[0].tolist()
    return [
        {
            "kind": "impulse",
            "zone": zone_id,
            "object_ids": [],
            "means": ["acoustic" if listening.wave_m_s is None else "seismic"],
            "count": len(series),
            "t_start_ns": start_ns + round(first.t_s * NS_PER_S),
            "t_end_ns": start_ns + round(last.t_s * NS_PER_S),
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
        }
        for zone_id, zone in zone_polygons().items()
        if zone.contains(Point(first.east_m, first.north_m))
    ]


def _delay_s(source_m: NDArray[np.float64], at_m: tuple[float, float, float], medium: Medium) -> float:
    return float(travel(source_m, np.array(at_m), medium).time_s)


def _add(samples: NDArray[np.float64], t_s: float, loudness: float, rate_hz: int, random: np.random.Generator) -> None:
    """A burst of noise that begins at once and dies away."""
    at, length = round(t_s * rate_hz), round(8 * _DIES_AWAY_S * rate_hz)
    decay = np.exp(-np.arange(length) / (_DIES_AWAY_S * rate_hz))
    burst = loudness / 3 * random.normal(size=length) * decay
    room = samples[at : at + length]
    room += burst[: len(room)]


def _swing(samples: NDArray[np.float64], t_s: float, strength: float, rate_hz: int) -> None:
    """A swing of the ground that begins at once and dies away, sampled where it is between two samples."""
    first, length = math.ceil(t_s * rate_hz), round(8 * _GROUND_DIES_AWAY_S * rate_hz)
    room = samples[first : first + length]
    since_s = (first + np.arange(len(room))) / rate_hz - t_s
    room += strength * np.exp(-since_s / _GROUND_DIES_AWAY_S) * np.cos(2 * np.pi * _SWINGS_HZ * since_s)
