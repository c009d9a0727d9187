"""Opening a log's file: for its one writer, or to read and never touch it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, exc

from detector.errors import LogError
from detector.log.schema import APPLICATION_ID, FILE_NAME, REVISIONS

WRITER_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    # The WAL never holds more than the last entry: a byte that goes bad in it can then take nothing else along.
    "PRAGMA wal_autocheckpoint = 1",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")
BUSY_S = 10.0


def log_file(path: Path) -> Path:
    """The log's file: `path` itself, or the one inside it if it is a directory, or nothing yet without a suffix."""
    is_folder = path.is_dir() or not (path.suffix or path.exists())
    return path / FILE_NAME if is_folder else path


def writing_engine(path: Path) -> Engine:
    """One connection, WAL, every commit synced to the disk, every transaction BEGIN IMMEDIATE."""
    return _engine(sqlite_uri(path, mode="rw"), WRITER_PRAGMAS, begin="BEGIN IMMEDIATE")


def reading_engine(path: Path) -> Engine:
    """One connection that cannot write, on a log that may lie on read-only media.

    Raises:
        LogError: there is no such log, or its last entries are in a WAL file that cannot be read where it lies.
    """
    if not path.is_file():
        raise LogError(f"{path}: there is no violation log here")
    # Beside -shm SQLite needs to write nothing: a running log, read by who may not write it.
    if os.access(path.parent, os.W_OK) or path.with_name(path.name + "-shm").exists():
        return _engine(sqlite_uri(path, mode="ro"), READER_PRAGMAS, begin="BEGIN")
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size > 0:
        raise LogError(
            f"{path}: was not closed properly (its newest entries are in {wal.name}) and lies in a folder that cannot "
            "be written to; copy both files to a writable folder and read them there"
        )
    return _engine(sqlite_uri(path, mode="ro", immutable="1"), READER_PRAGMAS, begin="BEGIN")


def sqlite_uri(path: Path, **parameters: str) -> str:
    """Address of a database file for `sqlite3.connect(..., uri=True)`."""
    return f"file:{quote(str(path.absolute()))}?" + "&".join(f"{key}={value}" for key, value in parameters.items())


def _engine(uri: str, pragmas: tuple[str, ...], begin: str) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level None: SQLAlchemy's "begin" below is the only thing that opens a transaction.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
        try:
            for pragma in pragmas:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def log_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite says into a LogError that says which file and what to do."""
    try:
        yield
    except (sqlite3.Error, exc.DBAPIError) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        raise LogError(f"{path}: {_in_words(cause)}") from error
    except UnicodeDecodeError as error:  # of a table's name or a message of SQLite's about it
        raise LogError(f"{path}: is damaged: holds text that is not UTF-8 ({error})") from error


def _in_words(cause: BaseException | None) -> str:
    name = getattr(cause, "sqlite_errorname", "") or ""
    words = {
        "SQLITE_FULL": "the disk is full; the entry was not logged, everything logged before it is kept",
        "SQLITE_IOERR": "the disk cannot be read or written",
        "SQLITE_READONLY": "cannot be written",
        "SQLITE_CANTOPEN": "cannot be opened",
        "SQLITE_NOTADB": "is not a violation log",
        "SQLITE_CORRUPT": "is damaged",
        "SQLITE_BUSY": "another process is writing to this log",
    }
    for prefix, sentence in words.items():
        if name.startswith(prefix):
            return f"{sentence} ({cause})"
    return f"{cause}"


def check_is_log(connection: Connection, path: Path) -> None:
    """Raises LogError unless this is a violation log of a schema this version knows."""
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
        raise LogError(f"{path}: is not a violation log")
    revision = revision_of(connection)
    if revision not in REVISIONS:
        raise LogError(
            f"{path}: its schema is {revision!r}, this version knows {REVISIONS[-1]!r} at most: "
            "made by a newer trucewatch, or damaged"
        )


def revision_of(connection: Connection) -> object:
    """The schema revision that alembic noted; None where there is none."""
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar()
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
