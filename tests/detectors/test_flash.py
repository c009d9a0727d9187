from dataclasses import replace

import numpy as np

from detector.detectors import DetectorBank, FlashDetector, MotionDetector
from detector.model import Kind
from tests.naive_vision import aligned, frame, texture

GROUND = texture()[:270, :480] // 2


def found(make, count=40):
    detector = FlashDetector()
    out = []
    for index in range(count):
        picture = frame(make(index), index)
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
    assert found(lambda index: with_spot(index, range(20, 40))) == []


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
