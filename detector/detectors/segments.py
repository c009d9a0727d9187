"""From a distance to the background to things: masks and boxes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.shadow import shadow

U8 = NDArray[np.uint8]

_THIRD_OF_NINE = 85  # mean of a 3x3 of which three are 255


class SegmentSettings(Protocol):
    """What is asked of the settings."""

    @property
    def low_share(self) -> float: ...
    @property
    def close_px(self) -> int: ...
    @property
    def min_area_px(self) -> float: ...
    @property
    def max_detections(self) -> int: ...


class Segments(NamedTuple):
    """Things in one picture. xyxy: (N, 4), x1 and y1 exclusive [px]; peak: (N,) [1]; mask: 0 and 255, (H, W)"""

    xyxy: NDArray[np.float64]
    peak: NDArray[np.float32]
    mask: U8


def segments(picture: U8, mean: U8, distance: U8, threshold: U8, settings: SegmentSettings) -> Segments:
    """Connected places that differ from the background by more than the threshold, with what is around above a share.

    Shadow is left out, single pixels are, gaps and holes are filled.
    """
    lit = cv2.bitwise_and(distance, cv2.bitwise_not(shadow(picture, mean, 0.6, 0.97, 4.0)))
    high = cv2.compare(lit, threshold, cv2.CMP_GT)
    low = cv2.compare(lit, cv2.convertScaleAbs(threshold, alpha=settings.low_share), cv2.CMP_GT)
    high = cv2.bitwise_and(high, cv2.compare(cv2.boxFilter(high, -1, (3, 3)), _THIRD_OF_NINE, cv2.CMP_GE))
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (settings.close_px, settings.close_px))
    mask = cv2.bitwise_or(cv2.bitwise_and(low, cv2.dilate(high, near)), high)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, near)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # The outline runs through the centres of the border pixels: half of each lies outside.
    large = [one for one in outlines if cv2.contourArea(one) + len(one) / 2 + 1 >= settings.min_area_px]
    boxes = np.array([cv2.boundingRect(one) for one in large], np.int64).reshape(-1, 4)
    peak = np.array([_peak(lit, threshold, box) for box in boxes.tolist()], np.float32)
    order = np.argsort(-peak, kind="stable")[: settings.max_detections]
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [large[row] for row in order.tolist()], -1, 255, -1)
    boxes = boxes[order]
    xyxy = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).astype(np.float64)
    return Segments(xyxy, peak[order], filled)


def _peak(distance: NDArray[np.uint8], threshold: U8, box: list[int]) -> float:
    """Largest distance in a box, in units of the threshold there. [1]"""
    x, y, width, height = box
    part = np.s_[y : y + height, x : x + width]
    return float((distance[part] / np.maximum(threshold[part], 1)).max())
