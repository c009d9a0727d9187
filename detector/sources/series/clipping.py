"""Samples cut off at the end of a sensor's range: counted, and kept, for what is cut off is loud."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

SHORTEST = 3
LOUD = 8.0
FIRST = 1000
"""Samples of a channel that have to be known before: its first ones are all the loudest so far."""


class Clipping:
    """Counts samples in runs of 3 and more of one value (`clipped`) that no sample so far exceeds in size, where that
    value is 8 times the mean size so far or more; not among a channel's first 1,000 samples.

    What is counted does not depend on how the stream was cut. Slow twin: tests/naive_series.py.
    """

    def __init__(self, channels: int, counters: Counter[str]) -> None:
        self._counters = counters
        self._peak, self._sum = np.zeros(channels), np.zeros(channels)
        self._count = np.zeros(channels, np.int64)
        self._tail = np.full((SHORTEST, channels), np.nan)

    def push(self, values: NDArray[np.float64]) -> None:
        """Look at the next rows, shape (T, C)."""
        if not len(values):
            return
        joined = np.concatenate((self._tail, values))
        size = np.abs(joined)
        at_peak = size >= self._peak
        for channel in np.flatnonzero(at_peak.sum(axis=0) >= SHORTEST).tolist():
            self._look(channel, joined[:, channel], size[:, channel])
        fresh = size[SHORTEST:]
        known = ~np.isnan(fresh)
        self._sum += np.where(known, fresh, 0.0).sum(axis=0)
        self._count += known.sum(axis=0)
        self._peak = np.fmax(self._peak, np.fmax.reduce(fresh))
        self._tail = joined[-SHORTEST:]

    def _look(self, channel: int, values: NDArray[np.float64], size: NDArray[np.float64]) -> None:
        """Count the third sample of a run as three, each further one as one."""
        now = slice(SHORTEST, None)
        equal = [values[now] == values[SHORTEST - back : len(values) - back] for back in range(1, SHORTEST + 1)]
        run = np.logical_and.reduce(equal[:-1])
        if not run.any():
            return
        known, fresh = ~np.isnan(size[now]), np.nan_to_num(size[now])
        peak = np.maximum.accumulate(np.r_[self._peak[channel], fresh])[:-1]
        mean = (self._sum[channel] + np.cumsum(fresh)) / np.maximum(self._count[channel] + np.cumsum(known), 1)
        late = self._count[channel] + np.cumsum(known) > FIRST
        hit = run & late & (fresh >= peak) & (fresh >= LOUD * mean) & (fresh > 0)
        self._counters["clipped"] += int(np.where(equal[-1][hit], 1, SHORTEST).sum())
