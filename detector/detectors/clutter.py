"""How much a still view flickers, and what difference therefore counts as something."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.first_view import ordered
from detector.detectors.residual import edges, symmetric

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_BLOCK_PX = 8
_OPEN_BLOCKS = 7
_POOL_PX = 5
_SPOT_QUANTILE = 0.4
_SPOT_MEMORY = 4.0  # times as long


class Clutter:
    """Least difference from the background that counts, learned at each pixel whatever is seen there.

    Two measures, both running quantiles: what passes only now and then does not count.
    At each pixel (of the halved picture), how far it was from the background *and* from itself a moment ago: a leaf is,
    a thing that stopped is not. In each block of 8x8, the strongest pulse, brighter or darker than both before and
    after: glints on water, rare at each pixel, are always somewhere. The second is opened by 7x7 blocks, for water and
    foliage fill a region and one thing does not.
    """

    def __init__(self, pixel_quantile: float, block_quantile: float, memory_s: float) -> None:
        self._pixel_quantile = pixel_quantile
        self._block_quantile = block_quantile
        self._memory_s = memory_s
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._pixel: Float32 = np.zeros((0, 0), np.float32)
        self._block: Float32 = np.zeros((0, 0), np.float32)
        self._spot: Float32 = np.zeros((0, 0), np.float32)
        self._last: list[U8] = []

    def begin(self, pictures: NDArray[np.uint8], empty: U8) -> None:
        """Start from the first pictures of a view. shape (T, H, W), T >= 1"""
        self.reset()
        steps = [
            _halved(np.minimum(cv2.absdiff(now, empty), cv2.absdiff(now, last))) for last, now in pairwise(pictures)
        ]
        pulses = [_block_maximum(pulse(pictures[t - 4], pictures[t - 2], pictures[t])) for t in range(4, len(pictures))]
        zero = _halved(np.zeros_like(empty))
        levels = ordered(steps[:: max(len(steps) // 15, 1)] or [zero])
        self._pixel = levels[round(self._pixel_quantile * (len(levels) - 1))].astype(np.float32)
        quiet = np.zeros_like(_block_maximum(empty))
        self._block = np.quantile(np.stack(pulses or [quiet]), self._block_quantile, axis=0).astype(np.float32)
        self._spot = np.zeros_like(self._block)
        self._last = list(pictures[-4:])

    @property
    def earlier(self) -> U8:
        """The picture learned four updates ago, or the first."""
        return self._last[0]

    def update(self, picture: U8, distance: U8, dt_s: float) -> None:
        """Learn one picture and its distance from the background. dt_s: time since the last one. [s]"""
        rate = min(dt_s / self._memory_s, 0.5)
        step = _halved(np.minimum(distance, cv2.absdiff(picture, self._last[-1])))
        _towards(self._pixel, step, self._pixel_quantile, rate)
        if len(self._last) == 4:
            loud = _block_maximum(pulse(self._last[0], self._last[2], picture))
            _towards(self._block, loud, self._block_quantile, rate)
            _towards(self._spot, loud, _SPOT_QUANTILE, rate / _SPOT_MEMORY)
        self._last = [*self._last, picture][-4:]

    def threshold(
        self,
        mean: U8,
        least_grey: float,
        pixel_factor: float,
        block_factor: float,
        spot_factor: float,
        edge_share: float,
    ) -> U8:
        """Least difference that counts. shape (H, W) [grey levels]

        Args:
            mean: the background; its edges may shift by `edge_share` of a pixel.
            least_grey: by the noise of the picture. [grey levels]
        """
        height, width = mean.shape
        pixel = cv2.max(self._pixel, cv2.blur(self._pixel, (_POOL_PX, _POOL_PX)))
        level = cv2.resize(
            np.maximum(pixel * np.float32(pixel_factor), np.float32(least_grey)),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        region = cv2.dilate(
            cv2.morphologyEx(
                self._block, cv2.MORPH_OPEN, np.ones((_OPEN_BLOCKS, _OPEN_BLOCKS)), borderType=cv2.BORDER_REPLICATE
            ),
            np.ones((3, 3)),
        )
        region = cv2.max(region * block_factor, cv2.dilate(self._spot, np.ones((3, 3))) * spot_factor)
        if region.max() > least_grey:
            size = (region.shape[1] * _BLOCK_PX, region.shape[0] * _BLOCK_PX)
            whole = cv2.resize(region, size, interpolation=cv2.INTER_LINEAR)
            level = cv2.max(level, np.ascontiguousarray(whole[:height, :width]))
        level = cv2.addWeighted(level, 1, np.minimum(edges(mean), 60).astype(np.float32), edge_share, 0)
        return np.asarray(cv2.convertScaleAbs(np.minimum(level, 200)), np.uint8)

    def restless(self, least_grey: float, size_px: tuple[int, int]) -> U8:
        """255 where it flickers by so much for a good part of the time: what shows there is what is always there."""
        flickers = 255 * (self._pixel > least_grey).astype(np.uint8)
        return np.asarray(cv2.resize(flickers, size_px, interpolation=cv2.INTER_NEAREST), np.uint8)


def pulse(before: U8, middle: U8, after: U8) -> U8:
    """How far the middle stands out from both others to the same side, else 0. shape as given

    Slow twin: tests/naive_vision.py, `naive_symmetric`.
    """
    return symmetric(middle, before, after)


def _towards(level: Float32, seen: NDArray[np.uint8], quantile: float, rate: float) -> None:
    """Move a running quantile, in place; by its own size, so that it settles equally fast in grass and on water."""
    step = (level + 3) * np.float32(2 * rate)
    louder = (seen > level).view(np.uint8)
    level -= step * np.float32(1 - quantile)
    cv2.add(level, step, level, louder)
    np.maximum(level, 0, out=level)


def _halved(picture: NDArray[np.uint8]) -> U8:
    height, width = picture.shape
    size = (-(-width // 2), -(-height // 2))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _block_maximum(picture: NDArray[np.uint8]) -> U8:
    """Largest value in each block of 8x8. shape (ceil(H / 8), ceil(W / 8)). Slow twin: tests/naive_vision.py."""
    height, width = picture.shape
    padded: NDArray[np.uint8] = picture
    if height % _BLOCK_PX or width % _BLOCK_PX:
        padded = np.asarray(
            cv2.copyMakeBorder(picture, 0, -height % _BLOCK_PX, 0, -width % _BLOCK_PX, cv2.BORDER_REPLICATE), np.uint8
        )
    # Row by row first, eight of them at a stride: numpy's own maximum over two axes costs six times as much.
    tall = cv2.max(padded[::_BLOCK_PX], padded[1::_BLOCK_PX])
    for row in range(2, _BLOCK_PX):
        cv2.max(tall, padded[row::_BLOCK_PX], dst=tall)
    # Turned, so that eight neighbours in a row become eight rows, too.
    wide = np.ascontiguousarray(tall.T).reshape(-1, _BLOCK_PX, tall.shape[0]).max(axis=1)
    return np.ascontiguousarray(wide.T, np.uint8)
