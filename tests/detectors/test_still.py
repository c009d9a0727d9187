from dataclasses import replace

import numpy as np
import pytest

from detector.detectors.motion import MotionDetector
from detector.detectors.still import StillDetector
from detector.model import Kind, Sight
from detector.registration import FlowRegistrar
from detector.tracking import KalmanTracker
from tests.naive_vision import aligned, flight, frame, texture, view
from tests.naive_vision_still import SIZE, Scene, box, shade


def judged(make, count, fps=10.0, detector=None, **options):
    """Detections over the pictures that `make(index)` gives, registered by the real registrar."""
    registrar = FlowRegistrar()
    detector = detector if detector is not None else StillDetector(**options)
    found = []
    for index in range(count):
        picture = frame(make(index), index, fps)
        found += detector.detect(picture, registrar.align(picture))
    found += detector.finish()
    assert [one.index for one in found] == list(range(count))
    return found


def seeing(found):
    return [one for one in found if one.judged and one.sight is Sight.SEEING]


def pixel_f(scene, found, since=0):
    hit = wrong = missed = 0
    for one in found:
        if one.index < since:
            continue
        truth, mask = scene.truth(one.index), one.mask > 0
        hit, wrong, missed = hit + (truth & mask).sum(), wrong + (mask & ~truth).sum(), missed + (truth & ~mask).sum()
    return 2 * hit / (2 * hit + wrong + missed)


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0, 30.0, 60.0])
def test_the_mask_is_the_thing_at_any_frame_rate(fps):
    scene = Scene(
        box(lambda i: 20 + 60 * i / fps, lambda i: 100, 24, 14),
        box(lambda i: 400 - 40 * i / fps, lambda i: 180, 8, 18, 20.0),
    )
    found = seeing(judged(scene.make, round(5 * fps), fps, masks=True))
    assert pixel_f(scene, found, since=round(fps)) > 0.9
    assert all(set(one.kind) <= {Kind.MOTION.value} for one in found)
    # at ten a second or a little more often, below fifteen frames a second at each
    rate = len(found) / 4.7
    assert min(fps, 10) * 0.9 <= rate <= 15


def test_a_thing_that_was_there_first_and_drives_off_leaves_no_ghost():
    """It covers its place in most of the first three seconds."""
    scene = Scene(box(lambda i: 150 + max(i - 22, 0) * 8, lambda i: 100, 40, 16))
    found = seeing(judged(scene.make, 70, masks=True))
    late = [one for one in found if one.index > 45]
    assert sum(bool((one.mask[100:116, 150:190] > 0).any()) for one in late) < 0.5 * len(late)


def test_a_thing_that_stops_becomes_background_in_tens_of_seconds_and_not_before():
    scene = Scene(box(lambda i: min(20 + 6 * i, 260), lambda i: 100, 24, 14))
    found = seeing(judged(scene.make, 900, masks=True))
    shown = {one.index: (one.mask[100:114, 260:284] > 0).mean() for one in found}
    assert shown[120] > 0.9  # 8 s after it stopped
    assert shown[899] < 0.1


@pytest.mark.parametrize(("gain", "offset"), [(1.25, 0.0), (0.8, 0.0), (1.0, 15.0)])
def test_an_exposure_step_is_silent(gain, offset):
    scene = Scene(light=lambda index, picture: picture * gain + offset if index >= 50 else picture)
    found = seeing(judged(scene.make, 90))
    assert sum(len(one) for one in found) <= 0.1 * len(found)


def test_the_shadow_of_a_cloud_is_silent_and_a_thing_under_it_is_not():
    def light(index, picture):
        return picture * (1 - 0.25 / (1 + np.exp(-(np.arange(SIZE[0]) - 12 * (index - 40)) / 60.0)))[None]

    scene = Scene(box(lambda i: 20 + 5 * i, lambda i: 100, 20, 14), light=light)
    found = seeing(judged(scene.make, 90, masks=True))
    assert pixel_f(scene, found, since=30) > 0.8


def test_a_shadow_beside_a_thing_does_not_belong_to_it():
    way = lambda i: 20 + 5 * i  # noqa: E731
    scene = Scene(box(way, lambda i: 100, 20, 20), shade(way, lambda i: 120, 30, 12, 0.7))
    found = seeing(judged(scene.make, 80, masks=True))
    assert pixel_f(scene, found, since=31) > 0.75


