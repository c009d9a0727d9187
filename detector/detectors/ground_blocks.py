"""How bright each piece of the ground was in the last seconds, whatever the camera did."""

from __future__ import annotations

from itertools import chain
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, apply, inverse, normalised, shifts_px

Float32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
T = TypeVar("T", bound=np.generic)

BLOCK_PX = 4
_SHIFT_BLOCKS = 2.0  # a camera that has drifted so far takes the grid along, by whole blocks: nothing is resampled
_MOST_TURN_BLOCKS = 1.5  # one that has turned or climbed so much begins anew
_STILL_PX = 0.3  # a camera on a mast trembles: a warp would cost more than it mends
_RISE_GREY = 4.0  # smaller steps of a block's mean are no change of direction


class GroundBlocks:
    """A grid of 4x4 pixel blocks that stays on the ground: means, maxima and turns of the mean over some seconds.

    Args:
        window_s: how far back it remembers. [s]
    """

    def __init__(self, window_s: float) -> None:
        self._window_ns = round(window_s * 1e9)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._reference_from_grid: Float | None = None  # pixels of the picture that the grid was laid on
        self._shape = (0, 0)
        self.t_ns: list[int] = []
        self._means: list[Float32] = []
        self._highest: list[U8] = []
        self._turns: list[NDArray[np.bool_]] = []
        self._direction: NDArray[np.int8] = np.zeros((0, 0), np.int8)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        return self._shape

    @property
    def means(self) -> Float32:
        """Mean of each block; NaN where it was not wholly in view. shape (T, rows, columns) [grey]"""
        return np.stack(self._means)

    @property
    def highest(self) -> U8:
        """Brightest pixel of each block. shape (T, rows, columns) [grey]"""
        return np.stack(self._highest)

    @property
    def turns(self) -> NDArray[np.int64]:
        """How often the mean of each block has turned from rising to falling or back. shape (rows, columns)"""
        return np.asarray(np.sum(self._turns, axis=0, dtype=np.int64))

    @property
    def window_s(self) -> float:
        """How far back it looks by now. [s]"""
        return (self.t_ns[-1] - self.t_ns[0]) / 1e9 if self.t_ns else 0.0

    def add(self, picture: U8, reference_from_picture: Float, t_ns: int) -> NDArray[np.int64]:
        """Take one more picture of the size of those before.

        Returns:
            By how many blocks (rows, columns) the grid has moved on over the ground. shape (2,)
        """
        rows, columns = picture.shape[0] // BLOCK_PX, picture.shape[1] // BLOCK_PX
        if (rows, columns) != self._shape or self._reference_from_grid is None:
            self.reset()
            self._shape, self._reference_from_grid = (rows, columns), reference_from_picture
            self._direction = np.zeros(self._shape, np.int8)
        grid_from_picture, moved = self._carry(reference_from_picture)
        means, highest = _blocks(picture, grid_from_picture, (rows, columns))
        if self._means:
            with np.errstate(invalid="ignore"):
                step = means - self._means[-1]
                sign = (step > _RISE_GREY).astype(np.int8) - (step < -_RISE_GREY).astype(np.int8)
            self._turns.append((sign != 0) & (self._direction != 0) & (sign != self._direction))
            self._direction = np.where(sign != 0, sign, self._direction)
        else:
            self._turns.append(np.zeros(self._shape, np.bool_))
        self.t_ns.append(t_ns)
        self._means.append(means)
        self._highest.append(highest)
        while self.t_ns[0] < t_ns - self._window_ns:
            for ring in (self.t_ns, self._means, self._highest, self._turns):
                del ring[0]
        return moved

    def boxes(self, blocks: NDArray[np.int64], picture_from_reference: Float) -> Float:
        """Rectangles of blocks (top, left, bottom, right; the last two exclusive) in a picture. shape (N, 4) [px]"""
        assert self._reference_from_grid is not None
        edges = blocks[:, [1, 0, 3, 2]].astype(np.float64) * BLOCK_PX - 0.5
        corners = edges[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
        there = apply(picture_from_reference @ self._reference_from_grid, corners).reshape(-1, 4, 2) + 0.5
        return np.concatenate([there.min(axis=1), there.max(axis=1)], axis=1)

    def _carry(self, reference_from_picture: Float) -> tuple[Float, NDArray[np.int64]]:
        """Move the grid along with a camera that drifts; begin anew where it turned or climbed.

        Returns:
            Homography from the picture to the grid, shape (3, 3), and by how many blocks this has moved on, shape (2,).
        """
        assert self._reference_from_grid is not None
        grid_from_picture = inverse(self._reference_from_grid) @ reference_from_picture
        shift = np.array(shifts_px(grid_from_picture, _corners(self._shape)))
        if not np.isfinite(shift).all() or np.abs(shift - shift.mean(axis=0)).max() > _MOST_TURN_BLOCKS * BLOCK_PX:
            shape = self._shape
            self.reset()
            self._shape, self._reference_from_grid = shape, reference_from_picture
            self._direction = np.zeros(shape, np.int8)
            return np.eye(3), np.zeros(2, np.int64)
        drift = shift.mean(axis=0) / BLOCK_PX
        if np.abs(drift).max() < _SHIFT_BLOCKS:
            return normalised(grid_from_picture), np.zeros(2, np.int64)
        across, down = (int(v) for v in np.rint(drift))
        step = np.array([[1, 0, across * BLOCK_PX], [0, 1, down * BLOCK_PX], [0, 0, 1.0]])
        self._reference_from_grid = self._reference_from_grid @ step
        means, highest = shifted(self.means, down, across, np.nan), shifted(self.highest, down, across, 0)
        turns = shifted(np.stack(self._turns), down, across, False)
        self._means, self._highest, self._turns = list(means), list(highest), list(turns)
        self._direction = shifted(self._direction, down, across, 0)
        return normalised(inverse(step) @ grid_from_picture), np.array([down, across])


def shifted(grid: NDArray[T], down: int, across: int, empty: float) -> NDArray[T]:
    """Grids as seen from so many rows and columns further on; `empty` where they have nothing. shape (..., H, W)"""
    rows, columns = grid.shape[-2:]
    out = np.full_like(grid, empty)
    top, bottom = max(0, -down), min(rows, rows - down)
    left, right = max(0, -across), min(columns, columns - across)
    if top < bottom and left < right:
        out[..., top:bottom, left:right] = grid[..., top + down : bottom + down, left + across : right + across]
    return out


def _blocks(picture: U8, grid_from_picture: Float, shape: tuple[int, int]) -> tuple[Float32, U8]:
    """Mean and maximum of each block of the grid. shape (rows, columns)"""
    rows, columns = shape
    size = (columns * BLOCK_PX, rows * BLOCK_PX)
    still = all(abs(one) < _STILL_PX for one in chain(*shifts_px(grid_from_picture, _corners(shape))))
    if still:
        laid = picture[: size[1], : size[0]]
    else:
        laid = np.asarray(
            cv2.warpPerspective(picture, grid_from_picture, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    means = cv2.resize(laid, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    # A tenth of the time of numpy's maximum over two axes.
    spread = cv2.dilate(laid, np.ones((BLOCK_PX, BLOCK_PX), np.uint8), anchor=(0, 0))
    highest = np.ascontiguousarray(spread[::BLOCK_PX, ::BLOCK_PX], np.uint8)
    if not still:
        means[~_in_view(inverse(grid_from_picture), shape, picture.shape)] = np.nan
    return means, highest


def _corners(shape: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Where a grid of so many rows and columns ends. x, y [px]"""
    right, bottom = shape[1] * BLOCK_PX, shape[0] * BLOCK_PX
    return (0, 0), (right, 0), (0, bottom), (right, bottom)


def _in_view(picture_from_grid: Float, shape: tuple[int, int], picture_shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which blocks are wholly in the picture. shape (rows, columns)"""
    rows, columns = shape
    height, width = picture_shape[:2]
    x, y = np.arange(columns + 1) * BLOCK_PX - 0.5, np.arange(rows + 1)[:, None] * BLOCK_PX - 0.5
    across, down, depth = picture_from_grid.tolist()
    inside = np.ones((rows + 1, columns + 1), np.bool_)
    # A place lies in the picture where it lies on the right side of each of its borders and before the camera: a sum of
    # one number a column and one a row, where a quotient at each corner would take three times as long.
    borders = (
        [one + 0.5 * by for one, by in zip(across, depth, strict=True)],
        [(width - 0.5) * by - one for one, by in zip(across, depth, strict=True)],
        [one + 0.5 * by for one, by in zip(down, depth, strict=True)],
        [(height - 0.5) * by - one for one, by in zip(down, depth, strict=True)],
    )
    for a, b, c in borders:
        inside &= a * x >= -(b * y + c)
    return np.asarray(inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:])
