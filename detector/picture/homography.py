"""Plane homographies: apply, differentiate, fit robustly."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.middle import middle

Float = NDArray[np.float64]

_DEGREES_OF_FREEDOM = 8
_IDENTITY = np.eye(3).tolist()
_SCHEDULE = (16.0, 8.0, 4.0, 2.0, 1.0, 1.0)  # kernel widths, in final widths: wide first, or a bad start wins


class Fit(NamedTuple):
    """A homography and how well the points agree with it."""

    matrix: Float  # (3, 3), [2, 2] = 1
    error_px: Float  # (N,) distance of each point from where the matrix puts it
    inlier: NDArray[np.bool_]  # (N,)

    @property
    def inlier_ratio(self) -> float:
        """Share of points that agree. [1] 0 without points"""
        return np.count_nonzero(self.inlier) / len(self.inlier) if len(self.inlier) else 0.0

    @property
    def residual_px(self) -> float:
        """Median distance of the points that agree. [px] NaN without any"""
        agreeing = self.error_px[self.inlier]
        return middle(agreeing) if len(agreeing) else math.nan


def apply(matrix: Float, xy: Float) -> Float:
    """Points moved by a homography. shape (N, 2); inf or NaN where a point lies on the vanishing line."""
    moved = xy @ matrix[:, :2].T + matrix[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(moved[:, :2] / moved[:, 2:])


def carried(xyxy: Float, matrix: Float) -> Float:
    """Boxes moved by a homography that hardly turns or stretches: the centre goes along. shape (N, 4)"""
    if len(xyxy) == 0 or is_identity(matrix):
        return xyxy
    centre = (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2
    shift = apply(matrix, centre) - centre
    return np.asarray(xyxy + np.concatenate([shift, shift], axis=1))


def is_identity(matrix: Float) -> bool:
    """Whether a homography moves nothing at all: a tenth of the time of np.array_equal."""
    return bool(matrix.tolist() == _IDENTITY)


def jacobian(matrix: Float, xy: Float) -> Float:
    """Derivative of `apply` at each point: how small steps there are turned and stretched. shape (N, 2, 2)"""
    moved = xy @ matrix[:, :2].T + matrix[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = moved[:, :2] / moved[:, 2:]
        return np.asarray((matrix[None, :2, :2] - at[:, :, None] * matrix[None, 2:, :2]) / moved[:, 2, None, None])


def normalised(matrix: Float) -> Float:
    """The same homography with [2, 2] = 1 (as good as 1 where that element vanishes)."""
    last = float(matrix[2, 2])
    if last == 1.0:
        return matrix
    # Not numpy's maximum, which takes four times as long for nine numbers.
    tiny = 1e-12 * max(map(abs, matrix.ravel().tolist()))
    return matrix / (last if abs(last) > tiny else (tiny or 1.0))


def inverse(matrix: Float) -> Float:
    """The inverse of a homography; NaN or inf where it has none. shape (3, 3)

    In closed form: a third of the time of numpy's.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    first, second, third = e * i - f * h, f * g - d * i, d * h - e * g
    determinant = a * first + b * second + c * third
    if determinant == 0:
        return np.full((3, 3), math.nan)
    cofactors = np.array(
        [
            [first, c * h - b * i, b * f - c * e],
            [second, a * i - c * g, c * d - a * f],
            [third, b * g - a * h, a * e - b * d],
        ]
    )
    return np.asarray(cofactors / determinant)


def rescaled(matrix: Float, full_from_small: Float) -> Float:
    """A homography between small pictures as one between full-size pictures.

    Args:
        full_from_small: scales and shifts only, as `full_from_shrunk` gives it. shape (3, 3)
    """
    (scale_x, _, x), (_, scale_y, y), _ = full_from_small.tolist()
    # In closed form: an inverse and two products by numpy take five times as long.
    small_from_full = np.array([[1 / scale_x, 0, -x / scale_x], [0, 1 / scale_y, -y / scale_y], [0, 0, 1]])
    return normalised(full_from_small @ matrix @ small_from_full)


def shift_px(matrix: Float, size_px: tuple[int, int]) -> float:
    """Largest distance by which a homography moves a corner of the picture. [px] Not finite where one has no place."""
    width, height = size_px
    most = 0.0
    for dx, dy in shifts_px(matrix, ((0, 0), (width, 0), (0, height), (width, height))):
        shift = math.hypot(dx, dy)
        most = most if shift <= most else shift
    return most