def test_a_shaking_mast_is_followed():
    """Up to 2 px each way; the ground is seen through bilinear sampling, as a camera's sensor would."""
    ground = texture(3)
    random = np.random.default_rng(5)

    def make(index):
        scene = ground.copy()
        x = 150 + 5 * index
        scene[150:164, x : x + 20] = 250
        shake = np.array([[1, 0, 60 + random.uniform(-2, 2)], [0, 1, 60 + random.uniform(-2, 2)], [0, 0, 1.0]])
        return np.clip(view(scene, shake, SIZE) + random.normal(0, 1.5, SIZE[::-1]), 0, 255).astype(np.uint8)

    found = seeing(judged(make, 70))
    assert len(found) > 60
    right = 0
    for one in found:
        x0 = 90 + 5 * one.index
        centre = (one.xyxy_px[:, :2] + one.xyxy_px[:, 2:]) / 2
        right += bool((np.abs(centre - [x0 + 10, 97]).max(axis=1) < 5).any()) if x0 < 450 else 1
    assert right >= 0.9 * len(found)
    assert np.mean([len(one) for one in found]) < 2.5


def test_two_people_side_by_side_are_two_boxes():
    def person(x):
        def draw(index, picture):
            mask = np.zeros(picture.shape, bool)
            left = x + 4 * index
            mask[104:140, left : left + 12] = True
            mask[98:104, left + 3 : left + 9] = True
            picture[mask] = 10.0
            return mask

        return draw

    arm = box(lambda i: 30 + 4 * i, lambda i: 118, 6, 4, 10.0)
    scene = Scene(person(20), person(36), arm)
    found = [one for one in seeing(judged(scene.make, 70)) if one.index > 31]
    assert np.mean([len(one) == 2 for one in found]) > 0.8


def test_somebody_far_away_is_seen_where_they_stand_out_and_only_there():
    """Two by three pixels, walking: where they stand out by 70 grey levels, and not where by 9."""

    def walker(row, by):
        def draw(index, picture):
            mask = np.zeros(picture.shape, bool)
            mask[row : row + 3, 100 + index : 102 + index] = True
            picture[mask] += by
            return mask

        return draw

    scene = Scene(walker(100, 70.0), walker(180, 9.0))
    late = [one for one in seeing(judged(scene.make, 60)) if one.index > 10]
    rows = [(one.xyxy_px[:, 1] + one.xyxy_px[:, 3]) / 2 for one in late]
    assert np.mean([bool((np.abs(y - 101) < 3).any()) for y in rows]) > 0.9
    assert np.mean([bool((np.abs(y - 181) < 3).any()) for y in rows]) < 0.1


def test_somebody_far_away_is_seen_with_the_shadow_at_their_feet_unless_it_is_a_piece_of_something_large():
    """Two by three pixels, and a thread of shadow that lies aslant: seven pixels long in all."""

    def walker(row, first):
        def draw(index, picture):
            mask = np.zeros(picture.shape, bool)
            mask[row : row + 3, first + index : first + 2 + index] = True
            picture[mask] += 40.0
            shade = np.zeros(picture.shape, bool)
            for step in range(5):
                shade[row + 2 + step // 2, first + 2 + index + step] = True
            picture[shade] -= 40.0
            return mask | shade

        return draw

    vehicle = box(lambda i: 60 + i, lambda i: 170, 26, 26, 60.0)
    scene = Scene(walker(100, 100), walker(180, 94), vehicle)
    late = [one for one in seeing(judged(scene.make, 60)) if one.index > 10]
    boxes = [(one.xyxy_px[:, :2] + one.xyxy_px[:, 2:]) / 2 for one in late]
    assert np.mean([bool((np.abs(xy[:, 1] - 102) < 4).any()) for xy in boxes]) > 0.9
    beside = [(np.abs(xy[:, 1] - 182) < 4) & (xy[:, 0] - one.index > 86) for one, xy in zip(late, boxes, strict=True)]
    assert np.mean([bool(one.any()) for one in beside]) < 0.1


def test_leaves_that_flicker_grow_quiet_and_a_thing_elsewhere_is_seen():
    def leaves(index, picture):
        random = np.random.default_rng([9, index])
        part = picture[:80, :200]
        part[random.random(part.shape) < 0.2] = 220.0
        return np.zeros(picture.shape, bool)

    scene = Scene(leaves, box(lambda i: 20 + 4 * i, lambda i: 180, 20, 14))
    found = [one for one in seeing(judged(scene.make, 90, masks=True)) if one.index > 31]
    assert pixel_f(scene, found) > 0.85


def test_a_camera_that_moves_is_answered_warming_up_and_starts_anew():
    ground = texture()

    def make(index):
        matrix = flight(max(min(index, 90) - 50, 0) + 1, 12.0)
        return view(ground, matrix, SIZE)

    found = judged(make, 140)
    assert all(one.sight is Sight.SEEING for one in found[5:50])
    assert all(one.sight is Sight.WARMING_UP for one in found[53:90])
    assert all(one.sight is Sight.SEEING for one in found[100:])
    assert sum(len(one) for one in found) <= 3


def test_says_warming_up_first_and_answers_after_three_seconds():
    detector, scene = StillDetector(), Scene()
    for index in range(40):
        picture = frame(scene.make(index), index, 10.0)
        found = detector.detect(picture, aligned(index, picture.t_ns))
        assert (len(found) > 0) == (index >= 30)
        if index == 30:
            assert len(found) == 31
            assert [one.sight for one in found[:3]] == [Sight.WARMING_UP] * 3
            assert found[5].sight is Sight.SEEING


def test_a_short_recording_is_judged_at_its_end():
    scene = Scene(box(lambda i: 20 + 12 * i, lambda i: 100, 24, 14))
    found = judged(scene.make, 14, masks=True)
    assert pixel_f(scene, seeing(found)) > 0.8


def test_a_damaged_picture_is_not_learned():
    scene = Scene()
    detector = StillDetector()
    for index in range(60):
        luma = scene.make(index)
        damaged = 40 <= index < 55
        if damaged:
            luma[100:200, 100:300] = 128
        picture = replace(frame(luma, index, 10.0), damaged=damaged)
        found = detector.detect(picture, aligned(index, picture.t_ns))
    assert len(found[-1]) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 2), (17, 31), (91, 201)])
