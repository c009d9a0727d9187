"""A quick look at a frame between two that are registered: the expected motion, put right."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.flow import corners, follow
from detector.picture.homography import Float, apply
from detector.picture.middle import middle
from detector.registration.direct import Direct
from detector.registration.light import flattened

_COLUMNS, _ROWS = 8, 6
_LEAST_SIDE_PX = 120  # a smaller picture, as of 720p, tells less in all than a few points of it do
_LEAST_POINTS = 12
_LEAST_SHARE = 0.5  # of the points must be found and agree; else the frame is registered in full
_AGREE_PX = 1.0
_ROUNDS = 4
_SAME = 1.2
_WIDTHS2 = [width_px**2 for width_px in np.geomspace(4 * _AGREE_PX, _AGREE_PX / 2, _ROUNDS).tolist()]


class Glance:
    """Lays what follows over the last registered picture: all of it at once where the expected motion is right to a
    pixel or two, else by at most 48 points.

    Yaw, zoom and jolts since then come out to a tenth of a pixel; perspective is taken as expected, since it hardly
    changes in a tenth of a second. A fifth of the cost of a registration.
    """

    def __init__(self, picture: NDArray[np.uint8], flicker: float | None = None, *, whole: bool = True) -> None:
        self._raw = picture
        self._picture: NDArray[np.uint8] | None = None
        self._points: Float | None = None
        self._direct: Direct | None = None
        self._whole = whole  # it moves as one
        self.flicker = flicker  # summed difference of a picture that was found to show the same. [grey]

    def is_the_same(self, picture: NDArray[np.uint8]) -> None:
        """This picture was found to show the same view: so much is usual of what moves and of noise."""
        self.flicker = cv2.norm(self._raw, picture, cv2.NORM_L1)

    def shows_the_same(self, picture: NDArray[np.uint8]) -> bool:
        """Whether a picture differs from the last registered one no more than one that showed the same view did.

        A hundredth of the cost of following points. A shift adds its length times the mean slope of the picture.
        """
        return self.flicker is not None and cv2.norm(self._raw, picture, cv2.NORM_L1) <= _SAME * self.flicker

    def now_from_last(self, picture: NDArray[np.uint8], expected: Float) -> Float | None:
        """Homography from the last registered picture to this one; None where too few points agree.

        Args:
            picture: of the size of the last one. shape (H, W) uint8
            expected: that homography as the motion so far lets expect it.
        """
        found = self._laid_at_once(picture, expected)
        if found is not None:
            return found
        if self._picture is None:
            self._picture = flattened(self._raw)
        if self._points is None:
            self._points = corners(self._picture, _COLUMNS, _ROWS).points
        if len(self._points) < _LEAST_POINTS:
            return None
        places, believed = follow(self._picture, flattened(picture), self._points, expected, levels=1)
        guessed = apply(expected, self._points)
        turn = similarity(guessed[believed], places[believed])
        if turn is None:
            return None
        agree = np.hypot(*(apply(turn, guessed) - places).T) < _AGREE_PX
        if (agree & believed).sum() < max(_LEAST_POINTS, _LEAST_SHARE * len(believed)):
            return None
        return np.asarray(turn @ expected, np.float64)

    def _laid_at_once(self, picture: NDArray[np.uint8], expected: Float) -> Float | None:
        if not self._whole or min(picture.shape) < _LEAST_SIDE_PX:
            return None
        if self._direct is None:
            self._direct = Direct(_calm(self._raw))
        return self._direct.now_from_this(_calm(picture), expected)


def _calm(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the finest detail, which a shift by parts of a pixel changes, and without the light."""
    return flattened(np.asarray(cv2.blur(picture, (3, 3)), np.uint8))


def similarity(source: Float, target: Float) -> Float | None:
    """Shift, turn and zoom from `source` to `target` by reweighted least squares. shape (3, 3); None below 3 points.

    Geman-McClure weights about the last solution, from the median shift on. Slow twin: tests/naive_vision.py.
    """
    if len(source) < 3:
        return None
    # As complex numbers: target = factor * source + shift.
    x, y = (
        np.ascontiguousarray(source).view(np.complex128).ravel(),
        np.ascontiguousarray(target).view(np.complex128).ravel(),
    )
    away = y - x
    factor, shift = 1 + 0j, complex(middle(away.real), middle(away.imag))
    for width2 in _WIDTHS2:
        off = factor * x + (shift - y)
        weight = width2 / (width2 + off.real**2 + off.imag**2)
        weight *= weight
        weight /= weight.sum()
        middle_x, middle_y = weight @ x, weight @ y
        from_middle = x - middle_x
        weighted = from_middle.conj() * weight
        spread = (weighted @ from_middle).real
        if not spread > 0:
            return None
        factor = complex(weighted @ (y - middle_y)) / spread
        shift = complex(middle_y - factor * middle_x)
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]])
