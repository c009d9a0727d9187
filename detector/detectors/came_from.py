"""Where what is in a box was in the picture before, by its own pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.steady_points import there_and_back
from detector.picture.homography import Float

U8 = NDArray[np.uint8]

_POINTS = 3  # along each side of a box
_LEAST_PX = 6.0  # a smaller box is looked at with what is around it
_ALIKE_PX, _ALIKE_SHARE = 1.5, 0.15  # of the way: as far apart may the ways of two points of one thing be
_NEEDED = 3  # points


def came_from(picture: U8, before: U8, xyxy: Float) -> Float:
    """Centre, in an earlier picture, of what is in each box now; NaN where that is not known. shape (N, 2) [px]

    Nine points of each box are followed by Lucas-Kanade, there and back; at least three of them, and most of those that
    come home, have to agree. Unlike what a registration says, this holds where the ground itself does not keep still.

    Args:
        picture, before: of one size.
        xyxy: boxes in `picture`, the last two exclusive. shape (N, 4) [px]
    """
    if not len(xyxy):
        return np.zeros((0, 2))
    centre, side = (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2, np.maximum(xyxy[:, 2:] - xyxy[:, :2], _LEAST_PX)
    along = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    grid = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
    points = (centre[:, None] + side[:, None] * grid).reshape(-1, 2)
    there, home = there_and_back(picture, before, points, points)
    moved = common_way((there - points).reshape(len(xyxy), -1, 2), home.reshape(len(xyxy), -1))
    return np.asarray(centre + moved)


def common_way(moved: Float, counts: NDArray[np.bool_]) -> Float:
    """The median way of those points of each box that count, NaN where too few agree with it. shape (N, 2)

    moved: shape (N, P, 2) [px]; counts: shape (N, P). Slow twin: tests/naive_restless.py.
    """
    number = counts.sum(axis=1)
    ordered = np.sort(np.where(counts[..., None], moved, np.inf), axis=1)
    rows = np.arange(len(moved))
    low, high = ordered[rows, np.maximum(number - 1, 0) // 2], ordered[rows, number // 2 * (number > 0)]
    with np.errstate(invalid="ignore"):
        middle = (low + high) / 2
        apart = np.hypot(*(moved - middle[:, None]).transpose(2, 0, 1))
        alike = counts & (apart <= _ALIKE_PX + _ALIKE_SHARE * np.hypot(*middle.T)[:, None])
    agree = alike.sum(axis=1)
    return np.where(((agree >= _NEEDED) & (2 * agree > number))[:, None], middle, np.nan)
