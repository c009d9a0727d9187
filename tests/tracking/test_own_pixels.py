"""Tracks of what is known to have come from somewhere, where the ground does not keep still or is not seen at all."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model import CameFrom, Sight
from detector.tracking import KalmanTracker
from tests.naive_vision import aligned, boxes

FPS, SIDE_PX = 10, 12.0
NAN = np.full((3, 3), np.nan)


def place(index):
    """Where the thing is in the picture: the camera follows it, not quite. [px]"""
    return np.array([200 + 9 * np.sin(index / 3), 150 + 5 * np.cos(index / 4)])


def box(centre):
    return [*(centre + 0.5 - SIDE_PX / 2), *(centre + 0.5 + SIDE_PX / 2)]


def waves(index):
    """Reference from frame, as water is registered: now this wave, now that."""
    x, y = np.random.default_rng(index).uniform(-90, 90, 2)
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def followed(index, *, known=True, found=True, since=1):
    """The thing at its place; how it went from the frame before, if that is known."""
    one = boxes(index, round(index * 1e9 / FPS), [box(place(index))] if found else [])
    if not known:
        return one
    way = place(index) - place(index - 1)

    def went_to(xyxy):
        return (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2 + way

    return replace(one, came_from=CameFrom(index - since, place(index - 1)[None][: len(one)], went_to))


def played(count, blind=(), **how):
    """The tracks of each frame, on restless ground, some frames of it not registered at all."""
    tracker, out, reference = KalmanTracker(), [], 0
    for index in range(count):
        dark = index in blind
        reference += dark
        sight = Sight.BLIND if dark else Sight.SEEING
        matrix = NAN if dark else waves(index)
        one = replace(followed(index, **{key: value(index) for key, value in how.items()}), sight=sight)
        alignment = replace(aligned(index, one.t_ns, matrix, reference, sight), inlier_ratio=0.3)
        out.append(tracker.update(one, alignment))
    return out


def ids(tracks):
    return {int(one) for frame in tracks for one in frame.track_id[frame.missed == 0]}


def test_what_keeps_its_look_is_one_track_whatever_the_waves_are_taken_for():
    assert len(ids(played(30))) == 1
    assert len(ids(played(30, known=lambda index: False))) > 5


def test_it_goes_on_where_nothing_is_registered_and_only_if_it_is_known_where_it_went():
    through = played(30, blind=range(12, 20))
    assert len(ids(through)) == 1
    assert [frame.sight for frame in through[12:20]] == [Sight.BLIND] * 8
    for index, frame in enumerate(through):
        np.testing.assert_allclose(frame.xy_px[0], place(index), atol=4)  # px: a third of its size
    cut = played(30, blind=[12], known=lambda index: index != 12)
    assert len(cut[12]) == 0
    assert ids(cut[:12]).isdisjoint(ids(cut[12:]))


def test_what_it_did_in_a_frame_of_which_there_are_no_tracks_says_nothing():
    late = played(30, blind=[12], since=lambda index: 1 + (index == 12))
    assert ids(late[:12]).isdisjoint(ids(late[12:]))


def test_its_way_in_the_picture_proves_nothing_where_the_ground_is_not_seen():
    tracker = KalmanTracker()
    for index in range(30):
        centre = np.array([100.0 + 9 * index, 150])  # the camera pans; it may be a rock
        one = boxes(index, round(index * 1e9 / FPS), [box(centre)], sight=Sight.BLIND)
        one = replace(one, came_from=CameFrom(index - 1, centre[None] - [9, 0], lambda xyxy: xyxy[:, :2]))
        tracks = tracker.update(one, replace(aligned(index, one.t_ns, NAN, index, Sight.BLIND), inlier_ratio=0.0))
    assert len(tracks) == 1
    assert not tracks.confirmed.any()


@pytest.mark.parametrize("blind", [(), range(20, 23)])
def test_a_track_that_counts_goes_where_its_pixels_go_while_it_is_not_found(blind):
    tracks = played(28, blind=blind, found=lambda index: not 20 <= index < 23)
    assert tracks[19].confirmed.all()
    for index in range(20, 23):
        np.testing.assert_allclose(tracks[index].xy_px[0], place(index), atol=4)  # px: a third of its size
    assert len(ids(tracks)) == 1


def test_while_a_detector_warms_up_what_is_known_to_have_come_from_somewhere_is_followed():
    tracker = KalmanTracker()
    for index in range(3):
        one = replace(followed(index), sight=Sight.WARMING_UP, judged=False)
        tracks = tracker.update(one, replace(aligned(index, one.t_ns, waves(index)), inlier_ratio=0.3))
    assert (len(tracks), int(tracks.age_frames[0])) == (1, 2)
