"""How much a picture differs from both an earlier and a later one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]

LIGHT_BLOCK_PX = 16
_LIGHT_STEP_GREY = 2  # less is rounding
_NOISE_STEP = 7  # every seventh row and column is enough to measure the noise by


def warped(picture: U8, target_from_picture: NDArray[np.float64], target: U8) -> U8:
    """The picture as seen from the target's place; where it has nothing to show, the target itself."""
    height, width = picture.shape
    return np.asarray(
        cv2.warpPerspective(
            picture,
            target_from_picture,
            (width, height),
            dst=target.copy(),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        ),
        np.uint8,
    )


def difference(picture: U8, other: U8) -> I16:
    """picture - other, with slow changes of light taken out. shape as given, int16

    The light's change is the difference of 16x16 block means, median-filtered so that a mover does not count.
    """
    raw = cv2.subtract(picture, other, dtype=cv2.CV_16S)
    light = cv2.medianBlur(cv2.subtract(_block_means(picture), _block_means(other), dtype=cv2.CV_16S), 5)
    if np.abs(light).max() >= _LIGHT_STEP_GREY:
        rows, columns = light.shape
        whole = cv2.resize(light, (columns * LIGHT_BLOCK_PX, rows * LIGHT_BLOCK_PX), interpolation=cv2.INTER_LINEAR)
        raw = cv2.subtract(raw, np.ascontiguousarray(whole[: picture.shape[0], : picture.shape[1]]))
    return np.asarray(raw, np.int16)


def _block_means(picture: U8) -> U8:
    """Mean of each block; an incomplete one at the right and below is filled up with its last pixels."""
    height, width = picture.shape
    down, right = -height % LIGHT_BLOCK_PX, -width % LIGHT_BLOCK_PX
    if down or right:
        picture = np.asarray(cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    size = (picture.shape[1] // LIGHT_BLOCK_PX, picture.shape[0] // LIGHT_BLOCK_PX)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def symmetric(before: I16, after: I16) -> U8:
    """The smaller of two differences where both have the same sign, else 0. shape as given, uint8

    Background uncovered by a mover differs from one side only; an edge shifted by a steady misfit differs from
    both sides with opposite signs. Neither is left. Slow twin: tests/naive_vision.py.
    """
    # Conversion to 8 bit saturates: what is below 0 becomes 0.
    brighter = cv2.addWeighted(cv2.min(before, after), 1, before, 0, 0, dtype=cv2.CV_8U)
    darker = cv2.addWeighted(cv2.max(before, after), -1, before, 0, 0, dtype=cv2.CV_8U)
    return np.asarray(cv2.max(brighter, darker), np.uint8)


def edges(picture: U8) -> U8:
    """Range of the grey levels in each 3x3 neighbourhood: what a misfit of one pixel can do. shape as given"""
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(picture, kernel), cv2.erode(picture, kernel)), np.uint8)


def noise_sigma(before: I16) -> float:
    """Standard deviation of a difference picture's noise, from the median of its size: movers do not count. [grey]"""
    sample = np.abs(before[::_NOISE_STEP, ::_NOISE_STEP])
    return float(np.median(sample)) / 0.6745 if sample.size else 0.0
