"""Slow twins of what the console keeps as the log grows: everything counted anew, from the log as it is read whole."""

from __future__ import annotations

from collections.abc import Sequence

from detector.console.judging import open_for, queue
from detector.log import LoggedViolation, LogReader
from detector.log.reader import Period
from detector.model import CoverageSlot, Gap

Found = Sequence[LoggedViolation]


def naive_first(found: Found, party: str, most: int) -> list[str]:
    """Ids of what waits first."""
    return [one.violation.violation_id for one in queue(found, party)[:most]]


def naive_counts(found: Found, party: str) -> dict[str, tuple[int, int, int]]:
    """By source: how many it has noticed, how many of them wait, when the last ended. [1, 1, ns]"""
    told: dict[str, tuple[int, int, int]] = {}
    for one in found:
        for source in one.sources:
            count, waits, last_ns = told.get(source, (0, 0, 0))
            told[source] = (count + 1, waits + open_for(one, party), max(last_ns, one.violation.t_end_ns))
    return told


def naive_lately(reader: LogReader, period: Period) -> dict[str, tuple[CoverageSlot | None, list[int]]]:
    """By feed or network: its newest slot, and when its newest three gaps began."""
    slots, gaps = reader.coverage(period), reader.gaps(period)

    def name(item: CoverageSlot | Gap) -> str:
        return item.source_id.partition("/")[0]

    return {
        one: (
            max((slot for slot in slots if name(slot) == one), key=lambda slot: slot.t_end_ns, default=None),
            sorted((gap.t_start_ns for gap in gaps if name(gap) == one), reverse=True)[:3],
        )
        for one in {name(item) for item in (*slots, *gaps)}
    }
