"""Grey levels between the pixels of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float

_ROW = 1024  # OpenCV takes no more than 32,767 places in a row


def greys_at(picture: NDArray[np.uint8], places: Float) -> NDArray[np.uint8]:
    """Grey levels at places between pixels; outside the picture its edge goes on. shape (...)

    Args:
        picture: shape (H, W)
        places: x and y. shape (..., 2) [px]

    Slow twin: tests/naive_vision.py.
    """
    count = places.size // 2
    padded = np.zeros((max(-(-count // _ROW), 1) * _ROW, 2), np.float32)
    padded[:count] = places.reshape(-1, 2)
    grid = padded.reshape(-1, _ROW, 2)
    values = cv2.remap(picture, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(values.reshape(-1)[:count].reshape(places.shape[:-1]), np.uint8)
