"""Reads a log and never touches it: what was seen, by whom confirmed, and when nobody was looking."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, literal_column, not_, or_, select

from detector.errors import LogError
from detector.log.chain import GENESIS
from detector.log.database import check_is_log, log_errors, log_file, reading_engine
from detector.log.evidence import EvidenceStore
from detector.log.grouping import Grouping, as_one, sources_of, witnesses_of
from detector.log.records import (
    EntryKind,
    audit_from,
    coverage_from,
    end_from,
    files_from,
    gap_from,
    joined_from,
    lacks_from,
    run_from,
    split_from,
    undecided_from,
    verdict_from,
    violation_from,
)
from detector.log.schema import EVIDENCE_FOLDER, entry
from detector.model import (
    Audit,
    CoverageSlot,
    EvidenceFile,
    Gap,
    Joined,
    Means,
    Run,
    RunEnd,
    Split,
    State,
    Undecided,
    Verdict,
    Violation,
    Witness,
)
from detector.timebase import NS_PER_S

MIN_ID_DIGITS = 4
_NEWEST = 50
_LATELY = 100_000
"""Entries: a day of twelve feeds. Who is not among them is looked for in the whole log, in a long one for seconds."""

LONGEST_SLOT_NS = 3600 * NS_PER_S
"""`coverage: slot_s` is 3600 at most."""

Record = TypeVar("Record")

_TELLING = frozenset({EntryKind.OPENED, EntryKind.CLOSED})
GROUPING = (EntryKind.JOINED, EntryKind.SPLIT)
"""Entries that say which records are one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in the log. `body` is its canonical JSON text."""

    seq: int
    kind: EntryKind
    t_ns: int | None
    source_id: str | None
    violation_id: str | None
    run_id: str | None
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry. Its hash, kept elsewhere, later shows that nothing up to it was changed or removed."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class LoggedViolation:
    """A possible violation with everything the log says about it: of one record, or of several that are one event.

    violation: the newest word: CLOSED if it has ended, else OPEN; of several, the one that is kept, with the means of
        all (`grouping.as_one`).
    records: each of them as it was logged, the one that is kept first.
    witnesses: sources that support it without a record of their own.
    groupings: who joined or split any of these records, and why, in the order of the chain.
    files: evidence, in the order of its paths.
    lacks: of each record whose evidence is not whole, what is missing and why.
    verdicts: the newest of each party, in the order of the parties' names; they stand side by side.
    history: every verdict in the order given.
    entries: numbers of the entries that this is made of.
    """

    violation: Violation
    files: tuple[EvidenceFile, ...]
    verdicts: tuple[Verdict, ...]
    history: tuple[Verdict, ...]
    entries: tuple[int, ...]
    records: tuple[Violation, ...]
    witnesses: tuple[Witness, ...] = ()
    groupings: tuple[Joined | Split, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def sources(self) -> Mapping[str, tuple[Means, ...]]:
        """Every source that noticed it, that of the kept record first, with its means."""
        return sources_of(self.records, self.witnesses)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of its records, the kept one's first."""
        return tuple(one.violation_id for one in self.records)


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A run and how it ended for each of its sources.

    problems: for each source that did not come to its end, where and why; empty if the run is complete.
    """

    run: Run
    ends: tuple[RunEnd, ...]
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Every source was read to its end."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open [since_ns, until_ns), and which source, rule and run; None is no limit. run_id: its first digits do."""

    since_ns: int | None = None
    until_ns: int | None = None
    source_id: str | None = None
    rule_id: str | None = None
    run_id: str | None = None

    def overlaps(self, t_start_ns: int, t_end_ns: int) -> bool:
        """Whether something in [t_start_ns, t_end_ns), or the instant t_start_ns, falls in the period."""
        if self.until_ns is not None and t_start_ns >= self.until_ns:
            return False
        return self.since_ns is None or t_end_ns > self.since_ns or t_start_ns >= self.since_ns


