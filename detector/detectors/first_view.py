"""What a view looks like when nothing is there, from its first seconds alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_REACH_PX = 12.0
_RARE = 0.15  # what is seen in this share of the pictures may still be the background


def empty_view(pictures: NDArray[np.uint8], least_grey: float) -> U8:
    """The median of several pictures; where something stood for most of the time, what fits its surroundings better.

    Something slower than its own length covers its place in most pictures, and the median shows it. Where the grey
    level changed by more than `least_grey`, the median's rivals are the rarest dark and the rarest bright
    levels, and the one nearest to what lies around wins: a road goes on under the car. In foliage the surroundings tell
    nothing, and the median stays.

    Args:
        pictures: shape (T, H, W)
    """
    dark, median, bright = np.quantile(pictures, [_RARE, 0.5, 1 - _RARE], axis=0).astype(np.float32)
    changed = ((bright - dark) > least_grey).astype(np.uint8)
    changed = np.asarray(cv2.dilate(cv2.erode(changed, np.ones((3, 3))), np.ones((5, 5))), np.uint8)
    weight = (1 - changed).astype(np.float32)
    total = np.maximum(_blurred(weight), 1e-6)
    expected = _blurred(weight * median) / total
    spread = np.sqrt(np.maximum(_blurred(weight * median**2) / total - expected**2, 0))
    rivals = np.stack([median, dark, bright])
    off = np.abs(rivals - expected)
    off[0] -= np.maximum(least_grey, 2 * spread)
    chosen = np.take_along_axis(rivals, off.argmin(axis=0)[None], axis=0)[0]
    return np.where(changed > 0, chosen, median).astype(np.uint8)


def _blurred(values: Float32) -> Float32:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _REACH_PX), np.float32)
