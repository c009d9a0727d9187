"""Outline of the ground that a picture shows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from detector.geo import camera, wgs84
from detector.geo.terrain import Terrain
from detector.model import CameraPose

_A_SIDE = 16  # points on each side of the picture
_ROUNDS, _CUTS = 4, 32  # the edge of the view is found to 1e-6 of a border step
_ARC_STEP_DEG = 3.0
_NEARLY = 0.98  # an outline that leaves this near the greatest range follows it as an arc


def footprint(pose: CameraPose, size_px: tuple[int, int], terrain: Terrain, max_range_m: float) -> NDArray[np.float64]:
    """Longitude and latitude of the outline of the ground in view, in the order of the picture's border.

    Where the border looks above the horizon or beyond `max_range_m` the outline follows the ground at that range
    (or just before the horizon, if that is nearer) from where the view leaves it to where it comes back; so the
    outline never turns inside out. What hills hide is not taken out. Across the antimeridian longitudes run on
    past 180, so that the outline stays in one piece.

    Args:
        terrain: its heights in the pose's datum.

    Returns:
        shape (N, 2), not closed; N is 0 where no ground is in view (or the pose is NaN).
    """
    border = _border(size_px)
    lonlat, ranges = _ground(pose, border, size_px, terrain, max_range_m)
    seen = np.isfinite(ranges)
    if seen.all():
        return _in_one_piece(lonlat)
    farthest_m = _farthest(pose, terrain, max_range_m)
    if not seen.any():
        return _in_one_piece(_whole_circle(pose, size_px, terrain, farthest_m))
    # Begin where the border comes into view, so that every unseen run has its leaving before its coming back.
    begin = int(np.flatnonzero(seen & ~np.roll(seen, 1))[0])
    border, lonlat, seen = (np.roll(a, -begin, 0) for a in (border, lonlat, seen))
    pieces: list[NDArray[np.float64]] = []
    leaving = np.zeros(2)
    for k in range(len(border)):
        after = (k + 1) % len(border)
        if seen[k]:
            pieces.append(lonlat[k : k + 1])
        if seen[k] and not seen[after]:
            leaving, place = _edge(
                pose, border[k], border[after], size_px=size_px, terrain=terrain, max_range_m=max_range_m
            )
            pieces.append(place)
        elif seen[after] and not seen[k]:
            coming, place = _edge(
                pose, border[after], border[k], size_px=size_px, terrain=terrain, max_range_m=max_range_m
            )
            pieces += [_arc(pose, terrain, leaving, coming, farthest_m), place]
    return _in_one_piece(np.concatenate(pieces))


def _border(size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Points along the outer edges of the outer pixels, clockwise from the top left. shape (4 x 16, 2) [px]"""
    w, h = size_px
    share = np.arange(_A_SIDE) / _A_SIDE
    zero, one = np.zeros(_A_SIDE), np.ones(_A_SIDE)
    x, y = np.concatenate([share, one, 1 - share, zero]), np.concatenate([zero, share, one, 1 - share])
    return np.stack([x * w - 0.5, y * h - 0.5], -1)


