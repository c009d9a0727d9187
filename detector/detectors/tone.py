"""What the camera's exposure has done to a view since it was learned."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_POINTS = 4000
_DARKEST, _BRIGHTEST = 4, 250  # what is clipped tells nothing


class Tone:
    """Gain and offset between a picture and the background, with what moves left out."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self.gain, self.offset = 1.0, 0.0

    def taken_out(self, picture: U8, mean: U8) -> U8:
        """The picture as it would look under the background's exposure. shape (H, W)"""
        self._fit(picture, mean)
        if abs(self.gain - 1) < 0.01 and abs(self.offset) < 1:
            return picture
        levels = (np.arange(256) - self.offset) / self.gain
        return np.asarray(cv2.LUT(picture, np.clip(np.rint(levels), 0, 255).astype(np.uint8)), np.uint8)

    def _fit(self, picture: U8, mean: U8) -> None:
        """Least squares with what does not fit left out, from the last answer on and from the median difference."""
        step = max(round(np.sqrt(picture.size / _POINTS)), 1)
        now = picture[step // 2 :: step, step // 2 :: step].astype(np.float32).ravel()
        was = mean[step // 2 :: step, step // 2 :: step].astype(np.float32).ravel()
        seen = (now > _DARKEST) & (now < _BRIGHTEST) & (was > _DARKEST) & (was < _BRIGHTEST)
        now, was = now[seen], was[seen]
        if len(now) < 50:
            self.reset()
            return
        median = float(np.median(now - was))
        starts = [(self.gain, self.offset), (1.0, median)]
        fits = [_refined(now, was, gain, offset) for gain, offset in starts]
        self.gain, self.offset, _ = min(fits, key=lambda fit: fit[2])


def _refined(now: NDArray[np.float32], was: NDArray[np.float32], gain: float, offset: float) -> tuple[float, float, float]:
    """Gain, offset and the median of what is left. [1], [grey levels], [grey levels]"""
    for _ in range(3):
        left = np.abs(now - gain * was - offset)
        good = left <= max(3 * float(np.median(left)), 2.0)
        x, y = was[good], now[good]
        centred = x - x.mean()
        power = float((centred * centred).sum())
        # A view of one grey tells no gain.
        gain = float((centred * y).sum() / power) if power > 25 * len(x) else 1.0
        gain = min(max(gain, 0.4), 2.5)
        offset = float(y.mean() - gain * x.mean())
    return gain, offset, float(np.median(np.abs(now - gain * was - offset)))
