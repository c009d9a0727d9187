"""What every picture detector promises, for each that is registered and for the bank of all."""

import numpy as np
import pytest

from detector.detectors import DETECTORS, DetectorBank
from detector.detectors.still import StillDetector
from detector.model import CameraPose, Sight
from tests.naive_vision import aligned, flight, frame, texture, view

SIZE = (320, 180)
GROUND = texture()


@pytest.fixture(params=[*sorted(DETECTORS), "bank"])
def detector(request):
    if request.param == "bank":
        return DetectorBank([kind() for kind in DETECTORS.values()])
    return DETECTORS[request.param]()


@pytest.fixture(params=[*sorted(DETECTORS), "still", "bank"])
def standing(request):
    """Those that judge a camera that stands still."""
    if request.param == "still":
        return StillDetector()
    return (
        DetectorBank([kind() for kind in DETECTORS.values()]) if request.param == "bank" else DETECTORS[request.param]()
    )


def still_stream(count, fps=30.0):
    """As `stream`, from a mast; the registration moves a little all the same."""
    random = np.random.default_rng(1)
    for picture, alignment in stream(count, fps, stands=True):
        matrix = np.eye(3)
        matrix[:2, 2] = random.normal(0, 0.1, 2)
        yield picture, aligned(alignment.index, alignment.t_ns, matrix)


def stream(count, fps=30.0, pose=None, start_ns=0, stands=False):
    """A flight over still ground with one square that drives and one that lights up for a frame."""
    for index in range(count):
        matrix = flight(0 if stands else index)
        ground = GROUND.copy()
        x = 150 + round(120 * index / fps)
        ground[150:158, x : x + 12] = 250
        if index == round(fps):
            ground[200:206, 180:186] = 255
        luma = view(ground, matrix, SIZE)
        still = np.linalg.inv(flight(0)) @ matrix
        picture = frame(luma, index, fps, start_ns, pose)
        yield picture, aligned(index, picture.t_ns, still / still[2, 2])


def answers(detector, pairs):
    found = [one for picture, alignment in pairs for one in detector.detect(picture, alignment)]
    return found + detector.finish()


def as_lists(found):
    return [(d.index, d.t_ns, d.xyxy_px.tolist(), d.score.tolist(), d.kind.tolist(), d.sight, d.judged) for d in found]


@pytest.mark.parametrize("fps", [10, 24, 30, 60])
def test_every_frame_exactly_once_and_in_order_at_any_frame_rate(detector, fps):
    found = answers(detector, stream(40, fps))
    assert [one.index for one in found] == list(range(40))


def test_says_warming_up_at_the_start_and_sees_later(detector):
    found = answers(detector, stream(60))
    assert found[0].sight is Sight.WARMING_UP
    assert not len(found[0])
    assert found[40].sight is Sight.SEEING


def test_repeatable_after_finish_and_after_reset(detector):
    first = as_lists(answers(detector, stream(45)))
    assert as_lists(answers(detector, stream(45))) == first
    for picture, alignment in stream(20):
        detector.detect(picture, alignment)
    detector.reset()
    assert as_lists(answers(detector, stream(45))) == first


def test_causal(detector):
    """What was said of a frame is not changed by frames that came after it was said."""
    short = [one for pair in stream(35) for one in detector.detect(*pair)]
    detector.reset()
    long = answers(detector, stream(55))
    assert as_lists(short) == as_lists(long[: len(short)])


def test_blind_frames_are_answered_blind_and_nothing_is_compared_across_them(detector):
    def cut():
        for picture, alignment in stream(60):
            blind = picture.index == 30
            matrix = np.full((3, 3), np.nan) if blind else alignment.reference_from_frame
            sight = Sight.BLIND if blind else Sight.SEEING
            yield picture, aligned(picture.index, picture.t_ns, matrix, int(picture.index >= 30), sight)

    found = answers(detector, cut())
    assert [one.index for one in found] == list(range(60))
    assert found[30].sight is Sight.BLIND
    assert found[31].sight is not Sight.SEEING or not found[31].judged


def test_time_that_stands_still_or_goes_back_is_survived(detector):
    pairs = list(stream(30)) + list(stream(30))
    assert len(answers(detector, pairs)) == 60
    assert len(answers(detector, [pairs[0]] * 5)) == 5


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 31), (91, 201)])
def test_no_picture_makes_it_crash(detector, shape):
    random = np.random.default_rng(1)
    pairs = []
    for index in range(30):
        luma = random.integers(0, 256, shape, np.uint8) if index % 2 else np.zeros(shape, np.uint8)
        picture = frame(luma, index)
        pairs.append((picture, aligned(index, picture.t_ns)))
    assert len(answers(detector, pairs)) == 30


def test_no_frames_no_answers(detector):
    assert detector.finish() == []


def test_a_pose_without_numbers_does_not_matter(detector):
    nan = float("nan")
    pose = CameraPose(nan, nan, nan, nan, nan, nan, nan, nan)
    assert as_lists(answers(detector, stream(40, pose=pose))) == as_lists(answers(detector, stream(40)))


@pytest.mark.parametrize("fps", [5, 10, 24, 30, 60])
def test_a_standing_camera_has_every_frame_answered_once_in_order_and_most_are_seeing(standing, fps):
    found = answers(standing, still_stream(5 * fps, fps))
    assert [one.index for one in found] == list(range(5 * fps))
    assert found[0].sight is Sight.WARMING_UP
    assert all(one.sight is Sight.SEEING for one in found[fps:])


def test_a_standing_camera_is_judged_repeatably_and_causally(standing):
    short = [one for pair in still_stream(120) for one in standing.detect(*pair)]
    standing.reset()
    first = answers(standing, still_stream(130))
    assert as_lists(short) == as_lists(first[: len(short)])
    for pair in still_stream(100):
        standing.detect(*pair)
    standing.reset()
    assert as_lists(answers(standing, still_stream(130))) == as_lists(first)


def test_nothing_is_compared_across_a_blind_frame_before_a_standing_camera(standing):
    def cut():
        for picture, alignment in still_stream(200):
            blind = picture.index == 130
            matrix = np.full((3, 3), np.nan) if blind else alignment.reference_from_frame
            sight = Sight.BLIND if blind else Sight.SEEING
            yield picture, aligned(picture.index, picture.t_ns, matrix, int(picture.index >= 130), sight)

    found = answers(standing, cut())
    assert [one.index for one in found] == list(range(200))
    assert found[130].sight is Sight.BLIND
    assert found[131].sight is not Sight.SEEING or not found[131].judged
