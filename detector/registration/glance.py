"""A quick look at a frame between two that are registered: the expected motion, put right by a few points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.picture.flow import corners, follow
from detector.picture.homography import Float, apply

_COLUMNS, _ROWS = 8, 6
_LEAST_POINTS = 12
_LEAST_SHARE = 0.5  # of the points must be found and agree; else the frame is registered in full
_AGREE_PX = 1.0
_ROUNDS = 4


class Glance:
    """Follows at most 48 points from the last registered picture.

    Yaw, zoom and jolts since then come out to a tenth of a pixel; perspective is taken as expected, since it hardly
    changes in a tenth of a second. A sixth of the cost of a registration.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._picture = picture
        self._points: Float | None = None

    def now_from_last(self, picture: NDArray[np.uint8], expected: Float) -> Float | None:
        """Homography from the last registered picture to this one; None where too few points agree.

        Args:
            picture: of the size of the last one. shape (H, W)
            expected: that homography as the motion so far lets expect it.
        """
        if self._points is None:
            self._points = corners(self._picture, _COLUMNS, _ROWS)
        if len(self._points) < _LEAST_POINTS:
            return None
        places, believed = follow(self._picture, picture, self._points, expected, levels=1)
        guessed = apply(expected, self._points)
        turn = similarity(guessed[believed], places[believed])
        if turn is None:
            return None
        agree = np.hypot(*(apply(turn, guessed) - places).T) < _AGREE_PX
        if (agree & believed).sum() < max(_LEAST_POINTS, _LEAST_SHARE * len(believed)):
            return None
        return np.asarray(turn @ expected, np.float64)


def similarity(source: Float, target: Float) -> Float | None:
    """Shift, turn and zoom from `source` to `target` by reweighted least squares. shape (3, 3); None below 3 points.

    Geman-McClure weights about the last solution, from the median shift on. Slow twin: tests/naive_vision.py.
    """
    if len(source) < 3:
        return None
    # As complex numbers: target = factor * source + shift.
    x, y = source @ [1, 1j], target @ [1, 1j]
    factor, shift = 1 + 0j, complex(np.median((y - x).real), np.median((y - x).imag))
    for width_px in np.geomspace(4 * _AGREE_PX, _AGREE_PX / 2, _ROUNDS):
        weight = (width_px**2 / (width_px**2 + np.abs(factor * x + shift - y) ** 2)) ** 2
        total = weight.sum()
        middle_x, middle_y = (weight @ x) / total, (weight @ y) / total
        spread = weight @ np.abs(x - middle_x) ** 2
        if not spread > 0:
            return None
        factor = complex(weight @ ((x - middle_x).conj() * (y - middle_y)) / spread)
        shift = complex(middle_y - factor * middle_x)
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]])
