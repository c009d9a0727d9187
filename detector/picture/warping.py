"""Pictures laid over others by a homography."""

from __future__ import annotations

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float

Grey = TypeVar("Grey", NDArray[np.uint8], NDArray[np.uint16])


def warped(picture: Grey, matrix: Float) -> Grey:
    """A picture in the pixels that a homography leads to; beyond its border it goes on as it ends. As given

    matrix: there from here. shape (3, 3)
    """
    size = (picture.shape[1], picture.shape[0])
    laid = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("Grey", laid)
