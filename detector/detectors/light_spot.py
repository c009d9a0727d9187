"""A bright spot and what lies around it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float

U8 = NDArray[np.uint8]

_BOX_REACH_PX = 40
_DRIFT_PX = 2
_NEAR_PX, _FAR_PX = 10, 16  # the ring around a spot
_CONTRAST_PX = 6


class View(NamedTuple):
    """A place in one picture. place: x, y, shape (2,) [px]"""

    picture: U8
    place: Float


def bright_box(picture: U8, place: Float, least: float) -> Float | None:
    """The connected spot brighter than `least` at a place, within 40 px. x0, y0, x1, y1 [px]; None: there is none."""
    x, y = (int(v) for v in np.rint(place))
    x0, y0 = max(x - _BOX_REACH_PX, 0), max(y - _BOX_REACH_PX, 0)
    part = picture[y0 : max(y + _BOX_REACH_PX + 1, 0), x0 : max(x + _BOX_REACH_PX + 1, 0)]
    left, top = max(x - x0 - _DRIFT_PX, 0), max(y - y0 - _DRIFT_PX, 0)
    near = part[top : max(y - y0 + _DRIFT_PX + 1, 0), left : max(x - x0 + _DRIFT_PX + 1, 0)]
    if near.size == 0 or near.max() <= least:
        return None
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    mask = np.asarray(part > least, np.uint8)
    _, _, _, (bx, by, wide, high) = cv2.floodFill(mask, None, (left + int(column), top + int(row)), 2)
    return np.array([x0 + bx, y0 + by, x0 + bx + wide, y0 + by + high], np.float64)


def ring_level(picture: U8, place: Float) -> float:
    """Median grey level at 10 to 16 px from a place. [grey] 0 where nothing of it is in the picture"""
    height, width = picture.shape
    x, y = (int(v) for v in np.rint(np.clip(place, 0, (width - 1, height - 1))))
    rows = [r for r in (y - _FAR_PX, y - _NEAR_PX, y + _NEAR_PX, y + _FAR_PX) if 0 <= r < height]
    part = picture[rows, max(x - _FAR_PX, 0) : x + _FAR_PX + 1 : 2]
    return float(np.median(part)) if part.size else 0.0


def contrast(picture: U8, place: Float) -> tuple[float, float]:
    """Darkest and brightest pixel within 6 px of a place. [grey]"""
    height, width = picture.shape
    x, y = (int(v) for v in np.rint(np.clip(place, 0, (width - 1, height - 1))))
    part = picture[max(y - _CONTRAST_PX, 0) : y + _CONTRAST_PX + 1, max(x - _CONTRAST_PX, 0) : x + _CONTRAST_PX + 1]
    return float(part.min()), float(part.max())


def change(one: View, other: View, reach_px: int, share: float = 1.0) -> float:
    """Change that `share` of what is within reach of a place do not exceed, light's out, means of 3x3. [grey]"""
    difference = _around(one, reach_px) - _around(other, reach_px)
    size = np.abs(cv2.blur(difference - np.median(difference), (3, 3)))
    return float(size.max() if share == 1.0 else np.quantile(size, share))


def went_dark(one: View, before: View, reach_px: int) -> float:
    """How much darker than before the darkest spot within reach is, as in `change`. [grey] 0 where nothing is"""
    difference = _around(one, reach_px) - _around(before, reach_px)
    # A large light fills the window: its rise is no change of light.
    return float(max(-cv2.blur(difference - min(np.median(difference), 0.0), (3, 3)).min(), 0.0))


def _around(view: View, reach_px: int) -> Float:
    x, y = np.nan_to_num(view.place, nan=-1e4).clip(-1e4, 1e4).tolist()
    side = 2 * reach_px + 1
    return np.asarray(cv2.getRectSubPix(view.picture, (side, side), (x, y)), np.float64)
