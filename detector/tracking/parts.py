"""A long thing is seen now whole, now by its front alone: two tracks, of which one counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.tracking.boxes import area, common_area
from detector.tracking.states import Float, States

_PART = 0.6  # a part has at most this share of the whole's area
_INSIDE = 0.75  # so much of a part's box lies in that of the whole


def is_part_of_another(states: States, row: int, reach: float, most_grown: float = np.inf) -> bool:
    """Whether a confirmed track is at the same place as this one. What has passed by is no part any more.

    most_grown: one of which this is more than so many times the area is another thing. [1]
    """
    size = np.prod(states.size_px, axis=1)
    others = np.flatnonzero(states.confirmed & (size >= size[row] / most_grown))
    one, many = states.rows(np.array([row])), states.rows(others)
    return bool(same_place(one.state[:, :2], one.size_px, many.state[:, :2], many.size_px, reach).any())


def inside_larger(xyxy: Float) -> NDArray[np.bool_]:
    """Which boxes lie for the most part in a larger one. (M, 4) -> (M,). Slow twin: tests/naive_vision.py."""
    size = area(xyxy)
    inside = (common_area(xyxy, xyxy) >= _INSIDE * size[:, None]) & (size[:, None] <= _PART * size)
    return np.asarray(inside.any(axis=1))


def same_place(xy: Float, size: Float, other_xy: Float, other_size: Float, reach: float) -> NDArray[np.bool_]:
    """Which boxes may be parts of which others. shape (M, N)

    The same place: the centres are at most `reach` of the larger box apart, along either axis, if one box is much
    smaller than the other; half as much for two of one size, which may be two vehicles abreast. Speeds are not
    compared: the front of a vehicle that turns moves otherwise than its middle.

    Args:
        xy, other_xy: centres. shape (M, 2), (N, 2) [px]
        size, other_size: width and height. shape (M, 2), (N, 2) [px]
    """
    area, other_area = np.prod(size, axis=1)[:, None], np.prod(other_size, axis=1)[None]
    small, large = np.minimum(area, other_area), np.maximum(area, other_area)
    larger = np.where((other_area >= area)[..., None], other_size[None], size[:, None])
    allowed = np.where(small <= _PART * large, reach, reach / 2)[..., None] * larger
    return np.asarray((np.abs(xy[:, None] - other_xy[None]) <= allowed).all(axis=2))
