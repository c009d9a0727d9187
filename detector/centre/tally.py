"""Counts of what goes to the log, for what a running centre shows."""

from __future__ import annotations

from collections import Counter

from detector.feed import Entry
from detector.model import Gap, State, Violation


class Tally:
    """violations: opened; gaps: by reason."""

    def __init__(self) -> None:
        self.violations = 0
        self.gaps: Counter[str] = Counter()

    def count(self, entry: Entry) -> None:
        """One entry more."""
        if isinstance(entry, Gap):
            self.gaps[entry.reason] += 1
        elif isinstance(entry, Violation) and entry.state is State.OPEN:
            self.violations += 1
