"""Rays meeting level and hilly ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod

from detector.geo import wgs84
from detector.geo.terrain import Grid, Plane, datum_problem
from detector.model import CameraPose, Datum
from tests.naive_geo import range_by_small_steps

ORIGIN = (45.0, 10.0, 1_000.0)


def down(depression_deg: float, azimuth_deg: float = 90.0) -> np.ndarray:
    d, a = np.radians(depression_deg), np.radians(azimuth_deg)
    return np.array([np.cos(d) * np.sin(a), np.cos(d) * np.cos(a), -np.sin(d)])


def hills(seed: int = 1, size: int = 60, step_deg: float = 0.002, height_m: float = 300.0) -> Grid:
    y, x = np.mgrid[0:size, 0:size] / size
    heights = height_m * (0.5 + 0.25 * np.sin(9 * x + seed) + 0.25 * np.cos(7 * y - 2 * x))
    return Grid(45.0 - size / 2 * step_deg, 10.0 - size / 2 * step_deg, step_deg, step_deg, heights, Datum.ELLIPSOID)


def test_straight_down_the_range_is_the_height() -> None:
    hits = Plane(200.0).intersect(ORIGIN, [down(90)])
    assert hits.range_m[0] == pytest.approx(800.0, abs=1e-8)
    assert hits.lat_deg[0] == pytest.approx(45.0, abs=1e-12)
    assert hits.lon_deg[0] == pytest.approx(10.0, abs=1e-12)
    assert hits.alt_m[0] == 200.0


def test_hits_lie_on_the_level_surface_and_on_the_ray() -> None:
    rng = np.random.default_rng(2)
    rays = np.stack([down(d, a) for d, a in zip(rng.uniform(2, 90, 300), rng.uniform(0, 360, 300), strict=True)])
    for ground in (-50.0, 0.0, 900.0):
        hits = Plane(ground).intersect(ORIGIN, rays)
        back = wgs84.enu_from_geodetic(hits.lat_deg, hits.lon_deg, ground, ORIGIN)
        np.testing.assert_allclose(back, rays * hits.range_m[:, None], atol=1e-6)


def test_the_curve_of_the_earth_takes_the_ground_away_from_a_flat_ray() -> None:
    depression = math.degrees(math.atan2(1_000, 10_000))
    hit = Plane(0.0).intersect(ORIGIN, [down(depression)])
    flat = math.hypot(1_000, 10_000)
    # 7.9 m lower ground at 10 km, seen at a slope of 1 to 10: 79 m farther, 1 m more for the ground lost on the way.
    assert hit.range_m[0] - flat == pytest.approx(80.5, abs=2.0)
    distance = Geod(ellps="WGS84").inv(10.0, 45.0, hit.lon_deg[0], hit.lat_deg[0])[2]
    assert distance == pytest.approx(10_000 + 79, abs=4)


def test_above_the_horizon_nothing_is_hit() -> None:
    dip = math.degrees(math.acos(wgs84.SEMI_MAJOR_M / (wgs84.SEMI_MAJOR_M + 1_000)))
    hits = Plane(0.0).intersect(ORIGIN, [down(dip + 0.05), down(dip - 0.05), down(0), down(-30), down(-90)])
    np.testing.assert_array_equal(np.isfinite(hits.range_m), [True, False, False, False, False])
    assert np.isnan(hits.lat_deg[1:]).all()
    assert np.isnan(hits.normal_enu[1:]).all()


def test_beyond_the_greatest_range_nothing_is_hit() -> None:
    hits = Plane(0.0).intersect(ORIGIN, [down(30), down(5)], max_range_m=5_000.0)
    np.testing.assert_array_equal(np.isfinite(hits.lat_deg), [True, False])


@pytest.mark.parametrize("ground", [1_000.0, 1_200.0, math.nan])
def test_a_camera_not_above_the_ground_sees_none(ground: float) -> None:
    assert np.isnan(Plane(ground).intersect(ORIGIN, [down(30), down(90), down(-20)]).range_m).all()


def test_no_rays_hit_nowhere_and_nan_rays_neither() -> None:
    for terrain in (Plane(0.0), hills()):
        assert terrain.intersect(ORIGIN, np.zeros((0, 3))).range_m.shape == (0,)
        assert np.isnan(terrain.intersect(ORIGIN, [(np.nan, 0, -1)]).range_m).all()
        assert np.isnan(terrain.intersect((np.nan, 10.0, 1_000.0), [down(45)]).range_m).all()


def test_level_ground_across_the_antimeridian() -> None:
    hit = Plane(0.0).intersect((10.0, 179.999, 1_000.0), [down(30)])
    assert hit.lon_deg[0] < -179.98


def test_a_flat_grid_is_a_plane() -> None:
    flat = Grid(44.9, 9.9, 0.01, 0.01, np.full((21, 21), 150.0), Datum.ELLIPSOID)
    rays = np.stack([down(d, a) for d in (10, 20, 45, 89, 90) for a in range(0, 360, 45)])
    on_grid, on_plane = flat.intersect(ORIGIN, rays), Plane(150.0).intersect(ORIGIN, rays)
    np.testing.assert_allclose(on_grid.range_m, on_plane.range_m, atol=1e-5)
    np.testing.assert_allclose(on_grid.normal_enu, on_plane.normal_enu, atol=1e-12)


def test_hits_on_hills_lie_on_the_hills() -> None:
    terrain = hills()
    rng = np.random.default_rng(3)
    rays = np.stack([down(d, a) for d, a in zip(rng.uniform(15, 90, 200), rng.uniform(0, 360, 200), strict=True)])
    hits = terrain.intersect(ORIGIN, rays)
    assert np.isfinite(hits.range_m).all()
    point = wgs84.enu_from_geodetic(hits.lat_deg, hits.lon_deg, terrain.altitude(hits.lat_deg, hits.lon_deg), ORIGIN)
    np.testing.assert_allclose(point, rays * hits.range_m[:, None], atol=1e-3)


def test_the_first_hill_hides_what_is_behind_it() -> None:
    terrain = hills(height_m=700.0)
    origin = (45.0, 10.0, 720.0)
    for depression, azimuth in ((3, 40), (6, 100), (9, 200), (14, 310), (5, 270)):
        ray = down(depression, azimuth)
        slow = range_by_small_steps(origin, ray, terrain.altitude, 4.0, 12_000.0)
        fast = terrain.intersect(origin, [ray], 12_000.0).range_m[0]
        assert math.isnan(slow) == math.isnan(fast)
        if not math.isnan(slow):
            assert slow - 4.0 <= fast <= slow


def test_outside_the_grid_and_on_unknown_ground_nothing_is_hit() -> None:
    terrain = hills()
    assert np.isnan(terrain.intersect(ORIGIN, [down(3, 0)]).range_m).all()
    holed = terrain.heights_m.copy()
    holed[28:33, 28:33] = np.nan
    with_hole = Grid(terrain.south_deg, terrain.west_deg, 0.002, 0.002, holed, Datum.ELLIPSOID)
    assert np.isnan(with_hole.intersect(ORIGIN, [down(90)]).range_m).all()


def test_normals_are_those_of_differences() -> None:
    terrain = hills()
    lat, lon = np.array([45.01234]), np.array([10.0077])
    east_m, north_m = wgs84.metres_per_degree(lat)
    slope_e = (terrain.altitude(lat, lon + 1e-6) - terrain.altitude(lat, lon - 1e-6)) / (2e-6 * east_m)
    slope_n = (terrain.altitude(lat + 1e-6, lon) - terrain.altitude(lat - 1e-6, lon)) / (2e-6 * north_m)
    expected = np.stack([-slope_e, -slope_n, np.ones(1)], -1)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(terrain.normals_enu(lat, lon), expected, atol=1e-6)


def test_bilinear_heights_are_those_of_the_grid_points_and_their_mean_between() -> None:
    grid = Grid(10.0, 179.5, 1.0, 1.0, np.array([[0.0, 10.0], [20.0, 50.0]]), Datum.MSL)
    got = grid.altitude([10.0, 10.0, 11.0, 11.0, 10.5, 9.99], [179.5, -179.5, 179.5, -179.5, 180.0, 180.0])
    np.testing.assert_allclose(got, [0, 10, 20, 50, 20, np.nan])


def test_heights_counted_from_different_things_are_refused_in_words() -> None:
    pose = CameraPose(45, 10, 500, 0, -90, 0, 40, 25, datum=Datum.MSL)
    assert datum_problem(pose, Plane(0.0, Datum.MSL)) is None
    assert "mean sea level" in str(datum_problem(pose, Plane(0.0, Datum.ELLIPSOID)))


@pytest.mark.parametrize("heights", [np.zeros(5), np.zeros((1, 5)), np.full((3, 3), np.nan)])
def test_a_grid_that_is_none_is_refused(heights: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"needed|no height"):
        Grid(0, 0, 1, 1, heights, Datum.MSL)
