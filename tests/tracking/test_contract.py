"""What every tracker promises, for each that is registered."""

import numpy as np
import pytest

from detector.model import Kind, Sight
from detector.tracking import TRACKERS
from tests.naive_vision import aligned, boxes

FPS = 15


@pytest.fixture(params=sorted(TRACKERS))
def tracker(request):
    return TRACKERS[request.param]()


def run(tracker, make, count=40, first=0):
    return [
        tracker.update(boxes(i, round(i * 1e9 / FPS), make(i)), aligned(i, round(i * 1e9 / FPS)))
        for i in range(first, first + count)
    ]


def driving(index, speed=4.0, y=100):
    return [[50 + speed * index, y, 62 + speed * index, y + 8]]


def test_one_thing_that_drives_is_one_confirmed_track(tracker):
    tracks = run(tracker, driving)
    assert tracks[-1].confirmed.tolist() == [True]
    assert len({int(i) for one in tracks for i in one.track_id}) == 1
    assert not tracks[3].confirmed.any()


def test_repeatable_after_reset(tracker):
    def both(index):
        return driving(index) + driving(index, -2.0, 60)

    first = [one.xyxy_px.tolist() for one in run(tracker, both)]
    tracker.reset()
    again = run(tracker, both)
    assert [one.xyxy_px.tolist() for one in again] == first
    assert again[0].track_id.tolist() == [1, 2]


def test_index_time_and_sight_are_those_of_the_judged_frame(tracker):
    tracks = tracker.update(boxes(7, 123, [], sight=Sight.WARMING_UP), aligned(7, 123))
    assert (tracks.index, tracks.t_ns, tracks.sight, len(tracks)) == (7, 123, Sight.WARMING_UP, 0)


def test_blind_ends_all_tracks_and_no_id_comes_back(tracker):
    before = {int(i) for one in run(tracker, driving) for i in one.track_id}
    blind = tracker.update(
        boxes(40, round(40e9 / FPS), [], sight=Sight.BLIND),
        aligned(40, round(40e9 / FPS), np.full((3, 3), np.nan), 1, Sight.BLIND),
    )
    assert (len(blind), blind.sight) == (0, Sight.BLIND)
    after = {int(i) for one in run(tracker, driving, 30, 41) for i in one.track_id}
    assert not before & after


def test_a_changed_reference_ends_all_tracks(tracker):
    run(tracker, driving)
    t_ns = round(40e9 / FPS)
    assert not tracker.update(boxes(40, t_ns, driving(40)), aligned(40, t_ns, reference_id=5)).confirmed.any()


def test_only_motion_becomes_a_track(tracker):
    for index in range(20):
        t_ns = round(index * 1e9 / FPS)
        tracks = tracker.update(boxes(index, t_ns, driving(index), kind=Kind.FLASH), aligned(index, t_ns))
        assert len(tracks) == 0


def test_a_frame_that_was_passed_over_is_no_miss(tracker):
    run(tracker, driving)
    for index in range(40, 43):
        t_ns = round(index * 1e9 / FPS)
        tracks = tracker.update(boxes(index, t_ns, [], judged=False), aligned(index, t_ns))
    assert tracks.missed.tolist() == [0]
    assert abs(tracks.xy_px[0, 0] - (56 + 4 * 42)) < 1.5  # px: carried on at its speed


def test_time_that_goes_back_and_empty_boxes_are_survived(tracker):
    run(tracker, driving)
    tracker.update(boxes(40, 0, [[5, 5, 5, 5], [9, 9, 30, 30]]), aligned(40, 0))
    tracks = tracker.update(boxes(41, 0, []), aligned(41, 0))
    assert np.isfinite(tracks.xy_px).all()


def test_a_crowd_is_followed(tracker):
    random = np.random.default_rng(1)
    start, speed = random.uniform(0, 2000, (120, 2)), random.uniform(-60, 60, (120, 2))
    for index in range(30):
        t_ns = round(index * 1e9 / FPS)
        centre = start + speed * index / FPS
        tracks = tracker.update(boxes(index, t_ns, np.hstack([centre - 4, centre + 4])), aligned(index, t_ns))
    assert tracks.confirmed.sum() > 90
    assert len(set(tracks.track_id.tolist())) == len(tracks)


def test_a_track_lies_at_its_boxes_centre_in_pixels_counted_by_their_centres(tracker):
    for index in range(40):  # a box that covers the pixels 100 to 107 is centred at 103.5
        t_ns = round(index * 1e9 / FPS)
        tracks = tracker.update(boxes(index, t_ns, [[100, 50, 108, 56]]), aligned(index, t_ns))
    np.testing.assert_allclose(tracks.xy_px, [[103.5, 52.5]], atol=1e-6)
    np.testing.assert_allclose(tracks.xyxy_px, [[100, 50, 108, 56]], atol=1e-4)


def test_what_is_confirmed_was_said_to_be_unproven_all_the_time_before(tracker):
    """Who is not among them will never be confirmed: frames are let go on this word."""
    random = np.random.default_rng(4)
    open_ids, confirmed, ended = set(), set(), set()
    for index in range(150):
        noise = [[x, y, x + 8, y + 8] for x, y in random.uniform(20, 400, (4, 2)).tolist()]
        seen = [] if index % 50 > 44 else driving(index % 50, 6.0) + noise
        tracks = tracker.update(boxes(index, round(index * 1e9 / FPS), seen), aligned(index, round(index * 1e9 / FPS)))
        known = set(tracks.track_id[tracks.confirmed].tolist())
        assert set(tracks.track_id[~tracks.confirmed].tolist()) <= tracker.unproven
        assert not known & tracker.unproven
        ended |= open_ids - tracker.unproven - known
        assert not ended & (known | tracker.unproven)
        confirmed |= known
        open_ids = set(tracker.unproven)
    assert len(confirmed) >= 3
    assert len(ended) > 20
