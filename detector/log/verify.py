"""Recomputes everything a log claims: each entry, each link, each column, the table's guards, each evidence file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from detector.log.canonical import canonical_json
from detector.log.chain import GENESIS, content_sha256, link
from detector.log.database import log_errors, log_file, reading_engine
from detector.log.evidence import PART, EvidenceStore
from detector.log.migrate import upgrade
from detector.log.reader import LogReader
from detector.log.records import EntryKind, columns_of, concerned, files_from, joined_from, split_from, violation_from
from detector.log.schema import EVIDENCE_FOLDER

COLUMNS = ("seq", "kind", "t_ns", "source_id", "violation_id", "run_id", "content_sha256", "previous", "hash", "body")
INTEGERS = frozenset({"seq", "t_ns"})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and what is wrong.

    entries: how many there are. evidence_files: how many were checked.
    head: hash of the last entry; keep it elsewhere, and give it to `--head` next time.
    damage: one sentence each, naming the entry; empty if everything is as it was written.
    warnings: what is odd but changes nothing that was logged.
    since_head: entries after the head that was kept; None where none was given or it was not found.
    """

    entries: int
    evidence_files: int
    head: str
    damage: tuple[str, ...]
    warnings: tuple[str, ...]
    since_head: int | None = None

    @property
    def intact(self) -> bool:
        """Nothing is wrong."""
        return not self.damage


def verify_log(path: Path, kept_head: str | None = None) -> VerifyReport:
    """Check the log at `path` (file or directory) and its evidence folder.

    What it cannot see: a log rewritten as a whole with all its hashes, or cut off at its end. For that,
    give the `kept_head` of an earlier check.

    Raises:
        LogError: there is no log, or it cannot be opened as one at all.
        ValueError: kept_head is not 64 hex digits.
    """
    if kept_head is not None and (len(kept_head) != 64 or set(kept_head.lower()) - set("0123456789abcdef")):
        raise ValueError(f"head {kept_head!r}: allowed are the 64 hex digits that verify printed")
    file = log_file(path)
    with LogReader(file):
        pass  # says clearly what is not a log
    chain = _Chain()
    engine = reading_engine(file)
    try:
        with log_errors(file), engine.connect() as connection, connection.begin():
            connection.connection.driver_connection.text_factory = bytes  # type: ignore[union-attr]
            _walk(connection, chain)
            chain.damage += _structure(connection)
    finally:
        engine.dispose()
    store = EvidenceStore(file.parent / EVIDENCE_FOLDER)
    chain.damage += _evidence(store, chain.files)
    since = _since(chain, kept_head)
    return VerifyReport(
        chain.count, len(chain.files), chain.previous, tuple(chain.damage), tuple(_extras(store, chain.files)), since
    )


class _Chain:
    """What is known on the way from the first entry to the last."""

    def __init__(self) -> None:
        self.count = 0
        self.seq = 0
        self.previous = GENESIS
        self.seen: dict[str, int] = {GENESIS: 0}
        self.opened: set[str] = set()
        self.files: list[tuple[str, Any]] = []
        self.damage: list[str] = []

    def take(self, row: Mapping[str, Any], types: Mapping[str, str]) -> None:
        """Check one row against the one before it."""
        self.count += 1
        name = _name(row)
        problems = [*self._place(row), *_types(types), *_contents(row)]
        self.damage += [f"{name}: {problem}" for problem in problems]
        self.seq = row["seq"]
        self.previous = str(row["hash"])
        self.seen[self.previous] = self.count
        if not problems:
            self.damage += [f"{name}: {problem}" for problem in self._sense(name, json.loads(row["body"]))]

    def _place(self, row: Mapping[str, Any]) -> Iterator[str]:
        seq = row["seq"]
        if seq > self.seq + 1:
            missing = f"entry {self.seq + 1} is" if seq == self.seq + 2 else f"entries {self.seq + 1} to {seq - 1} are"
            yield f"{missing} missing before it"
        elif seq != self.seq + 1:
            yield f"it stands after entry {self.seq}"
        if row["previous"] != self.previous:
            yield f"it does not follow entry {self.seq}: an entry was changed, moved, put in or taken out here"

    def _sense(self, name: str, body: dict[str, Any]) -> Iterator[str]:
        kind = EntryKind(body["kind"])
        if kind in {EntryKind.OPENED, EntryKind.CLOSED}:
            self.opened.add(body["violation_id"])
            if violation_from(body).violation_id != body["violation_id"]:
                yield "its violation_id is not the one that follows from its content"
        elif kind is EntryKind.EVIDENCE:
            self.files += [(name, file) for file in files_from(body)]
        elif kind in {EntryKind.JOINED, EntryKind.SPLIT}:
            ids = concerned(joined_from(body) if kind is EntryKind.JOINED else split_from(body))
            yield from (f"it is about violation {one}, not opened before" for one in ids if one not in self.opened)
        if kind in {EntryKind.EVIDENCE, EntryKind.VERDICT} and body["violation_id"] not in self.opened:
            yield "it is about a violation that was not opened before"


