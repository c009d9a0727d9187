"""What a view looks like when nothing is there: some grey levels seen at each pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.cells import cell_means

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_HALVINGS = 4


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
        self._samples: U8 = np.zeros((0, 0, 0), np.uint8)
        self._mean: Float32 = np.zeros((0, 0), np.float32)
        self._random = np.random.default_rng(0)

    def begin(self, pictures: list[U8], empty: U8, tolerance: U8) -> None:
        """Start from several pictures of the view. What differs from `empty` by more than `tolerance` is left out."""
        self.reset()
        self._mean = empty.astype(np.float32)
        samples = []
        for position in np.linspace(0, len(pictures) - 1, self._count).astype(int).tolist():
            sample = pictures[position].copy()
            strange = cv2.compare(cv2.absdiff(sample, empty), tolerance, cv2.CMP_GT)
            cv2.copyTo(empty, strange, sample)
            samples.append(sample)
        self._samples = np.stack(samples)

    @property
    def mean(self) -> U8:
        """The mean background. shape (H, W)"""
        return np.asarray(cv2.convertScaleAbs(self._mean), np.uint8)

    def distance(self, picture: U8, mean: U8, threshold: U8, low: U8) -> U8:
        """How far each pixel is from the second nearest of its samples. shape (H, W) [grey levels]

        The distance to the mean stands for it where that is at most `low`, and far from any two
        pixels where it is above the threshold: it decides nothing there, and costs a fortieth. Slow twin:
        tests/naive_vision_still.py.
        """
        distance = np.asarray(cv2.absdiff(picture, mean), np.uint8)
        places = near_high(distance, threshold, low)
        distance.ravel()[places] = self._second_nearest(picture.ravel()[places], places)
        return distance

    def _second_nearest(self, grey: U8, places: NDArray[np.int64]) -> U8:
        """Distance to the second nearest sample of the pixel at each place. grey, places: shape (K,)"""
        flat = self._samples.reshape(self._count, -1)
        first = _apart(grey, flat[0].take(places))
        second = np.full_like(first, 255)
        for sample in flat[1:]:
            apart = _apart(grey, sample.take(places))
            np.minimum(second, np.maximum(first, apart), out=second)
            np.minimum(first, apart, out=first)
        return second

    def learn(self, picture: U8, empty: U8, dt_s: float, age_s: float) -> None:
        """Take some pixels of the picture as samples: most where `empty` is 255, few where something stands.

        Args:
            dt_s: time since the last picture learned. [s]
            age_s: time since the view was first seen; while that is short, what seems to stand there is as likely
                the ground uncovered, and is absorbed sooner. [s]
        """
        cv2.accumulateWeighted(picture, self._mean, min(dt_s / 2.0, 0.5), empty)
        lattice = self._lattice(dt_s * self._count / self._memory_s)
        self._put(picture, empty, lattice, 0, 0)
        # A neighbour's grey level, too: foliage and a shaking mast bring it here soon.
        down, right = self._random.integers(-1, 2, 2).tolist()
        self._put(picture, empty, lattice, down, right)
        lattice = self._lattice(dt_s * self._count / min(self._absorb_s, 4 * age_s + 30))
        self._put(picture, np.asarray(cv2.bitwise_not(empty[lattice].copy()), np.uint8), lattice, 0, 0, picked=True)

    def replace(self, picture: U8, where: U8) -> None:
        """Forget what was known where 255, and take the picture for it."""
        if cv2.hasNonZero(where):
            chosen = where > 0
            self._mean[chosen] = picture[chosen]
            self._samples[:, chosen] = picture[chosen]

    def _lattice(self, chance: float) -> tuple[slice, slice]:
        """Every so many-th row and column from a random one on: about this share of the pixels."""
        step = max(round(1 / np.sqrt(max(chance, 1e-6))), 1)
        height, width = self._mean.shape
        y, x = self._random.integers(0, step, 2).tolist()
        return slice(y % height, height, step), slice(x % width, width, step)

    def _put(
        self, picture: U8, empty: U8, lattice: tuple[slice, slice], down: int, right: int, *, picked: bool = False
    ) -> None:
        """Copy the chosen pixels to one of the samples, so many pixels further down and to the right."""
        rows, columns = lattice
        height, width = picture.shape
        sample = self._samples[int(self._random.integers(self._count))]
        source = picture[rows, columns]
        chosen = (empty if picked else empty[rows, columns]) > 0
        if picked:
            # What stands there is shown by the mean soon, too: half of the way with each sample.
            mean = self._mean[rows, columns]
            mean[chosen] += np.float32(0.3) * (source[chosen] - mean[chosen])
        y, x = rows.start + down, columns.start + right
        first_row, first_column = (1 if y < 0 else 0), (1 if x < 0 else 0)
        target = sample[
            y + first_row * rows.step : height : rows.step, x + first_column * columns.step : width : columns.step
        ]
        source, chosen = source[first_row:, first_column:], chosen[first_row:, first_column:]
        shape = (min(target.shape[0], source.shape[0]), min(target.shape[1], source.shape[1]))
        fits = np.s_[: shape[0], : shape[1]]
        np.copyto(target[fits], source[fits], where=chosen[fits])


def near_high(distance: NDArray[np.uint8], threshold: U8, low: U8) -> NDArray[np.int64]:
    """Pixels above the lower threshold, not farther than two cells of 16x16 from two that are above the upper."""
    height, width = distance.shape
    high = cv2.compare(distance, threshold, cv2.CMP_GT)
    # Two pixels of a cell make a mean of 2; one, being noise, 1.
    _, cells = cv2.threshold(cell_means(np.asarray(high, np.uint8), _HALVINGS), 1, 255, cv2.THRESH_BINARY)
    if not cv2.hasNonZero(cells):
        return np.zeros(0, np.int64)
    # 1 and not 255, for numpy finds the true among booleans five times as fast as the non-zero among bytes.
    _, cells = cv2.threshold(cv2.dilate(cells, np.ones((3, 3), np.uint8)), 0, 1, cv2.THRESH_BINARY)
    size = (cells.shape[1] << _HALVINGS, cells.shape[0] << _HALVINGS)
    whole = cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST)
    lower = cv2.compare(distance, low, cv2.CMP_GT)
    return np.flatnonzero(cv2.bitwise_and(lower, np.ascontiguousarray(whole[:height, :width])).view(np.bool_))


def _apart(one: U8, other: U8) -> U8:
    return np.maximum(one, other) - np.minimum(one, other)
