"""What the log says of each source's last hour, kept as the log grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from detector.console.logbook import LogBook
from detector.log.reader import Period
from detector.model import CoverageSlot, Gap

MOST_GAPS = 3


@dataclass(slots=True)
class Lately:
    """A feed, or a network with all its sensors. slot: its newest. gaps: the newest MOST_GAPS, newest first."""

    slot: CoverageSlot | None = None
    gaps: list[Gap] = field(default_factory=list)

    def take(self, item: CoverageSlot | Gap) -> None:
        """One that came; the same may come twice."""
        if isinstance(item, CoverageSlot):
            if self.slot is None or item.t_end_ns > self.slot.t_end_ns:
                self.slot = item
        elif item not in self.gaps:
            self.gaps = sorted([item, *self.gaps], key=lambda gap: gap.t_start_ns, reverse=True)[:MOST_GAPS]

    def within(self, period: Period) -> Lately:
        """What of it overlaps the period."""
        slot = (
            self.slot if self.slot is not None and period.overlaps(self.slot.t_start_ns, self.slot.t_end_ns) else None
        )
        return Lately(slot, [gap for gap in self.gaps if period.overlaps(gap.t_start_ns, gap.t_end_ns)])


class LatelyBook:
    """For many threads; only what came since the last call is read."""

    def __init__(self, book: LogBook) -> None:
        self._book = book
        self._busy = Lock()
        self._seq = 0
        self._found: dict[str, Lately] = {}

    def found(self, period: Period) -> dict[str, Lately]:
        """By name, those of which there is something in the period, whose start is never earlier than the last time."""
        with self._busy:
            self._take_in(period)
            told = ((name, one.within(period)) for name, one in self._found.items())
            return {name: one for name, one in told if one.slot is not None or one.gaps}

    def _take_in(self, period: Period) -> None:
        seq = self._book.refresh()
        if seq == self._seq:
            return
        slots, gaps = self._book.coverage(period, after=self._seq), self._book.gaps(period, after=self._seq)
        news: list[CoverageSlot | Gap] = [*slots, *gaps]
        for item in news:
            self._found.setdefault(item.source_id.partition("/")[0], Lately()).take(item)
        self._seq = seq  # what came meanwhile is read again, and taken once