def shifts_px(matrix: Float, places: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """How far a homography moves each of a few places. [px] Infinite where one has no place.

    One after the other: numpy takes ten times as long for four.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    shifts = []
    for x, y in places:
        depth = g * x + h * y + i
        if depth == 0:
            shifts.append((math.inf, math.inf))
        else:
            shifts.append(((a * x + b * y + c) / depth - x, (d * x + e * y + f) / depth - y))
    return shifts


def fit(
    source: Float, target: Float, *, inlier_px: float, start: Float | None = None, trust: Float | None = None
) -> Fit | None:
    """Homography from `source` to `target` by iteratively reweighted least squares (Geman-McClure kernel).

    Args:
        source, target: the same points in both pictures. shape (N, 2) [px]
        inlier_px: points farther off than this are outliers; the kernel's final width. [px]
        start: a first guess; without one, the median displacement.
        trust: weight of each point, as one over the variance of its place. shape (N,) Alike without it.

    Returns:
        None with fewer than 8 points or where they do not determine a homography (all on one line).

    Valid up to about half of outliers that do not agree with one another. Deterministic: nothing is drawn by
    chance. Source: Geman & McClure 1987; graduated kernel as Blake & Zisserman 1987. Slow twin: tests/naive_vision.py.
    """
    if len(source) < _DEGREES_OF_FREEDOM:
        return None
    # Centred, unit-size coordinates: else the normal equations lose half their digits.
    centre = source.mean(axis=0)
    size = float(np.abs(source - centre).max()) or 1.0
    to_unit = np.array([[1 / size, 0, -centre[0] / size], [0, 1 / size, -centre[1] / size], [0, 0, 1]])
    from_unit = np.array([[size, 0, centre[0]], [0, size, centre[1]], [0, 0, 1]])
    unit_source, unit_target = (source - centre) / size, (target - centre) / size
    if start is None:
        offset = np.median(unit_target - unit_source, axis=0)
        matrix = np.array([[1, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1.0]])
    else:
        matrix = normalised(to_unit @ start @ from_unit)
    width = inlier_px / size
    system, homogeneous = _equations(unit_source, unit_target), np.ones((len(source), 3))
    base = 1.0 if trust is None else np.sqrt(trust)
    homogeneous[:, :2] = unit_source
    for number, factor in enumerate(_SCHEDULE):
        off, depth = _misses(homogeneous @ matrix.T, unit_target)
        kernel2 = (factor * width) ** 2
        weight = base * kernel2 / (kernel2 + (off * off).sum(axis=1))
        solved = _solve(system, weight / np.maximum(np.abs(depth), 1e-6), check=number in (0, len(_SCHEDULE) - 1))
        if solved is None:
            return None
        matrix = solved
    off, _ = _misses(homogeneous @ matrix.T, unit_target)
    error_px = np.hypot(off[:, 0], off[:, 1]) * size
    return Fit(normalised(from_unit @ matrix @ to_unit), error_px, error_px < inlier_px)


def fit_by_sampling(source: Float, target: Float, *, inlier_px: float, trust: Float | None = None) -> Fit | None:
    """As `fit`, but by random samples (MAGSAC++), for pictures in which most points disagree; a fixed seed.

    Five times as slow: only where `fit` found no agreement.
    """
    if len(source) < _DEGREES_OF_FREEDOM:
        return None
    params = cv2.UsacParams()
    params.randomGeneratorState = 0
    params.threshold = inlier_px
    params.maxIterations = 300
    params.confidence = 0.999
    params.score = cv2.SCORE_METHOD_MAGSAC
    params.sampler = cv2.SAMPLING_UNIFORM
    params.loMethod = cv2.LOCAL_OPTIM_INNER_LO
    params.isParallel = False
    matrix, _ = cv2.findHomography(source, target, params)
    if np.shape(matrix) != (3, 3):  # None where nothing was found
        return None
    return fit(source, target, inlier_px=inlier_px, start=np.asarray(matrix, np.float64), trust=trust)


def _misses(moved: Float, target: Float) -> tuple[Float, Float]:
    """How far points in homogeneous coordinates are off their targets, and their depths. (N, 3) -> (N, 2), (N,)"""
    depth = moved[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return moved[:, :2] / depth[:, None] - target, depth


def _equations(source: Float, target: Float) -> Float:
    """The direct linear transform, right-hand side last: all rows of x, then all of y. shape (2 N, 9)"""
    count = len(source)
    system = np.zeros((2 * count, 9))
    system[:count, 0:2] = system[count:, 3:5] = source
    system[:count, 2] = system[count:, 5] = 1
    system[:count, 6:8] = -target[:, :1] * source
    system[count:, 6:8] = -target[:, 1:] * source
    system[:, 8] = target.T.ravel()
    return system


def _solve(system: Float, weight: Float, *, check: bool) -> Float | None:
    """One weighted solution. With weights divided by the last denominators the algebraic error is a distance.

    Args:
        system: as `_equations` gives it.
        weight: of each point. shape (N,)
        check: whether the points determine it; a wide and the last kernel tell.
    """
    weight2 = weight * weight
    both = system.T @ (system * np.concatenate([weight2, weight2])[:, None])
    normal = both[:8, :8]
    try:
        solution = np.linalg.solve(normal, both[:8, 8])
    except np.linalg.LinAlgError:
        return None
    found = [*solution.tolist(), 1.0]
    if not all(map(math.isfinite, found)) or (check and _undetermined(normal)):
        return None
    return np.array(found).reshape(3, 3)


def _undetermined(normal: Float) -> bool:
    """The points lie on one line or in one place: the Cholesky pivots say so at a tenth of the cost of an SVD."""
    try:
        pivots = np.diag(np.linalg.cholesky(normal))
    except np.linalg.LinAlgError:
        return True
    return bool(pivots.min() < 1e-6 * pivots.max())
