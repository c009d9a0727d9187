"""Does the camera still look at the same view?"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, inverse, shift_px

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_SIDE_PX = 480  # a picture larger than this is halved first: stillness is seen in the small one, too
_BLOCK_PX = 16
_WINDOW_PX = 21
_LEAST_TEXTURE = 2.0  # root mean square slope that can tell a shift [grey levels a pixel]
_SAME_PX = 0.25
_LEAST_CORRELATION = 0.6  # below this the block shows something else
_FEWEST_BLOCKS = 8


class _Home(NamedTuple):
    """A view with what is needed to measure shifts against it. Slopes of the picture, and block means of products."""

    detail: Float32
    across: Float32
    down: Float32
    power: Float32
    xx: Float32
    xy: Float32
    yy: Float32


class View:
    """One view, kept as a picture, and the question whether another picture shows the same.

    Registration asks what most of the ground does, and follows waves or traffic where they fill the picture; here the
    question is whether *something* stays exactly where it was: under a camera that moves, nothing does.

    Args:
        least_share: share of the textured blocks that must stay in place. [1]
        shake_px: largest shake of the camera that is followed. [px of the picture given]
    """

    def __init__(self, least_share: float, shake_px: float) -> None:
        self._least_share = least_share
        self._shake_px = shake_px
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._home: _Home | None = None
        self._picture: U8 | None = None  # the view, until it is first looked at; a camera that moves never does
        self._open: NDArray[np.bool_] | None = None
        self._home_from_reference: Float = np.eye(3)

    def begin(self, picture: U8, reference_from_picture: Float) -> None:
        """Make this picture the view. reference_from_picture: by the registration, in pixels of the picture."""
        self._picture = picture
        self._home_from_reference = inverse(reference_from_picture)

    def moved_px(self, size_px: tuple[int, int], reference_from_picture: Float) -> float:
        """How far the registration says the view has moved since. [px] NaN where there is no view"""
        if self._picture is None and self._home is None:
            return math.nan
        return shift_px(self._home_from_reference @ reference_from_picture, size_px)

    def place(self, picture: U8, reference_from_picture: Float, covered: U8 | None = None) -> Float | None:
        """Homography from the picture to the view: exactly the identity where nothing shook; None if it is another.

        Args:
            covered: where something stood a moment ago, not 0; blocks there tell nothing. shape as `picture`
        """
        if self._picture is not None:
            self._home, self._picture = _home_of(self._picture), None
        if self._home is None or _small(picture).shape != self._home.detail.shape:
            return None
        self._open = _uncovered(covered, self._home.power.shape) if covered is not None else None
        unmoved = self._share(_detail(picture))
        if unmoved >= 0.5:
            return np.eye(3)
        matrix = self._home_from_reference @ reference_from_picture
        matrix = matrix / matrix[2, 2]
        height, width = picture.shape
        if not 0.3 < shift_px(matrix, (width, height)) <= self._shake_px:
            return np.eye(3) if unmoved >= self._least_share else None
        shaken = cv2.warpPerspective(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        followed = self._share(_detail(np.asarray(shaken, np.uint8)))
        if max(unmoved, followed) < self._least_share:
            return None
        return matrix if followed > unmoved + 0.1 else np.eye(3)

    def _share(self, detail: Float32) -> float:
        """Share of the textured blocks that stayed in place. 0 where too few can tell

        What correlates badly shows something else. Neither a change of gain nor noise moves a block.
        """
        home = self._home
        assert home is not None
        shift = _shifts(home, detail)
        with np.errstate(divide="ignore", invalid="ignore"):
            alike = _block_mean(home.detail * detail) / np.sqrt(home.power * _block_mean(detail * detail))
        smallest = (home.xx + home.yy) / 2 - np.sqrt((home.xx - home.yy) ** 2 / 4 + home.xy**2)
        textured = smallest >= _LEAST_TEXTURE**2
        if self._open is not None and 2 * (textured & self._open).sum() > textured.sum():
            textured &= self._open
        count = int(textured.sum())
        if count < _FEWEST_BLOCKS:
            return 0.0
        with np.errstate(invalid="ignore"):
            stays = (np.hypot(shift[..., 0], shift[..., 1]) < _SAME_PX) & (alike > _LEAST_CORRELATION)
        return float((stays & textured).sum() / count)


def _home_of(picture: U8) -> _Home:
    detail = _detail(picture)
    across, down = _slope(detail, across=True), _slope(detail, across=False)
    return _Home(
        detail,
        across,
        down,
        _block_mean(detail * detail),
        _block_mean(across * across),
        _block_mean(across * down),
        _block_mean(down * down),
    )


def _shifts(home: _Home, detail: Float32) -> Float32:
    """Shift of each block by one step of Lucas-Kanade. shape (rows, columns, 2) [px]; NaN or inf without texture

    Slow twin: tests/naive_vision_still.py.
    """
    differs = detail - home.detail
    right, below = _block_mean(home.across * differs), _block_mean(home.down * differs)
    determinant = home.xx * home.yy - home.xy * home.xy
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (home.yy * right - home.xy * below) / determinant
        y = (home.xx * below - home.xy * right) / determinant
    return np.stack([x, y], axis=-1)


def _uncovered(covered: U8, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Blocks of which at most a fifth is covered."""
    return cv2.resize(covered, shape[::-1], interpolation=cv2.INTER_AREA) <= 51


def _small(picture: U8) -> U8:
    height, width = picture.shape
    if max(height, width) <= _SIDE_PX or min(height, width) < 2 * _BLOCK_PX:
        return picture
    return np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def _detail(picture: U8) -> Float32:
    """The picture less what lies around each pixel: a change of light is no shift."""
    small = _small(picture)
    around = cv2.blur(small, (_WINDOW_PX, _WINDOW_PX))
    return np.asarray(cv2.subtract(small, around, dtype=cv2.CV_32F), np.float32)


def _slope(detail: Float32, *, across: bool) -> Float32:
    """Central difference. [grey levels a pixel]"""
    kernel = np.array([[-0.5, 0, 0.5]], np.float32)
    return np.asarray(cv2.filter2D(detail, -1, kernel if across else kernel.T), np.float32)


def _block_mean(picture: Float32) -> Float32:
    """Mean of each whole block. shape (H // 16, W // 16); one block where the picture is smaller"""
    rows, columns = max(picture.shape[0] // _BLOCK_PX, 1), max(picture.shape[1] // _BLOCK_PX, 1)
    whole = picture[: rows * _BLOCK_PX, : columns * _BLOCK_PX]
    means = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(rows, columns)
