"""Slow twin of detector/rules/sides.py: one pair at a time, by shapely in axes where the ellipse is a circle."""

from __future__ import annotations

import numpy as np
import shapely


def margin_inside(shape, xy, scale, covariance) -> float:
    """Distance from the zone's border in standard deviations of the fix, positive inside."""
    whiten = np.linalg.inv(np.linalg.cholesky(covariance))
    zone = shapely.transform(shape.geometry, lambda points: (points - xy) * scale @ whiten.T)
    origin = shapely.Point(0, 0)
    distance = zone.boundary.distance(origin)
    return distance if zone.contains(origin) else -distance
