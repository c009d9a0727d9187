"""Ground outlines and lines as they appear in the picture, cut where they pass behind the camera or out of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.geo import camera, wgs84
from detector.model import CameraPose

# Nearer than this share of the height, in front of the camera, counts as behind it: the projection grows without bound.
_NEAR_SHARE = 0.02
_PIECES = 24  # a straight edge on the map is a curve in the picture only through the Earth's curve: few will do


def outline_px(
    lonlat: NDArray[np.float64], alt_m: float, pose: CameraPose, size_px: tuple[int, int]
) -> NDArray[np.float64]:
    """A closed ring on the ground as a polygon in the picture (with a margin of its size). (N, 2) -> (K, 2) [px]

    K is 0 where nothing of it is in view. Concave rings may come back with edges that run along the margin.
    """
    ring = lonlat[:-1] if len(lonlat) > 1 and np.array_equal(lonlat[0], lonlat[-1]) else lonlat
    closed = _camera_axes(_dense(np.concatenate([ring, ring[:1]])), alt_m, pose)[:-1]
    near = np.array([0.0, 0.0, 1.0])
    front = _clipped(closed, near, _near_m(alt_m, pose))
    if len(front) == 0:
        return np.zeros((0, 2))
    xy = _pixels(front, pose, size_px)
    for normal, offset in _sides(size_px):
        xy = _clipped(xy, normal, offset)
    return xy


def line_px(
    lonlat: NDArray[np.float64], alt_m: float, pose: CameraPose, size_px: tuple[int, int]
) -> NDArray[np.float64]:
    """A line on the ground as separate segments in the picture, each cut at its margin. (N, 2) -> (K, 2, 2) [px]"""
    points = _camera_axes(_dense(lonlat), alt_m, pose)
    segments = np.stack([points[:-1], points[1:]], 1)
    segments = _cut(segments, np.array([0.0, 0.0, 1.0]), _near_m(alt_m, pose))
    xy = _pixels(segments.reshape(-1, 3), pose, size_px).reshape(-1, 2, 2)
    for normal, offset in _sides(size_px):
        xy = _cut(xy, normal, offset)
    return xy


def _dense(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.stack([np.unwrap(lonlat[:, 0], period=360.0), lonlat[:, 1]], -1)
    share = np.arange(_PIECES)[:, None] / _PIECES
    pieces = points[:-1, None] + share * (points[1:] - points[:-1])[:, None]
    return np.concatenate([pieces.reshape(-1, 2), points[-1:]])


def _camera_axes(lonlat: NDArray[np.float64], alt_m: float, pose: CameraPose) -> NDArray[np.float64]:
    origin = (pose.lat_deg, pose.lon_deg, pose.alt_m)
    enu = wgs84.enu_from_geodetic(lonlat[:, 1], lonlat[:, 0], alt_m, origin)
    return np.asarray(enu @ camera.enu_from_camera(pose))


def _near_m(alt_m: float, pose: CameraPose) -> float:
    return max(_NEAR_SHARE * abs(pose.alt_m - alt_m), 0.1)


def _pixels(points: NDArray[np.float64], pose: CameraPose, size_px: tuple[int, int]) -> NDArray[np.float64]:
    fx, fy = camera.focal_px(pose, size_px)
    xy = points[:, :2] / points[:, 2:] * (fx, fy)
    return np.asarray(xy + np.array([(size_px[0] - 1) / 2, (size_px[1] - 1) / 2]))


def _sides(size_px: tuple[int, int]) -> list[tuple[NDArray[np.float64], float]]:
    """The picture with a margin of its own size, as half planes normal . xy >= offset."""
    w, h = float(size_px[0]), float(size_px[1])
    sides = [((1, 0), -w), ((-1, 0), -2 * w), ((0, 1), -h), ((0, -1), -2 * h)]
    return [(np.array(normal, np.float64), offset) for normal, offset in sides]


def _clipped(polygon: NDArray[np.float64], normal: NDArray[np.float64], offset: float) -> NDArray[np.float64]:
    """The part of a polygon with normal . p >= offset (Sutherland and Hodgman 1974, one side)."""
    if len(polygon) == 0:
        return polygon
    after = np.roll(polygon, -1, 0)
    a, b = polygon @ normal - offset, after @ normal - offset
    out: list[NDArray[np.float64]] = []
    for p, q, dp, dq in zip(polygon, after, a, b, strict=True):
        if dp >= 0:
            out.append(p)
        if (dp >= 0) != (dq >= 0):
            out.append(p + dp / (dp - dq) * (q - p))
    return np.array(out).reshape(-1, polygon.shape[1])


def _cut(segments: NDArray[np.float64], normal: NDArray[np.float64], offset: float) -> NDArray[np.float64]:
    """The parts of segments with normal . p >= offset; those wholly beyond (or NaN) are dropped."""
    distance = segments @ normal - offset
    kept = (distance >= 0).any(1) & np.isfinite(distance).all(1)
    segments, distance = segments[kept], distance[kept]
    fall = distance[:, 0] - distance[:, 1]
    share = np.where(fall != 0, distance[:, 0] / np.where(fall != 0, fall, 1.0), 0.0)
    crossing = segments[:, 0] + share[:, None] * (segments[:, 1] - segments[:, 0])
    return np.where((distance < 0)[:, :, None], crossing[:, None, :], segments)
