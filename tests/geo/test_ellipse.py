"""Ellipses, probabilities and three-valued sides."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from scipy.stats import multivariate_normal, norm

from detector.geo import wgs84
from detector.geo.ellipse import (
    SIGMAS_95,
    Side,
    ellipse_95,
    outline_95,
    probability_inside,
    side_of_line,
    side_of_polygon,
)
from detector.geo.region import Region
from tests.naive_geo import ellipse_touches_border, probability_inside_by_sampling

LAT, LON = 45.0, 10.0
EAST_M, NORTH_M = wgs84.metres_per_degree(LAT)


def lonlat(east_north_m: object) -> np.ndarray:
    metres = np.asarray(east_north_m, np.float64)
    return np.stack([LON + metres[:, 0] / EAST_M, LAT + metres[:, 1] / NORTH_M], -1)


SQUARE = lonlat([(-100, -100), (100, -100), (100, 100), (-100, 100)])


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return float(LAT + north_m / NORTH_M), float(LON + east_m / EAST_M)


def side(east_m: float, north_m: float, sigma_m: float) -> str:
    lat, lon = at(east_m, north_m)
    return str(side_of_polygon([lat], [lon], [np.eye(2) * sigma_m**2], SQUARE)[0])


def random_covariances(count: int, seed: int, scale_m: float = 30.0) -> np.ndarray:
    root = np.random.default_rng(seed).normal(0, scale_m, (count, 2, 2))
    return root @ np.swapaxes(root, 1, 2) + np.eye(2)


def test_the_95_percent_radius_is_that_of_chi_squared() -> None:
    assert pytest.approx(2.447746830680816, abs=1e-12) == SIGMAS_95


def test_axes_and_bearing_of_an_ellipse_drawn_by_hand() -> None:
    bearing = math.radians(30)
    along = np.array([math.sin(bearing), math.cos(bearing)])
    across = np.array([math.cos(bearing), -math.sin(bearing)])
    covariance = 100 * np.outer(along, along) + 4 * np.outer(across, across)
    got = ellipse_95([covariance])
    assert got.semi_major_m[0] == pytest.approx(10 * SIGMAS_95)
    assert got.semi_minor_m[0] == pytest.approx(2 * SIGMAS_95)
    assert got.bearing_deg[0] == pytest.approx(30)


def test_the_outline_holds_95_percent_of_samples() -> None:
    covariance = np.array([[400.0, 150.0], [150.0, 100.0]])
    outline = shapely.Polygon(outline_95(LAT, LON, covariance, 200))
    assert probability_inside_by_sampling(LAT, LON, covariance, outline) == pytest.approx(0.95, abs=0.003)


def test_inside_outside_and_undecidable() -> None:
    assert side(0, 0, 10) == Side.INSIDE
    assert side(300, 0, 10) == Side.OUTSIDE
    assert side(90, 0, 10) == Side.UNDECIDABLE
    assert side(110, 0, 10) == Side.UNDECIDABLE


def test_the_95_percent_ellipse_decides_to_the_millimetre() -> None:
    reach = 10 * SIGMAS_95
    assert side(100 - reach - 0.001, 0, 10) == Side.INSIDE
    assert side(100 - reach + 0.001, 0, 10) == Side.UNDECIDABLE
    assert side(100 + reach + 0.001, 0, 10) == Side.OUTSIDE


def test_the_border_belongs_to_the_outside() -> None:
    corner = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    got = side_of_polygon([0.5, 0.5, 0.0], [0.0, 1e-9, 0.0], np.zeros((3, 2, 2)), corner)
    np.testing.assert_array_equal(got, [Side.OUTSIDE, Side.INSIDE, Side.OUTSIDE])


def test_an_ellipse_larger_than_the_zone_is_undecidable() -> None:
    assert side(0, 0, 500) == Side.UNDECIDABLE


def test_decisions_are_those_of_drawn_ellipses() -> None:
    rng = np.random.default_rng(1)
    star = shapely.Polygon(
        lonlat(
            [(r * math.cos(a), r * math.sin(a)) for a, r in zip(np.linspace(0, 6.2, 14), [300, 90] * 7, strict=True)]
        )
    )
    places, covariances = rng.uniform(-400, 400, (300, 2)), random_covariances(300, 2, 20)
    where = lonlat(places)
    got = side_of_polygon(where[:, 1], where[:, 0], covariances, star)
    for i, decision in enumerate(got):
        touches = ellipse_touches_border(where[i, 1], where[i, 0], covariances[i], star, SIGMAS_95)
        inside = star.contains(shapely.Point(where[i]))
        assert decision == ("undecidable" if touches else "inside" if inside else "outside")


def test_probability_beside_a_long_straight_border_is_the_normal_distribution() -> None:
    half_plane = lonlat([(-1e5, -1e5), (0, -1e5), (0, 1e5), (-1e5, 1e5)])
    for sigmas in (-6.0, -2.0, -0.5, 0.0, 0.3, 1.0, 3.0):
        lat, lon = at(-sigmas * 20, 0)
        got = probability_inside([lat], [lon], [np.eye(2) * 400], half_plane)
        assert got[0] == pytest.approx(norm.cdf(sigmas), abs=1e-7)


def test_probability_of_a_rectangle_is_that_of_scipy() -> None:
    covariance = np.array([[2_500.0, 1_200.0], [1_200.0, 3_600.0]])
    expected = multivariate_normal((30, -50), covariance).cdf((100, 100), lower_limit=(-100, -100))
    lat, lon = at(30, -50)
    # 5e-6: the scale of a degree is taken at the fix, 50 m from where the square was drawn.
    assert probability_inside([lat], [lon], [covariance], SQUARE)[0] == pytest.approx(expected, abs=2e-5)


def test_probability_agrees_with_sampling_for_a_zone_with_a_hole_and_two_parts() -> None:
    first = shapely.Polygon(SQUARE, [lonlat([(-50, -50), (50, -50), (50, 50), (-50, 50)])])
    zone = shapely.MultiPolygon([first, shapely.Polygon(lonlat([(150, 0), (300, 40), (200, 200)]))])
    where, covariances = lonlat(np.random.default_rng(3).uniform(-150, 300, (12, 2))), random_covariances(12, 4, 60)
    got = probability_inside(where[:, 1], where[:, 0], covariances, zone)
    for i, probability in enumerate(got):
        expected = probability_inside_by_sampling(where[i, 1], where[i, 0], covariances[i], zone)
        assert probability == pytest.approx(expected, abs=0.005)  # 4 sigma of 200,000 samples


def test_probability_on_an_edge_is_a_half_and_on_a_corner_a_quarter() -> None:
    big = lonlat([(0, 0), (1e4, 0), (1e4, 1e4), (0, 1e4)])
    got = probability_inside(
        [big[0, 1], LAT], [big[0, 0], LON + 5_000 / float(EAST_M)], np.tile(np.eye(2), (2, 1, 1)), big
    )
    np.testing.assert_allclose(got, [0.25, 0.5], atol=1e-9)


def test_nan_fixes_are_undecidable_and_have_no_probability() -> None:
    covariances = np.tile(np.eye(2), (3, 1, 1))
    covariances[2] = np.nan
    lat, lon = [np.nan, LAT, LAT], [LON, np.nan, LON]
    assert (side_of_polygon(lat, lon, covariances, SQUARE) == Side.UNDECIDABLE).all()
    assert np.isnan(probability_inside(lat, lon, covariances, SQUARE)).all()
    line = side_of_line(lat, lon, covariances, SQUARE)
    assert (line.side == Side.UNDECIDABLE).all()
    assert np.isnan(line.sigmas).all()


def test_no_fixes_give_no_decisions() -> None:
    none = np.zeros((0, 2, 2))
    assert side_of_polygon([], [], none, SQUARE).shape == (0,)
    assert probability_inside([], [], none, SQUARE).shape == (0,)
    assert side_of_line([], [], none, SQUARE).side.shape == (0,)
    assert ellipse_95(none).bearing_deg.shape == (0,)


def test_a_zone_across_the_antimeridian_is_one_zone_however_it_is_written() -> None:
    ring = [(179.9, 0.0), (-179.9, 0.0), (-179.9, 0.2), (179.9, 0.2)]
    cut = shapely.MultiPolygon([shapely.box(179.9, 0, 180, 0.2), shapely.box(-180, 0, -179.9, 0.2)])
    lat, lon = np.full(6, 0.1), np.array([179.95, -179.95, 180.0, -180.0, 179.8, -179.8])
    for zone in (ring, cut):
        got = side_of_polygon(lat, lon, np.tile(np.eye(2) * 25, (6, 1, 1)), zone)
        np.testing.assert_array_equal(got, ["inside"] * 4 + ["outside"] * 2)


def test_near_a_pole_nothing_is_decided() -> None:
    got = side_of_polygon([89.95], [0.0], [np.eye(2)], [(-10, 80), (10, 80), (10, 90), (-10, 90)])
    assert got[0] == Side.UNDECIDABLE


def test_a_ring_around_a_pole_is_refused() -> None:
    with pytest.raises(ValueError, match="pole"):
        Region([(-150.0, 80.0), (-30.0, 80.0), (90.0, 80.0), (179.0, 80.0)])


@pytest.mark.parametrize("outline", [[(0.0, 0.0), (1.0, 1.0)], [], shapely.Point(1, 2), shapely.Polygon()])
def test_what_is_no_polygon_is_refused(outline: object) -> None:
    with pytest.raises(ValueError, match="needed"):
        Region(outline)


WALL = lonlat([(0, -1_000), (0, 0), (500, 500)])


def test_left_of_a_line_is_positive_and_counts_in_standard_deviations() -> None:
    where = lonlat([(-30, -400), (30, -400)])
    got = side_of_line(where[:, 1], where[:, 0], [np.diag([100.0, 9.0])] * 2, WALL)
    np.testing.assert_allclose(got.sigmas, [3, -3], atol=1e-3)
    np.testing.assert_allclose(got.distance_m, [30, -30], atol=0.01)
    np.testing.assert_array_equal(got.side, ["inside", "outside"])
    assert got.abreast.all()


def test_too_near_a_line_is_undecidable() -> None:
    where = lonlat([(-20, -400)])
    assert side_of_line(where[:, 1], where[:, 0], [np.eye(2) * 100], WALL).side[0] == "undecidable"


def test_a_place_on_the_prolongation_is_not_abreast() -> None:
    where = lonlat([(10, -1_200), (800, 900), (20, -900)])
    got = side_of_line(where[:, 1], where[:, 0], np.tile(np.eye(2), (3, 1, 1)), WALL)
    np.testing.assert_array_equal(got.abreast, [False, False, True])


@pytest.mark.parametrize("bend", [20.0, 90.0, 170.0, -20.0, -90.0, -170.0])
def test_around_a_bend_the_side_changes_only_at_the_line(bend: float) -> None:
    a = math.radians(bend)
    line = lonlat([(0, -1_000), (0, 0), (-1_000 * math.sin(a), 1_000 * math.cos(a))])
    angles = np.radians(np.arange(0.5, 360, 1.0))
    where = lonlat(np.stack([100 * np.cos(angles), 100 * np.sin(angles)], -1))
    covariance = np.array([[90.0, 20.0], [20.0, 30.0]])
    got = side_of_line(where[:, 1], where[:, 0], np.tile(covariance, (len(where), 1, 1)), line)
    for signs in (np.sign(got.sigmas), np.sign(got.distance_m)):
        changes = np.flatnonzero(signs != np.roll(signs, 1))
        assert len(changes) == 2
        expected = sorted([270, int(90 + bend) % 360])
        np.testing.assert_allclose(changes, expected, atol=1)


def test_a_line_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        side_of_line([0.0], [0.0], [np.eye(2)], [(1.0, 1.0), (1.0, 1.0)])
