"""Polygons and lines in longitude and latitude, made ready for many questions."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import affinity
from shapely.geometry.polygon import orient


class Region:
    """A polygon, with holes or in several parts, prepared for containment and distance.

    edges: start and end of each border edge; the inside is on the left. lon, lat. shape (K, 2, 2) [deg]

    A ring with a step of more than 180 deg of longitude is taken to cross the antimeridian, and parts cut there as
    RFC 7946 asks are joined again; longitudes in `edges` may therefore pass 180. A region around a pole is refused.
    """

    def __init__(self, polygon: shapely.Geometry | ArrayLike) -> None:
        self.geometry = _joined(_as_geometry(polygon))
        shapely.prepare(self.geometry)
        self.edges = np.concatenate([_ring_edges(ring) for part in _parts(self.geometry) for ring in _rings(part)])
        self._middle_deg = float(self.edges[..., 0].mean())

    def contains(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.bool_]:
        """Whether places lie strictly inside: the border belongs to the outside. shape (M,); NaN is not inside."""
        lat, lon = np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)
        turns = 360.0 * np.round((self._middle_deg - lon) / 360.0)
        return np.asarray(shapely.contains_xy(self.geometry, lon + turns, lat))


def open_line(lonlat: ArrayLike) -> NDArray[np.float64]:
    """A line's points without repetitions, longitudes running on across the antimeridian. shape (N, 2) [deg]

    Raises:
        ValueError: fewer than two different points.
    """
    points = _unwrapped(np.asarray(lonlat, np.float64).reshape(-1, 2))
    points = points[np.concatenate([[True], (np.diff(points, axis=0) != 0).any(1)])] if len(points) else points
    if len(points) < 2:
        raise ValueError(f"a line of {len(points)} different points: at least 2 are needed")
    return points


def _as_geometry(polygon: shapely.Geometry | ArrayLike) -> shapely.Geometry:
    if not isinstance(polygon, shapely.Geometry):
        outline = np.asarray(polygon, np.float64)
        if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3:
            raise ValueError(f"an outline of shape {outline.shape}: (N, 2) with at least 3 points is needed")
        polygon = shapely.Polygon(_closed(outline))
    if polygon.geom_type not in {"Polygon", "MultiPolygon"} or polygon.is_empty:
        raise ValueError(f"{polygon.geom_type}, empty: {polygon.is_empty}: a polygon that is not empty is needed")
    return polygon


def _closed(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ring unwrapped and with its first point repeated at the end."""
    whole = ring if np.array_equal(ring[0], ring[-1]) else np.concatenate([ring, ring[:1]])
    unwrapped = _unwrapped(whole)
    if abs(unwrapped[-1, 0] - unwrapped[0, 0]) > 180.0:
        raise ValueError("a polygon that goes once round a pole: cut it into parts of less than 180 deg of longitude")
    return unwrapped


def _unwrapped(points: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(points) == 0 or not (np.abs(np.diff(points[:, 0])) > 180.0).any():
        return points
    return np.stack([np.unwrap(points[:, 0], period=360.0), points[:, 1]], -1)


def _joined(geometry: shapely.Geometry) -> shapely.Geometry:
    """The same region in one run of longitudes, its parts joined where they touch."""
    parts = [
        shapely.Polygon(
            _closed(shapely.get_coordinates(part.exterior)),
            [_closed(shapely.get_coordinates(r)) for r in part.interiors],
        )
        for part in _parts(geometry)
    ]
    west, _, east, _ = shapely.MultiPolygon(parts).bounds
    if east - west > 180.0:
        parts = [affinity.translate(p, 360.0) if p.centroid.x < 0 else p for p in parts]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _parts(geometry: shapely.Geometry) -> list[shapely.Polygon]:
    return [orient(part) for part in shapely.get_parts(geometry)]


def _rings(part: shapely.Polygon) -> list[shapely.LinearRing]:
    return [part.exterior, *part.interiors]


def _ring_edges(ring: shapely.LinearRing) -> NDArray[np.float64]:
    points = shapely.get_coordinates(ring)
    edges = np.stack([points[:-1], points[1:]], 1)
    return np.asarray(edges[(edges[:, 0] != edges[:, 1]).any(1)])
