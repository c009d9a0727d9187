"""Outlines of the ground in view."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from detector.geo import camera, wgs84
from detector.geo.footprint import footprint
from detector.geo.terrain import Plane
from detector.model import CameraPose

SIZE = (1280, 720)


def outline(
    pitch: float, *, roll: float = 0.0, hfov: float = 40.0, lon: float = 10.0, reach: float = 10_000.0
) -> np.ndarray:
    pose = CameraPose(45.0, lon, 500.0, 70.0, pitch, roll, hfov, math.nan)
    return footprint(pose, SIZE, Plane(0.0), reach)


def test_straight_down_it_is_the_rectangle_that_the_angles_say() -> None:
    lonlat = outline(-90.0)
    east_m, north_m = wgs84.metres_per_degree(45.0)
    area = shapely.Polygon(lonlat * (east_m, north_m)).area
    width = 2 * 500 * math.tan(math.radians(20))
    assert area == pytest.approx(width * width * 720 / 1280, rel=1e-3)


@pytest.mark.parametrize("pitch", [-60.0, -15.0, -8.0, -2.0, 5.0])
@pytest.mark.parametrize("roll", [0.0, 20.0, 90.0, 180.0])
def test_it_is_simple_in_reach_and_holds_the_places_that_are_in_view(pitch: float, roll: float) -> None:
    lonlat = outline(pitch, roll=roll)
    polygon = shapely.Polygon(lonlat)
    assert polygon.is_valid
    enu = wgs84.enu_from_geodetic(lonlat[:, 1], lonlat[:, 0], 0.0, (45.0, 10.0, 500.0))
    assert np.linalg.norm(enu, axis=1).max() < 10_020
    pose = CameraPose(45.0, 10.0, 500.0, 70.0, pitch, roll, 40.0, math.nan)
    xy = np.random.default_rng(1).uniform((5, 5), (1274, 714), (400, 2))
    hits = Plane(0.0).intersect((45.0, 10.0, 500.0), camera.rays_enu(pose, xy, SIZE), 9_900.0)
    seen = np.isfinite(hits.range_m)
    assert shapely.contains_xy(polygon, hits.lon_deg[seen], hits.lat_deg[seen]).all()


@pytest.mark.parametrize("pitch", [30.0, 90.0])
def test_above_the_horizon_there_is_none(pitch: float) -> None:
    assert outline(pitch).shape == (0, 2)


def test_only_the_middle_in_reach_gives_a_circle() -> None:
    lonlat = outline(-90.0, hfov=150.0, reach=600.0)
    enu = wgs84.enu_from_geodetic(lonlat[:, 1], lonlat[:, 0], 0.0, (45.0, 10.0, 500.0))
    np.testing.assert_allclose(np.linalg.norm(enu, axis=1), 600, atol=0.5)


def test_across_the_antimeridian_it_stays_in_one_piece() -> None:
    lonlat = outline(-30.0, lon=179.999)
    assert np.abs(np.diff(lonlat[:, 0])).max() < 1


def test_a_nan_pose_has_none() -> None:
    pose = CameraPose(45.0, 10.0, 500.0, math.nan, -40.0, 0.0, 40.0, 23.0)
    assert footprint(pose, SIZE, Plane(0.0), 1e4).shape == (0, 2)
