"""A new log, and an older log brought to today's schema, each in one transaction."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection

from detector.errors import LogError
from detector.log.database import log_errors, writing_engine
from detector.log.schema import REVISIONS


def upgrade(connection: Connection) -> None:
    """Run what revisions are missing, inside the transaction that is open on `connection`."""
    from alembic import command  # noqa: PLC0415  (0.3 s, needed only for a new or an older log)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])


def create(path: Path) -> None:
    """A new, empty log at `path`: made under another name first, so that a half-made one is never seen.

    Raises:
        LogError: it cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        for name in (fresh, *(fresh.with_name(fresh.name + end) for end in ("-wal", "-shm", "-journal"))):
            name.unlink(missing_ok=True)  # what a killed writer left
        fresh.touch(exist_ok=False)
        _fill(fresh)
        sync(fresh)
        fresh.rename(path)
        sync(path.parent)
    except OSError as error:
        raise LogError(f"{path}: cannot be written: {error.strerror}") from error


def _fill(fresh: Path) -> None:
    with log_errors(fresh):
        engine = writing_engine(fresh)
        try:
            with engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
                with connection.begin():
                    upgrade(connection)
        finally:
            engine.dispose()  # the last connection to close writes the WAL back and removes it


def sync(path: Path) -> None:
    """Have the disk hold what was written to this file, or the names in this folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
