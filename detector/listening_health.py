"""When each sensor of a network listened and how far, and every stretch of time in which it did not."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from detector.config import CoverageSettings
from detector.geo.reach import reach_m
from detector.health import CoverageLedger, GapBook
from detector.model import CoverageSlot, Gap, GapReason, Hearing, Series
from detector.timebase import NS_PER_S, ns_from_seconds

_Span = tuple[int, int]
_LEAST_SAMPLES = 64
_END_OF_TIME_NS = 2**63 - 1
_MOMENT_NS = NS_PER_S
"""Recordings of one network do not begin and end at the very same sample: what is shorter is no gap."""
_GAPS_HELD_NS = 2 * NS_PER_S
_SLOTS_HELD_NS = 60 * NS_PER_S
"""Gaps and slots are given out so long after they are over: what adjoins them, or belongs in them, is told later."""


class ListeningHealth:
    """Turns blocks and gaps of each recording or live stream into entries of the coverage ledger.

    A sensor listens while its samples come, but for its gaps. What is not there while others listen is a gap, too. How
    far it listens follows from the median noise of each slot, if a source is stated (`source_at_100m`).
    What is held does not grow with time: `passed` gives out what is over.

    slowest_ns: between two samples of the slowest sensor: a slot holds enough of them. [ns]
    """

    def __init__(
        self, settings: CoverageSettings, source_at_100m: float | None = None, slowest_ns: float = 0.0
    ) -> None:
        self._source_at_100m = source_at_100m
        self._hearing: dict[str, list[Hearing]] = {}
        slots = max(1, math.ceil(_LEAST_SAMPLES * slowest_ns / NS_PER_S / settings.slot_s))
        slot_s = slots * settings.slot_s
        self._book = GapBook()
        self._ledger = CoverageLedger(slot_s, {})
        self._slot_ns = ns_from_seconds(slot_s)
        self._heard: dict[str, list[_Span]] = {}
        self._lost: dict[str, list[Gap]] = {}
        self._extent: dict[str, _Span] = {}

    def heard(self, series: Series) -> None:
        """A block has been listened to."""
        start_ns, end_ns = int(series.t_ns[0]), int(series.t_ns[-1]) + max(round(series.interval_ns or 0), 1)
        extent = self._extent.get(series.source_id, (start_ns, end_ns))
        self._extent[series.source_id] = min(extent[0], start_ns), max(extent[1], end_ns)
        if np.isnan(series.values).all():  # its gap is told when it is over; it was deaf all the while
            return
        spans = self._heard.setdefault(series.source_id, [])
        if spans and start_ns - spans[-1][1] <= 0.5 * (series.interval_ns or 0):
            spans[-1] = spans[-1][0], max(spans[-1][1], end_ns)
        else:
            spans.append((start_ns, end_ns))

    def hearing(self, hearing: Hearing) -> None:
        """What could be noticed for a while."""
        if self._source_at_100m is not None:
            self._hearing.setdefault(hearing.source_id, []).append(hearing)

    def gap(self, gap: Gap) -> Iterator[Gap]:
        """A gap of a recording."""
        lost = self._lost.setdefault(gap.source_id, [])
        last = lost[-1] if lost else None
        if last is not None and last.reason is gap.reason and last.t_start_ns <= gap.t_start_ns <= last.t_end_ns:
            lost[-1] = replace(last, t_end_ns=max(last.t_end_ns, gap.t_end_ns))
        else:
            lost.append(gap)
        yield from self._book.add(gap)

    def passed(self, t_ns: int) -> Iterator[Gap | CoverageSlot]:
        """All sensors have been listened to until then."""
        yield from self._book.over(t_ns - _GAPS_HELD_NS)
        until_ns = (t_ns - _SLOTS_HELD_NS) // self._slot_ns * self._slot_ns
        oldest_ns = min((spans[0][0] for spans in self._heard.values() if spans), default=until_ns)
        if oldest_ns < until_ns:
            self._settle(until_ns)
            yield from self._reaching(self._ledger.passed(until_ns))
            for source_id, told in self._hearing.items():
                self._hearing[source_id] = [one for one in told if one.t_end_ns > until_ns]

    def idle(self, now_ns: int) -> Iterator[Gap]:
        """Nothing has come for a moment: gaps are told all the same. What comes later may still be from earlier."""
        yield from self._book.over(now_ns - _GAPS_HELD_NS)

    def finish(self, t_start_ns: int, t_end_ns: int, failures: dict[str, str]) -> Iterator[Gap | CoverageSlot]:
        """All recordings have ended; the network's time is [t_start_ns, t_end_ns). failures: of those not read."""
        for source_id in sorted({*self._extent, *self._lost, *failures}):
            for gap in self._beside(source_id, t_start_ns, t_end_ns, failures.get(source_id, "")):
                yield from self.gap(gap)
        yield from self._book.finish()
        self._settle(_END_OF_TIME_NS)
        yield from self._reaching(self._ledger.finish())

    def _reaching(self, slots: Iterable[CoverageSlot]) -> Iterator[CoverageSlot]:
        for slot in slots:
            yield replace(slot, reach_m=self._reach_m(slot))

    def _settle(self, until_ns: int) -> None:
        """Enter what lies before that into the ledger; keep the rest."""
        for source_id in sorted({*self._heard, *self._lost}):
            gaps, spans = self._lost.get(source_id, []), self._heard.get(source_id, [])
            lost = _joined([(gap.t_start_ns, gap.t_end_ns) for gap in gaps])
            for gap in gaps:
                if gap.t_start_ns < until_ns:
                    self._ledger.gap(replace(gap, t_end_ns=min(gap.t_end_ns, until_ns)))
            for start_ns, end_ns in _less(_joined(_before(spans, until_ns)), lost):
                self._ledger.listened(start_ns, end_ns, source_id)
            self._lost[source_id] = [
                replace(gap, t_start_ns=max(gap.t_start_ns, until_ns)) for gap in gaps if gap.t_end_ns > until_ns
            ]
            self._heard[source_id] = [
                (max(start_ns, until_ns), end_ns) for start_ns, end_ns in spans if end_ns > until_ns
            ]

    def _reach_m(self, slot: CoverageSlot) -> dict[str, float]:
        """Of each channel, from the noise of the periods that ended in the slot."""
        if self._source_at_100m is None:
            return {}
        told = self._hearing.get(slot.source_id, [])
        first, last = (
            bisect_right(told, t_ns, key=lambda one: one.t_end_ns) for t_ns in (slot.t_start_ns, slot.t_end_ns)
        )
        heard: dict[str, list[float]] = {}
        for one in told[first:last]:
            for name, least in zip(one.channels, one.least_rms.tolist(), strict=True):
                if least > 0:  # not NaN, and not a silence that only a dead sensor has
                    heard.setdefault(name, []).append(least)
        names = sorted(heard)
        far_m = reach_m(np.array([np.median(heard[name]) for name in names]), self._source_at_100m)
        return dict(zip(names, np.rint(far_m).tolist(), strict=True))

    def _beside(self, source_id: str, t_start_ns: int, t_end_ns: int, failure: str) -> Iterator[Gap]:
        extent = self._extent.get(source_id)
        if extent is None:
            if source_id not in self._lost:
                yield Gap(source_id, t_start_ns, max(t_end_ns, t_start_ns + 1), GapReason.INCOMPLETE, failure)
            return
        first_ns, last_ns = extent
        if first_ns - t_start_ns >= _MOMENT_NS:
            yield Gap(source_id, t_start_ns, first_ns, GapReason.MISSING, "its recording had not begun")
        if t_end_ns - last_ns >= _MOMENT_NS:
            yield Gap(source_id, last_ns, t_end_ns, GapReason.MISSING, "its recording had ended")


def _before(spans: list[_Span], until_ns: int) -> list[_Span]:
    return [(start_ns, min(end_ns, until_ns)) for start_ns, end_ns in spans if start_ns < until_ns]


def _joined(spans: list[_Span]) -> list[_Span]:
    """The same time in spans that do not overlap, in order."""
    joined: list[_Span] = []
    for start_ns, end_ns in sorted(spans):
        if joined and start_ns <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_ns)
        else:
            joined.append((start_ns, end_ns))
    return joined


def _less(spans: list[_Span], lost: list[_Span]) -> Iterator[_Span]:
    """What is in `spans` and not in `lost`; both in order, neither overlapping itself."""
    for start_ns, end_ns in spans:
        at_ns = start_ns
        for lost_start_ns, lost_end_ns in lost:
            if lost_end_ns <= at_ns or lost_start_ns >= end_ns:
                continue
            if lost_start_ns > at_ns:
                yield at_ns, lost_start_ns
            at_ns = max(at_ns, lost_end_ns)
        if at_ns < end_ns:
            yield at_ns, end_ns
