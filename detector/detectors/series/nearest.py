"""How far the newest samples of a stream are from anything in its past: by value, by level, by shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.courses import Courses
from detector.detectors.series.heights import Heights
from detector.detectors.series.strides import STRIDE

Float = NDArray[np.float64]

PARTS = ("value", "level", "shape")


class Nearest:
    """Distances to the nearest neighbour in the past, streaming, channel by channel side by side.

    value: |x_t - x_j|, over all j < t
    level: the same of the mean of the last `mean` samples, over stretches that do not overlap
    shape: Euclidean, of the last `shape` samples by means of four, over courses that do not overlap (`Courses`)

    The same to the last bit however the stream is cut.

    Args:
        mean, shape, history: [samples]; mean <= STRIDE; shape a multiple of PIECE.
        first: values of the first sample, shape (C,); taken to have been there before.

    Slow twin: tests/naive_series.py.
    """

    def __init__(self, mean: int, shape: int, history: int, first: Float) -> None:
        self._mean = mean
        self._values = Heights(len(first), 1, history)
        self._levels = Heights(len(first), mean, history)
        self._courses = Courses(first, shape, history)
        before = 2 * (mean - 1)
        self._raw = np.repeat(first[:, None], before + STRIDE, axis=1)
        self._seen = 0

    def push(self, values: Float) -> Float:
        """Distances, shape (3, C, n), in the order of `PARTS`; infinite where there is no past yet.

        values: shape (C, n), finite, all of one stride.

        Raises:
            ValueError: they reach over the end of a stride.
        """
        row, count = self._seen % STRIDE, values.shape[1]
        if row + count > STRIDE:
            raise ValueError(f"{count} samples after {row} reach over the end of a stride of {STRIDE}")
        before = 2 * (self._mean - 1)
        self._raw[:, before + row : before + row + count] = values
        raw = self._raw[:, : before + row + count]
        means = np.zeros((len(raw), self._mean - 1 + row + count))
        for back in range(self._mean):
            means += raw[:, self._mean - 1 - back : raw.shape[1] - back]
        means /= self._mean
        whole = self._seen - row + np.arange(means.shape[1]) >= 2 * (self._mean - 1)
        means = np.where(whole, means, np.inf)
        found = np.stack(
            (
                self._values.distances(raw[:, before:], row),
                self._levels.distances(means, row),
                self._courses.distances(values, row),
            )
        )
        self._seen += count
        if self._seen % STRIDE == 0:
            self._values.end(raw[:, before:])
            self._levels.end(means)
            self._courses.end()
            self._raw[:, :before] = self._raw[:, self._raw.shape[1] - before :].copy()
        return found
