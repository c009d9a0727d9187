"""Attitudes against scipy's rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from detector.geo import attitude


def random_ypr(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform((0, -89.9, -180), (360, 89.9, 180), (count, 3))


def test_the_matrix_is_scipys_intrinsic_zyx() -> None:
    ypr = random_ypr(500)
    expected = Rotation.from_euler("ZYX", ypr, degrees=True).as_matrix()
    np.testing.assert_allclose(attitude.matrix_from_ypr(ypr), expected, atol=1e-14)


def test_angles_survive_the_way_there_and_back() -> None:
    ypr = random_ypr(500, seed=2)
    np.testing.assert_allclose(attitude.ypr_from_matrix(attitude.matrix_from_ypr(ypr)), ypr, atol=1e-10)


def test_angles_agree_with_scipy() -> None:
    matrices = Rotation.random(300, random_state=3).as_matrix()
    yaw, pitch, roll = Rotation.from_matrix(matrices).as_euler("ZYX", degrees=True).T
    np.testing.assert_allclose(attitude.ypr_from_matrix(matrices), np.stack([yaw % 360, pitch, roll], -1), atol=1e-9)


@pytest.mark.parametrize("pitch", [-90.0, 90.0])
@pytest.mark.parametrize("yaw", [0.0, 37.0, 181.0, 359.5])
@pytest.mark.parametrize("roll", [0.0, 25.0, -170.0])
def test_straight_down_and_up_keep_the_rotation_and_put_roll_to_zero(yaw: float, pitch: float, roll: float) -> None:
    matrix = attitude.matrix_from_ypr((yaw, pitch, roll))
    back = attitude.ypr_from_matrix(matrix)
    assert back[2] == 0
    assert back[1] == pytest.approx(pitch, abs=1e-9)
    np.testing.assert_allclose(attitude.matrix_from_ypr(back), matrix, atol=1e-9)


def test_one_hair_from_straight_down_the_rotation_survives() -> None:
    ypr = np.array([[123.0, -90 + tilt, 45.0] for tilt in (1e-3, 1e-6, 1e-7, 1e-8, 1e-10)])
    matrix = attitude.matrix_from_ypr(ypr)
    np.testing.assert_allclose(attitude.matrix_from_ypr(attitude.ypr_from_matrix(matrix)), matrix, atol=2e-9)


def test_a_gimbal_turned_straight_down_has_the_heading_of_the_platform() -> None:
    np.testing.assert_allclose(attitude.axis_from_platform((77, 0, 0), (0, -90, 0)), (77, -90, 0), atol=1e-9)


def test_bank_becomes_elevation_for_a_camera_that_looks_sideways() -> None:
    # Right wing 20 deg down, camera to the right: it looks 20 deg down.
    np.testing.assert_allclose(attitude.axis_from_platform((0, 0, 20), (90, 0, 0)), (90, -20, 0), atol=1e-9)


def test_on_a_level_platform_azimuth_adds_to_heading() -> None:
    np.testing.assert_allclose(attitude.axis_from_platform((350, 0, 0), (30, -40, 5)), (20, -40, 5), atol=1e-9)


def test_the_composition_is_scipys_product() -> None:
    platform, relative = random_ypr(200, seed=4), random_ypr(200, seed=5)
    product = Rotation.from_euler("ZYX", platform, degrees=True) * Rotation.from_euler("ZYX", relative, degrees=True)
    got = attitude.matrix_from_ypr(attitude.axis_from_platform(platform, relative))
    np.testing.assert_allclose(got, product.as_matrix(), atol=1e-12)


def test_nan_angles_give_nan_and_no_warning() -> None:
    assert np.isnan(attitude.axis_from_platform((np.nan, 0, 0), (0, -30, 0))).any()
    assert np.isnan(attitude.between((np.nan, 0, 0), (0, -30, 0), 0.5)).all()


def test_no_attitudes_give_no_attitudes() -> None:
    assert attitude.axis_from_platform(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)
    assert attitude.between(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0)).shape == (0, 3)


def test_rotation_vectors_agree_with_scipy_up_to_half_a_turn() -> None:
    rng = np.random.default_rng(6)
    axes = rng.normal(size=(400, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    vectors = axes * np.concatenate([rng.uniform(0, np.pi, 396), [0.0, 1e-9, np.pi - 1e-9, 1e-15]])[:, None]
    matrices = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(attitude.matrix_from_vector(vectors), matrices, atol=1e-14)
    np.testing.assert_allclose(attitude.rotation_vector(matrices), vectors, atol=1e-7)


def test_between_crosses_north_the_short_way() -> None:
    np.testing.assert_allclose(attitude.between((359, -30, 0), (1, -30, 0), 0.25)[0], 359.5, atol=1e-3)


def test_between_passes_straight_down_without_a_jump() -> None:
    middle = attitude.between((0, -89, 0), (180, -89, 0), 0.5)
    # Both have the picture's top pointing opposite ways: a half turn about the vertical lies between.
    forward = attitude.matrix_from_ypr(middle)[:, 0]
    assert forward[2] > np.cos(np.radians(2))
    tilt = attitude.between((0, -89, 0), (180, -89, 180), 0.5)
    np.testing.assert_allclose(attitude.matrix_from_ypr(tilt)[:, 0], (0, 0, 1), atol=1e-9)


def test_between_agrees_with_scipys_slerp() -> None:
    from scipy.spatial.transform import Slerp

    a, b = random_ypr(2, seed=7)
    shares = np.linspace(0, 1, 11)
    expected = Slerp([0, 1], Rotation.from_euler("ZYX", [a, b], degrees=True))(shares).as_matrix()
    got = attitude.matrix_from_ypr(attitude.between(np.tile(a, (11, 1)), np.tile(b, (11, 1)), shares))
    np.testing.assert_allclose(got, expected, atol=1e-12)
