import numpy as np

from detector.detectors.noise_floor import BLOCK_PX, NoiseFloor, block_maximum
from detector.detectors.residual import difference, noise_sigma, symmetric, warped
from tests.naive_vision import naive_block_maximum, naive_symmetric, texture


def test_symmetric_residual_agrees_with_its_slow_twin():
    random = np.random.default_rng(1)
    before, after = (random.integers(-255, 256, (23, 31)).astype(np.int16) for _ in range(2))
    np.testing.assert_array_equal(symmetric(before, after), naive_symmetric(before, after))


def test_block_maximum_agrees_with_its_slow_twin():
    residual = np.random.default_rng(2).integers(0, 256, (37, 70)).astype(np.uint8)
    np.testing.assert_array_equal(block_maximum(residual), naive_block_maximum(residual, BLOCK_PX))


def test_an_edge_shifted_opposite_ways_leaves_nothing():
    ramp = np.tile(np.arange(0, 200, 4, np.uint8), (40, 1))
    before, after = (ramp.astype(np.int16) - np.roll(ramp, shift, axis=1) for shift in (1, -1))
    assert symmetric(before, after)[:, 2:-2].max() == 0


def test_a_slow_change_of_light_is_taken_out():
    picture = texture()[:160, :160] // 2
    brighter = picture + 20
    assert np.abs(difference(brighter, picture)).max() <= 1


def test_nothing_is_said_of_what_only_one_picture_shows():
    picture = texture()[:160, :160]
    moved = warped(picture, np.array([[1, 0, 40], [0, 1, 0], [0, 0, 1.0]]), picture)
    np.testing.assert_array_equal(moved[:, :39], picture[:, :39])
    np.testing.assert_array_equal(moved[:, 60:], picture[:, 20:120])


def test_noise_is_measured_in_spite_of_movers():
    random = np.random.default_rng(3)
    noise = random.normal(0, 3, (300, 300))
    noise[:60, :60] += 100
    assert abs(noise_sigma(np.rint(noise).astype(np.int16)) - 3) < 0.5


def test_the_floor_of_a_block_is_the_quantile_of_what_it_shows():
    floor, random = NoiseFloor(0.7, 2.0), np.random.default_rng(4)
    for _ in range(300):
        residual = np.zeros((80, 80), np.uint8)
        residual[40, 40] = random.integers(0, 101)
        level = floor.update(residual, np.eye(3), 0.066)
    assert 55 < level[2, 2] < 85
    assert level[0, 0] < 5


def test_the_floor_is_carried_along_with_the_camera():
    floor, step = NoiseFloor(0.7, 2.0), np.array([[1, 0, 32.0], [0, 1, 0], [0, 0, 1]])
    residual = np.zeros((160, 160), np.uint8)
    residual[72, 40] = 90
    for _ in range(60):
        floor.update(residual, np.eye(3), 0.066)
    level = floor.update(np.zeros((160, 160), np.uint8), step, 0.066)
    assert level[4, 4] > 50
    assert level[4, 1] < level[4, 4] / 2
