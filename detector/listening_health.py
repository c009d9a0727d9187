"""When each sensor of a network listened and how far, and every stretch of time in which it did not."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from detector.config import CoverageSettings
from detector.geo.reach import reach_m
from detector.health import CoverageLedger, GapBook
from detector.model import CoverageSlot, Gap, GapReason, Hearing, Series
from detector.timebase import NS_PER_S

_Span = tuple[int, int]
_LEAST_SAMPLES = 64
_MOMENT_NS = NS_PER_S
"""Recordings of one network do not begin and end at the very same sample: what is shorter is no gap."""


class ListeningHealth:
    """Turns blocks and gaps of each recording into entries of the coverage ledger.

    A sensor listens while its samples come, but for its gaps. What is not there while others listen is a gap, too. How
    far it listens follows from the median noise of each slot, if a source is stated (`source_at_100m`).
    """

    def __init__(self, settings: CoverageSettings, source_at_100m: float | None = None) -> None:
        self._settings, self._source_at_100m = settings, source_at_100m
        self._slowest_ns = 0.0
        self._hearing: dict[str, list[Hearing]] = {}
        self._book = GapBook()
        self._heard: dict[str, list[_Span]] = {}
        self._gaps: dict[str, list[Gap]] = {}

    def heard(self, series: Series) -> None:
        """A block has been listened to."""
        start_ns, end_ns = int(series.t_ns[0]), int(series.t_ns[-1]) + max(round(series.interval_ns or 0), 1)
        self._slowest_ns = max(self._slowest_ns, (end_ns - start_ns) / len(series))
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
        self._gaps.setdefault(gap.source_id, []).append(gap)
        yield from self._book.add(gap)

    def finish(self, t_start_ns: int, t_end_ns: int, failures: dict[str, str]) -> Iterator[Gap | CoverageSlot]:
        """All recordings have ended; the network's time is [t_start_ns, t_end_ns). failures: of those not read."""
        for source_id in sorted({*self._heard, *self._gaps, *failures}):
            for gap in self._beside(source_id, t_start_ns, t_end_ns, failures.get(source_id, "")):
                yield from self.gap(gap)
        yield from self._book.finish()
        ledger = CoverageLedger(self._slot_s(), {})
        for source_id in sorted({*self._heard, *self._gaps}):
            for gap in self._gaps.get(source_id, []):
                ledger.gap(gap)
            lost = _joined([(gap.t_start_ns, gap.t_end_ns) for gap in self._gaps.get(source_id, [])])
            for start_ns, end_ns in _less(_joined(self._heard.get(source_id, [])), lost):
                ledger.listened(start_ns, end_ns, source_id)
        for slot in ledger.finish():
            yield replace(slot, reach_m=self._reach_m(slot))

    def _slot_s(self) -> float:
        """As set, or the multiple of it that holds enough samples of the slowest sensor: no slot without any."""
        slot_s = self._settings.slot_s
        return slot_s * max(1, math.ceil(_LEAST_SAMPLES * self._slowest_ns / NS_PER_S / slot_s))

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
        spans = self._heard.get(source_id)
        if not spans:
            known = self._gaps.get(source_id)
            if not known:
                yield Gap(source_id, t_start_ns, max(t_end_ns, t_start_ns + 1), GapReason.INCOMPLETE, failure)
            return
        first_ns, last_ns = spans[0][0], max(end_ns for _, end_ns in spans)
        if first_ns - t_start_ns >= _MOMENT_NS:
            yield Gap(source_id, t_start_ns, first_ns, GapReason.MISSING, "its recording had not begun")
        if t_end_ns - last_ns >= _MOMENT_NS:
            yield Gap(source_id, last_ns, t_end_ns, GapReason.MISSING, "its recording had ended")


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
