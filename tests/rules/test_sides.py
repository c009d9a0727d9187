"""The fast judgement of many points against many zones agrees with shapely, one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest

from detector.rules.points import Points
from detector.rules.sides import ELLIPSE_95, ShapeSet
from tests.naive_rules import margin_inside
from tests.rules.scene_making import EAST_M, LAT, LON, NORTH_M, square


def test_margins_agree_with_the_slow_twin():
    rng = np.random.default_rng(2)
    zones = [square("a"), square("b", half_m=80.0, east_m=120.0, hole_m=30.0), square("c", half_m=5.0)]
    metres = rng.uniform(-250, 250, (300, 2))
    xy = np.array([LON, LAT]) + metres / [EAST_M, NORTH_M]
    factor = rng.normal(0, 6, (300, 2, 2))
    covariance = factor @ factor.transpose(0, 2, 1) + np.eye(2)
    points = Points(xy, np.tile([EAST_M, NORTH_M], (300, 1)), covariance, np.zeros((300, 2)))
    judged = ShapeSet(zones).inside(points, np.arange(300))
    fast = {(z, r): m for z, r, m in zip(judged.shape.tolist(), judged.row.tolist(), judged.margin, strict=True)}
    for z, zone in enumerate(zones):
        for r in range(300):
            slow = margin_inside(zone, xy[r], points.scale[r], covariance[r])
            if (z, r) in fast:
                assert fast[z, r] == pytest.approx(slow, abs=1e-6)
            else:
                assert slow < -ELLIPSE_95 + 1e-9  # left out because it is far off
