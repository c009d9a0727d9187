"""The smoke of a burst drifts off and is no mover; who fired and walks on is one, and so is who only passes by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.model import Kind
from detector.tracking import KalmanTracker
from detector.tracking.bursts import Bursts
from tests.naive_vision import aligned, boxes

FPS = 15


def counted(
    way, *, flash_at=10, shown_from=20, flash=(88.0, 88.0, 112.0, 112.0), frames=150, camera=lambda _: np.eye(3)
):
    """First frame in which something of 10 px counts that is at `way(frame)`; a flash of 24 px at (100, 100) before."""
    tracker = KalmanTracker()
    for index in range(frames):
        t_ns = round(index * 1e9 / FPS)
        x, y = way(index)
        found = boxes(index, t_ns, [[x - 5, y - 5, x + 5, y + 5]] if index >= shown_from else [])
        if index == flash_at:
            light = np.array([flash], np.float32)
            found = replace(
                found,
                xyxy_px=np.concatenate([found.xyxy_px, light]),
                score=np.concatenate([found.score, [9.0]]).astype(np.float32),
                kind=np.concatenate([found.kind, [Kind.FLASH.value]]),
            )
        if tracker.update(found, aligned(index, t_ns, camera(index))).confirmed.any():
            return index
    return None


def drifts(index):
    return 100.0 + 0.6 * (index - 20), 100.0


def test_smoke_that_drifts_from_a_burst_does_not_count_before_it_is_far():
    assert counted(drifts, frames=120) is None  # 60 px
    assert counted(drifts, frames=170) is not None


def test_without_a_burst_or_long_after_it_or_beside_it_the_same_counts():
    assert counted(drifts, flash_at=None) < 60
    assert counted(drifts, flash_at=10, shown_from=60) < 100  # 3.3 s later
    assert counted(lambda i: (drifts(i)[0] + 40, 100.0)) < 60


def test_what_was_there_before_the_burst_counts_as_ever():
    assert counted(lambda i: (80.0 + 1.5 * i, 100.0), shown_from=0) < 20


def test_the_place_of_a_burst_goes_with_the_camera():
    shift = np.array([[1.0, 0, 7], [0, 1, -3], [0, 0, 1]])
    bursts = Bursts()
    bursts.note(np.array([[88.0, 88, 112, 112]]), 0)
    bursts.carry(shift)
    assert bursts.way_px(np.array([[106.5, 96.5], [160.0, 96.5]])).tolist() == [72.0, 0.0]
    bursts.note(np.zeros((0, 4)), 4_000_000_000)
    assert bursts.way_px(np.array([[106.5, 96.5]])).tolist() == [0.0]
    assert bursts.way_px(np.zeros((0, 2))).tolist() == []
