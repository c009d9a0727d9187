"""Points followed from frame to frame, and which of them keep their look and their way."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.exposure import EXPOSED_GREY, exposure
from detector.picture.flow import corners, follow_from

U8 = NDArray[np.uint8]
Float = NDArray[np.float64]

COLUMNS, ROWS = 32, 20
_WINDOW_PX = 9  # a wider one would carry the foam around a thing along with it
_BLOCK_PX = 3
_MIN_CORNER = 4e-4
_LEVELS = 3
_RETURN_PX = 0.7  # followed there and back, a point comes home this near
_NOISE_GREY = 4.0
_LEAST_SAMPLES = 5
_EXPOSED_BLOCK_PX = 16


class Snapshot(NamedTuple):
    """The points alive in one frame."""

    t_ns: int
    picture: U8
    number: NDArray[np.int64]  # (N,) of each point, rising
    xy: Float  # (N, 2) [px of the picture]


class Judged(NamedTuple):
    """The points of one frame, looked at over the time around it."""

    xy: Float  # (N, 2)
    steady: NDArray[np.bool_]  # (N,) followed all the time, along a smooth way, and still looking the same
    moved: Float  # (N, 2) from the first to the last frame looked at; NaN where it was not followed throughout
    first: int  # those frames' places in the list given
    last: int


class SteadyPoints:
    """Follows a corner of each cell of a 32x20 grid, by Lucas-Kanade there and back; new ones fill empty cells."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._picture: U8 | None = None
        self._next = 0
        self._fill = True
        self._number = np.zeros(0, np.int64)
        self._xy = np.zeros((0, 2))
        self._step = np.zeros((0, 2))

    def see(self, picture: U8, t_ns: int) -> Snapshot:
        """Follow the points to the next picture, of the same size as the last."""
        if self._picture is not None and len(self._xy):
            last = _as_exposed(self._picture, picture)
            there, home = there_and_back(last, picture, self._xy, self._xy + self._step)
            self._number, self._step, self._xy = self._number[home], (there - self._xy)[home], there[home]
        # Looking for corners costs as much as following them: every second picture is enough.
        new = strong_corners(picture) if self._fill else np.zeros((0, 2))
        self._fill = not self._fill
        new = new[~np.isin(_cell(new, picture.shape), _cell(self._xy, picture.shape))]
        self._number = np.concatenate([self._number, np.arange(self._next, self._next + len(new))])
        self._next += len(new)
        self._xy = np.concatenate([self._xy, new])
        self._step = np.concatenate([self._step, np.zeros_like(new)])
        self._picture = picture
        return Snapshot(t_ns, picture, self._number, self._xy)


def judge(shots: list[Snapshot], at: int, span_ns: int, fit_px: float, alike: float) -> Judged | None:
    """Which points of `shots[at]` are steady over the time within `span_ns` of it; None with fewer than 5 frames there.

    Args:
        shots: in the order of time.
        fit_px: how far off a parabola through time their way may be, root mean square. [px]
        alike: least correlation of what surrounds them in the first and the last of those frames. [1] Noise of 4 grey
            levels counts as a difference, so that a point on nothing is like nothing.
    """
    around = [i for i, shot in enumerate(shots) if abs(shot.t_ns - shots[at].t_ns) <= span_ns]
    if len(around) < _LEAST_SAMPLES or not around[0] < at < around[-1]:
        return None
    number, xy = shots[at].number, shots[at].xy
    way = np.full((len(around), len(number), 2), np.nan)
    for row, i in enumerate(around):
        _, here, there = np.intersect1d(number, shots[i].number, assume_unique=True, return_indices=True)
        way[row, here] = shots[i].xy[there]
    followed = np.isfinite(way).all(axis=(0, 2))
    steady = np.zeros(len(number), np.bool_)
    if followed.any():
        kept = way[:, followed]
        t_s = np.array([(shots[i].t_ns - shots[at].t_ns) / 1e9 for i in around])
        smooth = off_parabola(kept, t_s) < fit_px
        first, last = (patches(shots[around[k]].picture, kept[k], _WINDOW_PX) for k in (0, -1))
        steady[followed] = smooth & (likeness(first, last) > alike)
    return Judged(xy, steady, way[-1] - way[0], around[0], around[-1])


