"""How rare a score is for the stream it comes from: its own past, and the tail of that past beyond what it holds."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

_STEEPEST = 1e-3  # inverse of the tail's exponent where the highest scores are equal


class Tail:
    """-log10 of the probability of a score as high, for one channel, from its last `history` scores.

    Up to the k-th highest score u of the past, k = min(tail, n / 5), the share of scores as high, (r + 1) / (n + 1).
    Beyond it a Pareto tail, k / n (u / s)^(1 / g), with Hill's estimate g from the k highest, of which the first counts
    no higher than the second: one glitch is no tail.

    Args:
        history: [samples]; calibrate: fewest scores; tail: highest scores the tail is fitted to.

    Source: Hill 1975, Annals of Statistics 3(5). Slow twin: tests/naive_series.py.
    """

    def __init__(self, history: int, calibrate: int, tail: int) -> None:
        self._history, self._calibrate, self._tail = history, calibrate, tail
        self._order: deque[float] = deque()
        self._sorted: list[float] = []

    def push(self, scores: Float) -> Float:
        """-log10 p, shape (T,); NaN where a score is, and before there was enough past.

        scores: high = rare, >= 0; NaN is neither judged nor remembered. shape (T,)
        """
        found = np.full(len(scores), np.nan)
        for row in np.flatnonzero(~np.isnan(scores)).tolist():
            score = float(scores[row])
            if len(self._sorted) >= self._calibrate:
                found[row] = self._judge(score)
            self._remember(score)
        return found

    def _judge(self, score: float) -> float:
        count = len(self._sorted)
        k = min(self._tail, count // 5)
        edge = self._sorted[-k]
        if score <= edge or edge <= 0:
            return -math.log10((count - bisect_left(self._sorted, score) + 1) / (count + 1))
        over = [math.log(one / edge) for one in self._sorted[-k:]]
        slope = (sum(over) - over[-1] + over[-2]) / k
        return math.log10(count / k) + math.log10(score / edge) / max(slope, _STEEPEST)

    def _remember(self, score: float) -> None:
        insort(self._sorted, score)
        self._order.append(score)
        if len(self._order) > self._history:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
