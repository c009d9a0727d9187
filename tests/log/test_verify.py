"""Whatever is changed in a log, verify names the entry."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from detector.log import verify_log

TRIGGERS = ("entry_refuses_update", "entry_refuses_delete", "entry_only_appends")


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        kept = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for sql in kept:
            connection.execute(sql)


def test_an_untouched_log_is_intact(small_log: Path) -> None:
    report = verify_log(small_log)
    assert (report.intact, report.entries, report.evidence_files, report.warnings) == (True, 12, 2, ())


@pytest.mark.parametrize(
    "column", ["kind", "source_id", "violation_id", "run_id", "content_sha256", "previous", "hash"]
)
def test_a_changed_column_is_named(small_log: Path, column: str) -> None:
    tamper(small_log, f"UPDATE entry SET {column} = 'x' || substr({column}, 2) WHERE seq = 3")
    assert any(line.startswith("entry 3") for line in verify_log(small_log).damage)


def test_a_deleted_entry_is_named(small_log: Path) -> None:
    tamper(small_log, "DELETE FROM entry WHERE seq = 4")
    assert any("entry 4 is missing" in line for line in verify_log(small_log).damage)


def test_a_cut_end_shows_against_a_kept_head(small_log: Path) -> None:
    head = verify_log(small_log).head
    tamper(small_log, "DELETE FROM entry WHERE seq = 12")
    assert verify_log(small_log).intact
    assert "kept head" in verify_log(small_log, head).damage[0]


def test_every_byte_of_evidence_counts(small_log: Path) -> None:
    for path in (small_log.parent / "evidence").rglob("*.*"):
        good = path.read_bytes()
        for at in range(len(good)):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            assert any(line.startswith("entry 3 (evidence") for line in verify_log(small_log).damage)
        path.write_bytes(good)
