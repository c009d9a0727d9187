"""Missing values: counted, and a gap where they last."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, GapReason
from detector.timebase import NS_PER_S

LONGEST_NS = NS_PER_S
LARGEST = 1e30
"""No quantity that a sensor measures is larger, in any unit; a damaged cell or byte easily is."""


class Blanks:
    """Counts NaN (`missing_values`), and what is infinite or beyond 1e30 (`not_finite`), which becomes NaN.

    A channel's run of them that lasts a second or more is a Gap (missing).
    """

    def __init__(
        self, source_id: str, channels: tuple[str, ...], interval_ns: float | None, counters: Counter[str]
    ) -> None:
        self._source_id, self._channels, self._counters = source_id, channels, counters
        self._interval_ns = round(interval_ns or 0)
        self._since: dict[int, tuple[int, int, int]] = {}  # channel: first and last time, count

    def push(
        self, t_ns: NDArray[np.int64], values: NDArray[np.float64], *, ended: bool = False
    ) -> tuple[NDArray[np.float64], list[Gap]]:
        """The values with NaN for what is no measurement, and gaps for runs that have ended."""
        gaps: list[Gap] = []
        finite = np.abs(values) <= LARGEST
        if not finite.all():
            missing = int(np.isnan(values).sum())
            self._counters["missing_values"] += missing
            self._counters["not_finite"] += int(np.count_nonzero(~finite)) - missing
            values = np.where(finite, values, np.nan)
        for channel in sorted({*np.flatnonzero(~finite.all(axis=0)).tolist(), *self._since}):
            self._follow(channel, t_ns, ~finite[:, channel], gaps)
        if ended:
            for channel in sorted(self._since):
                self._close(channel, gaps)
        return values, gaps

    def _follow(self, channel: int, t_ns: NDArray[np.int64], blank: NDArray[np.bool_], gaps: list[Gap]) -> None:
        if len(blank) and not blank[0] and channel in self._since:
            self._close(channel, gaps)
        for first, end in np.flatnonzero(np.diff(np.r_[False, blank, False])).reshape(-1, 2).tolist():
            begun, _, count = self._since.get(channel, (int(t_ns[first]), 0, 0))
            self._since[channel] = (begun, int(t_ns[end - 1]), count + end - first)
            if end < len(blank):
                self._close(channel, gaps)

    def _close(self, channel: int, gaps: list[Gap]) -> None:
        start_ns, last_ns, count = self._since.pop(channel)
        end_ns = last_ns + max(self._interval_ns, 1)
        if end_ns - start_ns >= LONGEST_NS:
            detail = f"channel {self._channels[channel]}: {count} values are missing"
            gaps.append(Gap(self._source_id, start_ns, end_ns, GapReason.MISSING, detail, count))
