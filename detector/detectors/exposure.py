"""A camera's exposure: all of one picture is brighter than another by a factor and a step."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

DARKEST, BRIGHTEST = 4, 250  # what is clipped tells nothing [grey levels]
EXPOSED_GREY = 1.5  # in the mean of all places: less is no exposure
_ROUNDS = 3
_LEAST_BLOCKS = 32
_NOISE_GREY = 0.3  # of the mean of a block: rounding [grey levels]
_LEAST_CHANGE = 0.04  # of the gain: 4 grey levels on a contrast of 100
_MOST_LEFT = 0.7  # of what a plain step leaves
_BLACK_SHARE = 0.25  # of the step: what is black stays black


class Exposure(NamedTuple):
    """grey level = gain * that in the other picture + offset. [1], [grey]"""

    gain: float = 1.0
    offset: float = 0.0

    def taken_out(self, picture: U8, other: U8) -> U8:
        """The picture as it would look exposed as the other was. shape (H, W)"""
        levels = (np.arange(256) - self.offset) / self.gain
        out = np.asarray(cv2.LUT(picture, np.clip(np.rint(levels), 0, 255).astype(np.uint8)), np.uint8)
        # What is clipped now may have been as bright or as dark as the other there.
        cv2.copyTo(cv2.max(out, other), cv2.threshold(picture, BRIGHTEST - 1, 255, cv2.THRESH_BINARY)[1], out)
        cv2.copyTo(cv2.min(out, other), cv2.threshold(picture, DARKEST, 255, cv2.THRESH_BINARY_INV)[1], out)
        return out


def levels_to_fit(now: U8, was: U8) -> tuple[Float32, Float32]:
    """The grey levels of two pictures, as many of either, without those that are clipped. each shape (N,)"""
    seen = (now > DARKEST) & (now < BRIGHTEST) & (was > DARKEST) & (was < BRIGHTEST)
    return now[seen].astype(np.float32), was[seen].astype(np.float32)


def refined(now: Float32, was: Float32, start: Exposure, noise_grey: float = 1.0) -> tuple[Exposure, float]:
    """A line through grey levels by least squares, with what does not fit left out: what moves. And what is left.

    Args:
        now, was: of the same places. shape (N,) [grey]
        noise_grey: about theirs. From levels within five of it no gain is told; within two of it all fits. [grey]

    Returns:
        What it is, and the median of what it leaves. [grey]
    """
    gain, offset = start
    for _ in range(_ROUNDS):
        left = np.abs(now - gain * was - offset)
        good = left <= max(3 * float(np.median(left)), 2 * noise_grey)
        x, y = was[good], now[good]
        centred = x - x.mean()
        power = float((centred * centred).sum())
        if power > (5 * noise_grey) ** 2 * len(x):
            gain = min(max(float((centred * y).sum() / power), 0.4), 2.5)
        offset = float(y.mean() - gain * x.mean())
    return Exposure(gain, offset), float(np.median(np.abs(now - gain * was - offset)))


def exposure(means: U8, other_means: U8, valid_blocks: U8 | None = None) -> Exposure | None:
    """How a picture was exposed against one that lies over it; None where as that one, or it cannot be told.

    It is believed where it leaves much less than a plain step does, or no more and what is black stays black:
    pictures of water that do not lie over one another have little in common, which looks like a small gain with a large
    step. Slow twin: tests/naive_vision.py.

    Args:
        means: of the blocks of either picture. shape (H, W) [grey]
        valid_blocks: 0 where one of them shows nothing. shape (H, W)
    """
    if valid_blocks is not None:
        means, other_means = means[valid_blocks > 0], other_means[valid_blocks > 0]
    now, was = levels_to_fit(means, other_means)
    if len(now) < _LEAST_BLOCKS:
        return None
    factor, step = Exposure(float(np.median(now) / np.median(was))), Exposure(1.0, float(np.median(now - was)))
    by_step = _left(now, was, step)
    for start in (factor, step):
        found, _ = refined(now, was, start, _NOISE_GREY)
        through_black = abs(found.offset) <= _BLACK_SHARE * abs(step.offset)
        much_better = _left(now, was, found) <= (1.0 if through_black else _MOST_LEFT) * by_step
        if much_better and abs(found.gain - 1) >= _LEAST_CHANGE:
            return found
    return None


def _left(now: Float32, was: Float32, by: Exposure) -> float:
    """What an exposure leaves in the mean of the three quarters that fit best, beyond what rounding does. [grey]"""
    left, kept = np.abs(now - by.gain * was - by.offset), len(now) * 3 // 4
    return float(np.partition(left, kept)[:kept].mean()) - _NOISE_GREY
