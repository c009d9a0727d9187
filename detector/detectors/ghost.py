"""Ground that was uncovered, not a thing that came."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.residual import edges

U8 = NDArray[np.uint8]

_MARGIN = np.ones((3, 3), np.uint8)
_CLEARER = 1.6


def is_ghost(picture: U8, mean: U8, earlier: U8, filled: U8, sigma: float) -> bool:
    """Whether a spot's border is an edge of the background and not of the picture, and has not stirred for a while.

    A thing that stood in the background's pictures and has left since leaves a spot of its shape, which would stay for
    as long as a thing that stops. All pictures show the spot with some margin.

    Args:
        earlier: the picture a few tenths of a second ago.
        filled: 255 within the spot.
        sigma: standard deviation of the noise. [grey levels]
    """
    border = cv2.subtract(cv2.dilate(filled, _MARGIN), cv2.erode(filled, _MARGIN))
    stirred = cv2.mean(cv2.absdiff(picture, earlier), border)[0]
    if stirred > 2.0 * sigma + 1.0:
        return False
    # The range of the noise in 3x3 pixels is about three standard deviations; the mean has none.
    now = max(cv2.mean(edges(picture), border)[0] - 3.0 * sigma, 1.0)
    was = cv2.mean(edges(mean), border)[0]
    return bool(was > _CLEARER * now + 2.0)
