"""What is usual in each part of the ground: water, foliage and sensor noise quieten themselves."""

from __future__ import annotations

from itertools import chain
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import shifts_px

Float32 = NDArray[np.float32]

BLOCK_PX = 16
_AROUND = 11  # blocks
_MOVER_RATE = 0.25  # what seems to move makes its road deaf this much more slowly than a tree does


NO_MOVERS: NDArray[np.float64] = np.zeros((0, 4))


class NoiseFloor:
    """A running quantile of the strongest residual in each block of pixels, carried along with the camera.

    A quantile and not a mean: one vehicle passing does not make its road deaf, a tree that sways half the time does.

    Args:
        quantile: share of the time that a block is no louder than its floor. [1]
        memory_s: about how long back it remembers. [s]
        block_px: side of a block. [px]
    """

    def __init__(self, quantile: float, memory_s: float, block_px: int = BLOCK_PX) -> None:
        self._block_px = block_px
        side, middle = block_px, (block_px - 1) / 2
        self._picture_from_blocks = np.array([[side, 0, middle], [0, side, middle], [0, 0, 1.0]])
        self._blocks_from_picture = np.linalg.inv(self._picture_from_blocks)
        self._quantile = quantile
        self._memory_s = memory_s
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._level: Float32 | None = None
        self._weight: Float32 | None = None
        self._blocks_from_level: NDArray[np.float64] = np.eye(3)

    def update(
        self,
        residual: NDArray[np.uint8],
        now_from_last: NDArray[np.float64],
        dt_s: float,
        movers: NDArray[np.float64] = NO_MOVERS,
        quiet: float = 0.0,
    ) -> Float32:
        """Learn one residual picture; the floor as it was before that, with its neighbours' maximum.

        Args:
            residual: shape (H, W) [grey]
            now_from_last: homography from the last picture learned to this one, in pixels of these pictures.
            dt_s: time since the last picture learned. [s]
            movers: boxes of what seems to move: their blocks are learned a quarter as fast. shape (N, 4) [px]
            quiet: which floor a block has comes to the same up to this. [grey]

        Returns:
            Floor of each block, shape (ceil(H / block_px), ceil(W / block_px)). [grey]
        """
        loud = block_maximum(residual, self._block_px)
        if self._level is None or self._weight is None or self._level.shape != loud.shape:
            self._level, self._weight = np.minimum(loud, np.median(loud)).astype(np.float32), np.ones_like(loud)
            return self._around()
        self._carry(now_from_last)
        before = np.maximum(self._around(), usual_around(loud, quiet))
        rate = np.maximum(1 / (1 + self._weight), min(dt_s / self._memory_s, 1.0))
        rate = np.where(blocks_of(movers, loud.shape, self._block_px), _MOVER_RATE * rate, rate)
        # Steps follow the block's own level, so that the quantile settles equally fast in grass and on water.
        step = rate * (self._level + 4)
        up = loud > self._level
        self._level += step * np.where(up, 2 * self._quantile, -2 * (1 - self._quantile))
        np.maximum(self._level, 0, out=self._level)
        self._weight += 1
        return before

    def _carry(self, now_from_last: NDArray[np.float64]) -> None:
        """Move the floor along, once the camera has moved half a block: more often would only blur it."""
        assert self._level is not None
        assert self._weight is not None
        now_from_last = self._blocks_from_picture @ now_from_last @ self._picture_from_blocks
        self._blocks_from_level = now_from_last @ self._blocks_from_level
        rows, columns = self._level.shape
        shifts = shifts_px(self._blocks_from_level, ((0, 0), (columns, 0), (0, rows), (columns, rows)))
        if all(abs(one) < 0.5 for one in chain(*shifts)):
            return
        size = (columns, rows)
        self._level = _moved(self._level, self._blocks_from_level, size, cv2.BORDER_REPLICATE)
        self._weight = _moved(self._weight, self._blocks_from_level, size, cv2.BORDER_CONSTANT)
        self._blocks_from_level = np.eye(3)

    def _around(self) -> Float32:
        assert self._level is not None
        return np.asarray(cv2.dilate(self._level, np.ones((3, 3), np.uint8)), np.float32)


def usual_around(loud: Float32, quiet: float = 0.0) -> Float32:
    """Median of the blocks around each: where more than half of the neighbourhood is loud now, loud is usual.

    Nothing where it is `quiet` or less everywhere, as on most ground: that costs a tenth. shape as given [grey]
    """
    side = (_AROUND, _AROUND)
    louder = (loud > quiet).view(np.uint8)
    if cv2.boxFilter(louder, -1, side, normalize=False, borderType=cv2.BORDER_REPLICATE).max() <= _AROUND**2 // 2:
        return np.zeros_like(loud)
    return np.asarray(cv2.medianBlur(np.clip(loud, 0, 255).astype(np.uint8), _AROUND), np.float32)


def block_maximum(residual: NDArray[np.uint8], block_px: int = BLOCK_PX) -> Float32:
    """Largest value in each block. shape (ceil(H / block_px), ceil(W / block_px)). Slow twin: tests/naive_vision.py."""
    height, width = residual.shape
    rows, columns = -(-height // block_px), -(-width // block_px)
    whole = height // block_px
    by_row = np.zeros((rows, columns * block_px), np.uint8)
    residual[: whole * block_px].reshape(whole, block_px, width).max(axis=1, out=by_row[:whole, :width])
    if whole < rows:
        residual[whole * block_px :].max(axis=0, out=by_row[whole, :width])
    # Turned first: the maximum of 16 rows takes a tenth of the time of that of 16 neighbours in a row.
    by_column = np.ascontiguousarray(by_row.T).reshape(columns, block_px, rows).max(axis=1)
    return np.ascontiguousarray(by_column.T, np.float32)


def blocks_of(xyxy: NDArray[np.float64], shape: tuple[int, int], block_px: int = BLOCK_PX) -> NDArray[np.bool_]:
    """Which blocks a box touches. shape as given. Slow twin: tests/naive_vision.py.

    Args:
        xyxy: x1 and y1 exclusive. shape (N, 4) [px]
        shape: rows and columns of blocks.
    """
    rows, columns = shape
    touched = np.zeros(shape, np.bool_)
    low, high = np.floor(xyxy[:, :2] / block_px), np.ceil(xyxy[:, 2:] / block_px)
    last = (columns, rows)
    first, end = np.clip(low, 0, last).astype(int).tolist(), np.clip(high, 0, last).astype(int).tolist()
    for (x0, y0), (x1, y1) in zip(first, end, strict=True):
        touched[y0:y1, x0:x1] = True
    return touched


def by_pixel(blocks: NDArray[Any], shape: tuple[int, int], block_px: int = BLOCK_PX) -> NDArray[Any]:
    """Each block's value in all of its pixels. shape (H, W), as the picture that has these blocks"""
    height, width = shape
    # A quarter of the time of cv2.resize.
    return np.repeat(np.repeat(blocks, block_px, axis=1)[:, :width], block_px, axis=0)[:height]


def _moved(values: Float32, matrix: NDArray[np.float64], size: tuple[int, int], border: int) -> Float32:
    return np.asarray(cv2.warpPerspective(values, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border), np.float32)
