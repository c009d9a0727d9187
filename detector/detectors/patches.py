"""Pieces of pictures, and how alike they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float

U8 = NDArray[np.uint8]

_MARGIN_PX = 2


def patch(picture: U8, box: Float) -> U8:
    """The piece of a picture that a box and 2 px around it hold. Outside the picture its edge is repeated.

    Args:
        box: x0, y0, x1, y1, the last two exclusive. [px]
    """
    size = tuple(int(v) for v in np.maximum(np.rint(box[2:] - box[:2]), 1) + 2 * _MARGIN_PX)
    centre = tuple(float(v) for v in np.clip((box[:2] + box[2:] - 1) / 2, -1e4, 1e4))
    return np.asarray(cv2.getRectSubPix(picture, (size[0], size[1]), (centre[0], centre[1])), np.uint8)


def likeness(piece: U8, picture: U8, box: Float, reach_px: int) -> float:
    """Highest normalised correlation of a piece with what lies within reach of a box of its size. [1]

    1 where the piece and some place agree up to brightness and contrast. Two plain ones (hardly any contrast) are
    alike if their means are.
    """
    around = patch(picture, box + np.array([-reach_px, -reach_px, reach_px, reach_px]))
    if piece.shape[0] > around.shape[0] or piece.shape[1] > around.shape[1]:
        return -1.0
    if piece.std() < 3.0:
        middle = around[reach_px:-reach_px, reach_px:-reach_px] if reach_px else around
        return 1.0 if middle.std() < 6.0 and abs(float(middle.mean()) - float(piece.mean())) < 12.0 else -1.0
    found = cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)
    return float(np.nan_to_num(found, nan=-1.0, posinf=-1.0, neginf=-1.0).max())


def contrast_to_ring(picture: U8, box: Float) -> float:
    """How much the mean and the spread in a box differ from those of a ring around it, half its size wide. [grey]"""
    x0, y0, x1, y1 = np.rint(box).astype(int).tolist()
    rim = max((x1 - x0) // 2, (y1 - y0) // 2, 3)
    inner = picture[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    outer = picture[max(y0 - rim, 0) : max(y1 + rim, 0), max(x0 - rim, 0) : max(x1 + rim, 0)]
    if inner.size == 0 or outer.size <= inner.size:
        return 0.0
    values, own = outer.astype(np.float64), inner.astype(np.float64)
    count = values.size - own.size
    mean = (values.sum() - own.sum()) / count
    spread = np.sqrt(max((np.square(values).sum() - np.square(own).sum()) / count - mean**2, 0.0))
    return float(abs(own.mean() - mean) + abs(own.std() - spread))
