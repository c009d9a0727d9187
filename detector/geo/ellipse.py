"""The 95 % ellipse of a place's error. On which side of a border it lies is for `detector.rules.sides` to judge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Radius of the 95 % ellipse in standard deviations: the square root of the 0.95 quantile of chi-squared with two
# degrees of freedom, which is -2 ln 0.05.
SIGMAS_95 = float(np.sqrt(-2.0 * np.log(0.05)))


class Ellipse(NamedTuple):
    """Ellipses that hold the true place with 95 % probability.

    semi_major_m, semi_minor_m: shape (M,) [m]
    bearing_deg: of the major axis, clockwise from true north, in [0, 180). shape (M,)
    """

    semi_major_m: NDArray[np.float64]
    semi_minor_m: NDArray[np.float64]
    bearing_deg: NDArray[np.float64]


def ellipse_95(covariance_m2: ArrayLike) -> Ellipse:
    """Axes and bearing of the 95 % ellipse of (east, north) covariances. shape (M, 2, 2); NaN passes through."""
    c = np.asarray(covariance_m2, np.float64).reshape(-1, 2, 2)
    ee, en, nn = c[:, 0, 0], c[:, 0, 1], c[:, 1, 1]
    mean, spread = 0.5 * (ee + nn), np.hypot(0.5 * (ee - nn), en)
    bearing = np.degrees(0.5 * np.arctan2(2 * en, nn - ee)) % 180.0
    return Ellipse(
        SIGMAS_95 * np.sqrt(mean + spread), SIGMAS_95 * np.sqrt(np.maximum(mean - spread, 0.0)), bearing % 180.0
    )
