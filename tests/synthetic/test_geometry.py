"""Truth against geometry from outside: pyproj for places, detector.geo for the pinhole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyproj
import pytest

from detector.geo import attitude, camera
from detector.synthetic import SCENES, render
from detector.synthetic.place import VALE
from detector.synthetic.render import view_at
from detector.synthetic.telemetry import readings

SIZE = (640, 360)
SMALL = (320, 180)  # where pictures are rendered


def unskewed(view, xy_px):
    """Pixels of the pinhole at mid-exposure from those of the recorded picture."""
    homogeneous = np.column_stack([xy_px, np.ones(len(xy_px))]) @ np.linalg.inv(view.skew).T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def test_places_agree_with_pyproj_to_a_tenth_of_a_millimetre():
    points = np.random.default_rng(1).uniform([-900, -900, 0], [900, 900, 300], (200, 3))
    lat, lon, alt = VALE.geodetic(points)
    pipeline = pyproj.Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lon_0={VALE.lon_deg} +lat_0={VALE.lat_deg} +h_0={VALE.ground_m}"
    )
    back = np.column_stack(pipeline.transform(np.radians(lon), np.radians(lat), alt, radians=True))
    assert np.abs(back - points).max() < 1e-4


@pytest.mark.parametrize("name", ["demo", "fast_pan", "oblique"])
def test_latitude_and_longitude_of_objects_reproject_to_their_pixels(name):
    scene = SCENES[name](3)
    for frame in list(render(replace(scene, seconds=0.4), SMALL, (10, 1))):
        seen = [o for o in frame.objects if o.inside]
        xy = camera.pixels_from_ground(
            frame.pose, [o.lat_deg for o in seen], [o.lon_deg for o in seen], [o.alt_m for o in seen], SMALL
        )
        assert len(seen) > 0
        assert np.abs(xy - unskewed(frame.view, np.array([o.foot_px for o in seen]))).max() < 0.01  # px


def test_homography_maps_ground_points_from_frame_to_frame():
    scene = SCENES["fast_pan"](2)
    first, later = (view_at(scene, t, SIZE) for t in (0.0, 1.0))
    reference_from_frame = first.pixel_from_ground @ np.linalg.inv(later.pixel_from_ground)
    ground = later.ground(np.random.default_rng(2).uniform([0, 0], SIZE, (50, 2)))
    points = np.column_stack([ground, np.zeros(50)])
    mapped = np.column_stack([later.project(points)[0], np.ones(50)]) @ reference_from_frame.T
    assert np.abs(mapped[:, :2] / mapped[:, 2:] - first.project(points)[0]).max() < 0.01  # px


def test_constant_ellipsoid_height_is_good_enough_for_a_plane_within_the_demo():
    corners = np.array([[x, y, 0.0] for x in (-420, 420) for y in (-100, 330)])
    assert np.abs(VALE.geodetic(corners)[2] - VALE.ground_m).max() < 0.03  # m


def test_pixels_above_the_horizon_have_no_ground():
    view = view_at(SCENES["demo"](1), 0.0, SIZE)
    assert np.isnan(view.ground(np.array([[320.0, -5000.0]]))).all()


def test_telemetry_angles_compose_to_the_optical_axis():
    scene = SCENES["demo"](1)
    exact = replace(scene, telemetry=replace(scene.telemetry, error_m=0.0, error_deg=0.0))
    for reading in readings(exact, SIZE, 2.0):
        v = reading.values
        axis = attitude.axis_from_platform((v[5], v[90], v[91]), (v[18], v[19], v[20]))
        pose = view_at(scene, reading.t_s, SIZE).pose
        turned = attitude.matrix_from_ypr(axis).T @ attitude.matrix_from_ypr(
            (pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
        )
        assert np.degrees(np.linalg.norm(attitude.rotation_vector(turned))) < 1e-6
        assert (v[13], v[14], v[75]) == pytest.approx((pose.lat_deg, pose.lon_deg, pose.alt_m), abs=1e-9)


def test_stated_frame_centre_is_where_the_axis_meets_the_ground():
    scene = SCENES["demo"](1)
    exact = replace(scene, telemetry=replace(scene.telemetry, error_m=0.0, error_deg=0.0))
    v = readings(exact, SIZE, 0.0)[0].values
    pose = view_at(scene, 0.0, SIZE).pose
    xy = camera.pixels_from_ground(pose, [v[23]], [v[24]], [v[78]], SIZE)
    assert np.abs(xy - [(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2]).max() < 0.01  # px
