"""What shows in front of a post is what went behind it."""

from __future__ import annotations

import numpy as np

from detector.tracking import KalmanTracker
from detector.tracking.heirs import NO_TRACK, came_out_of, is_heir
from detector.tracking.states import new_states
from tests.naive_vision import aligned, boxes

FPS = 15


def one_confirmed(missed=0):
    states = new_states(
        np.array([[90.0, 95, 110, 105]]), np.ones(1), 7, 0, sigma_px=np.ones(1), sigma_velocity_px_s=1.0
    )
    states.confirmed[:] = True
    states.missed[:] = missed
    return states


def test_what_shows_within_its_length_came_out_of_it():
    centres = np.array([[115.0, 100], [125, 100], [100, 85]])
    assert came_out_of(one_confirmed(), centres).tolist() == [7, NO_TRACK, 7]
    assert came_out_of(one_confirmed(missed=3), centres).tolist() == [NO_TRACK] * 3
    assert came_out_of(one_confirmed(), np.zeros((0, 2))).tolist() == []


def test_an_heir_is_one_once_the_other_is_gone():
    both = one_confirmed().with_rows(one_confirmed())
    both.track_id[:], both.out_of[:] = [7, 8], [NO_TRACK, 7]
    assert is_heir(both).tolist() == [False, False]
    both.missed[:] = [3, 0]
    assert is_heir(both).tolist() == [False, True]


def confirmed_late(rear_until):
    """Frames in which the front of a slow lorry counts; its rear is seen on until then."""
    tracker, counts = KalmanTracker(), 0
    for index in range(120):
        x = 60 + 1.2 * index
        whole = [[x - 14, 94, x + 14, 106]]
        rear, front = [x - 14, 94, x - 6, 106], [x + 6, 94, x + 14, 106]
        parts = [front] if index >= rear_until else [rear, front]
        t_ns = round(index * 1e9 / FPS)
        tracks = tracker.update(boxes(index, t_ns, whole if index < 60 else parts), aligned(index, t_ns))
        at_front = np.abs(tracks.xy_px - (x + 10, 100)).max(axis=1, initial=0) < 5 if len(tracks) else np.zeros(0, bool)
        counts += index >= 60 and bool((tracks.confirmed & (tracks.missed == 0) & at_front).any())
    return counts


def test_the_front_counts_when_the_rear_has_gone_behind_the_post():
    assert confirmed_late(rear_until=65) > 45
