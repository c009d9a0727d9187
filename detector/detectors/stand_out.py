"""Which pixels of a thing stand out from what surrounds it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_BIN_BITS = 3  # 32 bins of 8 grey levels
_LEAST_MARGIN_PX = 8
_AROUND = 0.6  # sizes
_HALO_PX = 3  # between the thing and what counts as its surroundings
_LEAST_PIXELS = 12
_COMMONER = 2.0  # times as common within as around
_CLOSE = 0.12  # sizes


class Outline(NamedTuple):
    """One thing."""

    x: int  # of the mask's first pixel in the picture
    y: int
    mask: U8  # 255 on the thing, 0 elsewhere
    overlap: float  # of the grey levels within and around it: 1 where they are the same

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """The box around it, the last two exclusive. [px]"""
        x, y, width, height = cv2.boundingRect(self.mask)
        return self.x + x, self.y + y, self.x + x + width, self.y + y + height


def outline(picture: U8, xy: NDArray[np.float64]) -> Outline | None:
    """The thing that some points lie on: inside their hull, the grey levels commoner there than around it.

    Args:
        picture: shape (H, W)
        xy: shape (N, 2) [px]

    Returns:
        Its largest piece, filled; None where there is nothing of the kind or nothing around it.

    Source of the idea that what stands out is what differs most from its own surroundings: Mahadevan & Vasconcelos
    2010, IEEE TPAMI 32(1), p. 171.
    """
    height, width = picture.shape
    low, high = xy.min(axis=0), xy.max(axis=0) + 1
    size = float((high - low).max())
    margin = max(_LEAST_MARGIN_PX, _AROUND * size)
    x0, y0 = np.maximum(low - margin, 0).astype(int).tolist()
    x1, y1 = np.minimum(high + margin, (width, height)).astype(int).tolist()
    window = picture[y0:y1, x0:x1]
    hull = np.zeros(window.shape, np.uint8)
    points = cv2.convexHull((xy - (x0, y0)).astype(np.float32))
    cv2.fillConvexPoly(hull, np.rint(points).astype(np.int32), 255)
    within = cv2.dilate(hull, np.ones((3, 3), np.uint8)) > 0
    reach = 3 + 2 * _HALO_PX - 2
    around = cv2.dilate(hull, np.ones((reach, reach), np.uint8)) == 0
    if min(np.count_nonzero(within), np.count_nonzero(around)) < _LEAST_PIXELS:
        return None
    inner, outer = levels(window[within]), levels(window[around])
    own = ((inner > _COMMONER * outer)[window >> _BIN_BITS] & within).astype(np.uint8)
    close_px = max(3, int(_CLOSE * size) | 1)
    own = cv2.morphologyEx(own, cv2.MORPH_CLOSE, np.ones((close_px, close_px), np.uint8))
    pieces, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not pieces:
        return None
    mask = np.zeros(window.shape, np.uint8)
    cv2.drawContours(mask, [max(pieces, key=cv2.contourArea)], -1, 255, -1)
    return Outline(x0, y0, mask, float(np.sqrt(inner * outer).sum()))


def levels(values: U8) -> NDArray[np.float64]:
    """Shares of the grey levels in 32 bins, smoothed over three, sum 1. shape (32,)

    Slow twin: tests/naive_restless.py.
    """
    counts = np.bincount(values.ravel() >> _BIN_BITS, minlength=256 >> _BIN_BITS).astype(np.float64)
    smooth = np.convolve(counts, (0.25, 0.5, 0.25), "same")
    return np.asarray(smooth / smooth.sum())