def _ground(
    pose: CameraPose, xy_px: NDArray[np.float64], size_px: tuple[int, int], terrain: Terrain, max_range_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lon, lat (N, 2) and range (N,) of the ground at pixels; NaN where there is none."""
    hits = terrain.intersect(_origin(pose), camera.rays_enu(pose, xy_px, size_px), max_range_m)
    return np.stack([hits.lon_deg, hits.lat_deg], -1), hits.range_m


def _edge(
    pose: CameraPose,
    inner_px: NDArray[np.float64],
    outer_px: NDArray[np.float64],
    *,
    size_px: tuple[int, int],
    terrain: Terrain,
    max_range_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction in ENU (3,) and lon, lat (1, 2) of the last ground between a border point with and one without."""
    for _ in range(_ROUNDS):
        cuts = inner_px + np.linspace(0, 1, _CUTS + 1)[:, None] * (outer_px - inner_px)
        seen = np.isfinite(_ground(pose, cuts, size_px, terrain, max_range_m)[1])
        last = max(int(np.argmin(seen)), 1) - 1
        inner_px, outer_px = cuts[last], cuts[last + 1]
    ray = camera.rays_enu(pose, inner_px[None], size_px)[0]
    return ray, _ground(pose, inner_px[None], size_px, terrain, max_range_m)[0]


def _farthest(pose: CameraPose, terrain: Terrain, max_range_m: float) -> float:
    """Greatest range along the ground: `max_range_m`, or just before the horizon. [m]"""
    height_m = _height(pose, terrain)
    return min(max_range_m, 0.999 * math.sqrt(height_m * (2 * wgs84.SEMI_MINOR_M + height_m)))


def _arc(
    pose: CameraPose,
    terrain: Terrain,
    leaving: NDArray[np.float64],
    coming: NDArray[np.float64],
    farthest_m: float,
) -> NDArray[np.float64]:
    """Places at the greatest range between two directions, the short way round. shape (K, 2), ends left out"""
    sine = (leaving[2] + coming[2]) / -2.0
    height_m = _height(pose, terrain)
    if min(height_m / max(-leaving[2], 1e-9), height_m / max(-coming[2], 1e-9)) < _NEARLY * farthest_m * 0.9:
        return np.zeros((0, 2))  # the view left an elevation grid, not the greatest range: a straight edge is honest
    first, last = (math.degrees(math.atan2(ray[0], ray[1])) for ray in (leaving, coming))
    turn = float(wgs84.wrapped_deg(last - first))
    azimuths = first + turn * np.linspace(0, 1, max(2, math.ceil(abs(turn) / _ARC_STEP_DEG) + 1))[1:-1]
    return _at_range(pose, azimuths, math.asin(min(max(sine, 0.0), 1.0)), farthest_m)


def _whole_circle(
    pose: CameraPose, size_px: tuple[int, int], terrain: Terrain, farthest_m: float
) -> NDArray[np.float64]:
    """All ground in range, where only the middle of a wide picture reaches it; nothing where the nadir is not seen."""
    nadir = camera.pixels_from_enu(pose, [(0.0, 0.0, -1.0)], size_px)[0]
    inside = (nadir > -0.5).all() and nadir[0] < size_px[0] - 0.5 and nadir[1] < size_px[1] - 0.5
    height_m = _height(pose, terrain)
    if not inside or not 0 < height_m < farthest_m:
        return np.zeros((0, 2))
    return _at_range(pose, np.arange(0.0, 360.0, _ARC_STEP_DEG), math.asin(height_m / farthest_m), farthest_m)


def _at_range(
    pose: CameraPose, azimuths_deg: NDArray[np.float64], depression_rad: float, range_m: float
) -> NDArray[np.float64]:
    azimuth = np.radians(azimuths_deg)
    level, fall = range_m * math.cos(depression_rad), range_m * math.sin(depression_rad)
    enu = np.stack([level * np.sin(azimuth), level * np.cos(azimuth), np.full_like(azimuth, -fall)], -1)
    lat, lon, _ = wgs84.geodetic_from_enu(enu, _origin(pose))
    return np.stack([lon, lat], -1)


def _height(pose: CameraPose, terrain: Terrain) -> float:
    """Height of the camera above the ground under it; above 0 where that is unknown. [m]"""
    ground_m = float(terrain.altitude(pose.lat_deg, pose.lon_deg))
    return max(pose.alt_m - ground_m, 0.0) if math.isfinite(ground_m) else max(pose.alt_m, 0.0)


def _origin(pose: CameraPose) -> tuple[float, float, float]:
    return pose.lat_deg, pose.lon_deg, pose.alt_m


def _in_one_piece(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(lonlat) == 0:
        return lonlat
    return np.stack([np.unwrap(lonlat[:, 0], period=360.0), lonlat[:, 1]], -1)
