"""What is usual for rows of many channels, and how far a row is from it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

_MOST_USUAL = 0.99
_STILL = 1e-4  # of a channel's size: one that stood still is taken to vary by so much


class UsualRows(Protocol):
    """Fitted once to usual rows."""

    def scores(self, rows: Float) -> Float:
        """Of rows, shape (T, C): 1 is what 99 % of the usual ones stay below. shape (T,)"""
        ...

    def odd(self, row: Float) -> int:
        """The channel that is farthest from what is usual."""
        ...


class Residual:
    """Hotelling's T² in the directions that explain `explained` of the variance, and what is left beside them (Q).

    The score is the larger of Q and T² / 4, each over its 99 % quantile among the usual rows: a change of how channels
    hang together shows in Q first, and usual swings lie in T².

    Args:
        usual: averages, shape (T, C).
        deviation: of the samples they are the averages of, shape (C,): what moves slowly counts for more than noise.
        explained: share of the variance. [1]

    Source: Jackson and Mudholkar 1979, Technometrics 21(3), 341 (Q); Lowry et al. 1992, Technometrics 34(1), 46 (EWMA).
    """

    def __init__(self, usual: Float, deviation: Float, explained: float) -> None:
        self._centre = usual.mean(axis=0)
        self._scale = np.maximum(deviation, _STILL * np.maximum(np.abs(usual).max(axis=0), 1e-300))
        variance, axes = np.linalg.eigh(np.cov(((usual - self._centre) / self._scale).T).reshape(usual.shape[1], -1))
        order = np.argsort(variance)[::-1]
        self._variance, self._axes = np.maximum(variance[order], 1e-12), axes[:, order]
        told = np.cumsum(self._variance) / self._variance.sum()
        self._kept = min(int(np.searchsorted(told, explained)) + 1, len(told))
        t2, q = self._both(usual)
        self._most = max(float(np.quantile(t2, _MOST_USUAL)), 1e-12), max(float(np.quantile(q, _MOST_USUAL)), 1e-12)

    def scores(self, rows: Float) -> Float:
        """See UsualRows."""
        t2, q = self._both(rows)
        return np.maximum(q / self._most[1], t2 / self._most[0] / 4.0)

    def odd(self, row: Float) -> int:
        """See UsualRows."""
        along = ((row - self._centre) / self._scale) @ self._axes
        along[: self._kept] = 0.0
        beside = np.abs(self._axes @ along)
        return int(np.argmax(beside if beside.any() else np.abs(row - self._centre) / self._scale))

    def _both(self, rows: Float) -> tuple[Float, Float]:
        along = ((rows - self._centre) / self._scale) @ self._axes
        squares = along * along
        t2: Float = (squares[:, : self._kept] / self._variance[: self._kept]).sum(axis=1)
        return t2, squares[:, self._kept :].sum(axis=1)


class Forest:
    """Isolation forest (Liu, Ting and Zhou 2008, ICDM, 413), in batches: row by row it is 800 times slower.

    Args:
        usual: averages, shape (T, C).
        deviation: of the samples they are the averages of, shape (C,).
    """

    def __init__(self, usual: Float, deviation: Float) -> None:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415  2 s to import

        self._centre, self._scale = usual.mean(axis=0), np.maximum(deviation, 1e-300)
        self._forest: Any = IsolationForest(random_state=0).fit(usual)
        self._most = float(np.quantile(-self._forest.score_samples(usual), _MOST_USUAL))

    def scores(self, rows: Float) -> Float:
        """See UsualRows."""
        found: Float = -self._forest.score_samples(rows) / self._most
        return found

    def odd(self, row: Float) -> int:
        """See UsualRows."""
        return int(np.argmax(np.abs(row - self._centre) / self._scale))
