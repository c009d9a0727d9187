"""Runs of one value where a sensor never stands still: digital zeros and flat lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, GapReason
from detector.timebase import NS_PER_S

SLOWEST_INTERVAL_NS = 0.05 * NS_PER_S
"""Streams of fewer than 20 samples a second may honestly stand still: rain, load, temperature."""
SHORTEST = 32
SHORTEST_S = 0.02
RAIL_S = 1.0
CHANCE = 25.0  # -ln of the chance that a run this long is honest
EXPECTED, WEIGHT = 0.9, 100.0  # share of samples that repeat the one before, believed before any was seen
_STRIDE = 16


@dataclass(slots=True)
class _Run:
    """A run that counts and may go on."""

    value: float
    t_start_ns: int
    t_last_ns: int
    count: int


class StandStill:
    """Turns runs of one value into NaN and a Gap (missing), and counts them.

    A run counts if the stream's own habit of repeating a value would bring it once in e^25 runs, and it lasts 32
    samples and 20 ms: a quiet stream of few levels is left alone, and so is all of fewer than 20 samples a second.
    A run at the highest or lowest value so far (not 0) may be clipping and is kept, up to one second.
    The first sample of a run stays.

    Rows of a run that may yet count are held back, so that what is given does not depend on how the stream was cut.
    Slow twin: tests/naive_series.py.
    """

    def __init__(
        self, source_id: str, channels: tuple[str, ...], interval_ns: float | None, counters: Counter[str]
    ) -> None:
        self._source_id, self._channels, self._counters = source_id, channels, counters
        self._interval_ns = interval_ns or 0.0
        self._fast = interval_ns is not None and interval_ns <= SLOWEST_INTERVAL_NS
        per_s = NS_PER_S / interval_ns if interval_ns else 0.0
        self._shortest = max(SHORTEST, math.ceil(SHORTEST_S * per_s))
        self._rail = math.ceil(RAIL_S * per_s)
        count = len(channels)
        self._last = np.full(count, np.nan)
        self._seen, self._same = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._low, self._high = np.full(count, np.inf), np.full(count, -np.inf)
        self._runs: dict[int, _Run] = {}
        self._held_t, self._held = np.zeros(0, np.int64), np.zeros((0, count))

    def push(
        self, t_ns: NDArray[np.int64], values: NDArray[np.float64], *, ended: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Gap]]:
        """Rows that are judged, with NaN in their runs, and gaps for runs that have ended.

        ended: a hole in time follows, or the end: nothing is held back. Habits are kept.
        """
        if not self._fast:
            return t_ns, values, []
        if len(self._held_t):
            t_ns, values = np.concatenate((self._held_t, t_ns)), np.concatenate((self._held, values))
        gaps: list[Gap] = []
        ready = len(t_ns)
        if len(t_ns):
            same = values == np.concatenate((self._last[None], values[:-1]))
            found = {
                channel: self._long_runs(channel, same[:, channel], values[:, channel])
                for channel in self._candidates(same)
            }
            if not ended:
                ready = min([len(t_ns), *self._pending(same, found)])
            self._held_t, self._held = t_ns[ready:], values[ready:]
            t_ns, values = t_ns[:ready], values[:ready]
            if ready:
                values = self._commit(t_ns, values, same[:ready], found, gaps)
        if ended:
            gaps += [self._gap(channel, self._runs[channel]) for channel in sorted(self._runs)]
            self._runs.clear()
            self._last[:] = np.nan
        return t_ns, values, gaps

    def _candidates(self, same: NDArray[np.bool_]) -> list[int]:
        """Channels that may have a run that counts: one of 32 repeats covers 16 that begin at a multiple of 16."""
        whole = len(same) // _STRIDE * _STRIDE
        some = same[:whole].reshape(-1, _STRIDE, same.shape[1]).all(axis=1).any(axis=0)
        return sorted({*np.flatnonzero(some).tolist(), *self._runs})

    def _long_runs(self, channel: int, same: NDArray[np.bool_], values: NDArray[np.float64]) -> list[tuple[int, int]]:
        """[first, end) rows of the repeats of each run that counts."""
        edges = np.flatnonzero(np.diff(np.r_[False, same, False]))
        repeats = np.cumsum(same)
        counted = 0
        found: list[tuple[int, int]] = []
        for first, end in edges.reshape(-1, 2).tolist():
            goes_on = first == 0 and channel in self._runs
            if not goes_on and end - first < self._shortest:
                continue
            seen = self._seen[channel] + first - counted
            repeated = self._same[channel] + repeats[first] - 1 - counted
            if goes_on or end - first >= self._limit(channel, values, first, seen, repeated):
                found.append((first, end))
                counted += end - first
        return found

    def _limit(self, channel: int, values: NDArray[np.float64], first: int, seen: float, repeated: float) -> int:
        """How many repeats it takes. first: row of the first repeat."""
        habit = (repeated + EXPECTED * WEIGHT) / (seen + WEIGHT)
        limit = max(self._shortest, math.ceil(CHANCE / -math.log(habit)))
        value, before = values[first], values[:first]
        high, low = (
            np.fmax.reduce(before, initial=self._high[channel]),
            np.fmin.reduce(before, initial=self._low[channel]),
        )
        return max(limit, self._rail) if value != 0 and not low < value < high else limit

    def _pending(self, same: NDArray[np.bool_], found: dict[int, list[tuple[int, int]]]) -> Iterator[int]:
        """First repeat of each run that reaches the end and does not count yet."""
        breaks = ~same[::-1]
        trailing = np.where(breaks.any(axis=0), breaks.argmax(axis=0), len(same))
        for channel in np.flatnonzero(trailing).tolist():
            runs = found.get(channel)
            if not runs or runs[-1][1] < len(same):
                yield len(same) - int(trailing[channel])

    def _commit(
        self,
        t_ns: NDArray[np.int64],
        values: NDArray[np.float64],
        same: NDArray[np.bool_],
        found: dict[int, list[tuple[int, int]]],
        gaps: list[Gap],
    ) -> NDArray[np.float64]:
        """Blank the runs, move the habits on, close the runs that have ended."""
        ready = len(t_ns)
        last = values[-1].copy()
        self._high, self._low = np.fmax(self._high, np.fmax.reduce(values)), np.fmin(self._low, np.fmin.reduce(values))
        self._seen += ready
        self._same += same.sum(axis=0)
        over = [channel for channel in sorted(self._runs) if not same[0, channel]]
        gaps += [self._gap(channel, self._runs.pop(channel)) for channel in over]
        if any(found.values()):
            values = values.copy()
        for channel, runs in found.items():
            for first, end in runs:
                rows = slice(first, min(end, ready))
                count = rows.stop - rows.start
                if count <= 0:
                    continue
                self._seen[channel] -= count
                self._same[channel] -= count
                run = self._runs.setdefault(channel, _Run(float(values[first, channel]), int(t_ns[first]), 0, 0))
                run.t_last_ns, run.count = int(t_ns[rows.stop - 1]), run.count + count
                values[rows, channel] = np.nan
                if end < ready:
                    gaps.append(self._gap(channel, self._runs.pop(channel)))
        self._last = last
        return values

    def _gap(self, channel: int, run: _Run) -> Gap:
        what = "digital zeros" if run.value == 0 else f"samples of exactly {run.value:g}"
        self._counters["digital_zeros" if run.value == 0 else "flat_samples"] += run.count
        end_ns = run.t_last_ns + round(self._interval_ns)
        detail = f"channel {self._channels[channel]}: {run.count} {what}, which is no measurement"
        return Gap(self._source_id, run.t_start_ns, end_ns, GapReason.MISSING, detail, run.count)
