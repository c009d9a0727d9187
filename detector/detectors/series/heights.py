"""How far a number is from the nearest of its own past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.strides import STRIDE, is_renewed, whole_strides

Float = NDArray[np.float64]

_BEFORE = np.where(np.arange(STRIDE)[None, :] < np.arange(STRIDE)[:, None], 0.0, np.inf)


class Heights:
    """Least |x_t - x_j| over j <= t - lag, channel by channel side by side.

    The past is that of `history` samples, in whole strides, before the stride at which it was last sorted
    (`is_renewed`), and all since. What is older than the stride is searched by bisection, the stride itself one by one.

    Args:
        channels; lag, history: [samples]; lag <= STRIDE.
    """

    def __init__(self, channels: int, lag: int, history: int) -> None:
        self._lag = lag
        self._strides = whole_strides(history)
        self._kept = np.full((channels, self._strides * STRIDE), np.inf)
        self._sorted = np.full((channels, 2), np.inf)
        self._sorted[:, 0] = -np.inf
        self._recent: list[Float] = []
        self._recent_sorted = self._sorted
        self._seen = 0

    def distances(self, numbers: Float, row: int) -> Float:
        """Of the samples from `row` of the stride on, shape (C, n); infinite where there is no past.

        numbers: shape (C, lag - 1 + row + n): those since lag - 1 before the stride; infinite where there is none.
        """
        begin = self._lag - 1
        newest = numbers[:, begin + row :]
        rows = slice(row, row + newest.shape[1])
        end = rows.stop
        with np.errstate(invalid="ignore"):  # infinite less infinite, of which there is none
            beside = np.subtract(newest[:, :, None], numbers[:, None, :end])
            np.abs(beside, out=beside)
            beside += _BEFORE[rows, :end]
            found: Float = beside.min(axis=2)
            np.minimum(found, _to_nearest(self._sorted, newest), out=found)
            if self._recent:
                np.minimum(found, _to_nearest(self._recent_sorted, newest), out=found)
        found[np.isnan(found)] = np.inf
        return found

    def end(self, numbers: Float) -> None:
        """The stride has ended. numbers: shape (C, lag - 1 + STRIDE), as `distances` takes them."""
        number = self._seen // STRIDE % self._strides
        over = numbers[:, :STRIDE]
        self._kept[:, number * STRIDE : (number + 1) * STRIDE] = over
        self._seen += STRIDE
        if is_renewed(self._seen):
            self._sorted, self._recent = _between_infinities(np.sort(self._kept, axis=1)), []
        else:
            self._recent.append(over.copy())
            self._recent_sorted = _between_infinities(np.sort(np.concatenate(self._recent, axis=1), axis=1))


def _between_infinities(kept: Float) -> Float:
    edge = np.full((len(kept), 1), np.inf)
    return np.concatenate((-edge, kept, edge), axis=1)


def _to_nearest(kept: Float, numbers: Float) -> Float:
    """Of each number to the nearest of its row. kept: ascending, between infinities, shape (C, N)"""
    above = np.empty(numbers.shape, np.intp)
    for channel, row in enumerate(kept):
        above[channel] = row.searchsorted(numbers[channel])
    above += np.arange(len(kept))[:, None] * kept.shape[1]
    flat = kept.ravel()
    upper, lower = flat[above], flat[above - 1]
    upper -= numbers
    np.subtract(numbers, lower, out=lower)
    return np.minimum(upper, lower, out=upper)
