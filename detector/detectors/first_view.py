"""What a view looks like when nothing is there, from its first seconds alone."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_REACH_PX = 12.0
_PICTURES = 15
_SETTLED = 0.8  # what is seen in this share of them is the background for certain
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
    chosen = [pictures[t] for t in np.linspace(0, len(pictures) - 1, min(len(pictures), _PICTURES)).astype(int)]
    levels = ordered(chosen)
    last = len(levels) - 1
    rare = round(_RARE * last)
    dark, median, bright = (levels[t].astype(np.float32) for t in (rare, last // 2, last - rare))
    changed = ((bright - dark) > least_grey).astype(np.uint8)
    near = [
        cv2.threshold(cv2.absdiff(one, levels[last // 2]), least_grey, 1, cv2.THRESH_BINARY_INV)[1] for one in chosen
    ]
    changed &= (np.sum(near, axis=0, dtype=np.uint8) < _SETTLED * len(chosen)).astype(np.uint8)
    changed = np.asarray(cv2.dilate(cv2.erode(changed, np.ones((3, 3))), np.ones((5, 5))), np.uint8)
    weight = (1 - changed).astype(np.float32)
    total = np.maximum(_blurred(weight), 1e-6)
    expected = _blurred(weight * median) / total
    spread = np.sqrt(np.maximum(_blurred(weight * median**2) / total - expected**2, 0))
    rivals = np.stack([median, dark, bright])
    off = np.abs(rivals - expected)
    off[0] -= np.maximum(least_grey, 2 * spread)
    best = np.take_along_axis(rivals, off.argmin(axis=0)[None], axis=0)[0]
    return np.where(changed > 0, best, median).astype(np.uint8)


def ordered(pictures: Sequence[U8]) -> list[U8]:
    """The same pictures with the grey levels at each pixel in rising order. T of shape (H, W), as given

    Odd-even transposition: for fifteen pictures a tenth of what numpy's sort along the first axis costs.
    """
    levels = [np.asarray(one, np.uint8) for one in pictures]
    for turn in range(len(levels)):
        for t in range(turn % 2, len(levels) - 1, 2):
            lower, upper = cv2.min(levels[t], levels[t + 1]), cv2.max(levels[t], levels[t + 1])
            levels[t], levels[t + 1] = np.asarray(lower, np.uint8), np.asarray(upper, np.uint8)
    return levels


def _blurred(values: Float32) -> Float32:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _REACH_PX), np.float32)
