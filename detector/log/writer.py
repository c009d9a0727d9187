"""The only way into the log: each call is one durable transaction that appends one entry, or none if it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, insert, select

from detector.errors import LogError
from detector.log.canonical import canonical_json
from detector.log.chain import GENESIS, content_sha256, link
from detector.log.database import check_is_log, log_errors, log_file, revision_of, writing_engine
from detector.log.lock import WriterLock
from detector.log.migrate import create, upgrade
from detector.log.records import (
    Body,
    EntryKind,
    audit_body,
    columns_of,
    concerned,
    coverage_body,
    end_body,
    evidence_body,
    gap_body,
    joined_body,
    run_body,
    split_body,
    undecided_body,
    verdict_body,
    violation_body,
)
from detector.log.schema import REVISIONS, entry
from detector.model import (
    Audit,
    CoverageSlot,
    EvidenceFile,
    Gap,
    Joined,
    Run,
    RunEnd,
    Split,
    Undecided,
    Verdict,
    Violation,
)


class LogWriter:
    """Appends to the log at `path` (a file, made if there is none; or a directory, that holds violations.sqlite).

    When a call returns, its entry is on the disk (WAL, synchronous FULL): `kill -9` cannot take it away.
    Every call returns True if it appended, False if the very same entry was there already: a repeated run adds
    nothing. No entry of a run holds the time of day, only times of the data.

    alone: what records a run has the log for itself. False for what only adds a person's words beside it (the
        console): the log has to be there, and each append waits for its turn. The chain hangs on what the disk holds
        inside the one transaction that appends, so any number of processes keep it whole.

    Raises, here and from every call:
        LogError: another process records into the log, or there is none to write beside; it is not a log, it is of a
            newer schema, or it cannot be written.
        ValueError: an entry that no log may hold: NaN; a verdict, evidence or joining for a violation that was never
            opened; a joining or splitting of nothing, of a record with itself, or by a person without a name.
    """

    def __init__(self, path: Path, *, alone: bool = True) -> None:
        self.path = log_file(path)
        self._appending = Lock()
        if alone:
            _make_folder(self.path.parent)
        elif not self.path.is_file():
            raise LogError(f"{self.path}: there is no violation log here")
        self._lock = WriterLock(self.path) if alone else None
        try:
            if alone and (not self.path.exists() or self.path.stat().st_size == 0):
                create(self.path)
            self._engine = writing_engine(self.path)
            try:
                self._connection = self._open()
            except BaseException:
                self._engine.dispose()
                raise
        except BaseException:
            self._let_go()
            raise

    def _open(self) -> Connection:
        with log_errors(self.path):
            connection = self._engine.connect()
            if self._lock is not None:  # a log that came back from a copy: readers would keep its writer waiting
                connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
            with connection.begin():
                check_is_log(connection, self.path)
                if revision_of(connection) != REVISIONS[-1]:
                    upgrade(connection)
            return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the WAL back and let another writer in. Closing twice is harmless."""
        if self._connection.closed:
            return
        with log_errors(self.path):
            try:
                self._connection.close()
                self._engine.dispose()
            finally:
                self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def begin(self, run: Run) -> bool:
        """A run starts, or starts over."""
        return self._append(run_body(run))

    def end(self, end: RunEnd) -> bool:
        """A run has ended for one source, complete or not."""
        return self._append(end_body(end))

    def opened(self, violation: Violation) -> bool:
        """A possible violation begins (state OPEN)."""
        return self._append(violation_body(EntryKind.OPENED, violation))

    def closed(self, violation: Violation) -> bool:
        """A possible violation has ended (state CLOSED); this says the whole of it."""
        return self._append(violation_body(EntryKind.CLOSED, violation))

    def undecided(self, undecided: Undecided) -> bool:
        """A rule could not decide."""
        return self._append(undecided_body(undecided))

    def gap(self, gap: Gap, run_id: str) -> bool:
        """Nobody was looking, and why."""
        return self._append(gap_body(gap, run_id))

    def coverage(self, slot: CoverageSlot, run_id: str) -> bool:
        """What was seen in one slot of time."""
        return self._append(coverage_body(slot, run_id))

    def evidence(self, violation_id: str, files: Sequence[EvidenceFile], lacks: str = "") -> bool:
        """Files kept for a violation that has been opened. Log it when the files are on the disk.

        lacks: what of its evidence is not there and why, in one sentence; empty if all is.
        """
        return self._append(evidence_body(self._opening(violation_id), files, lacks))

    def verdict(self, verdict: Verdict) -> bool:
        """What a reviewer said about a violation that has been opened; `verdict.t_ns` is when they said it."""
        return self._append(verdict_body(self._opening(verdict.violation_id), verdict))

    def joined(self, joined: Joined) -> bool:
        """Violations that have been opened are one from here on; by the machine, or by a person with party and name."""
        if bool(joined.party) != bool(joined.reviewer):
            raise ValueError("a person who joins has a party and a name; the machine has neither")
        return self._grouping(joined, joined_body(joined))

    def split(self, split: Split) -> bool:
        """A person takes violations, or witnesses, out of the one they were joined into."""
        if not split.party or not split.reviewer:
            raise ValueError("a person who splits has a party and a name")
        return self._grouping(split, split_body(split))

    def _grouping(self, grouping: Joined | Split, body: Body) -> bool:
        ids = concerned(grouping)
        if len(ids) < 2 and not grouping.witnesses:
            raise ValueError(f"violation {grouping.violation_id}: nothing to join to it or to split from it was named")
        if len(set(ids)) < len(ids):
            raise ValueError(f"violation {grouping.violation_id}: a record named twice")
        for violation_id in ids:
            self._opening(violation_id)
        return self._append(body)

    def audit(self, audit: Audit) -> bool:
        """What a person did with the log."""
        return self._append(audit_body(audit))

    def _opening(self, violation_id: str) -> Mapping[str, Any]:
        query = select(entry.c.body).where(entry.c.violation_id == violation_id, entry.c.kind == EntryKind.OPENED.value)
        with self._appending, log_errors(self.path), self._connection.begin():
            body = self._connection.execute(query.order_by(entry.c.seq).limit(1)).scalar()
        if body is None:
            raise ValueError(f"violation {violation_id} was never opened in {self.path}")
        parsed: dict[str, Any] = json.loads(body)
        return parsed

    def _append(self, body: Body) -> bool:
        text = canonical_json(body)
        content = content_sha256(text)
        columns = columns_of(body)
        with self._appending, log_errors(self.path):
            if self._connection.closed:
                raise LogError(f"{self.path}: the log is closed")
            with self._connection.begin():
                if self._connection.execute(select(entry.c.seq).where(entry.c.content_sha256 == content)).first():
                    return False
                # Read again each time, inside the transaction: the chain hangs on what the disk holds.
                last = self._connection.execute(select(entry.c.seq, entry.c.hash).order_by(entry.c.seq.desc())).first()
                seq, previous = (last.seq + 1, last.hash) if last is not None else (1, GENESIS)
                added = {
                    **columns,
                    "seq": seq,
                    "content_sha256": content,
                    "previous": previous,
                    "hash": link(previous, text),
                    "body": text,
                }
                self._connection.execute(insert(entry), added)
        return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"{folder}: cannot be made: {error.strerror}") from error
