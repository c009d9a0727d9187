"""A whole copy of a log, made while it is written: to be kept elsewhere, and to go on from."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from detector.errors import LogError
from detector.log.database import BUSY_S, log_errors, log_file, sqlite_uri
from detector.log.evidence import EvidenceStore
from detector.log.migrate import sync
from detector.log.reader import LogReader
from detector.log.records import EntryKind, files_from
from detector.log.schema import EVIDENCE_FOLDER, FILE_NAME
from detector.model import EvidenceFile

BESIDE = ("outbox.sqlite", "accounts.sqlite")
"""What a centre keeps beside its log. Copied before it: then the log's copy has all that was sent on."""


@dataclass(frozen=True, slots=True)
class Copied:
    """entries: of the log; head: hash of the last. files: evidence in the copy; new: of them copied now.

    problems: evidence that is not what was logged, and was not copied; a sentence each.
    """

    entries: int
    head: str
    files: int
    new: int
    problems: tuple[str, ...]


def copy_log(path: Path, to: Path) -> Copied:
    """Copy the log at `path`, its evidence, and what a centre keeps beside it, into the folder `to`.

    Over an earlier copy of the same log: entries are copied anew, evidence that it has already is left as it is.

    Raises:
        LogError: there is no log, the copy cannot be written, or `to` holds something else than a copy of this log.
    """
    source, target = log_file(path), to / FILE_NAME
    with LogReader(source) as log:
        _check(log, target)
        try:
            to.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LogError(f"{to}: cannot be made: {error.strerror}") from error
        for name in BESIDE:
            if source.with_name(name).exists():
                _copy_database(source.with_name(name), to / name)
    _copy_database(source, target)
    with LogReader(target) as copy:
        head, logged = copy.head(), list(_evidence(copy))
    kept, store = EvidenceStore(source.parent / EVIDENCE_FOLDER), EvidenceStore(to / EVIDENCE_FOLDER)
    lacking = [file for file in logged if not _is_there(store.folder / file.path, file)]
    wrong = {file.path: problem for file in lacking if (problem := kept.problem(file)) is not None}
    new = [file for file in lacking if file.path not in wrong]
    for file in new:
        violation_id, _, name = file.path.partition("/")
        store.put(violation_id, file.role, name.removeprefix(file.role), kept.folder / file.path)
    return Copied(head.seq, head.hash, len(logged) - len(wrong), len(new), tuple(wrong.values()))


def _check(log: LogReader, target: Path) -> None:
    """Raises LogError unless there is nothing, or what this log was once."""
    if not target.exists():
        return
    if target.samefile(log.path):
        raise LogError(f"{target}: is the log itself; name another folder")
    with LogReader(target) as earlier:
        head = earlier.head()
    if head.seq and log.hash_of(head.seq) != head.hash:
        raise LogError(f"{target}: is no earlier copy of {log.path}; name another folder")


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one instant, whoever writes it meanwhile; under its name only once it is whole."""
    fresh = target.with_name(f"{target.name}.new")
    try:
        for file in (fresh, *_beside(fresh)):
            file.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # of the accounts nobody else may read
        uri = sqlite_uri(source, mode="ro")
        with log_errors(source), closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection:
            connection.execute("VACUUM INTO ?", (str(fresh),))
        fresh.chmod(source.stat().st_mode & 0o777)
        sync(fresh)
        for file in _beside(target):
            file.unlink(missing_ok=True)
        fresh.replace(target)
        sync(target.parent)
    except (OSError, LogError) as error:
        fresh.unlink(missing_ok=True)
        told = error.strerror if isinstance(error, OSError) else error
        raise LogError(f"{target}: the copy cannot be written: {told}") from error


def _beside(database: Path) -> Iterator[Path]:
    return (database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))


def _evidence(log: LogReader) -> Iterator[EvidenceFile]:
    """Every file that the log names, once."""
    entries = log.entries((EntryKind.EVIDENCE,))
    yield from {file.path: file for item in entries for file in files_from(json.loads(item.body))}.values()


def _is_there(path: Path, file: EvidenceFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes
