"""What no picture shows comes together along its way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.detectors.faint import SLOT_S, SLOTS, FaintThings, believed, lie_at
from detector.detectors.lagged import Kept
from detector.detectors.moving import MovingDetector
from detector.detectors.slots import UNIT as GREY_UNIT
from detector.detectors.slots import Slots, laid_over
from detector.detectors.together import CLIP, UNIT, Shown, Strongest, shown
from detector.model import Parallax, Ways
from detector.picture.homography import apply
from tests.naive_vision import aligned, flight, frame, naive_mean, naive_strongest, texture, view

SIZE, FPS = (640, 360), 12.5
NONE = np.zeros((0, 4))
SPEED = np.array([9.0, -5.0])  # over the ground [px/s]
START = np.array([360.0, 260.0])


def dark_ground(contrast=0.02):
    ground = texture(size_px=(1100, 800)).astype(np.float32)
    return 45 + contrast * (ground - ground.mean())


def pictures(count=60, *, grey=8.0, speed=SPEED, sigma=6.0, pan_px=1.5, light=0.0, until=10**9):
    """A dot of 4x4 px on dark, noisy ground under a camera that pans and turns; frames and ground from frame."""
    random, ground = np.random.default_rng(4), dark_ground()
    for index in range(count):
        scene = ground + light * (index > count // 2)
        if index < until:
            x, y = np.rint(START + speed * index / FPS).astype(int)
            scene[y : y + 4, x : x + 4] += grey
        seen = view(scene.astype(np.float32), flight(index, pan_px), SIZE)
        yield np.clip(seen + random.normal(0, sigma, seen.shape), 0, 255).astype(np.uint8)


def looked(found, pan_px=1.5, **options):
    """FaintThings after all of these pictures, and the last of them."""
    things = FaintThings()
    for index, luma in enumerate(found):
        one = frame(luma, index, FPS)
        half = Kept.of(one, aligned(index, one.t_ns, flight(index, pan_px)), 1)
        things.add(replace(half, **options))
        things.go_on()  # once a frame: every second one is passed over
        things.go_on()
    return things, half


def place(half, pan_px=1.5):
    """Where the dot is in that picture. [half-size px]"""
    at = START + 1.5 + SPEED * half.index / FPS
    return (apply(np.linalg.inv(flight(half.index, pan_px)), at[None])[0] - 0.5) / 2


def test_what_no_picture_shows_is_found_where_it_is():
    luma = list(pictures(80))
    things, half = looked(luma)
    found = things.beside(half, NONE).things
    assert len(found.peak) == 1
    assert np.abs((found.xyxy[0, :2] + found.xyxy[0, 2:] - 1) / 2 - place(half)).max() < 2
    assert (found.xyxy[0, 2:] - found.xyxy[0, :2]).max() <= 6
    assert found.peak[0] > 1


def test_the_detector_tells_it_and_would_not_by_differences():
    told = {}
    for asked in (True, False):
        detector, told[asked] = MovingDetector(), 0
        if not asked:
            detector._faint.add = lambda half, dark: None
        for index, luma in enumerate(pictures(80)):
            seen = frame(luma, index, FPS)
            half = Kept.of(seen, aligned(index, seen.t_ns, flight(index, 1.5)), 1)
            for answer in detector.detect(seen, aligned(index, seen.t_ns, flight(index, 1.5))):
                at = place(replace(half, index=answer.index)) * 2 + 0.5
                told[asked] += bool(lie_at(np.tile(at, 2)[None], answer.xyxy_px, 4.0).any())
    assert told[True] >= told[False] + 15


def day(speed=(5.0, -2.5), *, grey=24.0, dark=False, **options):
    """FaintThings after a dot on light ground with little noise, the last picture and where the dot is in it."""
    things = FaintThings()
    found = pictures(90, grey=grey, speed=np.array(speed), sigma=1.5)
    for index, luma in enumerate(found):
        one = frame(luma + np.uint8(90), index, FPS)
        half = replace(Kept.of(one, aligned(index, one.t_ns, flight(index, 1.5)), 1), **options)
        things.add(half, dark=dark)
        things.go_on()
        things.go_on()
    at = START + 1.5 + np.array(speed) * index / FPS
    return things, half, (apply(np.linalg.inv(flight(index, 1.5)), at[None])[0] - 0.5) / 2


def test_by_day_what_is_slow_is_found_where_it_is():
    things, half, at = day()
    found = things.beside(half, NONE).things
    assert len(found.peak) == 1
    assert np.abs((found.xyxy[0, :2] + found.xyxy[0, 2:] - 1) / 2 - at).max() < 2
    assert all(np.array_equal(slot.mean, slot.base.picture.astype(np.uint16) * GREY_UNIT) for slot in slots_of(things))


def slots_of(things):
    return things._slots.newest_first


@pytest.mark.parametrize("options", [{"inlier_ratio": 0.85}, {"parallax": Parallax(np.array([1.0, 0, 0]), 0.5, 0.5)}])
def test_by_day_it_looks_on_planes_only(options):
    assert slots_of(day()[0])
    things, half, _ = day(**options)
    assert len(things.beside(half, NONE).things.peak) == 0


@pytest.mark.parametrize(("grey", "count"), [(6.0, 1), (4.0, 0)])
def test_by_day_it_has_to_be_clear_nearly_all_along(grey, count):
    things, half, _ = day(grey=grey)
    assert len(things.beside(half, NONE).things.peak) == count


def test_by_day_what_is_faster_is_left_to_differences():
    things, half, _ = day((9.0, -5.0))
    assert len(things.beside(half, NONE).things.peak) == 0


def test_by_day_what_shows_now_and_then_is_left_out_until_the_thing_counts():
    things, half, at = day()
    box = (np.tile(at, 2) + np.array([-2.0, -2, 3, 3]))[None]
    large, elsewhere = box + np.array([-5.0, -5, 5, 5]), box + 30
    told = things.beside(half, np.concatenate([box, large, elsewhere]))
    assert len(told.things.peak) == 1
    assert told.pieces.tolist() == [True, False, False]
    told = things.beside(half, box, box)
    assert len(told.things.peak) == 0
    assert told.pieces.tolist() == [False]


@pytest.mark.parametrize(
    "options",
    [
        {"grey": 0.0},
        {"speed": np.zeros(2)},  # it stands
        {"speed": np.array([90.0, 40.0])},  # so fast that others see it
        {"grey": 0.0, "light": 8.0},
        {"until": 33},  # gone for most of the time
    ],
)
def test_what_does_not_go_on_slowly_is_not_found(options):
    things, half = looked(pictures(**options))
    assert len(things.beside(half, NONE).things.peak) == 0


def test_it_waits_until_it_has_seen_enough():
    things, half = looked(pictures(round(FPS * SLOT_S * SLOTS)))
    assert len(things.beside(half, NONE).things.peak) == 0


def test_what_shows_by_itself_is_left_to_that():
    things, half = looked(pictures())
    box = np.tile(place(half), 2) + np.array([-2.0, -2, 3, 3])
    assert len(things.beside(half, box[None]).things.peak) == 0
    assert len(things.beside(half, NONE).things.peak) == 1  # in one of two pictures
    for _ in range(2):
        things.beside(half, box[None])
    assert len(things.beside(half, NONE).things.peak) == 0  # in three of five


def test_where_most_is_structure_it_does_not_look():
    along = Parallax(np.array([1.0, 0.0, 0.0]), 0.5, 0.5)
    things, half = looked(pictures(), parallax=along)
    assert len(things.beside(half, NONE).things.peak) == 0


def test_a_tiny_picture_is_survived():
    things = FaintThings()
    for index in range(80):
        one = frame(np.full((24, 24), 60, np.uint8), index, FPS)
        things.add(Kept.of(one, aligned(index, one.t_ns), 1))
        things.go_on()
    assert len(things.beside(Kept.of(one, aligned(index, one.t_ns), 1), NONE).things.peak) == 0


def test_the_slow_twin_finds_the_same_ways():
    random = np.random.default_rng(3)
    usual = [random.integers(-CLIP * UNIT, CLIP * UNIT, (14, 17)).astype(np.int16) for _ in range(3)]
    steps = np.array([[[0, 0], [1, 0], [2, 0]], [[0, 0], [-1, 1], [-2, 2]], [[0, 0], [0, -1], [0, -2]]])
    strongest = Strongest(Shown(usual, usual, np.ones((14, 17), np.float32)), steps)
    for way in range(3):
        strongest.look_along(way)
    best, chosen = naive_strongest(usual, steps.tolist())
    for (x, y), value in best.items():
        assert strongest._best[y - 2, x - 2] == value
        assert strongest._way[y - 2, x - 2] == chosen[x, y]


def test_what_goes_on_stands_out_of_the_mean_and_wide_changes_of_light_do_not():
    random = np.random.default_rng(6)
    means = []
    for k in range(SLOTS):
        mean = 100 + random.normal(0, 0.5, (96, 128)) + (20 if k % 2 else 0)
        mean[40:43, 60 - 2 * k : 63 - 2 * k] += 4
        means.append(np.rint(mean * GREY_UNIT).astype(np.uint16))
    found = shown(means)
    for k, usual in enumerate(found.usual):
        assert usual[41, 61 - 2 * k] > 2 * UNIT
        assert abs(float(np.median(usual))) < UNIT / 4
        assert np.abs(usual).max() <= CLIP * UNIT


def test_a_slot_is_the_mean_of_its_pictures_at_their_mean_time():
    random, slots = np.random.default_rng(2), Slots(0.4, 2)
    luma = [random.integers(0, 255, (40, 60)).astype(np.uint8) for _ in range(13)]
    complete = []
    for index, one in enumerate(luma):
        seen = frame(one, index, FPS)
        complete.append(slots.add(Kept.of(seen, aligned(index, seen.t_ns), 0)))
    assert np.flatnonzero(complete).tolist() == [5, 10]
    newest, before = slots.newest_first
    assert newest.t_ns == round(7e9 / FPS)
    assert before.base.index == 0
    assert np.abs(newest.mean / GREY_UNIT - np.array(naive_mean(luma[5:10]))).max() <= 0.5 / GREY_UNIT
    assert np.array_equal(laid_over(newest, before)[0], before.mean)
    assert newest.base.picture.size == before.base.picture.size == 0  # a mean is all that is kept


def test_a_slot_may_be_its_first_picture():
    slots = Slots(0.4, 2)
    for index in range(11):
        seen = frame(np.full((40, 60), 10 * index, np.uint8), index, FPS)
        slots.add(Kept.of(seen, aligned(index, seen.t_ns), 0), first_only=True)
    assert [float(slot.mean[0, 0]) / GREY_UNIT for slot in slots.newest_first] == [50.0, 0.0]
    assert slots.newest_first[0].t_ns == slots.newest_first[0].base.t_ns
    assert all(slot.of_several is None for slot in slots.newest_first)  # nor is a picture kept twice


def test_ways_of_faint_things_are_believed():
    found = Ways(np.array([3, 5]), np.array([1.4, 1.4]))
    xyxy = np.array([[10.0, 10, 14, 14], [60, 60, 64, 64]])
    assert believed(found, xyxy, np.array([[11.0, 11, 13, 13]])).misfit.tolist() == [0.4, 1.4]
    assert believed(found, xyxy, NONE).misfit.tolist() == [1.4, 1.4]
    assert lie_at(NONE, xyxy, 1.0).tolist() == []
