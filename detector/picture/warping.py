"""Pictures laid over others by a homography."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, inverse

Grey = TypeVar("Grey", NDArray[np.uint8], NDArray[np.uint16])

_FOUR = 4
_MOST_OFF_PX = 0.1  # less than registration is off
_TO_MIDDLE_PX = (_FOUR - 1) / 2


def warped(picture: Grey, matrix: Float) -> Grey:
    """A picture in the pixels that a homography leads to; beyond its border it goes on as it ends. As given

    matrix: there from here. shape (3, 3)
    """
    height, width = picture.shape
    here_from_there = inverse(matrix)
    alike = picture.dtype == np.uint8 and width % _FOUR == 0
    laid: Any
    if alike and apart_px(here_from_there, (width, height)) <= _MOST_OFF_PX:
        laid = _in_fours(picture, here_from_there)
    else:
        size = (width, height)
        laid = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("Grey", laid)


def apart_px(here_from_there: Float, size_px: tuple[int, int]) -> float:
    """How far the outer two of four pixels in a row come to lie from where the middle of the four takes them. [px]

    At most, by the corners of the picture; infinite where one of them has no place.
    """
    (a, b, c), (d, e, f), (g, h, i) = here_from_there.tolist()
    most = 0.0
    for x, y in ((0, 0), (size_px[0], 0), (0, size_px[1]), size_px):
        depth = g * x + h * y + i
        if not depth > 0:
            return float("inf")
        across = (a - g * (a * x + b * y + c) / depth) / depth - 1
        down = (d - g * (d * x + e * y + f) / depth) / depth
        most = max(most, across * across + down * down)
    return float(_TO_MIDDLE_PX * most**0.5)


def _in_fours(picture: NDArray[Any], here_from_there: Float) -> NDArray[np.uint8]:
    """Four pixels in a row as the four channels of one, a quarter as wide: each place is worked out once for four.

    Half of the time of a warp pixel by pixel (720p: 1.7 for 2.8 to 4.2 ms), a grey level of rounding off.
    Slow twin: tests/naive_vision.py.
    """
    height, width = picture.shape
    beside = _FOUR - 1
    padded = np.asarray(cv2.copyMakeBorder(picture, 0, 0, beside, beside, cv2.BORDER_REPLICATE), np.uint8)
    # Each pixel with the three to its right: four bytes from each byte on, copied as one number.
    runs = np.empty((height, width + beside), np.uint32)
    runs[:] = np.ndarray(runs.shape, np.uint32, padded, strides=(padded.strides[0], 1))
    channels = runs.view(np.uint8).reshape(height, width + beside, _FOUR)
    middle_from_four = np.array([[_FOUR, 0, _TO_MIDDLE_PX], [0, 1, 0], [0, 0, 1.0]])
    run_from_middle = np.array([[1, 0, beside - _TO_MIDDLE_PX], [0, 1, 0], [0, 0, 1.0]])
    laid = cv2.warpPerspective(
        channels,
        run_from_middle @ here_from_there @ middle_from_four,
        (width // _FOUR, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(laid, np.uint8).reshape(height, width)
