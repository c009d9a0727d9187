"""When each sensor of a network listened, and every stretch of time in which it did not."""

from __future__ import annotations

from collections.abc import Iterator

from detector.config import CoverageSettings
from detector.health import CoverageLedger, GapBook
from detector.model import CoverageSlot, Gap, GapReason, Series
from detector.timebase import NS_PER_S

_Span = tuple[int, int]
_MOMENT_NS = NS_PER_S
"""Recordings of one network do not begin and end at the very same sample: what is shorter is no gap."""


class ListeningHealth:
    """Turns blocks and gaps of each recording into entries of the coverage ledger.

    A sensor listens while its samples come, but for its gaps. What is not there while others listen is a gap, too.
    """

    def __init__(self, settings: CoverageSettings) -> None:
        self._settings = settings
        self._book = GapBook()
        self._heard: dict[str, list[_Span]] = {}
        self._gaps: dict[str, list[Gap]] = {}

    def heard(self, series: Series) -> None:
        """A block has been listened to."""
        start_ns, end_ns = int(series.t_ns[0]), int(series.t_ns[-1]) + max(round(series.interval_ns or 0), 1)
        spans = self._heard.setdefault(series.source_id, [])
        if spans and start_ns - spans[-1][1] <= 0.5 * (series.interval_ns or 0):
            spans[-1] = spans[-1][0], max(spans[-1][1], end_ns)
        else:
            spans.append((start_ns, end_ns))

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
        ledger = CoverageLedger(self._settings.slot_s, {})
        for source_id in sorted({*self._heard, *self._gaps}):
            for gap in self._gaps.get(source_id, []):
                ledger.gap(gap)
            lost = _joined([(gap.t_start_ns, gap.t_end_ns) for gap in self._gaps.get(source_id, [])])
            for start_ns, end_ns in _less(_joined(self._heard.get(source_id, [])), lost):
                ledger.listened(start_ns, end_ns, source_id)
        yield from ledger.finish()

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
