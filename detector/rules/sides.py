"""On which side of a border a point lies, three-valued: this side, that side, or undecidable by the 95 % ellipse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.config.agreement_map import Shape
from detector.geo.ellipse import SIGMAS_95
from detector.rules.points import Points

_SIGMA_FLOOR = 1e-3  # [m] or [px]: nothing is known better, and a covariance of 0 has no inverse


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Pairs of a shape and a point, those left out being decidedly outside (far off).

    shape, row: positions in the set and in the points. shape (K,)
    decision: +1 inside or left of the line; -1 outside or right of it; 0 undecidable. shape (K,) int8
    margin: distance from the border in standard deviations of the fix, positive inside or left;
        NaN where the uncertainty is not known. shape (K,) [1]
    """

    shape: NDArray[np.int64]
    row: NDArray[np.int64]
    decision: NDArray[np.int8]
    margin: NDArray[np.float64]


class ShapeSet:
    """Shapes of one plane, prepared so that many points are judged against many shapes at once.

    A degree is scaled to metres at each point, which keeps the shape's straight pieces straight as
    GeoJSON has them and the distances near the border right. Slow twin: tests/naive_rules.py.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        pieces = [shape.segments for shape in shapes]
        self._count = np.array([len(piece) for piece in pieces], np.int64)
        self._first = np.concatenate([[0], np.cumsum(self._count)[:-1]]).astype(np.int64)
        self._segments = np.concatenate(pieces) if pieces else np.zeros((0, 4))
        self._bounds = np.array([shape.geometry.bounds for shape in shapes]).reshape(-1, 4)

    def __len__(self) -> int:
        return len(self.shapes)

    def inside(self, points: Points, rows: NDArray[np.int64]) -> Judged:
        """Zones against points: the border belongs to the outside."""
        shape, row = self._near(points, rows) if len(rows) else (rows, rows)
        if not len(shape):
            return Judged(shape, row, np.zeros(0, np.int8), np.zeros(0))
        start, end, of_pair, first = self._unfolded(points, shape, row)
        crosses = (start[:, 1] > 0) != (end[:, 1] > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            x_crossing = start[:, 0] - start[:, 1] * (end[:, 0] - start[:, 0]) / (end[:, 1] - start[:, 1])
        to_the_right = crosses & (x_crossing > 0)
        inside = np.add.reduceat(to_the_right, first) % 2 == 1
        start, end, known = _in_sigmas(points, row[of_pair], start, end)
        nearest = np.minimum.reduceat(_distance(start, end), first)
        return _judged(shape, row, np.where(inside, nearest, -nearest), known, first)

    def left_of(self, points: Points, rows: NDArray[np.int64]) -> Judged:
        """Lines against points: +1 on the left of someone who walks along the line as it is drawn.

        Beyond the line's ends the side is that of its last piece made longer. Every pair is returned.
        """
        shape = np.repeat(np.arange(len(self.shapes)), len(rows))
        row = np.tile(rows, len(self.shapes))
        start, end, of_pair, first = self._unfolded(points, shape, row)
        start, end, known = _in_sigmas(points, row[of_pair], start, end)
        if not len(first):
            return _judged(shape, row, np.zeros(0), known, first)
        along = end - start
        turn = along[:, 1] * start[:, 0] - along[:, 0] * start[:, 1]  # > 0: the origin is on the left
        distance = _distance(start, end)
        nearest = np.minimum.reduceat(distance, first)
        # At a corner two pieces are equally near; the one whose own straight line is further off tells the side.
        straight = np.abs(turn) / np.hypot(along[:, 0], along[:, 1])
        tied = distance <= nearest[of_pair] * (1 + 1e-9) + 1e-12
        furthest = np.maximum.reduceat(np.where(tied, straight, -1.0), first)
        telling = tied & (straight >= furthest[of_pair])
        left = np.add.reduceat(np.where(telling, np.sign(turn), 0.0), first) > 0
        if points.mirrored:
            left = ~left
        return _judged(shape, row, np.where(left, nearest, -nearest), known, first)

    def _near(self, points: Points, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs whose 95 % ellipse reaches into the shape's bounding box."""
        low, high = (corner[rows] for corner in _boxes(points))
        x0, y0, x1, y1 = self._bounds.T[:, :, None]
        round_deg = 0.0 if points.mirrored else 360.0 * np.rint(((x0 + x1) / 2 - points.xy[rows, 0]) / 360.0)
        low_x, high_x = low[:, 0] + round_deg, high[:, 0] + round_deg
        near = (high_x >= x0) & (low_x <= x1) & (high[:, 1] >= y0) & (low[:, 1] <= y1)
        shape, position = np.nonzero(near)
        return shape, rows[position]

    def _unfolded(
        self, points: Points, shape: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Every segment of every pair, seen from the pair's point: start, end [m or px], pair, first of each pair."""
        count = self._count[shape]
        first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64) if len(count) else count
        of_pair = np.repeat(np.arange(len(shape)), count)
        segment = self._segments[np.arange(len(of_pair)) - first[of_pair] + self._first[shape][of_pair]]
        here, scale = points.xy[row][of_pair], points.scale[row][of_pair]
        start, end = segment[:, :2] - here, segment[:, 2:] - here
        turn = points.turn(start[:, 0])[:, None] * (1.0, 0.0)
        return (start + turn) * scale, (end + turn) * scale, of_pair, first