ALWAYS = Period()


def open_reader(path: Path) -> LogReader:
    """Open the log at `path`: the file, or the directory that holds violations.sqlite.

    Raises:
        LogError: there is none, it is not a log, it is of a newer schema, or it cannot be read.
    """
    return LogReader(path)


class LogReader:
    """Context manager. Opens with mode=ro; a log on read-only media can be read if it was closed properly."""

    def __init__(self, path: Path) -> None:
        self.path = log_file(path)
        self.evidence = EvidenceStore(self.path.parent / EVIDENCE_FOLDER)
        self._engine = reading_engine(self.path)
        try:
            with log_errors(self.path):
                self._connection = self._engine.connect()
                with self._connection.begin():
                    check_is_log(self._connection, self.path)
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closing twice is harmless."""
        self._connection.close()
        self._engine.dispose()

    def head(self) -> Head:
        """The last entry; seq 0 and 64 zeros in an empty log."""
        rows = self._rows(select(entry.c.seq, entry.c.hash).order_by(entry.c.seq.desc()).limit(1))
        return Head(rows[0]["seq"], rows[0]["hash"]) if rows else Head(0, GENESIS)

    def hash_of(self, seq: int) -> str:
        """Hash of the entry of this number; empty if there is none."""
        rows = self._rows(select(entry.c.hash).where(entry.c.seq == seq))
        return str(rows[0]["hash"]) if rows else ""

    def count(self, kinds: Collection[EntryKind], *, after: int = 0) -> int:
        """How many entries of these kinds there are after entry number `after`."""
        query = select(func.count().label("count")).where(*_after(after, kinds))
        return int(self._rows(query)[0]["count"])

    def entries(
        self,
        kinds: Collection[EntryKind] = tuple(EntryKind),
        period: Period = ALWAYS,
        *,
        after: int = 0,
        most: int | None = None,
    ) -> Iterator[Entry]:
        """Entries of these kinds after entry number `after`, in the order of the chain; the first `most` of them.

        `period.rule_id` is not looked at here.

        Raises:
            LogError: the file is damaged.
        """
        query = select(entry).where(*_after(after, kinds), *_within(period))
        for row in self._rows(query.order_by(entry.c.seq).limit(most)):
            yield Entry(
                **{name: row[name] for name in row if name != "content_sha256"} | {"kind": EntryKind(row["kind"])}
            )

    def violations(self, period: Period = ALWAYS) -> list[LoggedViolation]:
        """Possible violations that overlap the period, each in its newest state, in order of time.

        Records that are one event are one, chosen if any of them is.
        """
        by_id: dict[str, list[Entry]] = {}
        for item in self.entries((EntryKind.OPENED, EntryKind.CLOSED, EntryKind.EVIDENCE, EntryKind.VERDICT)):
            by_id.setdefault(item.violation_id or "", []).append(item)
        grouping = self._grouping()
        found = (
            self._gather([by_id[one] for one in ids if one in by_id], grouping)
            for ids in grouping.groups(by_id).values()
        )
        chosen = [one for one in found if _chosen(one, period)]
        return sorted(chosen, key=lambda one: (one.violation.t_start_ns, one.violation.violation_id))

    def violation(self, id_start: str) -> LoggedViolation:
        """The one possible violation with a record whose id starts with these hex digits, at least 4 of them.

        Raises:
            LookupError: none does, or several do.
        """
        if len(id_start) < MIN_ID_DIGITS or set(id_start.lower()) - set("0123456789abcdef"):
            raise LookupError(f"{id_start!r} is not the start of a violation id: at least {MIN_ID_DIGITS} hex digits")
        query = select(entry.c.violation_id).where(entry.c.violation_id.startswith(id_start.lower())).distinct()
        ids = sorted(row["violation_id"] for row in self._rows(query))
        if len(ids) != 1:
            many = f"{len(ids)} violations: {', '.join(ids[:5])}" if ids else "no violation"
            raise LookupError(f"{id_start!r} is the start of {many}")
        grouping = self._grouping()
        known = grouping.groups([*grouping.records(), ids[0]])
        names = [name for name in entry.c.keys() if name != "content_sha256"]  # noqa: SIM118  (columns, not a dict)
        by_id: dict[str, list[Entry]] = {one: [] for one in known[grouping.kept(ids[0])]}
        query = select(entry).where(entry.c.violation_id.in_(by_id), entry.c.kind.not_in(GROUPING))
        for row in self._rows(query.order_by(entry.c.seq)):
            item = Entry(**{name: row[name] for name in names} | {"kind": EntryKind(row["kind"])})
            by_id[str(item.violation_id)].append(item)
        kept, *others = by_id.values()
        # In the order of the chain, as `violations` has them.
        return self._gather([kept, *sorted(others, key=lambda items: items[0].seq if items else 0)], grouping)

    def undecided(self, period: Period = ALWAYS) -> list[Undecided]:
        """What rules could not decide, in order of time."""
        found = (self._record(undecided_from, item) for item in self.entries((EntryKind.UNDECIDED,), period))
        chosen = (one for one in found if period.rule_id in {None, one.rule_id})
        return sorted(chosen, key=lambda one: (one.t_start_ns, one.t_end_ns, one.source_id, one.rule_id, one.subject))

    def gaps(self, period: Period = ALWAYS, *, after: int = 0) -> list[Gap]:
        """When nobody was looking, in order of time, as logged after entry number `after`."""
        items = self.entries((EntryKind.GAP,), _to_the_end(period), after=after)
        found = (self._record(gap_from, item) for item in items)
        chosen = (gap for gap in found if period.overlaps(gap.t_start_ns, gap.t_end_ns))
        return sorted(chosen, key=lambda gap: (gap.t_start_ns, gap.t_end_ns, gap.source_id, gap.reason))

    def coverage(self, period: Period = ALWAYS, *, after: int = 0) -> list[CoverageSlot]:
        """What was seen, in order of time and source, as logged after entry number `after`."""
        items = self.entries((EntryKind.COVERAGE,), _with_slot_before(period), after=after)
        found = (self._record(coverage_from, item) for item in items)
        chosen = (slot for slot in found if period.overlaps(slot.t_start_ns, slot.t_end_ns))
        return sorted(chosen, key=lambda slot: (slot.t_start_ns, slot.source_id))

    def verdicts(self, *, after: int = 0) -> list[Verdict]:
        """What people said, in the order of the chain, as logged after entry number `after`."""
        return [self._record(verdict_from, item) for item in self.entries((EntryKind.VERDICT,), after=after)]

    def broken_off(self, source_id: str) -> tuple[list[Violation], list[Violation]]:
        """What a process that was killed left of one source: what was never closed, and what has no evidence."""
        return self._opened_without(EntryKind.CLOSED, source_id), self._opened_without(EntryKind.EVIDENCE, source_id)

    def _opened_without(self, kind: EntryKind, source_id: str) -> list[Violation]:
        """Possible violations as they were opened, of which there is no entry of this kind."""
        later = entry.alias()
        told = exists().where(later.c.violation_id == entry.c.violation_id, later.c.kind == kind.value)
        query = select(entry.c.seq, entry.c.body).where(
            entry.c.kind == EntryKind.OPENED.value, entry.c.source_id == source_id, not_(told)
        )
        found = {}
        for row in self._rows(query.order_by(entry.c.seq)):
            one = self._made(violation_from, row["body"], row["seq"], EntryKind.OPENED)
            found[one.violation_id] = one
        return list(found.values())

    def told_until_ns(self, source_id: str) -> int | None:
        """Until where the log says what one source saw or did not see; None where it says nothing. [ns UTC]"""
        kinds = (EntryKind.GAP, EntryKind.COVERAGE, EntryKind.END)

        def newest_after(seq: int) -> list[RowMapping]:
            query = select(entry.c.body).where(*_after(seq, kinds), entry.c.source_id == source_id)
            return self._rows(query.order_by(entry.c.seq.desc()).limit(_NEWEST))

        newest = newest_after(max(self.head().seq - _LATELY, 1)) or newest_after(0)
        return max((int(json.loads(row["body"])["t_end_ns"]) for row in newest), default=None)

    def span_ns(self) -> tuple[int, int] | None:
        """From the first slot of coverage, or gap, to the end of those that begin last; None: neither is there. [ns]

        A few entries are read of each kind, by the index of kinds and times: a log of weeks has a million.
        """
        begins, ends = [], []
        for kind in (EntryKind.COVERAGE, EntryKind.GAP):
            of_kind = select(entry.c.t_ns, entry.c.body).where(entry.c.kind == kind.value)
            begins += [int(row["t_ns"]) for row in self._rows(of_kind.order_by(entry.c.t_ns).limit(1))]
            newest = self._rows(of_kind.order_by(entry.c.t_ns.desc()).limit(_NEWEST))
            ends += [int(json.loads(row["body"])["t_end_ns"]) for row in newest]
        return (min(begins), max(ends)) if begins else None

    def audits(self, period: Period = ALWAYS) -> list[Audit]:
        """What people did with the log, in the order of the chain."""
        return [self._record(audit_from, item) for item in self.entries((EntryKind.AUDIT,), period)]

    def runs(self) -> list[LoggedRun]:
        """Runs in the order they were begun, each with how it ended: newest word of each source."""
        begun = (self._record(run_from, item) for item in self.entries((EntryKind.RUN,)))
        runs = {run.run_id: run for run in begun}
        ends: dict[str, dict[str, RunEnd]] = {}
        for end in (self._record(end_from, item) for item in self.entries((EntryKind.END,))):
            ends.setdefault(end.run_id, {})[end.source_id] = end
        return [_logged_run(run, ends.get(run_id, {})) for run_id, run in runs.items()]

    def source_ids(self) -> tuple[str, ...]:
        """Every source that the log says something about, by name."""
        rows = self._rows(select(entry.c.source_id).where(entry.c.source_id.is_not(None)).distinct())
        named = {str(row["source_id"]) for row in rows}
        return tuple(sorted(named | {file.source_id for one in self.runs() for file in one.run.media}))

    def rule_ids(self) -> tuple[str, ...]:
        """Every rule by which something is in the log, by name."""
        found = {record.rule_id for one in self.violations() for record in one.records}
        return tuple(sorted(found | {one.rule_id for one in self.undecided()}))

    def _grouping(self) -> Grouping:
        grouping = Grouping()
        for item in self.entries(GROUPING):
            make: Callable[[Mapping[str, Any]], Joined | Split] = (
                joined_from if item.kind is EntryKind.JOINED else split_from
            )
            grouping.take(item.seq, self._record(make, item))
        return grouping

    def _gather(self, records: list[list[Entry]], grouping: Grouping) -> LoggedViolation:
        """One possible violation from the entries of its records, the kept one's first."""
        parts = tuple(self._newest(items) for items in records)
        ids = [one.violation_id for one in parts]
        about = grouping.about(ids)
        items = sorted((item for some in records for item in some), key=lambda item: item.seq)
        kept = [item for item in items if item.kind is EntryKind.EVIDENCE]
        files = {file.path: file for item in kept for file in self._record(files_from, item)}
        lacks = {item.violation_id: self._record(lacks_from, item) for item in kept}  # what came later made it whole
        history = tuple(self._record(verdict_from, item) for item in items if item.kind is EntryKind.VERDICT)
        newest = {verdict.party: verdict for verdict in history}
        groupings = tuple(about.values())
        witnesses = witnesses_of(ids, groupings)
        return LoggedViolation(
            as_one(parts, groupings, witnesses),
            tuple(files[path] for path in sorted(files)),
            tuple(newest[party] for party in sorted(newest)),
            history,
            tuple(sorted([*(item.seq for item in items), *about])),
            parts,
            witnesses,
            groupings,
            tuple(words for words in lacks.values() if words),
        )

    def _newest(self, items: list[Entry]) -> Violation:
        """The newest word about one record."""
        told = [self._record(violation_from, item) for item in items if item.kind in _TELLING]
        if not told:
            about = f"entry {items[0].seq} is" if items else "an entry that joins or splits is"
            raise LogError(f"{self.path}: {about} about a violation that was never opened")
        return ([one for one in told if one.state is State.CLOSED] or told)[-1]

    def _record(self, make: Callable[[Mapping[str, Any]], Record], item: Entry) -> Record:
        """The record an entry's body says; LogError if it says none, since somebody changed it."""
        return self._made(make, item.body, item.seq, item.kind)

    def _made(self, make: Callable[[Mapping[str, Any]], Record], body: str, seq: int, kind: EntryKind) -> Record:
        try:
            return make(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise LogError(f"{self.path}: entry {seq} ({kind}) is damaged: {error}") from error

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        with log_errors(self.path), self._connection.begin():
            return list(self._connection.execute(query).mappings())


def _after(after: int, kinds: Collection[EntryKind]) -> list[ColumnElement[bool]]:
    """Entries of these kinds after a number. The plus keeps SQLite from its index of kinds, where it would go through
    all of a kind for the few that are new: 20 ms of a log of two weeks, each time that somebody looks for news."""
    kind = entry.c.kind if after <= 0 else literal_column("+entry.kind")
    return [entry.c.seq > after, kind.in_([str(one) for one in kinds])]


def _within(period: Period) -> list[ColumnElement[bool]]:
    limits: list[ColumnElement[bool]] = []
    if period.since_ns is not None:
        limits.append(or_(entry.c.t_ns.is_(None), entry.c.t_ns >= period.since_ns))
    if period.until_ns is not None:
        limits.append(or_(entry.c.t_ns.is_(None), entry.c.t_ns < period.until_ns))
    if period.source_id is not None:
        limits.append(or_(entry.c.source_id.is_(None), entry.c.source_id == period.source_id))
    if period.run_id is not None:
        limits.append(or_(entry.c.run_id.is_(None), entry.c.run_id.startswith(period.run_id, autoescape=True)))
    return [and_(*limits)] if limits else []


def _with_slot_before(period: Period) -> Period:
    """From so much earlier that a slot which reaches into the period is found: a log of months need not be read."""
    since_ns = period.since_ns - LONGEST_SLOT_NS if period.since_ns is not None else None
    return replace(period, since_ns=since_ns)


def _to_the_end(period: Period) -> Period:
    """Without its start: what began before it may reach into it."""
    return replace(period, since_ns=None)


def _chosen(one: LoggedViolation, period: Period) -> bool:
    if period.rule_id is not None and all(record.rule_id != period.rule_id for record in one.records):
        return False
    if period.source_id is not None and period.source_id not in one.sources:
        return False
    if period.run_id is not None and not any(record.run_id.startswith(period.run_id) for record in one.records):
        return False
    return any(period.overlaps(record.t_start_ns, record.t_end_ns) for record in one.records)


def _logged_run(run: Run, ends: dict[str, RunEnd]) -> LoggedRun:
    problems = []
    for source_id in sorted({item.source_id for item in run.media} | set(ends)):
        end = ends.get(source_id)
        if end is None:
            problems.append(f"{source_id}: INCOMPLETE, the run was cut off before its end, or goes on")
        elif not end.complete:
            problems.append(f"{source_id}: INCOMPLETE after {end.frames} {end.unit}: {end.detail or 'no reason given'}")
    return LoggedRun(run, tuple(ends[source_id] for source_id in sorted(ends)), tuple(problems))
