"""Takes the light out of a picture, so that a change of it is not taken for motion."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_WINDOW_PX = 21
_MIDDLE_GREY = 128


def flattened(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture less the mean of what lies around each pixel, about middle grey. shape as given

    Lucas-Kanade takes a step of brightness for a shift along the gradient: a fifth more gain moved a still picture
    by 0.4 px. Without the local mean, what is left of the gain has no preferred direction.
    """
    around = cv2.blur(picture, (_WINDOW_PX, _WINDOW_PX))
    return np.asarray(cv2.addWeighted(picture, 1, around, -1, _MIDDLE_GREY), np.uint8)
