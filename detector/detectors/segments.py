"""From a distance to the background to things: masks and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.cells import cell_means
from detector.detectors.ghost import is_ghost
from detector.detectors.shadow import shadow
from detector.detectors.split import Box, parts

U8 = NDArray[np.uint8]

_THIRD_OF_NINE = 85  # mean of a 3x3 of which three are 255
_MARGIN_PX = 4
_HALVINGS = 3
_CELL_PX = 1 << _HALVINGS
_WHOLE_SHARE = 0.88
_CORE_SHARE = 0.25
_LEAST_SMALL_PX2 = 3
_TWO_OF_A_CELL = 7  # mean of an 8x8 of which two are 255


class Clear(NamedTuple):
    """How small a spot may be and how far it has to stand out to count in spite of it.

    most_px: its longer side at most. [px]
    times: somewhere in it, the distance in units of the threshold. [1]
    """

    most_px: int
    times: float


_BESIDE = Clear(5, 3.0)  # of something large: most of it is a piece of that
_ALONE = Clear(8, 2.5)  # a person and the shadow at their feet


class SegmentSettings(Protocol):
    """What is asked of the settings."""

    @property
    def low_share(self) -> float:
        """Least distance around a spot, in units of the threshold. [1]"""
        ...

    @property
    def close_px(self) -> int:
        """Gaps up to this are closed. [px]"""
        ...

    @property
    def min_area_px(self) -> float:
        """Least area. [px2]"""
        ...

    @property
    def max_detections(self) -> int:
        """So many at most."""
        ...


class Looked(NamedTuple):
    """What was looked at: the picture, the mean background, the picture a few tenths of a second ago, and its noise."""

    picture: U8
    mean: U8
    earlier: U8
    sigma: float


class _Full(NamedTuple):
    """Of the whole picture: distance, threshold, and what differs before gaps are closed."""

    seen: Looked
    distance: U8
    threshold: U8
    differs: U8
    mask: U8
    ghost: U8


class Segments(NamedTuple):
    """Things in one picture.

    xyxy: x1 and y1 exclusive. shape (N, 4) [px]
    peak: largest distance in units of the threshold there. shape (N,) [1]
    mask: 0 and 255. shape (H, W)
    ghost: where a thing has left that was taken for background. 0 and 255, shape (H, W)
    """

    xyxy: NDArray[np.float64]
    peak: NDArray[np.float32]
    mask: U8
    ghost: U8


def segments(seen: Looked, distance: U8, threshold: U8, settings: SegmentSettings) -> Segments:
    """Connected places that differ from the background by more than the threshold, with what is around above a share.

    Shadow is left out, single pixels and threads are, gaps and holes are filled.
    """
    empty = np.zeros_like(distance)
    full = _Full(seen, distance, threshold, empty, empty.copy(), empty.copy())
    found: list[tuple[float, Box]] = []
    for part, region in _regions(np.asarray(cv2.compare(distance, threshold, cv2.CMP_GT), np.uint8)):
        near = np.asarray(cv2.bitwise_and(distance[part], region), np.uint8)
        outlines, raw = _spots(seen.picture[part], seen.mean[part], near, threshold[part], settings)
        full.differs[part] |= raw
        for outline in outlines:
            found += _things(outline, (part[1].start, part[0].start), full)
    found = sorted(found, key=lambda one: -one[0])[: settings.max_detections]
    xyxy = np.array([box for _, box in found], np.float64).reshape(-1, 4)
    return Segments(xyxy, np.array([peak for peak, _ in found], np.float32), full.mask, full.ghost)


def _regions(high: NDArray[np.uint8]) -> Iterator[tuple[tuple[slice, slice], U8]]:
    """Parts of the picture with something in them, and in each the region that is not another part's. 0 and 255"""
    height, width = high.shape
    _, cells = cv2.threshold(cell_means(high, _HALVINGS), _TWO_OF_A_CELL - 1, 255, cv2.THRESH_BINARY)
    outlines, _ = cv2.findContours(cv2.dilate(cells, np.ones((3, 3))), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        x, y, wide, tall = cv2.boundingRect(outline)
        region = np.zeros((tall, wide), np.uint8)
        cv2.drawContours(region, [outline], -1, 255, -1, offset=(-x, -y))
        part = (
            slice(y * _CELL_PX, min((y + tall) * _CELL_PX, height)),
            slice(x * _CELL_PX, min((x + wide) * _CELL_PX, width)),
        )
        whole = cv2.resize(region, (wide * _CELL_PX, tall * _CELL_PX), interpolation=cv2.INTER_NEAREST)
        yield part, np.asarray(whole[: part[0].stop - part[0].start, : part[1].stop - part[1].start], np.uint8)


def _spots(
    picture: U8, mean: U8, distance: NDArray[np.uint8], threshold: U8, settings: SegmentSettings
) -> tuple[list[NDArray[np.int32]], U8]:
    """Outlines of what differs within one part of the picture, gaps closed, and the mask before that."""
    dark, faint = shadow(picture, mean)
    lit = cv2.bitwise_and(distance, cv2.bitwise_not(dark))
    high = cv2.compare(lit, threshold, cv2.CMP_GT)
    # A faint shade beside something is its shadow; alone it may be a thing in fog.
    core = cv2.bitwise_and(high, cv2.bitwise_not(faint))
    if cv2.countNonZero(core) > _CORE_SHARE * cv2.countNonZero(high):
        lit, high = cv2.bitwise_and(lit, cv2.bitwise_not(faint)), core
    high = cv2.bitwise_and(
        high, cv2.threshold(cv2.boxFilter(high, -1, (3, 3)), _THIRD_OF_NINE - 1, 255, cv2.THRESH_BINARY)[1]
    )
    if not cv2.hasNonZero(high):
        return [], np.asarray(high, np.uint8)
    low = cv2.compare(lit, cv2.convertScaleAbs(threshold, alpha=settings.low_share), cv2.CMP_GT)
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (settings.close_px, settings.close_px))
    raw = cv2.bitwise_or(cv2.bitwise_and(low, cv2.dilate(high, near)), high)
    mask = cv2.morphologyEx(raw, cv2.MORPH_CLOSE, near)
    # What is thinner than three pixels is left out: tapes, cables, edges that shifted.
    thick = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    large = [one for one in _outlines(thick) if _area(one) >= settings.min_area_px]
    small = small_and_clear(
        np.asarray(mask, np.uint8),
        thick,
        np.asarray(lit, np.uint8),
        threshold,
        settings.min_area_px,
        _BESIDE if large else _ALONE,
    )
    return large + _outlines(small), np.asarray(raw, np.uint8)