def _name(row: Mapping[str, Any]) -> str:
    violation = f" {str(row['violation_id'])[:12]}" if row["violation_id"] else ""
    return f"entry {row['seq']} ({row['kind']}{violation})"


def _types(types: Mapping[str, str]) -> Iterator[str]:
    for column in COLUMNS:
        allowed = {"integer"} if column in INTEGERS else {"text"}
        if column in {"t_ns", "source_id", "violation_id", "run_id"}:
            allowed.add("null")
        if types[column] not in allowed:
            yield f"column {column} is not {' or '.join(sorted(allowed))}"


def _contents(row: Mapping[str, Any]) -> Iterator[str]:
    body = str(row["body"])
    if link(str(row["previous"]), body) != row["hash"]:
        yield "its content, or the hash before it, does not match its hash"
    if content_sha256(body) != row["content_sha256"]:
        yield "column content_sha256 does not match its body"
    try:
        parsed = json.loads(body)
        canonical = canonical_json(parsed) == body
        columns = columns_of(parsed)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        yield f"its body cannot be read: {error}"
        return
    if not canonical:
        yield "its body is not canonical JSON"
    yield from (f"column {name} does not match its body" for name in columns if columns[name] != row[name])


def _walk(connection: Connection, chain: _Chain) -> None:
    """Every row in the order of the table itself; where the file cannot be read on, that is said and it stops."""
    columns = ", ".join(f"{name}, typeof({name})" for name in COLUMNS)
    cursor = connection.connection.cursor()
    try:
        for values in cursor.execute(f"SELECT {columns} FROM entry NOT INDEXED ORDER BY seq"):  # noqa: S608  (constants)
            row = dict(zip(COLUMNS, map(_text, values[::2]), strict=True))
            chain.take(row, dict(zip(COLUMNS, map(_type, values[::2], values[1::2]), strict=True)))
    except sqlite3.Error as error:
        chain.damage.append(f"entry {chain.seq + 1}: the file cannot be read here: {error}")
    finally:
        cursor.close()


def _text(value: object) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _type(value: object, sqlite_type: bytes) -> str:
    """SQLite's name for it; text that is not UTF-8 is no text."""
    if isinstance(value, bytes):
        try:
            value.decode()
        except UnicodeDecodeError:
            return "bytes that are not UTF-8"
    return sqlite_type.decode()


def _structure(connection: Connection) -> list[str]:
    """What SQLite itself finds, and whether table and triggers are the ones the migrations make."""
    cursor = connection.connection.cursor()
    try:
        found = [_text(row[0]) for row in cursor.execute("PRAGMA integrity_check(20)")]
        damage = [f"the file's structure: {line}" for line in found if line != "ok"]
        query = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master"
        schema = {_text(name): _text(sql) for name, sql in cursor.execute(query)}
    except sqlite3.Error as error:
        return [f"the file's structure: {error}"]
    finally:
        cursor.close()
    expected = expected_schema()
    damage += [f"the schema: {name} is missing" for name in sorted(expected.keys() - schema.keys())]
    damage += [f"the schema: {name} is not ours" for name in sorted(schema.keys() - expected.keys())]
    changed = sorted(name for name in expected.keys() & schema.keys() if expected[name] != schema[name])
    return damage + [f"the schema: {name} was changed" for name in changed]


def expected_schema() -> dict[str, str]:
    """Type and name of all that the migrations make, with the statement that makes it."""
    from sqlalchemy import create_engine  # noqa: PLC0415

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        upgrade(connection)
        driver = connection.connection.cursor()
        with closing(driver):
            query = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master"
            return dict(driver.execute(query).fetchall())


def _evidence(store: EvidenceStore, files: list[tuple[str, Any]]) -> list[str]:
    problems = ((name, store.problem(file)) for name, file in files)
    return [f"{name}: {problem}" for name, problem in problems if problem is not None]


def _extras(store: EvidenceStore, files: list[tuple[str, Any]]) -> Iterator[str]:
    known = {file.path for _, file in files}
    for path in store.files():
        if path not in known:
            why = "left by a run that was cut off" if path.endswith(PART) else "no entry names it"
            yield f"evidence/{path}: extra file, {why}"


def _since(chain: _Chain, kept_head: str | None) -> int | None:
    if kept_head is None:
        return None
    position = chain.seen.get(kept_head.lower())
    if position is None:
        chain.damage.append(
            f"the kept head {kept_head.lower()} is no entry of this log: it was cut off at its end, or rewritten"
        )
        return None
    return chain.count - position
