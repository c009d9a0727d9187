"""How far each sink has come: one small SQLite file, outbox.sqlite, beside the log."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from detector.errors import LogError
from detector.log.reader import Entry

FILE_NAME = "outbox.sqlite"


class Positions:
    """The newest entry delivered, by its number and its hash. Used by one thread; a note is on the disk at its return.

    Raises, here and from every call:
        LogError: the file cannot be read or written.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / FILE_NAME
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: {error}") from error
        try:
            self._do("PRAGMA journal_mode = WAL")
            self._do("PRAGMA synchronous = FULL")
            self._do(
                "CREATE TABLE IF NOT EXISTS delivered "
                "(sink TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT"
            )
        except LogError:
            self.close()
            raise

    def of(self, sink: str) -> tuple[int, str]:
        """Its number and hash. 0 and nothing: nothing has been delivered."""
        rows = self._do("SELECT seq, hash FROM delivered WHERE sink = ?", sink)
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")

    def note(self, sink: str, entry: Entry) -> None:
        """Everything up to this entry has been delivered."""
        self._do(
            "INSERT INTO delivered VALUES (?, ?, ?) "
            "ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            sink,
            entry.seq,
            entry.hash,
        )

    def forget(self, sink: str) -> None:
        """Nothing has been delivered."""
        self._do("DELETE FROM delivered WHERE sink = ?", sink)

    def close(self) -> None:
        """Nothing more will be noted."""
        self._connection.close()

    def _do(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: {error}") from error
