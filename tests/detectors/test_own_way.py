"""Whether what is in a box goes the way of its track."""

import cv2
import numpy as np
import pytest

from detector.detectors.own_way import Neighbour, going_along, misfit, ways
from detector.model import Sight, Tracks
from tests.naive_vision import naive_going_along, naive_misfit

STEP_PX = np.array([6.0, 2.0])
LAG_S = 0.3


def ground(seed=0, size=(80, 120)):
    random = np.random.default_rng(seed)
    return cv2.GaussianBlur(random.uniform(90, 150, size), (0, 0), 2).astype(np.uint8)


def three_pictures(things):
    """An earlier, the judged and a later picture. things: for each its picture and three places, x and y."""
    pictures = [ground() for _ in range(3)]
    for thing, places in things:
        for picture, (x, y) in zip(pictures, places, strict=True):
            picture[y : y + thing.shape[0], x : x + thing.shape[1]] = thing
    return pictures


def mottled(seed, side=8):
    return np.random.default_rng(seed).integers(160, 250, (side, side)).astype(np.uint8)


def misfits(pictures, xyxy, steps_px):
    earlier, judged, later = pictures
    velocity = np.asarray(steps_px, float) / LAG_S
    others = Neighbour(earlier, -LAG_S), Neighbour(later, LAG_S)
    return misfit(np.asarray(xyxy, float), velocity, judged, others), (judged, others, velocity)


def test_a_vehicle_takes_its_pixels_along():
    pictures = three_pictures([(mottled(1), [(44, 38), (50, 40), (56, 42)])])
    found, _ = misfits(pictures, [[49, 39, 59, 49]], [STEP_PX])
    assert found[0] < 0.2


def test_what_is_there_for_a_moment_does_not():
    """A leaf turns and shines: there is nothing of it where its track was and will be."""
    pictures = three_pictures([])
    pictures[1][40:48, 50:58] = mottled(1)
    found, _ = misfits(pictures, [[49, 39, 59, 49]], [STEP_PX])
    assert 0.9 < found[0] < 1.1


def test_the_wrong_way_fits_worse_than_the_ground():
    pictures = three_pictures([(mottled(1), [(44, 38), (50, 40), (56, 42)])])
    right, _ = misfits(pictures, [[50, 40, 58, 48]], [STEP_PX])
    wrong, _ = misfits(pictures, [[50, 40, 58, 48]], [-STEP_PX])
    assert wrong[0] > 0.9 > 3 * right[0]


def test_it_agrees_with_its_slow_twin_also_at_the_border():
    pictures = three_pictures([(mottled(1), [(44, 38), (50, 40), (56, 42)]), (mottled(4, 3), [(2, 2), (6, 4), (9, 6)])])
    boxes = [[50, 40, 58, 48], [6, 4, 9, 7], [100, 60, 119, 79], [30.5, 20.25, 31.5, 22.0]]
    found, (judged, others, velocity) = misfits(pictures, boxes, [STEP_PX, [4, 2], [3, 3], [0.5, -0.5]])
    expected = [naive_misfit(box, way, judged, others) for box, way in zip(boxes, velocity, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0.03)


@pytest.mark.parametrize("count", [0, 1])
def test_no_box_and_a_single_one(count):
    pictures = three_pictures([])
    found, _ = misfits(pictures, np.tile([10.0, 10.0, 20.0, 20.0], (count, 1)), np.zeros((count, 2)))
    assert found.shape == (count,)
    np.testing.assert_allclose(found, 1.0)


def bush_and_car():
    """A bush of 50 px whose blossom has a track of its own, and a car on the ground; both go the same way."""
    bush, car = mottled(5, 50), mottled(6)
    pictures = three_pictures([(bush, [(4, 10), (10, 12), (16, 14)]), (car, [(84, 50), (90, 52), (96, 54)])])
    return pictures, [[30, 32, 38, 40], [90, 52, 98, 60]]


def test_around_a_blossom_the_bush_goes_along_and_around_a_car_nothing_does():
    (earlier, judged, later), boxes = bush_and_car()
    others = Neighbour(earlier, -LAG_S), Neighbour(later, LAG_S)
    velocity = np.tile(STEP_PX / LAG_S, (2, 1))
    found = going_along(np.array(boxes, float), velocity, judged, others)
    assert found[0] > 0.7
    assert found[1] == 0
    expected = [naive_going_along(box, way, judged, others) for box, way in zip(boxes, velocity, strict=True)]
    np.testing.assert_array_equal(found, expected)


def tracks_at(boxes, *, confirmed=False, missed=0, age=6):
    xyxy, count = np.asarray(boxes, np.float32), len(boxes)
    return Tracks(
        index=9,
        t_ns=0,
        track_id=np.arange(4, 4 + count),
        xyxy_px=xyxy,
        xy_px=(xyxy[:, :2] + xyxy[:, 2:]).astype(float) / 2,
        velocity_px_s=np.tile(STEP_PX / LAG_S, (count, 1)),
        covariance=np.zeros((count, 4, 4)),
        confirmed=np.full(count, confirmed),
        age_frames=np.full(count, age),
        missed=np.full(count, missed),
        sight=Sight.SEEING,
    )


def seen_of(tracks, *, plane):
    (earlier, judged, later), _ = bush_and_car()
    return ways(tracks, np.eye(3), 0, judged, (Neighbour(earlier, -LAG_S), Neighbour(later, LAG_S)), plane=plane)


def test_off_the_plane_a_piece_of_something_does_not_count_and_on_it_a_column_does():
    _, boxes = bush_and_car()
    off, on = (seen_of(tracks_at(boxes), plane=plane) for plane in (False, True))
    assert off.track_id.tolist() == [4, 5]
    assert off.misfit[0] > 2
    assert on.misfit[0] < 0.5
    assert off.misfit[1] == on.misfit[1] < 0.5
    assert off.mast is not None
    assert on.mast is None  # where all lies on a plane, a line painted below a vehicle is no mast


@pytest.mark.parametrize("what", [{"confirmed": True}, {"missed": 1}, {"age": 3}])
def test_nothing_is_said_of_what_counts_already_or_was_not_seen_or_is_new(what):
    _, boxes = bush_and_car()
    assert seen_of(tracks_at(boxes, **what), plane=True) is None