def _in_sigmas(
    points: Points, row: NDArray[np.int64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Offsets in units in which the point's error ellipse is a circle of radius 1; whether its error is known.

    By the inverse of the covariance's Cholesky factor, which keeps left on the left.
    """
    known, factors = _cholesky(points)
    l11, l21, l22 = factors[:, row]

    offsets = np.array([start, end])
    x = offsets[..., 0] / l11
    start, end = np.stack([x, (offsets[..., 1] - l21 * x) / l22], axis=-1)
    return start, end, known[row]


@lru_cache(4)
def _boxes(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners around the 95 % ellipse of each point; each rule asks for the same. shape (M, 2) each"""
    variance = np.diagonal(points.covariance, axis1=1, axis2=2)
    reach = SIGMAS_95 * np.sqrt(np.maximum(np.nan_to_num(variance), _SIGMA_FLOOR**2)) / points.scale
    return points.xy - reach, points.xy + reach


@lru_cache(4)
def _cholesky(points: Points) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which covariances are known, shape (M,), and the factors l11, l21 and l22 of all, shape (3, M); as `_boxes`."""
    covariance = points.covariance
    known: NDArray[np.bool_] = np.asarray(np.isfinite(covariance).all(axis=(1, 2)))
    xx = np.maximum(np.where(known, covariance[:, 0, 0], 1.0), _SIGMA_FLOOR**2)
    xy = np.where(known, covariance[:, 0, 1], 0.0)
    yy = np.where(known, covariance[:, 1, 1], 1.0)
    l11 = np.sqrt(xx)
    l21 = xy / l11
    return known, np.array([l11, l21, np.sqrt(np.maximum(yy - l21**2, _SIGMA_FLOOR**2))])


def _distance(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the origin from each segment. shape (S,)"""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(-(start * along).sum(axis=1) / length2, 0.0, 1.0)
    nearest = start + share[:, None] * along
    return np.asarray(np.hypot(nearest[:, 0], nearest[:, 1]))


def _judged(
    shape: NDArray[np.int64],
    row: NDArray[np.int64],
    margin: NDArray[np.float64],
    known: NDArray[np.bool_],
    first: NDArray[np.int64],
) -> Judged:
    """An ellipse that only touches the border lies outside, or cannot be decided; never inside."""
    margin = np.where(known[first], margin, np.nan)
    decision = np.zeros(len(margin), np.int8)
    decision[margin > SIGMAS_95] = 1
    decision[margin <= -SIGMAS_95] = -1
    return Judged(shape, row, decision, margin)
