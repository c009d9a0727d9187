"""How far each sink has come: one small SQLite file, outbox.sqlite, beside the log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from detector.errors import LogError

FILE_NAME = "outbox.sqlite"


class Positions:
    """Numbers of the newest entries delivered. Used by one thread; each note is on the disk when it returns.

    Raises:
        LogError: the file cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / FILE_NAME
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS position (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT"
            )
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: {error}") from error

    def of(self, sink: str) -> int:
        """0: nothing has been delivered."""
        row = self._connection.execute("SELECT seq FROM position WHERE sink = ?", (sink,)).fetchone()
        return int(row[0]) if row is not None else 0

    def note(self, sink: str, seq: int) -> None:
        """Everything up to `seq` has been delivered."""
        try:
            self._connection.execute(
                "INSERT INTO position VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq", (sink, seq)
            )
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Nothing more will be noted."""
        self._connection.close()
