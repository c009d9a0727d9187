"""Shadow on the ground: darker, but still the ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_WINDOW = (5, 5)


_DARKEST, _FAINT, _LIGHTEST = 0.55, 0.92, 0.97
_TEXTURE_GREY = 4.0


def shadow(picture: U8, mean: U8) -> tuple[U8, U8]:
    """255 where the background, dimmed by one factor in each 5x5, explains the picture. Twice, shape (H, W)

    Within 4 grey levels on the mean, by a factor of 0.55 to 0.92; and by 0.92 to 0.97, as a sky that is half
    covered makes them. Anything bright enough is no shadow.
    """
    was = np.maximum(cv2.blur(mean, _WINDOW), 1)
    dimmed = cv2.divide(cv2.blur(picture, _WINDOW), was, scale=128, dtype=cv2.CV_8U)
    expected = cv2.multiply(mean, dimmed, scale=1 / 128, dtype=cv2.CV_8U)
    error = cv2.blur(cv2.absdiff(picture, expected), _WINDOW)
    _, ground = cv2.threshold(error, _TEXTURE_GREY, 255, cv2.THRESH_BINARY_INV)
    dark = cv2.inRange(dimmed, round(128 * _DARKEST), round(128 * _FAINT))
    faint = cv2.inRange(dimmed, round(128 * _FAINT) + 1, round(128 * _LIGHTEST))
    dark, faint = cv2.bitwise_and(dark, ground), cv2.bitwise_and(faint, ground)
    return np.asarray(dark, np.uint8), np.asarray(faint, np.uint8)
