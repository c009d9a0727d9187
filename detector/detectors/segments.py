"""From a distance to the background to things: masks and boxes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.shadow import shadow
from detector.detectors.split import parts

U8 = NDArray[np.uint8]

_THIRD_OF_NINE = 85  # mean of a 3x3 of which three are 255
_MARGIN_PX = 4


class SegmentSettings(Protocol):
    """What is asked of the settings."""

    @property
    def low_share(self) -> float: ...
    @property
    def close_px(self) -> int: ...
    @property
    def min_area_px(self) -> float: ...
    @property
    def soft_share(self) -> float: ...
    @property
    def max_detections(self) -> int: ...


class Segments(NamedTuple):
    """Things in one picture.

    xyxy: x1 and y1 exclusive. shape (N, 4) [px]
    peak: largest distance in units of the threshold there. shape (N,) [1]
    mask: 0 and 255. shape (H, W)
    """

    xyxy: NDArray[np.float64]
    peak: NDArray[np.float32]
    mask: U8


def segments(picture: U8, mean: U8, distance: U8, threshold: U8, settings: SegmentSettings) -> Segments:
    """Connected places that differ from the background by more than the threshold, with what is around above a share.

    Shadow is left out, single pixels and threads are, gaps and holes are filled. What fades into its surroundings is
    light, haze or foliage; a thing has a border.
    """
    mask = np.zeros_like(distance)
    found: list[tuple[float, tuple[int, int, int, int]]] = []
    high = cv2.compare(distance, threshold, cv2.CMP_GT)
    x, y, width, height = cv2.boundingRect(high)
    if width:
        part = _around(x, y, width, height, distance.shape)
        _fill(picture[part], mean[part], distance[part], threshold[part], settings, mask[part], found)
        found = [
            (peak, (x0 + part[1].start, y0 + part[0].start, x1 + part[1].start, y1 + part[0].start))
            for peak, (x0, y0, x1, y1) in found
        ]
    found = sorted(found, key=lambda one: -one[0])[: settings.max_detections]
    xyxy = np.array([box for _, box in found], np.float64).reshape(-1, 4)
    return Segments(xyxy, np.array([peak for peak, _ in found], np.float32), mask)


def _fill(
    picture: U8,
    mean: U8,
    distance: U8,
    threshold: U8,
    settings: SegmentSettings,
    out: U8,
    found: list[tuple[float, tuple[int, int, int, int]]],
) -> None:
    """The same within one part of the picture; writes the mask to `out` and the boxes to `found`."""
    lit = cv2.bitwise_and(distance, cv2.bitwise_not(shadow(picture, mean, 0.6, 0.97, 4.0)))
    high = cv2.compare(lit, threshold, cv2.CMP_GT)
    low = cv2.compare(lit, cv2.convertScaleAbs(threshold, alpha=settings.low_share), cv2.CMP_GT)
    high = cv2.bitwise_and(high, cv2.compare(cv2.boxFilter(high, -1, (3, 3)), _THIRD_OF_NINE, cv2.CMP_GE))
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (settings.close_px, settings.close_px))
    mask = cv2.bitwise_or(cv2.bitwise_and(low, cv2.dilate(high, near)), high)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, near)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        # The outline runs through the centres of the border pixels: half of each lies outside.
        if cv2.contourArea(outline) + len(outline) / 2 + 1 < settings.min_area_px:
            continue
        x, y, width, height = cv2.boundingRect(outline)
        part = _around(x, y, width, height, mask.shape)
        filled = np.zeros((part[0].stop - part[0].start, part[1].stop - part[1].start), np.uint8)
        cv2.drawContours(filled, [outline], -1, 255, -1, offset=(-part[1].start, -part[0].start))
        here = distance[part]
        if _softness(here, filled) > settings.soft_share:
            continue
        peak = float(cv2.minMaxLoc(cv2.divide(here, threshold[part], scale=16, dtype=cv2.CV_8U), filled)[1]) / 16
        out[part] |= filled
        for x0, y0, x1, y1 in parts(filled):
            left, top = part[1].start, part[0].start
            found.append((peak, (left + x0, top + y0, left + x1, top + y1)))


def _softness(distance: NDArray[np.uint8], filled: U8) -> float:
    """Mean distance just outside a spot over that just inside. 1 where it has no border, 0 for a thing on a still ground."""
    wide = cv2.dilate(filled, np.ones((7, 7), np.uint8))
    outside = cv2.subtract(wide, cv2.dilate(filled, np.ones((3, 3), np.uint8)))
    inside = cv2.subtract(filled, cv2.erode(filled, np.ones((5, 5), np.uint8)))
    without, within = cv2.mean(distance, outside)[0], cv2.mean(distance, inside)[0]
    return without / max(within, 1.0)


def _around(x: int, y: int, width: int, height: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a box with a margin."""
    return (
        slice(max(y - _MARGIN_PX, 0), min(y + height + _MARGIN_PX, shape[0])),
        slice(max(x - _MARGIN_PX, 0), min(x + width + _MARGIN_PX, shape[1])),
    )
