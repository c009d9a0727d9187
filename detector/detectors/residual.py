"""How much a picture differs from both an earlier and a later one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]

LIGHT_BLOCK_PX = 16
_NOISE_STEP = 7  # every seventh row and column is enough to measure the noise by


def warped(picture: U8, target_from_picture: NDArray[np.float64]) -> tuple[U8, U8]:
    """The picture as seen from the target's place, and where it has anything to show (255; 0 outside)."""
    height, width = picture.shape
    moved = cv2.warpPerspective(picture, target_from_picture, (width, height), flags=cv2.INTER_LINEAR)
    ones = np.full((height // 8 + 1, width // 8 + 1), 255, np.uint8)
    scale = np.diag([8.0, 8.0, 1.0])
    coarse = cv2.warpPerspective(
        ones, np.linalg.inv(scale) @ target_from_picture @ scale, ones.shape[::-1], flags=cv2.INTER_NEAREST
    )
    coarse = cv2.erode(coarse, np.ones((3, 3), np.uint8), borderValue=255)
    seen = cv2.resize(coarse, (ones.shape[1] * 8, ones.shape[0] * 8), interpolation=cv2.INTER_NEAREST)
    return np.asarray(moved, np.uint8), np.asarray(seen[:height, :width], np.uint8)


def difference(picture: U8, other: U8, seen: U8) -> I16:
    """picture - other where both show something, with slow changes of light taken out. shape as given, int16

    The light's change is the difference of 16x16 block means, median-filtered so that a mover does not count.
    """
    raw = cv2.subtract(picture, other, dtype=cv2.CV_16S)
    raw = cv2.copyTo(raw, seen)
    height, width = picture.shape
    small = (max(width // LIGHT_BLOCK_PX, 1), max(height // LIGHT_BLOCK_PX, 1))
    light = cv2.medianBlur(cv2.resize(raw, small, interpolation=cv2.INTER_AREA), 5)
    if np.abs(light).max() >= 1:
        raw = cv2.subtract(raw, cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR))
        raw = cv2.copyTo(raw, seen)
    return np.asarray(raw, np.int16)


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
