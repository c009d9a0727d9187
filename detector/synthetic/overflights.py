"""Aircraft around a closed zone, as a receiver of ADS-B writes them, with truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from shapely.geometry import Point, Polygon

from detector.synthetic.place import VALE, Place
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_iso

_ERROR_M = {None: 20.0, 5: 378.0, 6: 227.0, 7: 75.7, 8: 37.8, 9: 12.3, 10: 4.1, 11: 1.2}
"""Standard deviation of each component by NACp; None: not told. [m]"""


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight way at a steady height; positions every `step_s`, but for the hole [s after its begin]."""

    aircraft: str
    t_s: float
    start_m: tuple[float, float]
    end_m: tuple[float, float]
    height_m: float
    speed_m_s: float = 120.0
    step_s: float = 2.0
    nacp: int | None = 9
    hole_s: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Sky:
    """Everything that flies. zone_m: corners of the closed zone, east and north. [m] Heights above the ellipsoid."""

    legs: tuple[Leg, ...]
    zone_m: tuple[tuple[float, float], ...] = ((-3000, -2000), (3000, -2000), (3000, 2000), (-3000, 2000))
    floor_m: float = 800.0
    ceiling_m: float = 3000.0
    start: str = "2026-03-01T06:30:00Z"
    place: Place = field(default=VALE)
    seed: int = 1


def demo_sky() -> Sky:
    """One crosses, one passes above, one along the border outside, one dips in twice, one is lost inside."""
    return Sky(
        (
            Leg("4a1001", 10, (-9000, 500), (9000, -500), 1500),
            Leg("4a1002", 40, (-9000, 0), (9000, 0), 4200),
            Leg("4a1003", 60, (-9000, 2800), (9000, 2800), 1500),
            Leg("4a1004", 100, (-6000, -1200), (-2200, -1200), 1200, 60),
            Leg("4a1004", 165, (-2200, -1200), (-3600, -1200), 1200, 60),
            Leg("4a1004", 190, (-3600, -1200), (-1500, -1200), 1200, 60),
            Leg("4a1004", 227, (-1500, -1200), (-6000, -1200), 1200, 60),
            Leg("4a1005", 200, (0, 6000), (0, 500), 2000, 110),
        )
    )


def write_positions(sky: Sky, file: Path) -> Path:
    """A CSV table in the order of time, its truth beside it as <name>.truth.json."""
    random = np.random.default_rng([sky.seed, 7])
    start_ns = ns_from_iso(sky.start)
    rows: list[tuple[int, str]] = []
    inside: dict[str, list[int]] = {}
    zone = Polygon(sky.zone_m)
    for leg in sky.legs:
        begin, end = np.array(leg.start_m), np.array(leg.end_m)
        way = float(np.hypot(*(end - begin)))
        heading = float(np.degrees(np.arctan2(*(end - begin)))) % 360
        for since in np.arange(0, way / leg.speed_m_s, leg.step_s).tolist():
            if leg.hole_s[0] <= since < leg.hole_s[1]:
                continue
            at = begin + (end - begin) * since * leg.speed_m_s / way
            t_ns = start_ns + round((leg.t_s + since) * NS_PER_S)
            if zone.contains(Point(*at)) and sky.floor_m < leg.height_m < sky.ceiling_m:
                inside.setdefault(leg.aircraft, []).append(t_ns)
            told = at + random.normal(0, _ERROR_M[leg.nacp], 2)
            lat, lon, _ = sky.place.geodetic([told[0], told[1], 0.0])
            height = leg.height_m + float(random.normal(0, 8))
            quality = "" if leg.nacp is None else str(leg.nacp)
            rows.append(
                (
                    t_ns,
                    f"{iso_from_ns(t_ns, 3)},{leg.aircraft},{float(lat):.6f},{float(lon):.6f},{height:.0f},"
                    f"{leg.speed_m_s:.0f},{heading:.0f},{quality}",
                )
            )
    lines = [line for _, line in sorted(rows)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["time,id,lat,lon,alt,speed,heading,nacp", *lines, ""]), "utf-8")
    events = [
        {"kind": "overflight", "aircraft": name, "t_start_ns": min(times), "t_end_ns": max(times) + 1}
        for name, times in inside.items()
    ]
    file.with_suffix(".truth.json").write_text(json.dumps({"events": events}, indent=1) + "\n", "utf-8")
    return file


def write_zone(sky: Sky, file: Path, zone_id: str = "strip") -> Path:
    """The closed zone as the map of an agreement."""
    ring = sky.place.lon_lat([*sky.zone_m, sky.zone_m[0]]).round(7).tolist()
    feature = {
        "type": "Feature",
        "properties": {"id": zone_id, "name": f"the {zone_id}", "kind": "zone"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=1) + "\n", "utf-8")
    return file
