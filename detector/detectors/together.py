"""What comes together along straight ways over the ground, though no picture shows it for certain."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.slots import U16
from detector.detectors.slots import UNIT as GREY_UNIT
from detector.picture.homography import Float

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]
Int = NDArray[np.int64]

UNIT = 64
"""A standard deviation is so many steps."""
CLIP = 3.0
"""No picture counts for more standard deviations than that: a single one does not decide."""
_REACH_PX = 10  # a thing is looked for so far from its place
_LIGHT_PX = 16  # what changes over wider places is light
_AROUND_PX = 25
_QUARTER = 4
_LEAST_GREY = 0.15
_QUIET_SHARE = 0.8  # of the median: no place is quieter
_APART_PX = 3  # two peaks no farther apart are one thing
_BLUR_PX = 0.75  # by so much what is smoothed is wider, at either side
_LEAST_SIDE_PX = 1.5
_BETWEEN = np.arange(-2, 3) / 4  # of the step from one way to the next


class Shown(NamedTuple):
    """How each of some pictures differs from their mean.

    usual: in 64ths of the standard deviation that is usual around, clipped at three. K of shape (H, W)
    differences: the same in 64ths of a grey level. K of shape (H, W)
    own: standard deviation of the very place in these pictures. shape (H, W) [1/64 grey level]
    """

    usual: list[I16]
    differences: list[I16]
    own: F32


class Peaks(NamedTuple):
    """Where most comes together.

    places: x and y in the newest picture. shape (N, 2) [px]
    ways: number of the way. shape (N,)
    sigma: how far the sum along it stands out. shape (N,) [standard deviations]
    """

    places: Int
    ways: Int
    sigma: Float


def shown(pictures: list[U16]) -> Shown:
    """How pictures that lie over one another differ from their mean; changes of light, which are wide, are left out.

    The ground is in the mean as in each; what goes on is in each at another place, and hardly in the mean.
    """
    mean = np.zeros(pictures[0].shape, np.float32)
    for picture in pictures:
        cv2.accumulate(picture, mean)
    mean *= np.float32(1 / len(pictures))
    differences, energy = [], np.zeros_like(mean)
    for picture in pictures:
        difference = _without_light(picture - mean)
        cv2.accumulateSquare(difference, energy)
        differences.append(np.rint(difference).astype(np.int16))
    energy *= np.float32(1 / len(pictures))
    usual, own = _spreads(energy)
    return Shown([_in_units(difference, usual) for difference in differences], differences, own)


def _without_light(difference: F32) -> F32:
    height, width = difference.shape
    size = (max(width // _LIGHT_PX, 1), max(height // _LIGHT_PX, 1))
    light = cv2.blur(cv2.resize(difference, size, interpolation=cv2.INTER_AREA), (3, 3))
    difference -= cv2.resize(light, (width, height))
    return np.asarray(cv2.blur(difference, (3, 3)), np.float32)


def _spreads(energy: F32) -> tuple[F32, F32]:
    """Standard deviations usual around each place, and of the place itself."""
    height, width = energy.shape
    spread = np.sqrt(energy)
    small = cv2.resize(spread, (max(width // _QUARTER, 1), max(height // _QUARTER, 1)), interpolation=cv2.INTER_AREA)
    median, least = float(np.median(small)), _LEAST_GREY * GREY_UNIT
    # Where little moves the median is what is usual; among trees and edges what is loud, too.
    middle = np.maximum(cv2.resize(cv2.medianBlur(small, 5), (width, height)), median)
    loud = np.sqrt(cv2.blur(energy, (_AROUND_PX, _AROUND_PX)))
    usual = np.maximum(np.sqrt(middle * np.maximum(middle, loud)), max(_QUIET_SHARE * median, least))
    own = np.maximum(cv2.blur(spread, (3, 3)), max(median, least))
    return usual.astype(np.float32, copy=False), own.astype(np.float32, copy=False)


def _in_units(difference: I16, sigma: F32) -> I16:
    return np.asarray(np.clip(difference * (UNIT / sigma), -CLIP * UNIT, CLIP * UNIT), np.int16)


class Strongest:
    """The way along which most comes together, for each place in the newest picture. Slow twin: tests/naive_vision.py.

    Args:
        shown: newest first.
        steps_px: how far each way leads from each picture to the newest. shape (V, K, 2), whole [px]
    """

    def __init__(self, shown: Shown, steps_px: Int) -> None:
        self._shown = shown
        self._steps_px = steps_px
        self._margin_px = int(np.abs(steps_px).max())
        height, width = shown.own.shape
        inner = (height - 2 * self._margin_px, width - 2 * self._margin_px)
        self._best: I16 = np.zeros(inner, np.int16)
        self._way: NDArray[np.uint8] = np.zeros(inner, np.uint8)

    def look_along(self, way: int) -> None:
        """Take one of the ways."""
        height, width = self._best.shape
        total = np.zeros((height, width), np.int16)
        for picture, (dx, dy) in zip(self._shown.usual, self._steps_px[way].tolist(), strict=True):
            y, x = self._margin_px - dy, self._margin_px - dx
            cv2.add(total, picture[y : y + height, x : x + width], dst=total)
        np.abs(total, out=total)
        np.copyto(self._way, way, where=total > self._best)
        cv2.max(total, self._best, dst=self._best)

    def peaks(self, least: float, least_own: float, valid: NDArray[np.uint8]) -> Peaks:
        """What stands out, the strongest of each spot.

        Args:
            least: of what is usual around. [standard deviations]
            least_own: of what the very places on the way have shown. [standard deviations]
            valid: 0 where a picture shows nothing. shape (H, W)
        """
        margin, root = self._margin_px, np.sqrt(len(self._shown.usual))
        unit = UNIT * root
        enough = np.asarray(self._best >= least * unit, np.uint8)
        if cv2.countNonZero(enough):
            # Its own border is none of the picture's.
            whole = cv2.erode(valid, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8), borderValue=0)
            enough &= whole[margin:-margin, margin:-margin] > 0
        _, label = cv2.connectedComponents(cv2.dilate(enough, np.ones((_APART_PX, _APART_PX), np.uint8)))
        rows, columns = np.nonzero(enough)
        labels, value = label[rows, columns], self._best[rows, columns].astype(np.int64)
        order = np.lexsort((columns, rows, -value, labels))
        first = order[np.unique(labels[order], return_index=True)[1]]
        places = np.stack([columns[first], rows[first]], axis=1).astype(np.int64) + margin
        ways = self._way[rows[first], columns[first]].astype(np.int64)
        own = self._sums(places[:, None], self._steps_px[ways], of_own=True)[:, 0]
        keep = np.abs(own) / root >= least_own
        return Peaks(places[keep], ways[keep], value[first][keep] / unit)

    def refined(self, peaks: Peaks) -> tuple[Float, Float]:
        """Places and steps to a quarter of what lies between two ways. shape (N, 2), (N, K, 2) [px]

        What a way too fast puts together is right in the middle of the time and too far ahead at its end.
        """
        steps = self._steps_px[peaks.ways].astype(np.float64)
        middle = steps.mean(axis=1, keepdims=True)
        count = len(self._shown.usual)
        back = (np.arange(count) - (count - 1) / 2)[:, None]
        turns = _grid(_BETWEEN)
        turns = turns[np.argsort(np.abs(turns).sum(axis=1), kind="stable")]  # of equals the least turned
        row, aside_px = np.arange(len(steps)), _grid(np.arange(-1, 2))
        places = peaks.places - middle[:, 0]
        tried = [steps - middle + back * turn for turn in turns]
        # What is clear all along is clipped all along, and the same on ways beside: so of its own places.
        sums = np.abs([self._sums(places[:, None] + aside_px, one, of_own=True) for one in tried])
        best, aside = sums.max(axis=2).argmax(axis=0), sums.argmax(axis=2)
        chosen = np.stack(tried)[best, row]
        newest = chosen[:, :1]
        return places + aside_px[aside[best, row]] - newest[:, 0], chosen - newest

    def boxes(self, places: Float, steps_px: Float) -> Float:
        """What around each place comes together by half as much. shape (N, 4) [px]

        Args:
            places, steps_px: as `refined` gives them.
        """
        along = np.arange(-_REACH_PX, _REACH_PX + 1)
        grid = _grid(along)
        sums = self._sums(places[:, None] + grid, steps_px).reshape(len(places), len(along), len(along))
        at_place = sums[:, _REACH_PX, _REACH_PX][:, None, None]
        half = np.where(at_place > 0, sums, -sums) >= np.abs(at_place) / 2
        near = slice(_REACH_PX - 1, _REACH_PX + 2)
        across, down = np.any(half[:, near], axis=1), np.any(half[:, :, near], axis=2)
        before, after = slice(_REACH_PX, None, -1), slice(_REACH_PX, None)
        low = np.stack([np.cumprod(side[:, before], axis=1).sum(axis=1) for side in (across, down)], axis=1)
        high = np.stack([np.cumprod(side[:, after], axis=1).sum(axis=1) for side in (across, down)], axis=1)
        low, high = (np.maximum(side - 0.5 - _BLUR_PX, _LEAST_SIDE_PX / 2) for side in (low, high))
        return np.concatenate([places + 0.5 - low, places + 0.5 + high], axis=1)

    def _sums(self, places: Float | Int, steps_px: Float | Int, *, of_own: bool = False) -> Float:
        """Sums along ways, by what is usual around or by what the very places show. shape (N, M) [standard deviations]

        Args:
            places: shape (N, M, 2) [px]
            steps_px: shape (N, K, 2)
        """
        height, width = self._shown.own.shape
        total = np.zeros(places.shape[:2])
        for k, (usual, difference) in enumerate(zip(self._shown.usual, self._shown.differences, strict=True)):
            x, y = _inside(places - steps_px[:, None, k], (width, height))
            total += np.clip(difference[y, x] / self._shown.own[y, x], -CLIP, CLIP) if of_own else usual[y, x] / UNIT
        return total


def _grid(along: NDArray[Any]) -> NDArray[Any]:
    """All pairs of these, the first of a pair fastest. shape (N * N, 2)"""
    return np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)


def _inside(places: Float | Int, size_px: tuple[int, int]) -> tuple[Int, Int]:
    there = np.rint(places).astype(np.int64)
    return np.clip(there[..., 0], 0, size_px[0] - 1), np.clip(there[..., 1], 0, size_px[1] - 1)
