"""Two people who meet are one spot for a while, and two people all the time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.tracking import KalmanTracker
from detector.tracking.apart import told_apart
from tests.naive_vision import aligned, boxes, naive_told_apart

FPS = 10


def person(x, y, width=30.0, height=80.0):
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def around(*people):
    low, high = np.array(people)[:, :2].min(axis=0), np.array(people)[:, 2:].max(axis=0)
    return [*low, *high]


def rounded(pairs):
    return sorted((number, *np.round(box, 9).tolist()) for number, box in pairs)


@pytest.mark.parametrize("seed", range(40))
def test_the_slow_twin_tells_apart_the_same(seed):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 60, (6, 2))
    things = np.concatenate([centre - rng.uniform(4, 20, (6, 2)), centre + rng.uniform(4, 20, (6, 2))], axis=1)
    spots = np.array([around(*things[[0, 1]]), around(*things[[2, 3, 4]]), things[5] + 1.0])
    found, spot = told_apart(spots, things)
    assert rounded(zip(spot.tolist(), found, strict=True)) == rounded(naive_told_apart(spots, things))


def test_some_of_what_the_slow_twin_is_asked_is_told_apart():
    spot = np.array([around(person(100, 100), person(120, 110))])
    found, of = told_apart(spot, np.array([person(104, 98), person(119, 109)]))
    assert of.tolist() == [0, 0]
    np.testing.assert_allclose(found, [person(100, 100), person(120, 110)])


@pytest.mark.parametrize(
    "things",
    [
        [],
        [person(100, 100)],
        [person(100, 100), person(300, 100)],  # the other is elsewhere
        [person(110, 105, 50, 90), person(100, 100, 10, 20)],  # one is the spot, the other a part of it
        [person(92.5, 100, 15, 80), person(130, 110, 10, 80)],  # its front and its rear, with a gap between
        [person(96, 70, 20, 20), person(100, 75, 20, 20)],  # together they make up a corner of it
    ],
)
def test_what_is_one_thing_stays_one(things):
    spot = np.array([around(person(100, 100), person(120, 110))])
    found, of = told_apart(spot, np.array(things, np.float64).reshape(-1, 4))
    np.testing.assert_array_equal(found, spot)
    assert of.tolist() == [0]


def test_who_has_a_spot_of_his_own_is_in_no_other():
    spots = np.array([around(person(100, 100), person(120, 100)), person(101, 100)])
    found, _ = told_apart(spots, np.array([person(101, 100), person(120, 100)]))
    np.testing.assert_array_equal(found, spots)


def test_two_who_pass_each_other_keep_their_boxes_and_their_ids():
    """They are one spot for one and a half seconds; each is where he is, to a quarter of his height."""
    tracker, ids = KalmanTracker(), []
    for index in range(70):
        t_ns = index * 10**9 // FPS
        left, right = person(100 + 4.0 * index, 200), person(380 - 4.0 * index, 215)
        together = abs(left[0] - right[0]) < 30
        spots = [around(left, right)] if together else [left, right]
        found = replace(boxes(index, t_ns, spots), whole=True)
        tracks = tracker.update(found, aligned(index, t_ns))
        if index < 25:
            continue
        shown = tracks.xyxy_px[tracks.confirmed]
        assert len(shown) == 2, (index, shown)
        for truth in (left, right):
            assert np.abs(shown - truth).max(axis=1).min() < 20, (index, shown, truth)
        ids.append(set(tracks.track_id[tracks.confirmed].tolist()))
    assert all(one == ids[0] for one in ids)


def walked(whole, count=30):
    """Frames until a person of 80 px counts who walks 4 px a frame before a camera that stands."""
    tracker = KalmanTracker()
    for index in range(count):
        t_ns = index * 10**9 // FPS
        found = replace(boxes(index, t_ns, [person(100 + 4.0 * index, 200)]), whole=whole)
        if tracker.update(found, aligned(index, t_ns)).confirmed.any():
            return index
    return count


def test_who_is_seen_whole_counts_sooner_than_who_is_seen_in_parts():
    assert walked(whole=True) <= 10
    assert walked(whole=False) >= 20


def test_a_speck_does_not_take_a_persons_track_with_it():
    """Another speck's track could have the person meanwhile, and as many pairs as possible are made."""
    tracker = KalmanTracker()
    for index in range(60):
        t_ns, x = index * 10**9 // FPS, 100 + 6.0 * index
        beside, on_it = [x - 16, 205, x - 13, 208], [x + 3, 203, x + 6, 206]
        specks = {40: [beside], 41: [beside], 42: [on_it], 43: [on_it], 44: [on_it]}.get(index, [])
        tracks = tracker.update(boxes(index, t_ns, [person(x, 200), *specks]), aligned(index, t_ns))
        if index > 35:
            assert tracks.confirmed.sum() == 1
            assert np.abs(tracks.xyxy_px[tracks.confirmed][0] - person(x, 200)).max() < 8, index
