"""The log as the console holds it: read as it grows, and what people say added to it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from detector.log import LoggedViolation, LogReader, LogWriter
from detector.log.reader import ALWAYS, Entry, LoggedRun, Period
from detector.log.records import EntryKind
from detector.model import Audit, CoverageSlot, EvidenceFile, Gap, Joined, Split, Undecided, Verdict

_ABOUT_ONE = (EntryKind.OPENED, EntryKind.CLOSED, EntryKind.EVIDENCE, EntryKind.VERDICT)
"""What adds to one possible violation, which alone is read again."""
_ELSEWHERE = frozenset(
    {EntryKind.RUN, EntryKind.GAP, EntryKind.COVERAGE, EntryKind.UNDECIDED, EntryKind.END, EntryKind.AUDIT}
)
_TOLD = tuple(kind for kind in EntryKind if kind not in _ELSEWHERE)
"""What joins or splits possible violations, too: then all are read again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What came since an entry: possible violations as they are now, in order of time.

    seq: number of the last entry that this knows of.
    gone: ids of records that have become part of one of the changed; sorted.
    """

    seq: int
    changed: tuple[LoggedViolation, ...]
    gone: tuple[str, ...]


class LogBook:
    """One log, for many threads. What was read is kept; only what came since is read again.

    generation: number of the newest entry that is about possible violations: it grows whenever anything was added, and
        two consoles over one log, or one that was started anew, say the same.

    Raises, here and from every call:
        LogError: there is no log, it is damaged, or it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._busy = RLock()
        self._reader = LogReader(path)
        try:
            self._writer = LogWriter(path, alone=False)
        except BaseException:
            self._reader.close()
            raise
        self.path = self._reader.path
        self.evidence_store = self._reader.evidence
        self._seq = 0
        self.generation = 0
        self._by_id: dict[str, LoggedViolation] = {}
        self._kept: dict[str, str] = {}  # id of each record that was joined into another: that one's
        self._in_order: tuple[LoggedViolation, ...] = ()
        self._runs: tuple[LoggedRun, ...] = ()
        self._runs_seq = 0
        self._touched: dict[str, int] = {}  # id: its newest entry; what was touched last comes last

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closing twice is harmless."""
        self._reader.close()
        self._writer.close()

    def refresh(self) -> int:
        """Read what came since. Returns the number of the last entry."""
        with self._busy:
            head = self._reader.head().seq
            if head == self._seq:
                return head
            news = list(self._reader.entries(_TOLD, after=self._seq))
            if news:
                self._take(news)
            self._seq = head  # last: what could not be read is tried, and complained of, again
            return head

    def _take(self, news: Sequence[Entry]) -> None:
        if self._by_id and all(item.kind in _ABOUT_ONE for item in news):
            touched = dict.fromkeys(item.violation_id for item in news if item.violation_id is not None)
            self._put([self._reader.violation(violation_id) for violation_id in touched])
        else:
            found = self._reader.violations()
            self._by_id = {one.violation.violation_id: one for one in found}
            self._in_order = tuple(found)
            self._kept = {violation_id: one.violation.violation_id for one in found for violation_id in one.ids[1:]}
            self._touched = {
                one.violation.violation_id: one.entries[-1] for one in sorted(found, key=lambda one: one.entries[-1])
            }
        self.generation = news[-1].seq

    def _put(self, found: Sequence[LoggedViolation]) -> None:
        """Each in its place: of thousands that are known only these are looked at."""
        order = list(self._in_order)
        for one in sorted(found, key=lambda one: one.entries[-1]):
            name = one.violation.violation_id
            known = self._by_id.get(name)
            if known is not None:
                del order[bisect_left(order, _place(known), key=_place)]
            order.insert(bisect_left(order, _place(one), key=_place), one)
            self._by_id[name] = one
            self._kept |= dict.fromkeys(one.ids[1:], name)
            self._touched.pop(name, None)
            self._touched[name] = one.entries[-1]
        self._in_order = tuple(order)

    def changes(self, after: int) -> Changes:
        """What came after entry number `after`; 0: everything."""
        with self._busy:
            seq = self.refresh()
            if after <= 0:
                return Changes(seq, self._in_order, ())
            found = []
            for name in reversed(self._touched):
                if self._touched[name] <= after:
                    break
                found.append(self._by_id[name])
            gone = sorted(violation_id for one in found for violation_id in one.ids[1:])
            return Changes(seq, tuple(sorted(found, key=_place)), tuple(gone))

    @property
    def records(self) -> int:
        """How many were opened, whatever was joined or decided since."""
        return len(self._by_id) + len(self._kept)

    def violations(self) -> tuple[LoggedViolation, ...]:
        """All possible violations in order of time."""
        self.refresh()
        return self._in_order

    def violation(self, violation_id: str) -> LoggedViolation | None:
        """The one with a record of this whole id; None if there is none."""
        self.refresh()
        return self._by_id.get(self._kept.get(violation_id, violation_id))

    def verdicts(self, after: int) -> list[Verdict]:
        """What people said, as logged after entry number `after`."""
        with self._busy:
            return self._reader.verdicts(after=after)

    def file(self, violation_id: str, sha256: str) -> EvidenceFile | None:
        """The evidence file of a violation that the log lists with this hash; None if it lists none."""
        one = self.violation(violation_id)
        return next((file for file in one.files if file.sha256 == sha256), None) if one is not None else None

    def gaps(self, period: Period = ALWAYS, *, after: int = 0) -> list[Gap]:
        """When nobody was looking, as logged after entry number `after`."""
        with self._busy:
            return self._reader.gaps(period, after=after)

    def coverage(self, period: Period = ALWAYS, *, after: int = 0) -> list[CoverageSlot]:
        """What was seen, as logged after entry number `after`."""
        with self._busy:
            return self._reader.coverage(period, after=after)

    def span_ns(self) -> tuple[int, int] | None:
        """From the first slot of coverage, or gap, to the end of those that begin last."""
        with self._busy:
            return self._reader.span_ns()

    def undecided(self, period: Period = ALWAYS) -> list[Undecided]:
        """What rules could not decide."""
        with self._busy:
            return self._reader.undecided(period)

    def runs(self) -> tuple[LoggedRun, ...]:
        """Runs and how they ended."""
        with self._busy:
            head = self.refresh()
            if any(True for _ in self._reader.entries((EntryKind.RUN, EntryKind.END), after=self._runs_seq)):
                self._runs = tuple(self._reader.runs())
            self._runs_seq = head
            return self._runs

    def audits(self) -> list[Audit]:
        """What people did."""
        with self._busy:
            return self._reader.audits()

    def bodies(self, violation_ids: frozenset[str]) -> list[str]:
        """The canonical text of every entry about these possible violations, in the order of the chain."""
        with self._busy:
            return [item.body for item in self._reader.entries(_TOLD) if item.violation_id in violation_ids]

    def add_verdict(self, verdict: Verdict) -> None:
        """Append a verdict. Raises ValueError: there is no such violation."""
        self._writer.verdict(verdict)
        self.refresh()

    def add_grouping(self, said: Joined | Split) -> None:
        """Append what belongs together, or does not. Raises ValueError: there is no such violation."""
        if isinstance(said, Joined):
            self._writer.joined(said)
        else:
            self._writer.split(said)
        self.refresh()

    def add_audit(self, audit: Audit) -> None:
        """Append what somebody did."""
        self._writer.audit(audit)


def _place(one: LoggedViolation) -> tuple[int, str]:
    return one.violation.t_start_ns, one.violation.violation_id
