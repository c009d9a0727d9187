"""All tracks of one source as one table, and the Kalman filter over all of its rows at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model import Ways
from detector.picture.homography import apply, jacobian

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_MOST_MISFIT = 1.0  # one wild picture among eight does not decide
_MISFIT_SHARE = 0.25  # of the newest


@dataclass(eq=False)
class States:
    """One row a track, in the full-size pixels of the newest frame.

    state: x, y, vx, vy. shape (M, 4) [px, px/s]
    covariance: shape (M, 4, 4)
    size_px: width and height of the box, smoothed. shape (M, 2)
    largest_px: its longer side, at its largest of late. shape (M,)
    origin_px: where it was first seen, or came back into sight, carried along with the camera. shape (M, 2)
    settled_px: the same of its second sighting, since the first may have been of something else. shape (M, 2)
    settled_ns: when that was. shape (M,)
    farthest_px: largest distance from there so far. shape (M,)
    least_px: how far it has to come at least, since something burst where it was first seen; else 0. shape (M,)
    inside_ns: how much longer, of late, its box lay in that of a larger confirmed track than not. shape (M,)
    out_of: id of the confirmed track that it was first seen at, 0 if there was none. shape (M,)
    alone: how many times in a row it did not move as structure above the ground would. shape (M,)
    held: how many times it was seen to hold together where the ground does not. shape (M,)
    mast: how many times it was seen to stand on an upright bar that goes along. shape (M,)
    misfit: mean logarithm of how badly what is in its boxes fits its way; NaN while nothing is known. shape (M,)
    owed_px_s: how fast it was when it went out of sight, until it is known whether it is again; else 0. shape (M, 2)
    """

    track_id: Int
    state: Float
    covariance: Float
    size_px: Float
    largest_px: Float
    origin_px: Float
    settled_px: Float
    farthest_px: Float
    owed_px_s: Float
    least_px: Float
    score: Float
    misfit: Float
    confirmed: NDArray[np.bool_]
    inside_ns: Int
    out_of: Int
    born_ns: Int
    settled_ns: Int
    seen_ns: Int
    hits: Int
    held: Int
    mast: Int
    alone: Int
    age_frames: Int
    missed: Int

    def __len__(self) -> int:
        return len(self.track_id)

    def rows(self, keep: NDArray[np.bool_] | Int) -> States:
        """The chosen rows only."""
        return States(*[getattr(self, name)[keep] for name in _COLUMNS])

    def with_rows(self, more: States) -> States:
        """These rows and then those of `more`."""
        return States(*[np.concatenate([getattr(self, name), getattr(more, name)]) for name in _COLUMNS])


_COLUMNS = tuple(field.name for field in fields(States))


def centres_of(xyxy: Float) -> Float:
    """Centres of boxes whose x1, y1 are exclusive, the centre of a pixel being at whole numbers. (N, 4) -> (N, 2)"""
    return np.asarray((xyxy[:, :2] + xyxy[:, 2:] - 1) / 2)


def boxes_of(states: States) -> Float:
    """x0, y0, x1, y1 of every row, x1 and y1 exclusive, as detections have them. shape (M, 4) [px]"""
    return boxes_around(states.state[:, :2], states.size_px)


def boxes_around(centres: Float, size_px: Float) -> Float:
    """The same of centres and sizes. shape (M, 2), (M, 2) -> (M, 4) [px]"""
    middle, half = centres + 0.5, size_px / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def new_states(
    xyxy: Float, score: Float, first_id: int, t_ns: int, *, sigma_px: Float, sigma_velocity_px_s: float
) -> States:
    """Tentative tracks, one a box, standing still as far as is known. xyxy: shape (M, 4); sigma_px: shape (M,)"""
    count = len(xyxy)
    centre = centres_of(xyxy)
    covariance = np.zeros((count, 4, 4))
    covariance[:, [0, 1], [0, 1]] = (sigma_px**2)[:, None]
    covariance[:, [2, 3], [2, 3]] = sigma_velocity_px_s**2
    zero, one = np.zeros(count, np.int64), np.ones(count, np.int64)
    return States(
        track_id=np.arange(first_id, first_id + count, dtype=np.int64),
        state=np.concatenate([centre, np.zeros((count, 2))], axis=1),
        covariance=covariance,
        size_px=xyxy[:, 2:] - xyxy[:, :2],
        largest_px=(xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0),
        origin_px=centre.copy(),
        settled_px=centre.copy(),
        farthest_px=np.zeros(count),
        owed_px_s=np.zeros((count, 2)),
        least_px=np.zeros(count),
        score=score,
        misfit=np.full(count, np.nan),
        confirmed=np.zeros(count, np.bool_),
        inside_ns=zero.copy(),
        out_of=zero.copy(),
        born_ns=np.full(count, t_ns, np.int64),
        settled_ns=np.full(count, t_ns, np.int64),
        seen_ns=np.full(count, t_ns, np.int64),
        hits=one,
        held=zero.copy(),
        mast=zero.copy(),
        alone=zero,
        age_frames=zero.copy(),
        missed=zero.copy(),
    )


def take_along(states: States, rows: Int, moved_px: Float) -> None:
    """Move rows so far in the picture, and where they began along with them: they have not come a way. (K, 2) [px]"""
    states.state[rows, :2] += moved_px
    states.origin_px[rows] += moved_px
    states.settled_px[rows] += moved_px


class Passed(NamedTuple):
    """The time since all rows were last carried along, and what white acceleration has added to their uncertainty.

    place: to the variance of x and of y. [px2]
    both: to the covariance of x and vx, and of y and vy. [px2/s]
    speed: to the variance of vx and of vy. [px2/s2]
    """

    dt_s: float = 0.0
    place: float = 0.0
    both: float = 0.0
    speed: float = 0.0

    def on(self, dt_s: float, acceleration_px_s2: float) -> Passed:
        """So much later, the acceleration being another one in each step."""
        grown = acceleration_px_s2**2
        return Passed(
            self.dt_s + dt_s,
            self.place + 2 * dt_s * self.both + dt_s**2 * self.speed + dt_s**4 / 4 * grown,
            self.both + dt_s * self.speed + dt_s**3 / 2 * grown,
            self.speed + dt_s**2 * grown,
        )


def carry(states: States, now_from_last: Float) -> None:
    """Move every row to the newest frame's pixels: the camera's motion is taken out here and nowhere else."""
    turn = jacobian(now_from_last, states.state[:, :2])
    states.state, states.covariance = carried(states.state, states.covariance, now_from_last, turn)
    states.origin_px = apply(now_from_last, states.origin_px)
    states.settled_px = apply(now_from_last, states.settled_px)
    if states.owed_px_s.any():
        states.owed_px_s = np.einsum("mij,mj->mi", turn, states.owed_px_s)


def predict(states: States, passed: Passed) -> None:
    """Constant velocity. Slow twin: tests/naive_vision.py."""
    states.state, states.covariance = predicted(states.state, states.covariance, passed)


def carried(state: Float, covariance: Float, now_from_last: Float, turn: Float) -> tuple[Float, Float]:
    """States and their covariances in another frame's pixels; not finite where a place has none there.

    turn: `jacobian` there. shape (M, 2, 2)
    """
    both = np.zeros((len(state), 4, 4))
    both[:, :2, :2] = both[:, 2:, 2:] = turn
    moved = apply(now_from_last, state[:, :2])
    with np.errstate(invalid="ignore"):
        velocity = np.einsum("mij,mj->mi", turn, state[:, 2:])
        return np.concatenate([moved, velocity], axis=1), both @ covariance @ both.transpose(0, 2, 1)


def predicted(state: Float, covariance: Float, passed: Passed) -> tuple[Float, Float]:
    """States and their covariances after that."""
    dt_s, place, both, speed = passed
    step = np.eye(4)
    step[0, 2] = step[1, 3] = dt_s
    noise = np.array([[place, 0, both, 0], [0, place, 0, both], [both, 0, speed, 0], [0, both, 0, speed]])
    return state @ step.T, step @ covariance @ step.T + noise


def distances2(state: Float, covariance: Float, centres: Float, sigma_px: Float) -> Float:
    """Squared Mahalanobis distance of every row to every measured centre. shape (M, N)

    state, covariance: of the rows. shape (M, 4), (M, 4, 4)
    centres: shape (N, 2) [px]; sigma_px: of each centre, shape (N,) [px]
    """
    offset = centres[None] - state[:, None, :2]
    total = covariance[:, None, :2, :2] + np.eye(2) * (sigma_px**2)[None, :, None, None]
    a, b, c = total[..., 0, 0], total[..., 0, 1], total[..., 1, 1]
    x, y = offset[..., 0], offset[..., 1]
    return np.asarray((c * x * x - 2 * b * x * y + a * y * y) / (a * c - b * b))


def correct(states: States, rows: Int, centres: Float, sigma_px: Float) -> None:
    """Kalman update of the given rows with one measured centre each. Slow twin: tests/naive_vision.py."""
    covariance, state = states.covariance[rows], states.state[rows]
    of_place = covariance[:, :2]
    expected = of_place[:, :, :2] + np.eye(2) * (sigma_px**2)[:, None, None]
    gain = np.linalg.solve(expected, of_place).transpose(0, 2, 1)
    states.state[rows] = state + (gain @ (centres - state[:, :2])[:, :, None])[:, :, 0]
    states.covariance[rows] = covariance - gain @ of_place


def learn_ways(states: States, ways: Ways) -> None:
    """Take note of how badly what is in the tracks' boxes fits their ways. Slow twin: tests/naive_vision.py."""
    _, rows, columns = np.intersect1d(states.track_id, ways.track_id, assume_unique=True, return_indices=True)
    if ways.holds is not None:
        states.held[rows] += ways.holds[columns]
    if ways.mast is not None:
        states.mast[rows] += ways.mast[columns]
    known = np.isfinite(ways.misfit[columns])
    rows, columns = rows[known], columns[known]
    latest = np.clip(np.log(ways.misfit[columns]), -_MOST_MISFIT, _MOST_MISFIT)
    before = np.nan_to_num(states.misfit[rows], nan=0.0)  # neither its way nor the ground
    states.misfit[rows] = before + _MISFIT_SHARE * (latest - before)
