"""What a shutter that stays open for a while does to a picture that moves."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.view import View

Picture = NDArray[np.uint8]
_SHARP_PX = 0.25  # less is hidden by the bilinear sampling of the ground
_MOST_TAPS = 9


def exposed_for(picture: Picture, exposure_s: float, view_at: Callable[[float], View], t_s: float) -> Picture:
    """The picture averaged over its exposure, as the ground moves in it; the truth at mid-exposure stays exact.

    Args:
        picture: sharp, at mid-exposure. BGR, shape (height, width, 3)
        exposure_s: 0 leaves it as it is. [s]
        view_at: the camera at a time in seconds. t_s: mid-exposure. [s]

    Valid for the ground. A mover is blurred by the camera's movement, not by its own (15 m/s in 1/100 s, seen
    from 220 m: 0.7 px), and what stands high by the ground's movement below it.
    """
    if exposure_s <= 0:
        return picture
    height, width = picture.shape[:2]
    first, middle, last = (view_at(t_s + share * exposure_s).pixel_from_ground for share in (-0.5, 0.0, 0.5))
    back = np.linalg.inv(middle)
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    start, end = (cv2.perspectiveTransform(corners[:, None], view @ back)[:, 0] for view in (first, last))
    reach_px = float(np.abs(end - start).max())
    if not reach_px > _SHARP_PX:
        return picture
    # A tap a pixel: between two taps bilinear sampling leaves no gap. Within one exposure the corners move evenly.
    taps = min(max(int(np.ceil(reach_px)), 2), _MOST_TAPS)
    total = np.zeros(picture.shape, np.float32)
    for share in ((np.arange(taps) + 0.5) / taps).tolist():
        moved = cv2.getPerspectiveTransform(corners, (start + share * (end - start)).astype(np.float32))
        sample = cv2.warpPerspective(picture, moved, (width, height), borderMode=cv2.BORDER_REPLICATE)
        cv2.accumulate(sample, total)
    return np.asarray(cv2.convertScaleAbs(total, alpha=1 / taps), np.uint8)
