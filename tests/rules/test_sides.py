"""The fast judgement of many points against many zones agrees with shapely, one pair at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from detector.config.agreement_map import Shape
from detector.geo.ellipse import SIGMAS_95
from detector.rules.points import Points
from detector.rules.sides import ShapeSet
from tests.naive_geo import ellipse_touches_border
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
                assert slow < -SIGMAS_95 + 1e-9  # left out because it is far off


def points_at(metres, covariance) -> Points:
    """Points so many metres east and north of the origin."""
    places = np.asarray(metres, np.float64).reshape(-1, 2)
    each = (len(places), 2)
    spread = np.broadcast_to(np.asarray(covariance, np.float64), (*each, 2))
    return Points(
        [LON, LAT] + places / [EAST_M, NORTH_M], np.tile([EAST_M, NORTH_M], (len(places), 1)), spread, np.zeros(each)
    )


def decided(shape: Shape, metres, sigma_m: float) -> list[int]:
    """Of each point; what is left out is outside."""
    points = points_at(metres, np.eye(2) * sigma_m**2)
    judged = ShapeSet([shape]).inside(points, np.arange(len(points.xy)))
    found = dict(zip(judged.row.tolist(), judged.decision.tolist(), strict=True))
    return [found.get(row, -1) for row in range(len(points.xy))]


def test_the_95_percent_ellipse_decides_to_the_millimetre():
    zone, reach_m = square("a"), 10 * SIGMAS_95
    half_m = 100.0
    places = [(half_m - reach_m - 0.001, 0), (half_m - reach_m + 0.001, 0), (half_m + reach_m - 0.001, 0)]
    assert decided(zone, [*places, (half_m + reach_m + 0.001, 0)], 10.0) == [1, 0, 0, -1]


def test_an_ellipse_larger_than_the_zone_is_undecidable():
    assert decided(square("a"), [(0, 0)], 500.0) == [0]


def test_decisions_are_those_of_drawn_ellipses():
    rng = np.random.default_rng(1)
    rays = zip(np.linspace(0, 6.2, 14), [300, 90] * 7, strict=True)
    star = shapely.Polygon([(LON + r * math.cos(a) / EAST_M, LAT + r * math.sin(a) / NORTH_M) for a, r in rays])
    root = rng.normal(0, 20, (300, 2, 2))
    points = points_at(rng.uniform(-400, 400, (300, 2)), root @ np.swapaxes(root, 1, 2) + np.eye(2))
    judged = ShapeSet([Shape("star", "star", star)]).inside(points, np.arange(300))
    found = dict(zip(judged.row.tolist(), judged.decision.tolist(), strict=True))
    for i, (lon, lat) in enumerate(points.xy.tolist()):
        touches = ellipse_touches_border(LAT, lon, points.covariance[i], moved(star, LAT - lat), SIGMAS_95)
        inside = star.contains(shapely.Point(lon, lat))
        assert found.get(i, -1) == (0 if touches else 1 if inside else -1)


def moved(polygon: shapely.Polygon, north_deg: float) -> shapely.Polygon:
    """So that the twin, which takes a degree's length at the fix, takes it where the points were made."""
    return shapely.transform(polygon, lambda xy: xy + np.array([0.0, north_deg]))


@pytest.mark.parametrize("bend", [20.0, 90.0, 170.0, -20.0, -90.0, -170.0])
def test_around_a_bend_the_side_changes_only_at_the_line(bend):
    a = math.radians(bend)
    way = [(0, -1_000), (0, 0), (-1_000 * math.sin(a), 1_000 * math.cos(a))]
    line = Shape("line", "line", shapely.LineString([LON, LAT] + np.array(way) / [EAST_M, NORTH_M]))
    angles = np.radians(np.arange(0.5, 360, 1.0))
    points = points_at(np.stack([100 * np.cos(angles), 100 * np.sin(angles)], -1), [[90.0, 20.0], [20.0, 30.0]])
    margin = ShapeSet([line]).left_of(points, np.arange(len(angles))).margin
    changes = np.flatnonzero(np.sign(margin) != np.roll(np.sign(margin), 1))
    assert len(changes) == 2
    np.testing.assert_allclose(changes, sorted([270, int(90 + bend) % 360]), atol=1)


def test_an_error_that_is_not_known_decides_nothing_and_no_points_are_no_pairs():
    points = points_at([(0, 0)], np.full((2, 2), np.nan))
    judged = ShapeSet([square("a")]).inside(points, np.arange(1))
    assert judged.decision.tolist() == [0]
    assert np.isnan(judged.margin).all()
    assert len(ShapeSet([square("a")]).inside(points, np.arange(0)).row) == 0
