"""Smaller pictures of a frame, each made once and shared by all who ask."""

from __future__ import annotations

from functools import cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.model import Frame, read_only

_MIN_SIDE_PX = 16
_pictures: WeakKeyDictionary[Frame, list[NDArray[np.uint8]]] = WeakKeyDictionary()


def level_at_most(size_px: tuple[int, int], side_px: int) -> int:
    """Fewest halvings after which the longer side is at most `side_px`; none makes a side shorter than 16 px."""
    width, height = size_px
    level = 0
    while max(width, height) > side_px and min(width, height) >= 2 * _MIN_SIDE_PX:
        width, height, level = width // 2, height // 2, level + 1
    return level


def shrunk(frame: Frame, level: int) -> NDArray[np.uint8]:
    """Luma of the frame, halved `level` times by area means. shape (H >> level, W >> level), read-only, contiguous.

    Halvings are chained: two of them cost a third of one step by four (FACTS.md). An odd last row or column
    is left out, so that the scale is exactly 2 each time. At most one picture a level is kept, as long as the frame.

    Raises:
        ValueError: `level` is negative, or the picture has no pixel left at that level.
    """
    width, height = frame.size_px
    if level < 0 or (width >> level) < 1 or (height >> level) < 1:
        raise ValueError(f"level={level}: allowed are 0 and up while {width}x{height} px has a pixel left")
    pictures = _pictures.setdefault(frame, [])
    if not pictures:
        pictures.append(read_only(np.ascontiguousarray(frame.luma)) if level == 0 else frame.luma)
    while len(pictures) <= level:
        pictures.append(read_only(halved(pictures[-1])))
    if level == 0 and not pictures[0].flags.c_contiguous:
        pictures[0] = read_only(np.ascontiguousarray(frame.luma))
    return pictures[level]


@cache
def full_from_shrunk(level: int) -> NDArray[np.float64]:
    """Homography from pixels of a picture halved `level` times to full-size pixels. shape (3, 3), read-only

    Pixel centres have whole coordinates, so the centre of a 2x2 block lies half a pixel off its first pixel.
    """
    scale = float(1 << level)
    offset = (scale - 1) / 2
    return read_only(np.array([[scale, 0, offset], [0, scale, offset], [0, 0, 1]]))


def halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 2x2 pixels; an odd last row or column is left out. shape (H // 2, W // 2)"""
    height, width = picture.shape[0] & ~1, picture.shape[1] & ~1
    return np.asarray(
        cv2.resize(picture[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8
    )
