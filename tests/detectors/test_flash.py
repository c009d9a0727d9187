from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.detectors import DetectorBank, FlashDetector, MotionDetector
from detector.model import Kind
from tests.naive_vision import aligned, frame, texture

GROUND = texture()[:270, :480] // 2


def found(make, count=60, fps=30.0):
    detector = FlashDetector()
    out = []
    for index in range(count):
        picture = frame(make(index), index, fps)
        out += detector.detect(picture, aligned(index, picture.t_ns))
    out += detector.finish()
    return [(one.index, *one.xyxy_px[0].tolist()) for one in out if len(one)]


def with_spot(index, frames, xy=(200, 100)):
    picture = GROUND.copy()
    if index in frames:
        picture[xy[1] : xy[1] + 4, xy[0] : xy[0] + 4] = 250
    return picture


def test_a_flash_of_one_frame_is_found_there_and_then():
    (only,) = found(lambda index: with_spot(index, {20}))
    assert only[0] == 20
    np.testing.assert_allclose(only[1:], [200, 100, 204, 104], atol=2)


def test_a_flash_of_two_frames_is_found():
    assert {one[0] for one in found(lambda index: with_spot(index, {20, 21}))} == {20, 21}


def test_a_lamp_that_is_switched_on_is_no_flash():
    assert found(lambda index: with_spot(index, range(20, 60))) == []


def test_a_bright_thing_that_drives_is_no_flash():
    assert found(lambda index: with_spot(index, {index}, (50 + 2 * index, 100))) == []


def test_a_flicker_of_the_whole_picture_is_no_flash():
    assert found(lambda index: GROUND + np.uint8(90 * (index == 20))) == []


def test_the_bank_keeps_a_flash_in_a_frame_that_motion_passed_over():
    bank = DetectorBank([MotionDetector(), FlashDetector()])
    out = []
    for index in range(50):
        picture = frame(with_spot(index, {30, 31}), index)
        out += bank.detect(picture, replace(aligned(index, picture.t_ns), glanced=index % 2 == 1))
    out += bank.finish()
    assert [one.index for one in out] == list(range(50))
    flashes = {one.index: one.judged for one in out if Kind.FLASH.value in one.kind}
    assert set(flashes) == {30, 31}
    assert sorted(flashes.values()) == [False, True]


def test_broken_blocks_in_a_damaged_picture_are_no_flash_and_a_flash_before_it_is():
    detector, out = FlashDetector(), []
    for index in range(40):
        picture = replace(frame(with_spot(index, {14, 20, 21, 30}), index), damaged=18 <= index < 25)
        out += detector.detect(picture, aligned(index, picture.t_ns))
    out += detector.finish()
    assert [one.index for one in out if len(one)] == [14, 30]
    assert all(one.judged for one in out[18:25])  # motion in it still counts


def test_an_explosion_is_found_in_every_frame_in_which_it_is_bright():
    def explosion(index):
        picture = GROUND.copy()
        if 20 <= index < 28:
            radius, grey = min(5 + 2 * (index - 20), 12), 250 - 8 * (index - 20)
            cv2.circle(picture, (200, 100), radius, grey, -1)
        elif index >= 28:
            cv2.circle(picture, (200, 100), 14, 130, -1)
        return picture

    assert [one[0] for one in found(explosion)] == list(range(20, 28))


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_flash_of_one_frame_is_found_at_any_frame_rate(fps):
    assert [one[0] for one in found(lambda index: with_spot(index, {45}), 100, fps)] == [45]


def test_lightning_and_a_step_of_the_exposure_are_no_flash():
    def lit(index):
        gain = 1.5 if index in (20, 21) or index > 40 else 1.0
        return np.clip(GROUND * gain + 30 * (gain > 1), 0, 255).astype(np.uint8)

    assert found(lit) == []


def test_glitter_on_water_is_no_flash():
    random = np.random.default_rng(3)
    places = random.integers([20, 20], [440, 240], (200, 12, 2))

    def glitter(index):
        picture = GROUND.copy()
        for x, y in places[index]:
            picture[y : y + 2, x : x + 2] = 250
        return picture

    assert found(glitter, 120) == []


def test_a_bright_thing_that_comes_in_over_the_edge_and_leaves_again_is_no_flash():
    assert found(lambda index: with_spot(index, {20}, (0, 100))) == []


@pytest.mark.parametrize(("grey", "expected"), [(200, []), (250, [20])], ids=["glint", "flash"])
def test_on_something_that_moves_only_a_very_bright_light_is_a_flash(grey, expected):
    def driving(index):
        picture = GROUND.copy()
        x = 60 + index
        picture[94:104, x : x + 10] = 140
        if index == 20:
            picture[98:101, x + 3 : x + 6] = grey
        return picture

    assert [one[0] for one in found(driving)] == expected


def test_a_flash_next_to_a_still_vehicle_is_found_under_a_moving_camera():
    """The camera drifts by 2.5 px a frame."""
    ground = cv2.resize(GROUND, None, fx=1.6, fy=1.6)
    ground[200:215, 300:330] = 180
    detector, out = FlashDetector(), []
    for index in range(50):
        scene = ground.copy()
        if index == 25:
            scene[204:208, 340:344] = 250
        matrix = np.array([[1, 0, 40 + 2.5 * index], [0, 1, 60.0], [0, 0, 1]])
        luma = cv2.warpAffine(scene, matrix[:2], (480, 270), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        picture = frame(luma, index)
        out += detector.detect(picture, aligned(index, picture.t_ns, matrix))
    out += detector.finish()
    assert [one.index for one in out if len(one)] == [25]
