"""What a view looks like when nothing is there: some grey levels seen at each pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_BAND_PX = 16
_SLACK_PX = 64


class Background:
    """Ten grey levels a pixel, taken at random times while nothing was there; two that agree make a background.

    Barnich & Van Droogenbroeck 2011 (ViBe), on the grey level alone and with the distance kept, not a verdict: what is
    far from that depends on the place. Random but with a fixed seed: the same pictures give the same answers.

    Args:
        samples: how many grey levels a pixel. [1]
        memory_s: about how long a grey level is kept. [s]
        absorb_s: the same where something stands: so long until it is background itself. [s]
    """

    def __init__(self, samples: int, memory_s: float, absorb_s: float) -> None:
        self._count = samples
        self._memory_s = memory_s
        self._absorb_s = absorb_s
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._samples: list[U8] = []
        self._mean: Float32 = np.zeros((0, 0), np.float32)
        self._random = np.random.default_rng(0)
        self._dice: NDArray[np.uint16] = np.zeros((0, 0), np.uint16)

    def begin(self, pictures: list[U8], empty: U8, tolerance: Float32) -> None:
        """Start from several pictures of the view. What differs from `empty` by more than `tolerance` is left out."""
        self.reset()
        height, width = empty.shape
        self._mean = empty.astype(np.float32)
        self._dice = self._random.integers(0, 1 << 16, (height + _SLACK_PX, width + _SLACK_PX), np.uint16)
        allowed = np.asarray(cv2.convertScaleAbs(tolerance), np.uint8)
        for position in np.linspace(0, len(pictures) - 1, self._count).astype(int).tolist():
            sample = pictures[position].copy()
            strange = cv2.compare(cv2.absdiff(sample, empty), allowed, cv2.CMP_GT)
            cv2.copyTo(empty, strange, sample)
            self._samples.append(sample)

    @property
    def mean(self) -> U8:
        """The mean background. shape (H, W)"""
        return np.asarray(cv2.convertScaleAbs(self._mean), np.uint8)

    def distance(self, picture: U8, mean: U8, enough: U8) -> U8:
        """How far each pixel is from the second nearest of its samples. shape (H, W) [grey levels]

        Where the picture lies within `enough` of the mean everywhere in a band of rows, the distance to the mean is
        as good and costs a fortieth. Slow twin: tests/naive_vision_still.py.
        """
        distance = np.asarray(cv2.absdiff(picture, mean), np.uint8)
        far = cv2.compare(distance, enough, cv2.CMP_GT)
        for y0, y1, x0, x1 in _bands(far):
            distance[y0:y1, x0:x1] = self._second_nearest(picture, slice(y0, y1), slice(x0, x1))
        return distance

    def _second_nearest(self, picture: U8, rows: slice, columns: slice) -> U8:
        here = np.ascontiguousarray(picture[rows, columns])
        first = cv2.absdiff(here, self._samples[0][rows, columns])
        second = np.full_like(here, 255)
        for sample in self._samples[1:]:
            distance = cv2.absdiff(here, sample[rows, columns])
            second = cv2.min(second, cv2.max(first, distance))
            first = cv2.min(first, distance)
        return np.asarray(second, np.uint8)

    def learn(self, picture: U8, empty: U8, dt_s: float) -> None:
        """Take some pixels of the picture as samples: most where `empty` is 255, few where something stands.

        Args:
            dt_s: time since the last picture learned. [s]
        """
        cv2.accumulateWeighted(picture, self._mean, min(dt_s / 2.0, 0.5), empty)
        chance = min(dt_s * self._count / self._memory_s, 1.0)
        self._put(picture, cv2.bitwise_and(self._thrown(chance), empty), 0, 0)
        # A neighbour's grey level, too: foliage and a shaking mast bring it here soon.
        down, right = self._random.integers(-1, 2, 2).tolist()
        self._put(picture, cv2.bitwise_and(self._thrown(chance), empty), down, right)
        absorbing = min(dt_s * self._count / self._absorb_s, 1.0)
        self._put(picture, cv2.bitwise_and(self._thrown(absorbing), cv2.bitwise_not(empty)), 0, 0)
        standing = cv2.bitwise_and(self._thrown(absorbing), cv2.bitwise_not(empty))
        cv2.accumulateWeighted(picture, self._mean, 0.3, standing)

    def _put(self, picture: U8, where: NDArray[np.uint8], down: int, right: int) -> None:
        """Copy the chosen pixels to one sample, so many pixels further down and to the right."""
        height, width = picture.shape
        if height < 2 or width < 2:
            return
        sample = self._samples[int(self._random.integers(self._count))]
        source = np.s_[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
        target = np.s_[max(down, 0) : height - max(-down, 0), max(right, 0) : width - max(-right, 0)]
        np.copyto(sample[target], picture[source], where=where[source] > 0)

    def _thrown(self, chance: float) -> U8:
        """255 at random pixels. shape (H, W)"""
        y, x = self._random.integers(0, _SLACK_PX, 2).tolist()
        height, width = self._mean.shape
        view = np.ascontiguousarray(self._dice[y : y + height, x : x + width])
        # A field of dice thrown once and shifted: which pixels fall together is the same each time, when is not.
        turn = int(self._random.integers(0, 1 << 16))
        turned = view + np.uint16(turn)  # wraps around
        return np.asarray(cv2.compare(turned, float(round(chance * (1 << 16))), cv2.CMP_LT), np.uint8)


def _bands(far: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """Parts of the picture, y0, y1, x0, x1, that together hold all that is set."""
    found = []
    for y0 in range(0, far.shape[0], _BAND_PX):
        x, _, width, _ = cv2.boundingRect(far[y0 : y0 + _BAND_PX])
        if width:
            found.append((y0, min(y0 + _BAND_PX, far.shape[0]), x, x + width))
    return found