def off_parabola(way: Float, t_s: Float) -> Float:
    """How far each way is off the parabola through time that fits it best, root mean square. shape (N,) [px]

    Args:
        way: shape (T, N, 2) [px]
        t_s: shape (T,) [s]

    Slow twin: tests/naive_restless.py.
    """
    base = np.vander(t_s, 3)
    flat = way.reshape(len(t_s), -1)
    rest = flat - base @ np.linalg.lstsq(base, flat, rcond=None)[0]
    return np.asarray(np.sqrt((rest.reshape(way.shape) ** 2).mean(axis=0).sum(axis=1)))


def patches(picture: U8, xy: Float, side_px: int) -> NDArray[np.float32]:
    """What surrounds each point, the picture's edge repeated outside. shape (N, side_px ** 2)

    Slow twin: tests/naive_restless.py.
    """
    offset = np.arange(side_px, dtype=np.float32) - (side_px - 1) / 2
    dx, dy = np.meshgrid(offset, offset)
    at = xy.astype(np.float32)
    maps = (at[:, :1] + dx.reshape(1, -1), at[:, 1:] + dy.reshape(1, -1))
    cut = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32).reshape(len(xy), side_px**2)


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of patches, with the variance of the noise added to either's. shape (N,) [1]"""
    one, other = (part - part.mean(axis=1, keepdims=True) for part in (one, other))
    noise = _NOISE_GREY**2 * one.shape[1]
    energy = ((one**2).sum(axis=1) + noise) * ((other**2).sum(axis=1) + noise)
    return np.asarray((one * other).sum(axis=1) / np.sqrt(energy), np.float32)


def strong_corners(picture: U8) -> Float:
    """The best corner of each cell of the grid, without the cells that have no strong one. shape (N, 2) [px]"""
    return corners(picture, COLUMNS, ROWS, border=_WINDOW_PX // 2 + 1, block_px=_BLOCK_PX, least=_MIN_CORNER).points


def _cell(xy: Float, shape: tuple[int, ...]) -> NDArray[np.int64]:
    height, width = shape
    row = np.clip(xy[:, 1] * ROWS / height, 0, ROWS - 1).astype(np.int64)
    return np.asarray(row * COLUMNS + np.clip(xy[:, 0] * COLUMNS / width, 0, COLUMNS - 1).astype(np.int64))


def _as_exposed(last: U8, now: U8) -> U8:
    """The last picture as it would look exposed as this one: else points seem to move where the light changes."""
    if abs(cv2.mean(now)[0] - cv2.mean(last)[0]) < EXPOSED_GREY:
        return last
    size = (max(now.shape[1] // _EXPOSED_BLOCK_PX, 1), max(now.shape[0] // _EXPOSED_BLOCK_PX, 1))
    means = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in (last, now)]
    exposed = exposure(*means)
    return last if exposed is None else exposed.taken_out(last, now)


def there_and_back(source: U8, target: U8, xy: Float, start: Float) -> tuple[Float, NDArray[np.bool_]]:
    """Points followed by Lucas-Kanade: where each is in `target`, and which come home again.

    Args:
        xy: in `source`. shape (N, 2) [px]
        start: where in `target` they are looked for first. shape (N, 2) [px]

    Returns:
        Places, shape (N, 2) [px], and whether each is followed there and back to within 0.7 px, shape (N,).
    """
    there, found = follow_from(source, target, xy, start, levels=_LEVELS, window_px=_WINDOW_PX)
    back, found_back = follow_from(target, source, there, xy, levels=_LEVELS, window_px=_WINDOW_PX)
    return there, found & found_back & (np.hypot(*(back - xy).T) < _RETURN_PX)
