"""Compact spots that are darker or brighter than all around them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_SIDE_PX = 15  # a spot is narrower than this, at one of the levels
_LONGEST_PX = 24
_LONGEST_FINEST_PX = 36  # who stands is slim and long; at a coarser level he is one spot with the wave behind him
_LEAST_SIDE_PX = 2
_LEAST_PIXELS = 6
_LEAST_FILL = 0.3  # of its box: a streak of foam fills less
_MUCH_FINER, _FINER = 0.04, 0.5  # area of a spot in another one, of its area: less is a speck on it, more the same
_MOST_COMMON = 0.5  # of the smaller of a bright and a dark spot lies in the other's box
_FINER_PX = 8  # what is smaller at a coarse level was seen at the finer one
_USUAL_PX = 61
_LEAST_GREY = 10
_TIMES_USUAL = 3


def contrasts(picture: U8, count: int, levels: int = 3) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The spots of most contrast in a picture.

    Contrast is what a morphological opening takes away from a bright spot, or a closing adds to a dark one, in units
    of what is usual in the 61 px around: a speckle of foam among others is nothing.

    Args:
        picture: shape (H, W)
        count: at most so many. [1]
        levels: pictures looked at, each half the size of the one before.

    Returns:
        Boxes, shape (N, 4) [px], and their contrasts, shape (N,) [1]; first those whose contrast times the square root
        of their size is highest. No two bright ones overlap, nor two dark ones: a dark surfer and the foam at his feet
        are two things.
    """
    found = []
    for level in range(levels):
        if min(picture.shape) < 2 * _SIDE_PX:
            break
        for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
            boxes, peaks = _at_one_level(picture, operation, finest=level == 0)
            found.append((boxes * 2.0**level, peaks, np.full(len(peaks), operation == cv2.MORPH_BLACKHAT)))
        height, width = picture.shape
        half = (width // 2, height // 2)
        even = picture[: half[1] * 2, : half[0] * 2]
        picture = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    xyxy = np.concatenate([np.zeros((0, 4)), *(boxes for boxes, _, _ in found)])
    peak = np.concatenate([np.zeros(0), *(peaks for _, peaks, _ in found)])
    dark = np.concatenate([np.zeros(0, np.bool_), *(dark for _, _, dark in found)])
    size = np.sqrt(_area(xyxy))
    chosen = apart(xyxy, peak, dark, np.argsort(-peak * np.sqrt(size), kind="stable"), count)
    return xyxy[chosen], peak[chosen]


def apart(
    xyxy: NDArray[np.float64],
    peak: NDArray[np.float64],
    dark: NDArray[np.bool_],
    order: NDArray[np.int64],
    count: int,
) -> list[int]:
    """The first `count` spots in that order that overlap none of their kind chosen before.

    Passed over is what owes its contrast to a finer spot of its kind in it: a surfer before the dark face of a wave is
    a spot of his own, and at a coarser level one with the wave. A dark and a bright one may overlap, if less than half
    of the smaller is common to both. Slow twin: tests/naive_restless.py.
    """
    chosen: list[int] = []
    free = np.ones(len(xyxy), np.bool_)
    (x0, y0, x1, y1), area = xyxy.T, _area(xyxy)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    for row in order.tolist():
        if len(chosen) == count:
            break
        if not free[row]:
            continue
        alike = dark == dark[row]
        finer = alike & (peak >= peak[row]) & (area > _MUCH_FINER * area[row]) & (area < _FINER * area[row])
        if (finer & (x >= x0[row]) & (x < x1[row]) & (y >= y0[row]) & (y < y1[row])).any():
            continue
        chosen.append(row)
        across = np.minimum(x1, x1[row]) - np.maximum(x0, x0[row])
        common = across.clip(0) * (np.minimum(y1, y1[row]) - np.maximum(y0, y0[row])).clip(0)
        free &= (common <= 0) | (~alike & (common <= _MOST_COMMON * np.minimum(area, area[row])))
        free[row] = False
    return chosen


def _area(xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """shape (N, 4) [px] -> (N,) [px2]"""
    return np.asarray(np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1))


def _at_one_level(picture: U8, operation: int, *, finest: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    height, width = picture.shape
    above = cv2.morphologyEx(picture, operation, np.ones((_SIDE_PX, _SIDE_PX), np.uint8))
    usual = cv2.blur(above, (_USUAL_PX, _USUAL_PX))
    least = np.maximum(cv2.convertScaleAbs(usual, alpha=_TIMES_USUAL), np.uint8(_LEAST_GREY))
    mask = cv2.compare(above, least, cv2.CMP_GE)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(one) for one in outlines], np.int64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    sides = boxes[:, 2:] - boxes[:, :2]
    long, short = sides.max(axis=1, initial=0), sides.min(axis=1, initial=width + height)
    good = (short >= _LEAST_SIDE_PX) & (sides.prod(axis=1) >= _LEAST_PIXELS)
    good &= long <= (_LONGEST_FINEST_PX if finest else _LONGEST_PX)
    good &= (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2] < width) & (boxes[:, 3] < height)
    boxes = boxes[good if finest else good & (long >= _FINER_PX)]
    total = cv2.integral(mask)
    (x0, y0, x1, y1), area = boxes.T, (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    covered = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0]
    boxes = boxes[covered >= _LEAST_FILL * 255 * area]
    ratio = cv2.divide(above, least, dtype=cv2.CV_32F)
    peak = [ratio[y0:y1, x0:x1].max() for x0, y0, x1, y1 in boxes.tolist()]
    return boxes.astype(np.float64), _TIMES_USUAL * np.array(peak, np.float64)
