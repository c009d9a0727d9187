"""What stands where the registration follows waves: as most of all steady points go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, fit

_LEAST = 8  # steady points
_SHARE = 0.4  # of all steady points
_SPREAD = 0.15  # of the picture's diagonal, standard deviation: those of one boat are not the ground


def most_alike(xy: Float, moved: Float, shape: tuple[int, ...]) -> tuple[Float, Float]:
    """Steady points that go as most of them do, all over the picture, and the others; none of either if none do.

    Args:
        xy, moved: the points, and how far they have moved. shape (N, 2) [px]
        shape: of the picture.
    """
    nothing = xy[:0]
    if len(xy) < _LEAST:
        return nothing, nothing
    height, width = shape
    found = fit(xy, xy + moved, inlier_px=max(width / 300, 1.0))
    if found is None or found.inlier_ratio < _SHARE:
        return nothing, nothing
    alike = xy[found.inlier]
    if len(alike) < _LEAST or np.hypot(*alike.std(axis=0)) < _SPREAD * np.hypot(width, height):
        return nothing, nothing
    return alike, xy[~found.inlier]


def points_in(xyxy: Float, points: Float) -> NDArray[np.int64]:
    """How many of the points lie in each box. (N, 4), (P, 2) -> (N,) Slow twin: tests/naive_restless.py."""
    inside = (points >= xyxy[:, None, :2]) & (points < xyxy[:, None, 2:])
    return np.asarray(np.all(inside, axis=2).sum(axis=1))
