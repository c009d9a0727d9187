"""What the map shows of a possible violation: its ellipse, its tracks, the sensors; as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from detector.geo.ellipse import ellipse_95
from detector.geo.wgs84 import metres_per_degree
from detector.log import LoggedViolation
from detector.model import Place

Feature = dict[str, Any]

_RING = np.linspace(0.0, 2 * np.pi, 33)


def collection(features: Iterator[Feature] | list[Feature]) -> dict[str, Any]:
    """A FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


def place_features(one: LoggedViolation) -> Iterator[Feature]:
    """The place as a point and its 95 % ellipse as a polygon; nothing where it is not on the ground."""
    v = one.violation
    about = {"id": v.violation_id, "rule_kind": v.rule_kind}
    if v.place.lat_deg is None or v.place.lon_deg is None:
        return
    ring = ellipse_ring(v.place)
    if ring is not None:
        yield feature("Polygon", [ring], layer="ellipse", **about)
    yield feature("Point", [v.place.lon_deg, v.place.lat_deg], layer="place", **about)


def ellipse_ring(place: Place) -> list[list[float]] | None:
    """Longitude and latitude around the 95 % ellipse, closed; None where the place has none."""
    if place.covariance_m2 is None or place.lat_deg is None or place.lon_deg is None:
        return None
    east_east, east_north, north_north = place.covariance_m2
    ellipse = ellipse_95([[east_east, east_north], [east_north, north_north]])
    along, across = ellipse.semi_major_m[0] * np.cos(_RING), ellipse.semi_minor_m[0] * np.sin(_RING)
    bearing = np.radians(ellipse.bearing_deg[0])
    north_m = along * np.cos(bearing) - across * np.sin(bearing)
    east_m = along * np.sin(bearing) + across * np.cos(bearing)
    east_m_deg, north_m_deg = metres_per_degree(place.lat_deg)
    lon, lat = place.lon_deg + east_m / east_m_deg, place.lat_deg + north_m / north_m_deg
    return [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]


def track_features(text: bytes) -> Iterator[Feature]:
    """Each mover's way, and where it was last, from an evidence file `track.json`.

    Raises:
        ValueError: it is not such a file.
    """
    try:
        tracks = json.loads(text)["tracks"]
        for track in tracks:
            way = [
                [float(point["lon_deg"]), float(point["lat_deg"])]
                for point in track["points"]
                if point.get("lat_deg") is not None and point.get("lon_deg") is not None
            ]
            if len(way) > 1:
                yield feature("LineString", way, layer="track", track_id=int(track["track_id"]))
    except (KeyError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no tracks: {error}") from error


def sensor_features(text: bytes) -> Iterator[Feature]:
    """Where a sensor stands, from an evidence file of its station. Raises ValueError: it is not such a file."""
    try:
        station: Mapping[str, Any] = json.loads(text)
        position = station.get("position") or {}
        if "lon_deg" in position and "lat_deg" in position:
            where = [float(position["lon_deg"]), float(position["lat_deg"])]
            yield feature("Point", where, layer="sensor", name=str(station.get("sensor", "")))
    except (AttributeError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no station: {error}") from error


def feature(kind: str, coordinates: object, **properties: object) -> Feature:
    """A GeoJSON feature."""
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
