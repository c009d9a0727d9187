"""Corners spread over a picture, and where they went in another one."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, apply

_BLOCK_PX = 5
WINDOW_PX = 11  # 15 took half as long again and was no better: benchmarks/notes/registration_points.py
# cornerMinEigenVal of white noise of 1 grey level is about 1e-5 with this block; real corners lie above 1e-3.
_MIN_CORNER = 4e-5


class Corners(NamedTuple):
    """Corners of one picture.

    points: shape (N, 2) [px]
    strength: OpenCV's cornerMinEigenVal there. shape (N,)
    """

    points: Float
    strength: NDArray[np.float32]


def corners(
    picture: NDArray[np.uint8],
    columns: int = 20,
    rows: int = 12,
    *,
    border: int = WINDOW_PX // 2,
    block_px: int = _BLOCK_PX,
    least: float = _MIN_CORNER,
) -> Corners:
    """The best corner of each cell of a grid, row by row, without the cells that have none.

    A fixed grid keeps the points spread out, whatever the texture does. Empty where the picture is too small.

    Args:
        border: so far from the picture's edge there are none. [px]
        block_px: side of what is looked at around each pixel.
        least: OpenCV's cornerMinEigenVal that a corner has at least.
    """
    height, width = picture.shape
    cell_y, cell_x = (height - 2 * border) // rows, (width - 2 * border) // columns
    if cell_x < 2 or cell_y < 2:
        return Corners(np.zeros((0, 2)), np.zeros(0, np.float32))
    strength = cv2.cornerMinEigenVal(picture, block_px, ksize=3)
    inner = strength[border : border + cell_y * rows, border : border + cell_x * columns]
    cells = inner.reshape(rows, cell_y, columns, cell_x).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    best = cells.argmax(axis=1)
    strongest = cells[np.arange(len(cells)), best]
    good = strongest > least
    row, column = np.divmod(np.arange(rows * columns), columns)
    y, x = np.divmod(best, cell_x)
    points = np.stack([border + column * cell_x + x, border + row * cell_y + y], axis=1).astype(np.float64)
    return Corners(np.asarray(points[good]), np.asarray(strongest[good]))


def follow(
    source: NDArray[np.uint8],
    target: NDArray[np.uint8],
    points: Float,
    guess: Float,
    *,
    levels: int = 2,
    window_px: int = WINDOW_PX,
) -> tuple[Float, NDArray[np.bool_]]:
    """Where each point of `source` lies in `target` (pyramidal Lucas-Kanade).

    Args:
        source, target: pictures of one size.
        points: shape (N, 2) [px]
        guess: homography from source to target to start from.
        levels: pyramid levels above the picture; each doubles the miss that a guess may have (about 5 px at 0).
        window_px: side of what is compared around each point.

    Returns:
        Places, shape (N, 2) [px], and which of them can be believed, shape (N,).
    """
    start = apply(guess, points)
    if not (np.abs(start) <= 1e4).all():
        start = np.nan_to_num(start, nan=-1e4, posinf=-1e4, neginf=-1e4).clip(-1e4, 1e4)
    return follow_from(source, target, points, start, levels=levels, window_px=window_px)


def follow_from(
    source: NDArray[np.uint8], target: NDArray[np.uint8], points: Float, start: Float, *, levels: int, window_px: int
) -> tuple[Float, NDArray[np.bool_]]:
    """The same, with a place to start from for each point. start: shape (N, 2) [px]"""
    if len(points) == 0:
        return np.zeros((0, 2)), np.zeros(0, np.bool_)
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        source,
        target,
        points.astype(np.float32).reshape(-1, 1, 2),
        start.astype(np.float32).reshape(-1, 1, 2),
        winSize=(window_px, window_px),
        maxLevel=levels,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.02),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        minEigThreshold=1e-5,
    )
    places = moved.reshape(-1, 2).astype(np.float64)
    height, width = target.shape
    inside = (places >= 0).all(axis=1) & (places[:, 0] < width) & (places[:, 1] < height)
    return places, inside & (status.ravel() == 1)
