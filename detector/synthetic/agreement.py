"""The map of the invented agreement: one geography for the demo's configuration and for the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import LineString, Polygon

from detector.synthetic.place import VALE, Place

# Metres east and north of the scene's origin, counter-clockwise.
ZONES: dict[str, tuple[str, tuple[tuple[float, float], ...]]] = {
    "strip": ("Orrin demilitarised strip", ((-420, 85), (420, 85), (420, 330), (-420, 330))),
    "corridor": ("Southern road corridor", ((-205, -20), (60, -20), (60, 55), (-205, 55))),
    "storage-north": ("Storage site Amber North", ((100, -40), (240, -40), (240, 62), (100, 62))),
    "quiet-village": ("Village of Lower Orrin", ((-345, -30), (-225, -30), (-225, 75), (-345, 75))),
}
LINES: dict[str, tuple[str, tuple[tuple[float, float], ...]]] = {
    "contact-line": ("Line of contact", ((-420, 170), (420, 170))),
}


def zone_polygons() -> dict[str, Polygon]:
    """Zones by id, in metres east and north of the origin."""
    return {key: Polygon(points) for key, (_, points) in ZONES.items()}


def line_strings() -> dict[str, LineString]:
    """Lines by id, in metres east and north of the origin. "left" is the left-hand side along the line."""
    return {key: LineString(points) for key, (_, points) in LINES.items()}


def feature_collection(place: Place = VALE) -> dict[str, Any]:
    """The map as GeoJSON: longitude, latitude to 1e-8 deg (1 mm)."""
    features = [_feature(place, key, name, "zone", points) for key, (name, points) in ZONES.items()]
    features += [_feature(place, key, name, "line", points) for key, (name, points) in LINES.items()]
    return {"type": "FeatureCollection", "features": features}


def write_map(path: Path) -> None:
    """Write the map, a feature a line, so that a complaint about line N of the file is about one feature."""
    collection = feature_collection()
    rows = ",\n".join("  " + json.dumps(feature) for feature in collection["features"])
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{rows}\n]}}\n', encoding="utf-8")


def _feature(place: Place, key: str, name: str, kind: str, points: tuple[tuple[float, float], ...]) -> dict[str, Any]:
    lon_lat = np.round(place.lon_lat(points), 8).tolist()
    geometry = (
        {"type": "Polygon", "coordinates": [[*lon_lat, lon_lat[0]]]}
        if kind == "zone"
        else {"type": "LineString", "coordinates": lon_lat}
    )
    return {"type": "Feature", "properties": {"id": key, "name": name, "kind": kind}, "geometry": geometry}
