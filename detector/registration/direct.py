"""Two pictures laid over one another by all of their pixels at once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, inverse, shift_px

_EVERY_PX = 2  # every second pixel along either side tells as much, at a quarter of the cost
_MARGIN_SHARE = 0.06  # of the sides: so far the view may have moved on
_CLIP_GREY = 24.0  # what drives by counts no more than this
_ROUNDS = 3
_SETTLED_PX = 0.03  # of those pixels
_LEAST_GAIN = 3.0  # so many times shorter each step has to be: noise makes all of them too short
_ALIKE = 0.8  # least correlation of the two pictures, once laid over one another
_LEAST_SHARE = 1e-3  # of the steepest slopes, those across: on stripes nothing tells how far along them


class Direct:
    """One picture that others, taken soon after, are laid over: shift, turn and zoom by Gauss-Newton steps.

    All is prepared once: a picture costs one warp and one product a step. Where the expected motion is right to a
    pixel, one or two steps leave a few hundredths.
    Source: Baker & Matthews 2004, Lucas-Kanade 20 Years On, section 3.2 (inverse compositional).

    Args of the constructor:
        picture: light taken out (`flattened`). shape (H, W)
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape
        x0, y0 = int(_MARGIN_SHARE * width) + 1, int(_MARGIN_SHARE * height) + 1
        inner = slice(y0, height - y0, _EVERY_PX), slice(x0, width - x0, _EVERY_PX)
        self._inner = np.ascontiguousarray(picture[inner])
        high, wide = self._inner.shape
        self._size = wide, high
        self._picture_from_inner = np.array([[_EVERY_PX, 0, x0], [0, _EVERY_PX, y0], [0, 0, 1.0]])
        self._inner_from_picture = inverse(self._picture_from_inner)
        across, down = (
            cv2.Sobel(picture, cv2.CV_32F, *way, ksize=1, scale=_EVERY_PX / 2)[inner] for way in ((1, 0), (0, 1))
        )
        # What coding leaves of faint ground at night stands still while the camera moves: only clear edges count.
        steep = across**2 + down**2
        clear = (steep >= steep.mean()).astype(np.float32)
        across, down = across * clear, down * clear
        # About the middle, in units of its size: a turn and a shift then weigh alike.
        self._unit = float(wide)
        x = ((np.arange(wide) - (wide - 1) / 2) / self._unit).astype(np.float32)
        y = ((np.arange(high) - (high - 1) / 2) / self._unit).astype(np.float32)[:, None]
        slopes = np.empty((4, high, wide), np.float32)
        slopes[0], slopes[1], slopes[2], slopes[3] = across, down, across * x + down * y, down * x - across * y
        self._slopes = slopes.reshape(4, -1)
        self._inverse = _inverse(self._slopes @ self._slopes.T)
        self._power = _power(self._inner)

    def now_from_this(self, picture: NDArray[np.uint8], expected: Float) -> Float | None:
        """Homography from this picture to that one; None where the two do not look alike.

        Args:
            picture: light taken out, of the same size. shape (H, W)
            expected: that homography as it is expected, right to about a pixel.

        Slow twin of a step: tests/naive_vision.py.
        """
        if self._inverse is None:
            return None
        power = self._power + _power(picture)
        matrix = expected @ self._picture_from_inner
        longest = np.inf
        for _ in range(_ROUNDS):
            if not self._covers(matrix, picture.shape):
                return None
            change, left = self._step(picture, matrix)
            matrix = matrix @ inverse(change)
            length = shift_px(change, self._size)
            if length <= _SETTLED_PX:
                return np.asarray(matrix @ self._inner_from_picture) if left <= (1 - _ALIKE) * power else None
            if length > longest:
                return None
            longest = length / _LEAST_GAIN
        return None

    def _step(self, picture: NDArray[np.uint8], picture_from_inner: Float) -> tuple[Float, float]:
        """The motion by which the picture, laid over the inner pixels, is off, and the mean square that it leaves."""
        assert self._inverse is not None
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpPerspective(picture, picture_from_inner, self._size, flags=flags)
        differs = cv2.subtract(laid, self._inner, dtype=cv2.CV_32F).ravel()
        along = self._slopes @ np.clip(differs, -_CLIP_GREY, _CLIP_GREY)
        step = self._inverse @ along
        return self._motion(step), float(np.dot(differs, differs) - along @ step) / len(differs)

    def _motion(self, step: NDArray[np.float32]) -> Float:
        """A step as a homography of the inner pixels."""
        x, y, zoom, turn = step.tolist()
        zoom, turn = zoom / self._unit, turn / self._unit
        middle_x, middle_y = (self._size[0] - 1) / 2, (self._size[1] - 1) / 2
        return np.array(
            [
                [1 + zoom, -turn, x - zoom * middle_x + turn * middle_y],
                [turn, 1 + zoom, y - turn * middle_x - zoom * middle_y],
                [0, 0, 1],
            ]
        )

    def _covers(self, matrix: Float, shape: tuple[int, ...]) -> bool:
        """Whether the other picture shows all of the inner part."""
        (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
        right, bottom = shape[1] - 1, shape[0] - 1
        for x, y in ((0, 0), (self._size[0], 0), (0, self._size[1]), self._size):
            depth = g * x + h * y + i
            if not (depth > 0 and 0 <= a * x + b * y + c <= right * depth and 0 <= d * x + e * y + f <= bottom * depth):
                return False
        return True


def _power(picture: NDArray[np.uint8]) -> float:
    """Variance of the grey levels."""
    _, deviation = cv2.meanStdDev(picture)
    return float(deviation[0, 0]) ** 2


def _inverse(normal: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """None where the slopes do not determine a motion: on a blank picture, or on stripes."""
    least, *_, most = np.linalg.eigvalsh(normal).tolist()
    return np.linalg.inv(normal) if least > _LEAST_SHARE * most > 0 else None
