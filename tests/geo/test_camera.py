"""The pinhole camera against OpenCV and against itself."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest

from detector.geo import camera, wgs84
from detector.model import CameraPose

SIZE = (1280, 720)
POSE = CameraPose(45.0, 10.0, 800.0, yaw_deg=30.0, pitch_deg=-40.0, roll_deg=5.0, hfov_deg=40.0, vfov_deg=23.1)


def looking(**change: float) -> CameraPose:
    return dataclasses.replace(POSE, **change)


def ray(pose: CameraPose, x: float, y: float) -> np.ndarray:
    return camera.rays_enu(pose, [[x, y]], SIZE)[0]


CENTRE = ((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2)


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [
        (0, 0, (0, 1, 0)),
        (90, 0, (1, 0, 0)),
        (180, 0, (0, -1, 0)),
        (270, 0, (-1, 0, 0)),
        (12, -90, (0, 0, -1)),
        (90, -45, (1, 0, -1)),
    ],
)
def test_the_middle_of_the_picture_looks_along_the_optical_axis(
    yaw: float, pitch: float, expected: tuple[float, ...]
) -> None:
    got = ray(looking(yaw_deg=yaw, pitch_deg=pitch), *CENTRE)
    np.testing.assert_allclose(got, np.array(expected) / np.linalg.norm(expected), atol=1e-12)


def test_straight_down_the_top_of_the_picture_points_along_yaw() -> None:
    pose = looking(yaw_deg=90.0, pitch_deg=-90.0, roll_deg=0.0)
    up_in_picture = ray(pose, CENTRE[0], 0)
    assert up_in_picture[0] > 0.1
    assert abs(up_in_picture[1]) < 1e-12
    assert ray(pose, SIZE[0] - 1, CENTRE[1])[1] < -0.1  # right of the picture is south


def test_straight_down_yaw_and_roll_are_one_rotation() -> None:
    xy = np.array([[0, 0], [300, 500], [1279, 719]])
    by_roll = camera.rays_enu(looking(yaw_deg=0.0, pitch_deg=-90.0, roll_deg=30.0), xy, SIZE)
    by_yaw = camera.rays_enu(looking(yaw_deg=30.0, pitch_deg=-90.0, roll_deg=0.0), xy, SIZE)
    np.testing.assert_allclose(by_roll, by_yaw, atol=1e-12)


def test_a_camera_rolled_clockwise_sees_the_horizon_rise_on_its_left() -> None:
    # Clockwise seen from behind: the right side goes down, so the left of the picture is higher in the world.
    pose = looking(pitch_deg=0.0, roll_deg=10.0)
    assert ray(pose, 0, CENTRE[1])[2] > 0 > ray(pose, SIZE[0] - 1, CENTRE[1])[2]


def test_the_edges_of_the_outer_pixels_are_the_field_of_view_apart() -> None:
    left, right = ray(POSE, -0.5, CENTRE[1]), ray(POSE, SIZE[0] - 0.5, CENTRE[1])
    top, bottom = ray(POSE, CENTRE[0], -0.5), ray(POSE, CENTRE[0], SIZE[1] - 0.5)
    assert math.degrees(math.acos(left @ right)) == pytest.approx(40.0, abs=1e-9)
    assert math.degrees(math.acos(top @ bottom)) == pytest.approx(23.1, abs=1e-9)


def test_an_unknown_angle_of_view_means_square_pixels() -> None:
    fx, fy = camera.focal_px(looking(vfov_deg=math.nan), SIZE)
    assert fx == fy == pytest.approx(640 / math.tan(math.radians(20)))
    fx, fy = camera.focal_px(looking(hfov_deg=math.nan), SIZE)
    assert fx == fy == pytest.approx(360 / math.tan(math.radians(11.55)))


@pytest.mark.parametrize("fov", [0.0, -3.0, 180.0, math.nan])
def test_an_impossible_field_of_view_gives_nan(fov: float) -> None:
    assert np.isnan(ray(looking(hfov_deg=fov, vfov_deg=fov), 3, 4)).all()


def test_a_place_and_its_pixel_are_one_another_to_a_millionth_of_a_pixel() -> None:
    rng = np.random.default_rng(1)
    for yaw, pitch, roll in rng.uniform((0, -90, -180), (360, 90, 180), (40, 3)):
        pose = looking(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
        xy = rng.uniform((0, 0), SIZE, (20, 2))
        enu = camera.rays_enu(pose, xy, SIZE) * rng.uniform(100, 10_000, (20, 1))
        lat, lon, alt = wgs84.geodetic_from_enu(enu, (pose.lat_deg, pose.lon_deg, pose.alt_m))
        np.testing.assert_allclose(camera.pixels_from_ground(pose, lat, lon, alt, SIZE), xy, atol=1e-6)


def test_projection_is_opencvs() -> None:
    points = np.random.default_rng(2).normal((0, 0, 5), (2, 2, 0.5), (50, 3))
    enu = points @ camera.enu_from_camera(POSE).T
    expected = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.camera_matrix(POSE, SIZE), None)[0][:, 0]
    np.testing.assert_allclose(camera.pixels_from_enu(POSE, enu, SIZE), expected, atol=1e-6)


def test_what_lies_behind_the_camera_has_no_pixel() -> None:
    forward = camera.enu_from_camera(POSE)[:, 2]
    assert np.isnan(camera.pixels_from_enu(POSE, [-forward], SIZE)).all()
    assert np.isnan(camera.pixels_from_enu(POSE, [(0.0, 0.0, 0.0)], SIZE)).all()


def test_the_camera_axes_are_right_handed() -> None:
    axes = camera.enu_from_camera(POSE)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-14)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_a_nan_pose_gives_nan_and_no_pixels_give_none() -> None:
    assert np.isnan(ray(looking(yaw_deg=math.nan), 0, 0)).all()
    assert np.isnan(camera.pixels_from_ground(looking(lat_deg=math.nan), [45.0], [10.0], 0.0, SIZE)).all()
    assert camera.rays_enu(POSE, np.zeros((0, 2)), SIZE).shape == (0, 3)
    assert camera.pixels_from_ground(POSE, [], [], 0.0, SIZE).shape == (0, 2)
