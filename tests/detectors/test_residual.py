import numpy as np
import pytest

from detector.detectors.noise_floor import BLOCK_PX, NoiseFloor, block_maximum, blocks_of, by_pixel, usual_around
from detector.detectors.residual import (
    block_means,
    edges,
    in_the_dark,
    in_the_light_of,
    mean_of_nine,
    noise_sigma,
    symmetric,
)
from tests.naive_vision import (
    naive_block_maximum,
    naive_blocks_of,
    naive_mean_of_nine,
    naive_symmetric,
    naive_usual_around,
    texture,
)


def test_symmetric_residual_agrees_with_its_slow_twin():
    random = np.random.default_rng(1)
    judged, earlier, later = (random.integers(0, 256, (23, 31), np.uint8) for _ in range(3))
    np.testing.assert_array_equal(symmetric(judged, earlier, later), naive_symmetric(judged, earlier, later))


def test_block_maximum_agrees_with_its_slow_twin():
    residual = np.random.default_rng(2).integers(0, 256, (37, 70)).astype(np.uint8)
    np.testing.assert_array_equal(block_maximum(residual), naive_block_maximum(residual, BLOCK_PX))


def test_blocks_spread_over_their_pixels_have_themselves_as_maximum():
    blocks = np.random.default_rng(2).integers(0, 256, (5, 9)).astype(np.uint8)
    for shape, side in (((37, 70), 8), ((40, 72), 8), ((76, 137), 16)):
        np.testing.assert_array_equal(block_maximum(by_pixel(blocks, shape, side), side), blocks)


def test_an_edge_shifted_opposite_ways_leaves_nothing():
    ramp = np.tile(np.arange(0, 200, 4, np.uint8), (40, 1))
    assert symmetric(ramp, np.roll(ramp, 1, axis=1), np.roll(ramp, -1, axis=1))[:, 2:-2].max() == 0


@pytest.mark.parametrize("step", [20, -20])
def test_a_slow_change_of_light_is_taken_out(step):
    picture = texture()[:160, :170] // 2 + 40
    other = (picture.astype(int) + step).astype(np.uint8)
    lit = in_the_light_of(picture, block_means(picture), other, block_means(other))
    assert np.abs(lit.astype(int) - picture).max() <= 1


def test_a_mover_is_not_taken_for_light():
    picture = texture()[:160, :160]
    other = picture.copy()
    other[70:84, 70:90] = 255
    lit = in_the_light_of(picture, block_means(picture), other, block_means(other))
    np.testing.assert_array_equal(lit, other)


def test_what_is_out_of_view_is_not_taken_for_light():
    picture = texture()[:160, :320]
    other, shown = picture.copy(), np.full((10, 20), 255, np.uint8)
    other[:, 240:], shown[:, 15:] = 0, 0
    lit = in_the_light_of(picture, block_means(picture), other, block_means(other), shown)
    np.testing.assert_array_equal(lit, other)
    assert (in_the_light_of(picture, block_means(picture), other, block_means(other)) != other).any()


def test_noise_is_measured_in_spite_of_movers():
    random = np.random.default_rng(3)
    picture, noise = np.full((300, 300), 100, np.uint8), random.normal(0, 3, (300, 300))
    noise[:60, :60] += 100
    assert abs(noise_sigma(picture, (100 + np.rint(noise)).astype(np.uint8)) - 3) < 0.5


@pytest.mark.parametrize("sigma", [1.5, 2.5, 3.5])
def test_in_the_dark_is_where_it_is_dark_and_noise_is_louder_than_the_ground(sigma):
    random = np.random.default_rng(6)

    def seen(ground):
        return np.clip(np.rint(ground + random.normal(0, sigma, ground.shape)), 0, 255).astype(np.uint8)

    y, x = np.indices((300, 400)) // 4
    bare, structured = np.full((300, 400), 40), 20 + 40 * ((x + y) % 2)
    for ground, expected in ((bare, True), (bare + 60, False), (structured, False)):
        picture = seen(ground)
        assert in_the_dark(block_means(picture), edges(picture), noise_sigma(picture, seen(ground))) is expected
    assert not in_the_dark(np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8), sigma)


def test_the_mean_of_nine_is_that_of_the_slow_twin():
    picture = np.random.default_rng(7).integers(0, 256, (21, 34), np.uint8)
    np.testing.assert_array_equal(mean_of_nine(picture), naive_mean_of_nine(picture))


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


def test_the_blocks_of_boxes_agree_with_their_slow_twin():
    low = np.random.default_rng(5).uniform(-40, 130, (9, 2))
    xyxy = np.hstack([low, low + np.random.default_rng(6).uniform(1, 50, (9, 2))])
    np.testing.assert_array_equal(blocks_of(xyxy, (6, 8), 16), naive_blocks_of(xyxy, (6, 8), 16))
    assert not blocks_of(np.zeros((0, 4)), (6, 8)).any()


def loud_for(looks, **told):
    """The floor of a block that is loud in each of so many looks."""
    floor, residual = NoiseFloor(0.7, 2.0), np.zeros((80, 80), np.uint8)
    floor.update(residual, np.eye(3), 0.066)
    residual[40, 40] = 60
    for _ in range(looks):
        level = floor.update(residual, np.eye(3), 0.066, **told)
    return level[2, 2]


def test_the_floor_under_a_mover_rises_slowly():
    mover = np.array([[36.0, 36, 44, 44]])
    assert loud_for(15, movers=mover) < loud_for(15) / 3
    assert loud_for(300, movers=mover) > 40


def test_what_is_usual_around_is_the_median_and_nothing_where_all_is_quiet():
    random = np.random.default_rng(6)
    told = set()
    for most in (4, 8, 30):
        loud = random.integers(0, most, (14, 25)).astype(np.float32)
        loud[3:9, 4:12] += 20
        for quiet in (0.0, 3.5, 30.0):
            found = usual_around(loud, quiet)
            np.testing.assert_array_equal(np.maximum(found, quiet), np.maximum(naive_usual_around(loud), quiet))
            told.add((most, quiet, bool(found.any())))
    assert (30, 0.0, True) in told
    assert (4, 3.5, False) in told


def test_a_floor_that_need_not_be_told_apart_from_quiet_leads_to_the_same_thresholds():
    random = np.random.default_rng(7)
    told, quietly = NoiseFloor(0.7, 2.0), NoiseFloor(0.7, 2.0)
    for _ in range(12):
        residual = random.integers(0, 12, (160, 320)).astype(np.uint8)
        residual[60:100] = np.minimum(residual[60:100], 3)
        floors = [one.update(residual, np.eye(3), 0.1, quiet=quiet) for one, quiet in ((told, 0.0), (quietly, 6.0))]
        np.testing.assert_array_equal(*(np.maximum(floor, 6) for floor in floors))
