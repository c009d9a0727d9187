"""Shadow on the ground: darker, but still the ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_WINDOW = (5, 5)


def shadow(picture: U8, mean: U8, darkest: float, lightest: float, texture_grey: float) -> U8:
    """255 where the background, dimmed by one factor in each 5x5, explains the picture. shape (H, W)

    Args:
        darkest, lightest: the factor. [1]
        texture_grey: mean error of that explanation allowed. [grey levels]
    """
    dimmed = cv2.divide(cv2.blur(picture, _WINDOW), cv2.max(cv2.blur(mean, _WINDOW), 1), scale=128, dtype=cv2.CV_8U)
    expected = cv2.multiply(mean, dimmed, scale=1 / 128, dtype=cv2.CV_8U)
    error = cv2.blur(cv2.absdiff(picture, expected), _WINDOW)
    dark = cv2.inRange(dimmed, round(128 * darkest), round(128 * lightest))
    return np.asarray(cv2.bitwise_and(dark, cv2.compare(error, texture_grey, cv2.CMP_LE)), np.uint8)
