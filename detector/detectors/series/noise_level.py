"""How loud it is, period by period."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


class NoiseLevel:
    """Mean energy of each period of `hops`, counted from the beginning; NaN where less than half of it is valid.

    The same to the last bit however the stream is cut.
    """

    def __init__(self, hops: int, channels: int) -> None:
        self._hops = hops
        self._energy = np.zeros((0, channels))
        self._ended = 0

    def push(self, energy: Float, valid: NDArray[np.bool_] | None) -> Iterator[tuple[int, Float]]:
        """Take hops, shape (H, C); for each period that ended: hops until its end, mean energy, shape (C,)."""
        self._energy = np.concatenate((self._energy, energy if valid is None else np.where(valid, energy, np.nan)))
        while len(self._energy) >= self._hops:
            period = np.ascontiguousarray(self._energy[: self._hops])  # sums round by the layout of memory
            self._energy = self._energy[self._hops :]
            self._ended += self._hops
            known = np.isfinite(period)
            count = known.sum(axis=0)
            mean = np.where(known, period, 0.0).sum(axis=0) / np.maximum(count, 1)
            yield self._ended, np.where(2 * count >= self._hops, mean, np.nan)
