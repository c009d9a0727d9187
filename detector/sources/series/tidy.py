"""From what a reader found to what a detector may believe: the same for every reader, live and recorded."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, GapReason, Series, read_only
from detector.sources.series.blanks import Blanks
from detector.sources.series.block import Block
from detector.sources.series.clipping import Clipping
from detector.sources.series.interval import STEPS, learnt_interval_ns
from detector.sources.series.stand_still import SLOWEST_INTERVAL_NS, StandStill
from detector.sources.series.station import Station
from detector.sources.series.time_order import TimeOrder
from detector.timebase import NS_PER_MS, NS_PER_S

_HOLE = 1.5
"""A step of more than this many intervals is a hole."""


_SAME_RATE = 0.01
"""Intervals that differ by less than this share are of one rate: clocks are not perfect."""
_SORTED_IN_NS = 200 * NS_PER_MS


def window_for(first: Block) -> int:
    """How much older than the newest a row of a stream may be to be sorted in, by its first block. [ns]

    Single samples may overtake one another on their way: 0.2 s, within the promised latency of 250 ms. Stretches of a
    stated rate do not, and need not wait.
    """
    return 0 if first.interval_ns else _SORTED_IN_NS


@dataclass(frozen=True, slots=True)
class Origin:
    """What the blocks of a stream have in common.

    units: as the file has them.
    readings: states and settings are among them, which may stand still at any rate.
    """

    source_id: str
    station: Station = field(default_factory=Station)
    units: dict[str, str] = field(default_factory=dict)
    readings: bool = False


class Tidy:
    """Blocks of one set of channels in, Series and Gaps out.

    In this order: times (`TimeOrder`), holes in time (a Gap (missing) where a step is longer than 1.5 intervals; the
    interval is what the file states, else learnt from the first 32 steps, and none where sampling is irregular),
    missing values (`Blanks`), values that stand still (`StandStill`), clipping (`Clipping`). Everything is counted.
    The last two only of streams of 20 samples a second and more that are no readings.

    Where a block states another interval than those before, the stream goes on at that rate (`rate_changes`).

    A Series has no hole inside. What is given does not depend on how the stream was cut into blocks, apart from where
    one Series ends and the next begins. A Gap is told as soon as it is known:
    samples around it may come before or after.
    """

    def __init__(self, origin: Origin, counters: Counter[str], window_ns: int = 0) -> None:
        self._origin, self._counters = origin, counters
        self._order = TimeOrder(origin.source_id, counters, window_ns)
        self._early: Block | None = None  # until the interval is known
        self._values: _Values | None = None

    def push(self, block: Block) -> list[Series | Gap]:
        """Take a block; what can be given now."""
        rows, gaps = self._order.push(block)
        return [*gaps, *self._learn(rows, ended=False)]

    def finish(self) -> list[Series | Gap]:
        """The stream has ended: the rest."""
        rows, gaps = self._order.finish()
        return [*gaps, *(self._learn(rows, ended=True) if rows is not None else [])]

    def _learn(self, rows: Block, *, ended: bool) -> list[Series | Gap]:
        if self._values is not None and len(rows) and self._values.another_rate(rows.interval_ns):
            self._counters["rate_changes"] += 1
            before = self._values
            rest = before.push(rows.rows(slice(0, 0)), ended=True)
            self._values = _Values(self._origin, rows.channels, rows.interval_ns, self._counters, before)
            return [*rest, *self._values.push(rows, ended=ended)]
        if self._values is None:
            rows, self._early = (rows if self._early is None else self._early.then(rows)), None
            if not len(rows):
                return []
            if rows.interval_ns is None and len(rows) <= STEPS and not ended:
                self._early = rows
                return []
            learnt = rows.interval_ns or learnt_interval_ns(rows.t_ns[: STEPS + 1])
            self._values = _Values(self._origin, rows.channels, learnt, self._counters)
        return self._values.push(rows, ended=ended)


class _Values:
    """What is done once times are in order and the interval is known."""

    def __init__(
        self,
        origin: Origin,
        channels: tuple[str, ...],
        interval_ns: float | None,
        counters: Counter[str],
        before: _Values | None = None,
    ) -> None:
        """before: of the same stream, when its rate was another."""
        self._origin, self._channels, self._interval_ns, self._counters = origin, channels, interval_ns, counters
        signal_ns = None if origin.readings else interval_ns
        self._still = StandStill(origin.source_id, channels, signal_ns, counters)
        self._blanks = Blanks(origin.source_id, channels, interval_ns, counters)
        fast = signal_ns is not None and signal_ns <= SLOWEST_INTERVAL_NS
        self._clipping = Clipping(len(channels), counters) if fast else None
        self._units = origin.station.units_of(channels, origin.units)
        self._positions = read_only(origin.station.positions_of(channels))
        self._last_ns: int | None = None if before is None else before._last_ns
        self._step_before_ns = 0.0 if before is None else before._interval_ns or 0.0

    def another_rate(self, stated_ns: float | None) -> bool:
        """Whether the interval that a block states is another one. [ns]"""
        known_ns = self._interval_ns
        return stated_ns is not None and known_ns is not None and abs(stated_ns - known_ns) > _SAME_RATE * known_ns

    def push(self, rows: Block, *, ended: bool) -> list[Series | Gap]:
        given: list[Series | Gap] = []
        if self._step_before_ns and self._last_ns is not None and len(rows):
            if int(rows.t_ns[0]) - self._last_ns <= _HOLE * self._step_before_ns:
                self._last_ns = None
            self._step_before_ns = 0.0
        steps = np.diff(rows.t_ns, prepend=rows.t_ns[:1] if self._last_ns is None else self._last_ns)
        longest_ns = math.inf if self._interval_ns is None else _HOLE * self._interval_ns
        holes = np.flatnonzero(steps > longest_ns).tolist()
        begin = 0
        for hole in [*holes, len(rows)]:
            stretch = rows.rows(slice(begin, hole))
            given += self._stretch(stretch, ended=ended or hole < len(rows))
            if hole < len(rows):
                given.append(self._hole(rows, hole))
            begin = hole
        return given

    def _stretch(self, rows: Block, *, ended: bool) -> list[Series | Gap]:
        """A stretch of time without a hole."""
        if len(rows):
            self._last_ns = int(rows.t_ns[-1])
        values, gaps = self._blanks.push(rows.t_ns, rows.values, ended=ended)
        t_ns, values, still = self._still.push(rows.t_ns, values, ended=ended)
        if self._clipping is not None:
            self._clipping.push(values)
        told = sorted((*gaps, *still), key=lambda gap: (gap.t_start_ns, gap.detail))
        return [*told, self._series(t_ns, values)] if len(t_ns) else [*told]

    def _series(self, t_ns: NDArray[np.int64], values: NDArray[np.float64]) -> Series:
        station = self._origin.station
        return Series(
            self._origin.source_id,
            read_only(t_ns),
            read_only(values),
            self._channels,
            self._units,
            self._positions,
            station.local,
            self._interval_ns,
            station.clock_sigma_ns,
        )

    def _hole(self, rows: Block, at: int) -> Gap:
        """Before row `at`."""
        assert self._interval_ns is not None
        assert self._last_ns is not None
        end_ns = int(rows.t_ns[at])
        start_ns = min(self._last_ns + round(self._interval_ns), end_ns - 1)
        missing = round((end_ns - self._last_ns) / self._interval_ns) - 1
        self._counters["holes"] += 1
        self._counters["samples_not_there"] += missing
        detail = (
            f"no samples for {(end_ns - self._last_ns) / NS_PER_S:.3f} s before {rows.place_word} {rows.places[at]} "
            f"({missing} of {', '.join(self._channels[:3])}{', …' if len(self._channels) > 3 else ''})"
        )
        return Gap(self._origin.source_id, start_ns, end_ns, GapReason.MISSING, detail, max(missing, 1))
