"""How much a picture differs from both an earlier and a later one."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.exposure import EXPOSED_GREY, exposure

U8 = NDArray[np.uint8]

LIGHT_BLOCK_PX = 16
_LIGHT_STEP_GREY = 2  # less is rounding
_MIDDLE_GREY = 128
_RANGE_OF_NINE = 2.97  # of nine samples of a Gaussian, in its standard deviations
_MOSTLY = 1.5
_DARK_GREY = 64  # a quarter of the range
_NOISE_STEP = 7  # every seventh row and column is enough to measure the noise by


def block_means(picture: U8) -> U8:
    """Mean of each block of 16x16; an incomplete one at the right and below is filled up with its last pixels."""
    height, width = picture.shape
    down, right = -height % LIGHT_BLOCK_PX, -width % LIGHT_BLOCK_PX
    if down or right:
        picture = np.asarray(cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    # By two twice and then by four costs a quarter of one step by sixteen.
    for shrink in (2, 2, 4):
        size = (picture.shape[1] // shrink, picture.shape[0] // shrink)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def in_the_light_of(picture: U8, means: U8, other: U8, other_means: U8, valid_blocks: U8 | None = None) -> U8:
    """The other picture, as bright in each place as this one. shape as given

    First its exposure, if that was another one: a step of brightness alone would leave its contrasts too weak or too
    strong. Then the difference of the block means (`block_means` of either), median-filtered so that a mover
    does not count; nothing where `valid_blocks` is 0, since the other shows nothing there. Everything stays in 8 bit:
    conversions to 16 and back cost more than the comparison.
    """
    light = _light(means, other_means, valid_blocks)
    if cv2.norm(light, cv2.NORM_INF) < _LIGHT_STEP_GREY:
        return other
    if abs(cv2.mean(light, valid_blocks)[0]) >= EXPOSED_GREY:
        exposed = exposure(other_means, means, valid_blocks)
        if exposed is not None:
            other = exposed.taken_out(other, picture)
            light = _light(means, exposed.taken_out(other_means, means), valid_blocks)
    rows, columns = light.shape
    height, width = picture.shape
    # About middle grey, so that one enlargement serves what is added and what is taken off.
    about = np.clip(light + _MIDDLE_GREY, 0, 255).astype(np.uint8)
    size = (columns * LIGHT_BLOCK_PX, rows * LIGHT_BLOCK_PX)
    lit = cv2.resize(about, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return np.asarray(cv2.addWeighted(other, 1, lit, 1, -_MIDDLE_GREY, dst=lit), np.uint8)


def _light(means: U8, other_means: U8, valid_blocks: U8 | None) -> NDArray[np.int16]:
    """How much brighter each place is than in the other picture. shape as given [grey]"""
    differs = cv2.subtract(means, other_means, dtype=cv2.CV_16S)
    if valid_blocks is not None:
        differs[valid_blocks == 0] = 0
    return np.asarray(cv2.medianBlur(differs, 5), np.int16)


def symmetric(judged: U8, earlier: U8, later: U8) -> U8:
    """The smaller of two differences where both have the same sign, else 0. shape as given

    Background uncovered by a mover differs from one side only; an edge shifted by a steady misfit differs from
    both sides with opposite signs. Neither is left. Slow twin: tests/naive_vision.py.
    """
    # Subtraction in 8 bit saturates: what is below 0 becomes 0. A picture made anew costs more than what is done in it.
    brighter, darker = cv2.max(earlier, later), cv2.min(earlier, later)
    cv2.subtract(judged, brighter, dst=brighter)
    cv2.subtract(darker, judged, dst=darker)
    return np.asarray(cv2.max(brighter, darker, dst=brighter), np.uint8)


def edges(picture: U8) -> U8:
    """Range of the grey levels in each 3x3 neighbourhood: what a misfit of one pixel can do. shape as given"""
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)


def noise_sigma(picture: U8, other: U8) -> float:
    """Standard deviation of the noise of a difference, from the median of its size: movers do not count. [grey]"""
    apart = cv2.absdiff(
        np.ascontiguousarray(picture[::_NOISE_STEP, ::_NOISE_STEP]),
        np.ascontiguousarray(other[::_NOISE_STEP, ::_NOISE_STEP]),
    )
    return _median(apart) / 0.6745 if apart.size else 0.0


def in_the_dark(means: U8, sharp: U8, sigma: float) -> bool:
    """Whether a picture is dark, and the range of grey levels around a pixel hardly more than noise alone makes it.

    By day such a range is that of waves, or of pictures that do not lie over one another.

    Args:
        means: `block_means` of the picture. shape (H / 16, W / 16)
        sharp: its `edges`. shape (H, W)
        sigma: standard deviation of the noise of a difference of two such pictures. [grey]
    """
    if not sharp.size or means.mean() >= _DARK_GREY:
        return False
    structure = float(sharp[::_NOISE_STEP, ::_NOISE_STEP].mean())
    return structure < _MOSTLY * _RANGE_OF_NINE * sigma / 2**0.5


def mean_of_nine(picture: U8) -> U8:
    """Each pixel the mean of the 3x3 around it. shape as given"""
    return np.asarray(cv2.blur(picture, (3, 3)), np.uint8)


def _median(grey: NDArray[Any]) -> float:
    """Of whole grey levels, from how often each occurs: a fifth of the time of np.median."""
    below = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    middle = (grey.size - 1) // 2, grey.size // 2
    return float(below.searchsorted(middle, side="right").mean())
