"""How far the newest sample of a stream is from anything in its past: by value, by level, by shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

PARTS = ("value", "level", "shape")
STRIDE = 64
"""Sums that are carried are made anew every so many samples, counted from the stream's beginning. [samples]"""

_CANCELS = 1e6  # times what is left


class Nearest:
    """Distances to the nearest neighbour in the past, streaming, channel by channel side by side.

    value: |x_t - x_j|, over all j < t
    level: the same of the mean of the last `mean` samples, over stretches that do not overlap
    shape: Euclidean, of the last `shape` samples, over windows that do not overlap

    each over the last `history` samples. The sums of squares are carried along each lag, so a sample costs
    O(history) whatever the shape's length. Every operation is the same however the stream is cut.

    Args:
        mean, shape, history: [samples]; mean, shape <= history.
        first: values of the first sample, shape (C,); taken to have been there before.

    Slow twin: tests/naive_series.py.
    """

    def __init__(self, mean: int, shape: int, history: int, first: Float) -> None:
        self._mean, self._shape, self._history = mean, shape, history
        self._reach = history + shape
        self._values = np.repeat(first[:, None], self._reach, axis=1)
        self._means = self._values[:, -history:].copy()
        self._squares = np.zeros((len(first), history - shape + 1))  # of lags history, ..., shape
        self.seen = 0

    def push(self, values: Float) -> Float:
        """Distances, shape (T, 3, C), in the order of `PARTS`; infinite where there is no past yet.

        values: shape (T, C), finite.
        """
        found = np.empty((len(values), len(PARTS), values.shape[1]))
        at = 0
        while at < len(values):
            end = min(len(values), at + STRIDE - self.seen % STRIDE)
            self._stretch(values[at:end].T, found[at:end])
            at = end
        return found

    def _stretch(self, values: Float, found: Float) -> None:
        """Samples of one stride, shape (C, T)."""
        old = self._values.shape[1]
        every = np.concatenate((self._values, values), axis=1)
        newest = sum(every[:, old - k : every.shape[1] - k] for k in range(self._mean)) / self._mean
        means = np.concatenate((self._means, newest), axis=1)
        begun = means.shape[1] - values.shape[1]
        if self.seen % STRIDE == 0:
            self._squares = self._anew(every[:, :old])
        for row in range(values.shape[1]):
            now, seen = old + row, self.seen + row
            past = self._past(every, now, lag=1, length=1, seen=seen)
            found[row, 0] = _least(np.abs(past - every[:, now, None]))
            past = self._past(means, begun + row, lag=self._mean, length=self._mean, seen=seen)
            found[row, 1] = _least(np.abs(past - means[:, begun + row, None]))
            self._carry(every, now)
            whole = max(self._history - max(seen - self._shape + 1, 0), 0)
            found[row, 2] = np.sqrt(np.maximum(_least(self._squares[:, whole:]), 0.0))
        self._values, self._means = every[:, -self._reach :], means[:, -self._history :]
        self.seen += values.shape[1]

    def _past(self, kept: Float, now: int, *, lag: int, length: int, seen: int) -> Float:
        """Those at least `lag` back whose stretch of `length` lies inside what was seen."""
        reach = min(self._history, seen - length + 1)
        return kept[:, now - reach : now - lag + 1] if reach >= lag else kept[:, :0]

    def _carry(self, every: Float, now: int) -> None:
        """A pair of samples comes into each lag's sum of squares, and one goes."""
        gone = self._pairs(every, now - self._shape)
        self._squares += self._pairs(every, now)
        self._squares -= gone
        lost = gone > _CANCELS * self._squares
        if lost.any():
            self._mend(every, now, *np.nonzero(lost))

    def _mend(self, every: Float, now: int, channels: NDArray[np.intp], places: NDArray[np.intp]) -> None:
        """Sums from which so much has gone that little more than rounding is left: a glitch that passed."""
        lags = self._history - places
        total = np.zeros(len(lags))
        for back in range(self._shape):
            total += (every[channels, now - back] - every[channels, now - back - lags]) ** 2
        self._squares[channels, places] = total

    def _pairs(self, every: Float, at: int) -> Float:
        """Squared differences of the sample `at` and those before it, at the lags of `_squares`."""
        past = every[:, at - self._history : at - self._shape + 1]
        difference: Float = past - every[:, at, None]
        difference *= difference
        return difference

    def _anew(self, every: Float) -> Float:
        """The sums of squares at the last sample of `every`, without what has gathered by rounding."""
        total = np.zeros_like(self._squares)
        for back in range(self._shape):
            total += self._pairs(every, every.shape[1] - 1 - back)
        return total


def _least(distances: Float) -> Float:
    """Of each channel; infinite where there is none."""
    least: Float = distances.min(axis=1, initial=np.inf)
    return least
