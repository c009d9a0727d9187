import cv2
import numpy as np
import pytest

from detector.detectors import SmokeDetector
from detector.detectors.ground_blocks import BLOCK_PX, GroundBlocks, _in_view, shifted
from detector.detectors.smoke import stays_in_place
from tests.naive_flash import naive_in_view, naive_shifted, naive_stays_in_place
from tests.naive_vision import aligned, frame, texture, view

GROUND = (texture() // 2 + 20).astype(np.uint8)
SIZE = (400, 240)
FIRE_XY = (260, 190)  # on the ground


def flames(picture, index, xy=FIRE_XY):
    random = np.random.default_rng(index // 2)
    for x, y in zip(random.normal(0, 14, 24), random.normal(0, 10, 24), strict=True):
        cv2.circle(picture, (int(xy[0] + x), int(xy[1] + y)), int(random.integers(2, 9)), 250, -1)
    return picture


def found(make, seconds=6.0, fps=30.0, drift_px=0.0):
    detector, out = SmokeDetector(), []
    for index in range(round(seconds * fps)):
        matrix = np.array([[1, 0, 40 + drift_px * index], [0, 1, 50.0], [0, 0, 1]])
        picture = frame(view(make(index), matrix, SIZE), index, fps)
        out += detector.detect(picture, aligned(index, picture.t_ns, matrix))
    return [(one.index, one.xyxy_px) for one in out + detector.finish() if len(one)]


@pytest.mark.parametrize(("fps", "drift_px"), [(30, 0.0), (30, 0.8), (12, 0.0), (9, 0.0)])
def test_fire_is_found_where_it_burns_within_five_seconds(fps, drift_px):
    hits = found(lambda index: flames(GROUND.copy(), index), fps=fps, drift_px=drift_px)
    assert hits
    assert hits[0][0] / fps < 5
    for index, boxes in hits:
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        fire = np.array(FIRE_XY) - [40 + drift_px * index, 50]
        assert (np.abs(centre - fire) < 20).all()


@pytest.mark.parametrize("fps", [5, 8])
def test_of_pictures_too_far_apart_to_tell_it_from_somebody_passing_it_says_nothing(fps):
    assert found(lambda index: flames(GROUND.copy(), index), seconds=8, fps=fps) == []


def test_a_steady_lamp_is_no_fire():
    assert found(lambda index: cv2.circle(GROUND.copy(), FIRE_XY, 14, 250, -1)) == []


def test_bright_things_that_pass_are_no_fire():
    """A vehicle's length of light every 0.5 s."""

    def traffic(index):
        picture = GROUND.copy()
        for start in range(0, 400, 45):
            x = (start + 3 * index) % 420 + 30
            cv2.rectangle(picture, (x, 170), (x + 16, 190), 240, -1)
        return picture

    assert found(traffic) == []


def test_flicker_of_the_whole_picture_is_no_fire():
    random = np.random.default_rng(1)
    gains = random.uniform(0.8, 2.0, 300)
    assert found(lambda index: np.clip(GROUND * gains[index // 2], 0, 255).astype(np.uint8)) == []


def test_water_that_glitters_all_over_is_no_fire():
    def water(index):
        noise = np.random.default_rng(index // 2).normal(0, 60, (60, 80)).astype(np.float32)
        waves = cv2.resize(noise, (GROUND.shape[1], GROUND.shape[0]), interpolation=cv2.INTER_CUBIC)
        return np.clip(GROUND + waves + 60, 0, 255).astype(np.uint8)

    assert found(water) == []


def test_blocks_stay_on_the_ground_under_a_camera_that_drifts():
    blocks = GroundBlocks(5.0)
    for index in range(40):
        matrix = np.array([[1, 0, 40 + 2.0 * index], [0, 1, 50 + 0.5 * index], [0, 0, 1]])
        blocks.add(view(GROUND, matrix, SIZE), matrix, index * 10**8)
    means = blocks.means
    seen = np.isfinite(means).all(axis=0)
    assert seen.sum() > 400
    assert means[:, seen].std(axis=0).max() < 1.5
    (box,) = blocks.boxes(np.array([[3, 4, 5, 6]]), np.eye(3))
    corner = np.array([box[0], box[1]]).astype(int)
    there = GROUND[corner[1] : corner[1] + BLOCK_PX, corner[0] : corner[0] + BLOCK_PX].mean()
    assert means[-1, 3, 4] == pytest.approx(there, abs=3)


def test_blocks_begin_anew_when_the_camera_turned():
    blocks = GroundBlocks(5.0)
    for index, angle in enumerate((0.0, 0.0, 0.3)):
        cos, sin = np.cos(angle), np.sin(angle)
        matrix = np.array([[cos, -sin, 100], [sin, cos, 100], [0, 0, 1.0]])
        blocks.add(view(GROUND, matrix, SIZE), matrix, index * 10**8)
    assert len(blocks.t_ns) == 1


def test_what_stays_in_place_is_that_of_the_slow_twin():
    random = np.random.default_rng(2)
    means = random.uniform(0, 250, (20, 6, 7)).astype(np.float32)
    means[:, 2:4, 2:4] = means[:, 2:3, 2:3] + random.normal(0, 5, (20, 2, 2))
    for step in range(1, 4):
        means[step:, 5, 3 + step] = means[:-step, 5, 3]
    means[3, 0, 0] = np.nan
    rows, columns = np.array([2, 3, 5, 5, 0, 1]), np.array([2, 3, 4, 5, 1, 1])
    assert stays_in_place(means, rows, columns).tolist() == naive_stays_in_place(means, rows, columns)


@pytest.mark.parametrize(("down", "across"), [(0, 0), (2, -1), (-3, 4), (9, 0)])
def test_shifting_a_grid_is_that_of_the_slow_twin(down, across):
    grid = np.arange(42.0).reshape(6, 7)
    np.testing.assert_array_equal(shifted(grid, down, across, np.nan), naive_shifted(grid, down, across, np.nan))


def test_the_blocks_in_view_are_those_of_the_slow_twin():
    random = np.random.default_rng(4)
    for _ in range(12):
        matrix = np.eye(3) + random.normal(size=(3, 3)) * [[0.05, 0.05, 12], [0.05, 0.05, 12], [4e-4, 4e-4, 0]]
        found = _in_view(matrix, (10, 16), (40, 64))
        assert found.any()
        np.testing.assert_array_equal(found, naive_in_view(matrix, (10, 16), (40, 64), BLOCK_PX))
