"""How much each party still has to decide, and what there is of each source, kept as the log grows."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from detector.console.judging import open_for, urgency
from detector.console.logbook import LogBook
from detector.console.roles import PARTIES
from detector.log import LoggedViolation
from detector.model import EvidenceFile


class Part(NamedTuple):
    """One possible violation, for one of its sources. picture: the last that this source itself has of it."""

    t_start_ns: int
    violation_id: str
    t_end_ns: int
    picture: EvidenceFile | None


class Counts:
    """For many threads. Each call first takes in what came since the one before: no more than that is looked at.

    A party is A or B, or empty for the mission's own people: then it waits while any party has not spoken.
    """

    def __init__(self, book: LogBook) -> None:
        self._book = book
        self._busy = Lock()
        self._seq = 0
        self._open: dict[str, dict[str, LoggedViolation]] = {party: {} for party in ("", *PARTIES)}
        self._parts: dict[str, dict[str, Part]] = {}
        self._sources: dict[str, tuple[str, ...]] = {}

    def undecided(self, party: str) -> int:
        """How many wait for this party."""
        with self._busy:
            self._take_in()
            return len(self._open[party])

    def first(self, party: str, most: int) -> list[LoggedViolation]:
        """The first of them that wait: gravest and then newest, as `judging.queue` has them."""
        with self._busy:
            self._take_in()
            return heapq.nlargest(most, self._open[party].values(), key=urgency)

    def sources(self) -> frozenset[str]:
        """All that have noticed something."""
        with self._busy:
            self._take_in()
            return frozenset(name for name, parts in self._parts.items() if parts)

    def parts(self, source: str) -> list[Part]:
        """All that this source has noticed, in no order."""
        with self._busy:
            return list(self._parts.get(source, {}).values())

    def open_of(self, source: str, party: str) -> int:
        """How many of those wait for this party."""
        with self._busy:
            return sum(name in self._open[party] for name in self._parts.get(source, ()))

    def _take_in(self) -> None:
        news = self._book.changes(self._seq)
        for violation_id in (*news.gone, *(one.violation.violation_id for one in news.changed)):
            self._forget(violation_id)
        for one in news.changed:
            self._add(one)
        self._seq = news.seq

    def _forget(self, violation_id: str) -> None:
        for source in self._sources.pop(violation_id, ()):
            del self._parts[source][violation_id]
        for waiting in self._open.values():
            waiting.pop(violation_id, None)

    def _add(self, one: LoggedViolation) -> None:
        v = one.violation
        self._sources[v.violation_id] = tuple(one.sources)
        for source in one.sources:
            pictures = own_pictures(one, source)
            part = Part(v.t_start_ns, v.violation_id, v.t_end_ns, pictures[-1] if pictures else None)
            self._parts.setdefault(source, {})[v.violation_id] = part
        for party, waiting in self._open.items():
            if open_for(one, party):
                waiting[v.violation_id] = one


def own_pictures(found: LoggedViolation, source: str) -> list[EvidenceFile]:
    """What this source itself saw or heard of it: of one that several noticed, the others' pictures are not its own."""
    folders = {record.violation_id for record in found.records if record.source_id == source}
    shown: Iterable[EvidenceFile] = (file for file in found.files if file.role in {"overlay", "spectrogram"})
    return [file for file in shown if file.path.partition("/")[0] in folders]
