"""What comes together along straight ways over the ground, though no picture shows it for certain."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]

_CLIP = 3.0  # standard deviations: no single picture decides
_UNIT = 64  # of these a standard deviation is
_LIGHT_PX = 16  # what changes over wider places is light
_AROUND_PX = 25
_QUARTER = 4
_LEAST_GREY = 0.15
_APART_PX = 3  # two peaks no farther apart are one thing
_REACH_PX = 10  # a thing is no larger, from its middle on
_BLUR_PX = 0.75  # by so much what is smoothed is wider, at either side
_LEAST_SIDE_PX = 1.5


class Shown(NamedTuple):
    """How each of some pictures differs from their mean.

    usual: in standard deviations of what is usual around, in 64ths, clipped at three. K of shape (H, W)
    own: in what the very place has shown in these pictures, the same.
    """

    usual: list[I16]
    own: list[I16]


class Together(NamedTuple):
    """Things that go straight on, where they are in the newest picture.

    xyxy: shape (N, 4) [px]
    velocity_px_s: shape (N, 2)
    sigma: how far the sum along its way stands out, in standard deviations. shape (N,)
    """

    xyxy: Float
    velocity_px_s: Float
    sigma: Float


def shown(pictures: list[F32]) -> Shown:
    """How the pictures, laid over one another, differ from their mean. Changes of light, which are wide, are left out.

    The ground is in the mean and in each; a thing that goes on is in each at another place, and hardly in the mean.
    """
    mean = sum(pictures[1:], pictures[0].copy()) * np.float32(1 / len(pictures))
    differences = [_without_light(picture - mean) for picture in pictures]
    energy = np.zeros_like(mean)
    for one in differences:
        cv2.accumulateSquare(one, energy)
    energy *= np.float32(1 / len(pictures))
    spread = cv2.sqrt(energy)
    height, width = mean.shape
    small = cv2.resize(spread, (width // _QUARTER, height // _QUARTER), interpolation=cv2.INTER_AREA)
    least = max(0.8 * float(np.median(small)), _LEAST_GREY)
    # Of places where little moves the median is what is usual; of trees and edges what is loudest, too.
    middle = cv2.resize(cv2.medianBlur(small, 5), (width, height))
    np.maximum(middle, float(np.median(small)), out=middle)
    loud = cv2.sqrt(cv2.blur(energy, (_AROUND_PX, _AROUND_PX)))
    usual = np.maximum(cv2.sqrt(middle * np.maximum(middle, loud)), least)
    own = np.maximum(cv2.blur(spread, (3, 3)), max(float(np.median(small)), _LEAST_GREY))
    return Shown([_in_units(one, usual) for one in differences], [_in_units(one, own) for one in differences])


def _without_light(difference: F32) -> F32:
    height, width = difference.shape
    size = (max(width // _LIGHT_PX, 1), max(height // _LIGHT_PX, 1))
    light = cv2.blur(cv2.resize(difference, size, interpolation=cv2.INTER_AREA), (3, 3))
    difference -= cv2.resize(light, (width, height))
    return np.asarray(cv2.blur(difference, (3, 3)), np.float32)


def _in_units(difference: F32, sigma: F32) -> I16:
    return np.asarray(np.clip(difference * (_UNIT / sigma), -_CLIP * _UNIT, _CLIP * _UNIT), np.int16)


class Strongest:
    """The way along which most comes together, for each place in the newest picture.

    Args:
        shown: newest first.
        steps_px: how far each of the ways leads in these pictures, back from the newest. shape (V, K, 2), whole [px]
    """

    def __init__(self, shown: Shown, steps_px: NDArray[np.int64]) -> None:
        self._shown = shown
        self._steps_px = steps_px
        self._margin_px = int(np.abs(steps_px).max())
        height, width = shown.usual[0].shape
        inner = (height - 2 * self._margin_px, width - 2 * self._margin_px)
        self._best: I16 = np.zeros(inner, np.int16)
        self._way: NDArray[np.uint8] = np.zeros(inner, np.uint8)

    def look_along(self, way: int) -> None:
        """Take one of the ways."""
        height, width = self._best.shape
        margin = self._margin_px
        total = np.zeros((height, width), np.int16)
        for picture, (dx, dy) in zip(self._shown.usual, self._steps_px[way].tolist(), strict=True):
            y, x = margin - dy, margin - dx
            cv2.add(total, picture[y : y + height, x : x + width], dst=total)
        total = np.abs(total, out=total)
        cv2.copyTo(np.full_like(self._way, way), cv2.compare(total, self._best, cv2.CMP_GT), self._way)
        cv2.max(total, self._best, dst=self._best)

    def peaks(
        self, least: float, least_own: float, valid: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Float]:
        """Places (x, y), ways and sigmas of what stands out. shape (N, 2), (N,), (N,)

        Args:
            least: of what is usual around. [standard deviations]
            least_own: of what its very places show. [standard deviations]
            valid: 0 where a picture shows nothing. shape (H, W)
        """
        margin, root = self._margin_px, np.sqrt(len(self._shown.usual))
        enough = np.asarray(self._best >= least * _UNIT * root, np.uint8)
        side = 2 * margin + 1
        enough &= cv2.erode(valid, np.ones((side, side), np.uint8))[margin:-margin, margin:-margin] > 0
        if not cv2.countNonZero(enough):
            return np.zeros((0, 2), np.int64), np.zeros(0, np.int64), np.zeros(0)
        _, label = cv2.connectedComponents(cv2.dilate(enough, np.ones((_APART_PX, _APART_PX), np.uint8)))
        rows, columns = np.nonzero(enough)
        labels, value = label[rows, columns], self._best[rows, columns]
        order = np.lexsort((columns, rows, -value.astype(np.int64), labels))
        first = order[np.unique(labels[order], return_index=True)[1]]
        ways = self._way[rows[first], columns[first]].astype(np.int64)
        places = np.stack([columns[first], rows[first]], axis=1).astype(np.int64) + margin
        own = np.abs(_sums(self._shown.own, places[:, None], self._steps_px[ways])[:, 0]) / (_UNIT * root)
        keep = own >= least_own
        return places[keep], ways[keep], value[first][keep] / (_UNIT * root)

    def refined(self, places: NDArray[np.int64], ways: NDArray[np.int64]) -> tuple[Float, Float]:
        """The same places and steps, to a quarter of what lies between two ways: (N, 2) and (N, K, 2) [px]

        What a way too fast puts together is right in the middle of the time and too far ahead at its end.
        """
        steps = self._steps_px[ways].astype(np.float64)
        middle = steps.mean(axis=1, keepdims=True)
        slots = np.arange(len(self._shown.usual)) - (len(self._shown.usual) - 1) / 2
        quarters = np.arange(-2, 3) / 4
        turns = np.stack(np.meshgrid(quarters, quarters), axis=-1).reshape(-1, 2)
        asides = np.stack(np.meshgrid(np.arange(-1, 2), np.arange(-1, 2)), axis=-1).reshape(-1, 2)
        best, kept_steps, kept_places = np.zeros(len(places)), steps, places - middle[:, 0]
        for turn in turns:
            tried = steps - middle + slots[:, None] * turn
            sums = np.abs(_sums(self._shown.usual, (places - middle[:, 0])[:, None] + asides, tried))
            at = sums.argmax(axis=1)
            value = sums[np.arange(len(places)), at]
            better = value > best
            best = np.where(better, value, best)
            kept_steps = np.where(better[:, None, None], tried, kept_steps)
            kept_places = np.where(better[:, None], places - middle[:, 0] + asides[at], kept_places)
        newest = kept_steps[:, :1]
        return kept_places - newest[:, 0], kept_steps - newest

    def boxes(self, places: Float, steps_px: Float) -> Float:
        """What of the surroundings of each place comes together by half as much. shape (N, 4) [px]"""
        reach = min(_REACH_PX, self._margin_px)
        along = np.arange(-reach, reach + 1)
        grid = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
        sums = _sums(self._shown.usual, places[:, None] + grid, steps_px)
        sums = sums.reshape(len(places), len(along), len(along))
        at_peak = sums[:, reach, reach][:, None, None]
        half = sums * np.sign(at_peak) >= np.abs(at_peak) / 2
        across, down = half[:, reach - 1 : reach + 2].any(axis=1), half[:, :, reach - 1 : reach + 2].any(axis=2)
        extent = [
            np.cumprod(side, axis=1).sum(axis=1)
            for side in (across[:, reach::-1], down[:, reach::-1], across[:, reach:], down[:, reach:])
        ]
        left, up, right, below = (np.maximum(one - _BLUR_PX, _LEAST_SIDE_PX / 2 + 0.5) for one in extent)
        x, y = places[:, 0], places[:, 1]
        return np.stack([x - left + 1, y - up + 1, x + right, y + below], axis=1)


def _sums(pictures: list[I16], places: Float, steps_px: Float) -> Float:
    """Sums along ways. places: (N, M, 2) [px]; steps_px: (N, K, 2), back from the newest. shape (N, M)"""
    height, width = pictures[0].shape
    total = np.zeros(places.shape[:2])
    for k, picture in enumerate(pictures):
        there = np.rint(places - steps_px[:, None, k]).astype(np.int64)
        x, y = np.clip(there[..., 0], 0, width - 1), np.clip(there[..., 1], 0, height - 1)
        total += picture[y, x]
    return total
