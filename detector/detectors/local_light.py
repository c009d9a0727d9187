"""Light that changes in a part of the view: clouds, sun and lamps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_BLOCK_PX = 8  # of the halved picture
_LEAST_STRUCTURE = 3.0  # standard deviation in a block that can show whether it is the same ground [grey levels]
_SAME_GROUND = 0.75  # least correlation
_REACH_BLOCKS = 1.5
_PRIOR = 0.02  # weight of "no change" against that of the blocks that know
_LEAST_CHANGE = 0.02


def evened(picture: U8, mean: U8) -> U8:
    """The picture as it would look under the background's light. shape (H, W)

    Where a block shows the background's own structure, only brighter or darker, the light has changed; what stands
    there shows another structure and is told by its neighbours. So bare ground goes with what grows around it,
    and a thing keeps its contrast however large it is.
    """
    height, width = picture.shape
    if min(height, width) < 4 * _BLOCK_PX:
        return picture
    factor, knows = _factors(_halved(picture), _halved(mean))
    weight = cv2.GaussianBlur(knows, (0, 0), _REACH_BLOCKS)
    light = (cv2.GaussianBlur(factor * knows, (0, 0), _REACH_BLOCKS) + _PRIOR) / (weight + _PRIOR)
    if np.abs(light - 1).max() < _LEAST_CHANGE:
        return picture
    size = (light.shape[1] * 2 * _BLOCK_PX, light.shape[0] * 2 * _BLOCK_PX)
    whole = cv2.resize(light, size, interpolation=cv2.INTER_LINEAR)
    whole = cv2.copyMakeBorder(
        whole, 0, max(height - size[1], 0), 0, max(width - size[0], 0), cv2.BORDER_REPLICATE
    )[:height, :width]
    return np.asarray(cv2.divide(picture, np.ascontiguousarray(whole), dtype=cv2.CV_8U), np.uint8)


def _factors(picture: Float32, mean: Float32) -> tuple[Float32, Float32]:
    """How much brighter each block is than it was, and 1 where it can tell, else 0. Slow twin: naive_vision_still.py"""
    here, was = _block_mean(picture), _block_mean(mean)
    both = _block_mean(picture * mean) - here * was
    here_power = np.maximum(_block_mean(picture * picture) - here * here, 0)
    was_power = np.maximum(_block_mean(mean * mean) - was * was, 0)
    least = _LEAST_STRUCTURE**2
    alike = both > _SAME_GROUND * np.sqrt(here_power * was_power)
    knows = alike & (was_power > least) & (was > 8)
    return here / np.maximum(was, 1), knows.astype(np.float32)


def _halved(picture: U8) -> Float32:
    height, width = picture.shape
    return cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA).astype(np.float32)


def _block_mean(picture: Float32) -> Float32:
    rows, columns = picture.shape[0] // _BLOCK_PX, picture.shape[1] // _BLOCK_PX
    whole = picture[: rows * _BLOCK_PX, : columns * _BLOCK_PX]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
