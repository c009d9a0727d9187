"""What the camera's exposure has done to a view since it was learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.exposure import Exposure, levels_to_fit, refined

U8 = NDArray[np.uint8]

_POINTS = 1500
_GOOD = 1.5  # median of what is left by a fit that need not be made again [grey levels]
_POOR = 3.0  # median of what is left by a fit that is worth another try [grey levels]


class Tone:
    """Gain and offset between a picture and the background, with what moves left out."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self.exposure = Exposure()

    def taken_out(self, picture: U8, mean: U8) -> U8:
        """The picture as it would look under the background's exposure. shape (H, W)"""
        self._fit(picture, mean)
        if abs(self.exposure.gain - 1) < 0.01 and abs(self.exposure.offset) < 1:
            return picture
        return self.exposure.taken_out(picture, mean)

    def _fit(self, picture: U8, mean: U8) -> None:
        """Least squares with what does not fit left out, from the last answer on and from the median difference."""
        step = max(round(np.sqrt(picture.size / _POINTS)), 1)
        part = np.s_[step // 2 :: step, step // 2 :: step]
        now, was = levels_to_fit(picture[part], mean[part])
        if len(now) < 50:
            self.reset()
            return
        off = np.abs(now - self.exposure.gain * was - self.exposure.offset)
        if float(np.median(off)) < _GOOD:
            return
        self.exposure, left = refined(now, was, self.exposure)
        if left > _POOR:
            again, left_again = refined(now, was, Exposure(1.0, float(np.median(now - was))))
            if left_again < left:
                self.exposure = again
