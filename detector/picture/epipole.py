"""Where the camera travels to: what stands above the ground moves against it along lines through one point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model import Parallax, read_only
from detector.picture.homography import Float

_LEAST_POINTS = 8
_ROUNDS = 6
_AGREE_RAD = 0.25
_AGREE_SHARE = 0.6  # of the points off the plane; chance alone gives a tenth
_SPEED_QUANTILE = 0.9
_SIDE_SHARE = 0.1  # fewer than this on one side are things that drive


def parallax(places: Float, moved: Float, seconds: float) -> Parallax | None:
    """The point that residual motion off the plane leads to, and how fast structure moves.

    Args:
        places: points that lie off the plane. shape (N, 2) [px]
        moved: how far each has moved against the plane. shape (N, 2) [px]
        seconds: in which time.

    Returns:
        None where fewer than 8 points or fewer than 60 % of them agree.

    Things that drive are outliers to it. Source: Hartley & Zisserman 2004, Multiple View Geometry, section 13.1
    (plane plus parallax).
    """
    if len(places) < _LEAST_POINTS or seconds <= 0:
        return None
    length = np.hypot(moved[:, 0], moved[:, 1])
    # Centred, unit-size coordinates: the third coordinate must weigh as much as the others.
    centre = places.mean(axis=0)
    unit = places - centre
    size = float(np.abs(unit).max()) or 1.0
    unit, along = unit / size, moved / np.maximum(length, 1e-9)[:, None]
    lines = np.column_stack([-along[:, 1], along[:, 0], along[:, 1] * unit[:, 0] - along[:, 0] * unit[:, 1]])
    # The lines of sight must agree in direction, so a point near the epipole weighs little.
    weight = np.ones(len(lines))
    point = np.array([0.0, 0.0, 1.0])
    for _ in range(_ROUNDS):
        point = np.linalg.eigh((lines * weight[:, None]).T @ lines)[1][:, 0]
        cosine = _cosine(point, unit, along)
        if weight @ cosine < 0:
            point, cosine = -point, -cosine
        off = np.arccos(np.minimum(np.abs(cosine), 1))
        weight = 1 / (1 + (off / _AGREE_RAD) ** 2) ** 2
    agree = np.abs(cosine) > np.cos(_AGREE_RAD)
    if agree.sum() < max(_LEAST_POINTS, _AGREE_SHARE * len(places)):
        return None
    full = np.array([point[0] * size + point[2] * centre[0], point[1] * size + point[2] * centre[1], point[2]])
    forward, backward = (length[agree & (sign * cosine > 0)] / seconds for sign in (1, -1))
    return Parallax(
        read_only(full / np.linalg.norm(full)), _usual_px_s(forward, len(places)), _usual_px_s(backward, len(places))
    )


def _usual_px_s(speeds: Float, of: int) -> float:
    return float(np.quantile(speeds, _SPEED_QUANTILE)) if len(speeds) >= _SIDE_SHARE * of else 0.0


def rescaled_parallax(found: Parallax, full_from_small: Float) -> Parallax:
    """What was found in a small picture, in full-size pixels."""
    point, scale = full_from_small @ found.epipole, float(full_from_small[0, 0])
    point = read_only(np.asarray(point / np.linalg.norm(point), np.float64))
    return Parallax(point, found.forward_px_s * scale, found.backward_px_s * scale)


def directions(point: Float, places: Float) -> Float:
    """Unit vectors along which structure moves at each place. shape (N, 2); 0 at the epipole itself"""
    away = point[:2] - point[2] * places
    return np.asarray(away / np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-12)[:, None])


class Way(NamedTuple):
    """Ways of things, held against the lines that structure moves along.

    along: unit vectors of the lines. shape (N, 2)
    forward_px: gone along its line, as `Parallax` is signed. shape (N,)
    aside_px: gone off it, never negative. shape (N,)
    usual_px_s: speed that most structure stays under in that direction. shape (N,)
    """

    along: Float
    forward_px: Float
    aside_px: Float
    usual_px_s: Float


def held_against(known: Parallax, places: Float, moved: Float) -> Way:
    """How far what lies at some places has moved along structure's lines and off them. places, moved: (N, 2) [px]"""
    along = directions(known.epipole, places)
    forward = np.sum(moved * along, axis=1)
    aside = np.abs(moved[:, 0] * along[:, 1] - moved[:, 1] * along[:, 0])
    return Way(along, forward, aside, np.where(forward > 0, known.forward_px_s, known.backward_px_s))


def _cosine(point: Float, places: Float, along: Float) -> NDArray[np.float64]:
    return np.asarray((directions(point, places) * along).sum(axis=1))
