"""How rare a score is for the stream it comes from: its own past, and the tail of that past beyond what it holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.strides import STRIDE, is_renewed, whole_strides

Float = NDArray[np.float64]

_STEEPEST = 1e-3  # inverse of the tail's exponent where the highest scores are equal


class Tails:
    """-log10 of the probability of a score as high, for many channels side by side, each from its own past.

    The past is all before the stride (of STRIDE samples, counted from the beginning). Up to its k-th highest score u,
    k = min(tail, n / 5), the share of scores as high, (r + 1) / (n + 1), among the last `history` samples as they were
    sorted last (`is_renewed`). Beyond it a Pareto tail, k / n (u / s)^(1 / g), with Hill's estimate g from the k
    highest, of which the first counts no higher than the second: one glitch is no tail.

    Args:
        channels; history: [samples]; calibrate: fewest scores; tail: highest scores the tail is fitted to.

    Source: Hill 1975, Annals of Statistics 3(5). Slow twin: tests/naive_series.py.
    """

    def __init__(self, channels: int, history: int, calibrate: int, tail: int) -> None:
        self._calibrate, self._tail = calibrate, tail
        self._strides = whole_strides(history)
        self._kept = np.full((channels, self._strides * STRIDE), np.nan)
        self._sorted = self._kept
        self._in_sorted = np.zeros(channels, np.int64)
        self._known = np.zeros(channels, np.int64)
        self._top = np.full((channels, tail), -np.inf)  # descending
        self._log10 = np.log10(np.arange(1, self._kept.shape[1] + 2))  # of 1, 2, ...
        self._seen = 0

    def push(self, scores: Float) -> Float:
        """-log10 p, shape (C, n); NaN where a score is, and before there was enough past.

        scores: of samples of one stride; high = rare, >= 0; NaN is neither judged nor remembered. shape (C, n)
        """
        row, count = self._seen % STRIDE, scores.shape[1]
        begin = self._seen // STRIDE % self._strides * STRIDE
        self._kept[:, begin + row : begin + row + count] = scores
        found = self._judged(scores)
        self._seen += count
        if self._seen % STRIDE == 0:
            self._remember(self._kept[:, begin : begin + STRIDE])
        return found

    def _judged(self, scores: Float) -> Float:
        as_high = np.zeros(scores.shape, np.intp)
        judged = self._known >= self._calibrate
        for channel in np.flatnonzero(judged).tolist():
            past = self._sorted[channel, : self._in_sorted[channel]]
            as_high[channel] = len(past) - past.searchsorted(scores[channel])
        found = self._log10[self._in_sorted][:, None] - self._log10[as_high]
        found[np.isnan(scores) | ~judged[:, None]] = np.nan
        k = np.maximum(np.minimum(self._tail, self._known // 5), 1)
        edge = self._top[np.arange(len(k)), k - 1]
        beyond = (scores > edge[:, None]) & (judged & (edge > 0))[:, None]
        if beyond.any():
            of, _ = np.nonzero(beyond)
            slope = self._slope(np.where(edge > 0, edge, 1.0), k)[of]
            found[beyond] = np.log10((self._known / k)[of]) + np.log10(scores[beyond] / edge[of]) / slope
        return found

    def _slope(self, edge: Float, k: NDArray[np.int64]) -> Float:
        """Hill's estimate of each channel; what is below the edge adds nothing."""
        over = np.log(np.maximum(self._top, edge[:, None]) / edge[:, None])
        slope: Float = np.maximum((over.sum(axis=1) - over[:, 0] + over[:, 1]) / k, _STEEPEST)
        return slope

    def _remember(self, scores: Float) -> None:
        """A stride has ended: its scores are part of the past now."""
        if is_renewed(self._seen):
            self._sorted = np.sort(self._kept, axis=1)
            self._in_sorted = (~np.isnan(self._kept)).sum(axis=1)
            self._known = self._in_sorted
            highest = self._in_sorted[:, None] - 1 - np.arange(self._tail)
            top = np.take_along_axis(self._sorted, np.maximum(highest, 0), axis=1)
            self._top = np.where(highest >= 0, top, -np.inf)
            return
        self._known = self._known + (~np.isnan(scores)).sum(axis=1)
        top = np.concatenate((self._top, np.where(np.isnan(scores), -np.inf, scores)), axis=1)
        self._top = np.sort(top, axis=1)[:, : -self._tail - 1 : -1]
