"""A fast stream as the means of its hops: a level needs no more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


class HopMeans:
    """Means of what was there within each hop of time, each told at the time of its last sample.

    Hops are counted from the epoch, so they do not depend on how the stream is cut. A hop has ended when a sample of a
    later one is there; one without samples is none, one with missing values only is a missing value.

    Args:
        hop_ns: > 0. [ns]
    """

    def __init__(self, hop_ns: int) -> None:
        self._hop_ns = hop_ns
        self._open: list[tuple[NDArray[np.int64], Float]] = []

    @property
    def open_ns(self) -> int | None:
        """Of the first sample of the hop that is open; None: none is. [ns]"""
        return int(self._open[0][0][0]) if self._open else None

    def push(self, t_ns: NDArray[np.int64], values: Float) -> tuple[NDArray[np.int64], Float]:
        """Take samples, ascending in time, shape (T,), (T, C); the hops that ended, shape (N,), (N, C)."""
        if not len(t_ns):
            return t_ns, values
        self._open.append((t_ns, values))
        if t_ns[-1] // self._hop_ns == self._open[0][0][0] // self._hop_ns:
            return t_ns[:0], values[:0]
        t_ns = np.concatenate([t for t, _ in self._open])
        values = np.ascontiguousarray(np.concatenate([v for _, v in self._open]))  # sums round by the layout of memory
        starts = np.flatnonzero(np.diff(t_ns // self._hop_ns, prepend=-1))
        self._open = [(t_ns[starts[-1] :], values[starts[-1] :])]
        return _means(t_ns[: starts[-1]], values[: starts[-1]], starts[:-1])

    def finish(self) -> tuple[NDArray[np.int64], Float]:
        """The stream has ended: the hop that was open."""
        t_ns = np.concatenate([t for t, _ in self._open])
        values = np.ascontiguousarray(np.concatenate([v for _, v in self._open]))
        self._open = []
        return _means(t_ns, values, np.zeros(1, np.intp))


def _means(t_ns: NDArray[np.int64], values: Float, starts: NDArray[np.intp]) -> tuple[NDArray[np.int64], Float]:
    """One row for each that begins at `starts`."""
    if not len(starts):
        return t_ns[:0], values[:0]
    last = np.append(starts[1:], len(t_ns)) - 1
    known = np.isfinite(values)
    if known.all():
        return t_ns[last], np.add.reduceat(values, starts, axis=0) / np.diff(starts, append=len(t_ns))[:, None]
    counts = np.add.reduceat(known, starts, axis=0, dtype=np.int64)
    totals = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    return t_ns[last], np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