def small_and_clear(mask: U8, thick: U8, distance: U8, threshold: U8, min_area_px: float, clear: Clear) -> U8:
    """Spots too thin or too small to count that stand out so far that they do: a person far away.

    Args:
        mask: what differs; 0 or 255. shape (H, W)
        thick: what of it is three pixels wide; 0 or 255. shape (H, W)
        distance: to the background. shape (H, W) [grey]
        threshold: least distance that counts. shape (H, W) [grey]
        min_area_px: a spot with so much of `thick` counts already. [px2]
        clear: how small, and how far.

    Returns:
        The spots of 3 pixels or more that are no longer and stand out as far as `clear` asks for. 0 or 1, shape (H, W).
        Slow twin: tests/naive_vision_still.py.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    wide, tall, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    small = (wide <= clear.most_px) & (tall <= clear.most_px) & (area >= _LEAST_SMALL_PX2)
    small[0] = False
    if small.any():
        far = distance > clear.times * threshold.astype(np.float32)
        small &= np.bincount(labels[far], minlength=count) > 0
        small &= np.bincount(labels[thick > 0], minlength=count) < min_area_px
    return np.asarray(small[labels], np.uint8)


def _outlines(mask: U8) -> list[NDArray[np.int32]]:
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(one, np.int32) for one in outlines]


def _area(outline: NDArray[np.int32]) -> float:
    """Pixels within and on an outline, which runs through the centres of the border pixels. [px2]"""
    return float(cv2.contourArea(outline)) + len(outline) / 2 + 1


def _things(outline: NDArray[np.int32], offset: tuple[int, int], full: _Full) -> list[tuple[float, Box]]:
    """Peak and box of each thing within one outline; fills it in the mask. None where a thing has only left."""
    x, y, width, height = cv2.boundingRect(outline)
    left, top = max(x + offset[0] - _MARGIN_PX, 0), max(y + offset[1] - _MARGIN_PX, 0)
    part = np.s_[top : y + offset[1] + height + _MARGIN_PX, left : x + offset[0] + width + _MARGIN_PX]
    here = full.distance[part]
    filled = np.zeros_like(here)
    cv2.drawContours(filled, [outline], -1, 255, -1, offset=(offset[0] - left, offset[1] - top))
    seen = full.seen
    if is_ghost(seen.picture[part], seen.mean[part], seen.earlier[part], filled, seen.sigma):
        full.ghost[part] |= filled
        return []
    full.mask[part] |= filled
    peak = float(cv2.minMaxLoc(cv2.divide(here, full.threshold[part], scale=16, dtype=cv2.CV_8U), filled)[1]) / 16
    raw = np.asarray(cv2.bitwise_and(filled, full.differs[part]), np.uint8)
    hull = np.asarray(cv2.convexHull(outline), np.int32)
    # What fills its hull is one thing.
    pieces = parts(raw) if cv2.countNonZero(raw) < _WHOLE_SHARE * _area(hull) else []
    if len(pieces) < 2:
        return [(peak, (x + offset[0], y + offset[1], x + offset[0] + width, y + offset[1] + height))]
    return [(peak, (left + x0, top + y0, left + x1, top + y1)) for x0, y0, x1, y1 in pieces]