def test_no_picture_makes_it_crash(shape):
    random, detector, answers = np.random.default_rng(1), StillDetector(masks=True), 0
    for index in range(60):
        luma = random.integers(0, 256, shape, np.uint8) if index % 3 else np.full(shape, index, np.uint8)
        picture = frame(luma, index, 10.0)
        answers += len(detector.detect(picture, aligned(index, picture.t_ns)))
    assert answers + len(detector.finish()) == 60


def test_the_chooser_gives_masks_of_one_size_from_either_detector_and_tracks_go_on():
    """The camera stands, then pans, then stands again: one thing moves on all the while."""
    ground, random = texture(4, (2000, 700)), np.random.default_rng(2)

    def make(index):
        scene = ground.copy()
        x = 300 + 5 * index
        scene[200:216, x : x + 24] = 250
        pan = 100 + 8.0 * max(min(index, 110) - 60, 0)
        matrix = np.array([[1, 0, pan], [0, 1, 100], [0, 0, 1.0]])
        return np.clip(view(scene, matrix, SIZE) + random.normal(0, 1.5, SIZE[::-1]), 0, 255).astype(np.uint8)

    registrar, detector, tracker = FlowRegistrar(), MotionDetector(masks=True), KalmanTracker()
    alignments, found, ids = {}, [], []

    def take(answers):
        for one in answers:
            found.append(one)
            tracks = tracker.update(one, alignments[one.index])
            ids.append(set(tracks.track_id[tracks.confirmed].tolist()))

    for index in range(150):
        picture = frame(make(index), index, 10.0)
        alignments[index] = registrar.align(picture)
        take(detector.detect(picture, alignments[index]))
    take(detector.finish())
    assert [one.index for one in found] == list(range(150))
    assert {one.mask.shape for one in found if one.mask is not None} == {SIZE[::-1]}
    assert all(len(found[index]) for index in range(10, 55) if found[index].judged)
    seen = [index for index in range(150) if len(found[index])]
    assert sum(60 < index < 110 for index in seen) > 20
    assert len(set.union(*ids)) <= 3


def test_under_a_standing_camera_the_chooser_answers_at_once():
    detector, scene = MotionDetector(), Scene()
    for index in range(120):
        picture = frame(scene.make(index), index)
        found = detector.detect(picture, aligned(index, picture.t_ns))
    assert [one.index for one in found] == [119]


def misfits(*things):
    """What is told of the ways of tentative tracks, before a camera that stands still."""
    scene, registrar, detector, tracker, told = Scene(*things), FlowRegistrar(), StillDetector(), KalmanTracker(), []
    for index in range(60):
        picture = frame(scene.make(index), index, 10.0)
        for one in detector.detect(picture, registrar.align(picture)):
            seen = detector.heed(tracker.update(one, aligned(one.index, one.t_ns)))
            told += [] if seen is None else seen.misfit.tolist()
    return told


def test_what_walks_takes_its_pixels_along():
    told = misfits(box(lambda i: 20 + 5 * i, lambda _: 100, 8, 18, 20.0))
    assert told
    assert max(told) < 0.6


def test_lights_that_run_along_a_row_do_not():
    """A spot runs along, but it is now bright and now dark: nothing is carried from lamp to lamp."""
    bright = box(lambda i: 20 + 6 * i if i // 3 % 2 else 2000, lambda _: 100, 9, 6, 250.0)
    dark = box(lambda i: 2000 if i // 3 % 2 else 20 + 6 * i, lambda _: 100, 9, 6, 20.0)
    told = misfits(bright, dark)
    assert told
    assert np.median(told) > 1.0
