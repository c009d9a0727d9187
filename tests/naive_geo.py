"""Slow twins of detector.geo and detector.locate: plain loops, sampling, differences."""

from __future__ import annotations

import math

import numpy as np
import shapely

from detector.geo import wgs84


def ellipse_touches_border(
    lat: float, lon: float, covariance: np.ndarray, polygon: shapely.Geometry, sigmas: float
) -> bool:
    """By drawing the ellipse as a polygon of 4,000 points."""
    angle = np.linspace(0, 2 * np.pi, 4_000)
    values, vectors = np.linalg.eigh(covariance)
    metres = sigmas * (np.stack([np.cos(angle), np.sin(angle)], -1) * np.sqrt(values)) @ vectors.T
    east_m, north_m = wgs84.metres_per_degree(lat)
    ellipse = shapely.Polygon(np.stack([lon + metres[:, 0] / east_m, lat + metres[:, 1] / north_m], -1))
    return bool(ellipse.intersects(polygon.boundary))


def range_by_small_steps(
    origin: tuple[float, float, float], ray_enu: np.ndarray, altitude: object, step_m: float, max_range_m: float
) -> float:
    """Walk along one ray until it is under the ground."""
    start, ray = wgs84.ecef_from_geodetic(*origin), ray_enu @ wgs84.enu_axes(origin[0], origin[1])
    for k in range(int(max_range_m / step_m)):
        lat, lon, alt = wgs84.geodetic_from_ecef(start + ray * k * step_m)
        ground = float(altitude(lat, lon))  # type: ignore[operator]
        if math.isnan(ground):
            continue
        if float(alt) <= ground:
            return k * step_m
    return math.nan
