"""Where tracks are in frames that were passed over: as if they had been carried along frame by frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.model import TracksOnDemand
from detector.picture.homography import apply, jacobian
from detector.tracking import KalmanTracker
from tests.naive_vision import aligned, boxes, naive_predict

FPS = 30
EVERY = 3  # frames judged


def camera(index):
    """Drifts, turns and climbs a little."""
    angle, zoom = 0.002 * index, 1 + 0.001 * index
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[cosine, -sine, 3.0 * index], [sine, cosine, -1.5 * index], [1e-7 * index, 0, 1]])


def passed(count, *, asked=True):
    """The tracks of each frame of a thing that drives, of which two in three frames are passed over."""
    tracker, out = KalmanTracker(), []
    for index in range(count):
        t_ns, x = round(index * 1e9 / FPS), 100.0 + 2 * index
        judged = index % EVERY == 0
        x, y = apply(np.linalg.inv(camera(index)), np.array([[x, 200.0]]))[0]
        found = boxes(index, t_ns, [[x - 8, y - 5, x + 9, y + 6]] if judged else [])
        tracks = tracker.update(replace(found, judged=judged), aligned(index, t_ns, camera(index)))
        if asked:
            _ = tracks.covariance
        out.append(tracks)
    return out


def test_in_a_frame_passed_over_they_are_where_they_would_have_been_carried_to():
    tracks = passed(40)
    acceleration = KalmanTracker.Config().acceleration_px_s2
    last = tracks[36]
    state, covariance = np.concatenate([last.xy_px[0], last.velocity_px_s[0]]), last.covariance[0]
    for index in (37, 38):
        now_from_last = np.linalg.inv(camera(index)) @ camera(index - 1)
        turn = np.kron(np.eye(2), jacobian(now_from_last, state[None, :2])[0])
        state = np.concatenate([apply(now_from_last, state[None, :2])[0], turn[:2, :2] @ state[2:]])
        state, covariance = naive_predict(state, turn @ covariance @ turn.T, 1 / FPS, acceleration)
        now = tracks[index]
        np.testing.assert_allclose(np.concatenate([now.xy_px[0], now.velocity_px_s[0]]), state, atol=2e-3)
        np.testing.assert_allclose(now.covariance[0], covariance, rtol=2e-3, atol=1e-3)
        np.testing.assert_allclose(
            now.xyxy_px[0, 2:] - now.xyxy_px[0, :2], last.xyxy_px[0, 2:] - last.xyxy_px[0, :2], atol=1e-4
        )
        assert now.confirmed.all()
        assert (now.index, now.t_ns) == (index, round(index * 1e9 / FPS))


def test_asking_changes_nothing_for_later_frames():
    for one, other in zip(passed(40), passed(40, asked=False), strict=True):
        np.testing.assert_array_equal(one.xyxy_px, other.xyxy_px)
        np.testing.assert_array_equal(one.covariance, other.covariance)


def test_they_are_worked_out_once_and_only_where_they_are_asked_for():
    last = passed(37)[-1]
    asked = []
    tracks = TracksOnDemand(40, 9, last.sight, last, lambda: asked.append(1) or last)
    assert len(tracks) == 1
    assert (tracks.index, tracks.t_ns, asked) == (40, 9, [])
    np.testing.assert_array_equal(tracks.track_id, last.track_id)
    np.testing.assert_array_equal(tracks.xyxy_px, last.xyxy_px)
    np.testing.assert_array_equal(tracks.covariance, last.covariance)
    assert asked == [1]
    with pytest.raises(AttributeError, match="nonsense"):
        _ = tracks.nonsense


def test_what_is_unseen_for_long_is_not_shown_in_a_frame_passed_over_either():
    tracker = KalmanTracker()
    for index in range(31):
        t_ns, x = round(index * 1e9 / FPS), 100.0 + 3 * index
        tracker.update(boxes(index, t_ns, [[x, 200, x + 16, 210]]), aligned(index, t_ns))
    shown = []
    for index in range(31, 50):
        t_ns = round(index * 1e9 / FPS)
        shown.append(len(tracker.update(replace(boxes(index, t_ns, []), judged=False), aligned(index, t_ns))))
    assert shown[0] == 1
    assert shown[-1] == 0


def test_what_would_come_to_lie_on_the_vanishing_line_stays_where_it_was():
    tracker = KalmanTracker()
    for index in range(31):
        t_ns, x = round(index * 1e9 / FPS), 100.0 + 3 * index
        tracks = tracker.update(boxes(index, t_ns, [[x, 200, x + 16, 210]]), aligned(index, t_ns))
    x, _ = tracks.xy_px[0]
    tilted = np.linalg.inv(np.array([[1, 0, 0], [0, 1, 0], [-1 / x, 0, 1.0]]))
    now = tracker.update(replace(boxes(31, 31, []), judged=False), aligned(31, t_ns, tilted))
    np.testing.assert_allclose(now.xy_px, tracks.xy_px)
    assert np.isfinite(now.covariance).all()
