"""A copy of a log that is being written: whole, checked, and fit to go on from."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from detector.cli import run
from detector.console.accounts import Accounts
from detector.console.roles import Role
from detector.errors import LogError
from detector.log import EvidenceStore, LogWriter, copy_log, open_reader, verify_log
from detector.model import Gap, GapReason
from detector.timebase import SystemClock
from tests.log.conftest import OPENED, RUN, VERDICT


def logged(out: Path, data: bytes = b"a picture") -> None:
    with LogWriter(out) as log:
        log.begin(RUN)
        log.opened(OPENED)
        log.evidence(
            OPENED.violation_id, [EvidenceStore(out / "evidence").put(OPENED.violation_id, "snapshot", ".jpg", data)]
        )


def test_a_copy_made_while_entries_come_is_whole_and_a_later_one_holds_what_came_since(tmp_path: Path) -> None:
    out, to = tmp_path / "out", tmp_path / "kept" / "copy"
    logged(out)
    begun, over = threading.Event(), threading.Event()

    def write() -> None:
        with LogWriter(out) as log:
            for number in range(10_000):
                log.gap(Gap("north", number, number + 1, GapReason.MISSING), RUN.run_id)
                begun.set()
                if over.is_set():
                    return

    writing = threading.Thread(target=write)
    writing.start()
    assert begun.wait(30)
    copies = [copy_log(out, to) for _ in range(5)]
    over.set()
    writing.join()
    entries = [one.entries for one in copies]
    assert entries == sorted(entries)
    assert entries[-1] > entries[0], "the log grew meanwhile"
    assert [(one.files, one.new) for one in copies] == [(1, 1)] + [(1, 0)] * 4
    last = copy_log(out, to)
    report = verify_log(to, copies[0].head)
    assert report.intact
    assert not report.warnings
    with open_reader(out) as reader:
        assert (report.entries, report.head) == (reader.head().seq, reader.head().hash) == (last.entries, last.head)


def test_a_centre_can_go_on_from_a_copy_with_its_accounts(tmp_path: Path) -> None:
    out, to = tmp_path / "out", tmp_path / "copy"
    logged(out)
    accounts = Accounts(out, SystemClock())
    accounts.add("anna", Role.REVIEWER, "A", "correct horse battery")
    accounts.close()
    copy_log(out, to)
    assert stat.S_IMODE((to / "accounts.sqlite").stat().st_mode) == 0o600
    with LogWriter(to) as log:
        assert log.verdict(VERDICT)
        with closing(sqlite3.connect(to / "violations.sqlite")) as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",), "else readers would stop the writer"
    assert verify_log(to).intact
    accounts = Accounts(to, SystemClock())
    assert accounts.sign_in("anna", "correct horse battery", "::1").account is not None
    accounts.close()
    with pytest.raises(LogError, match="is no earlier copy"):
        copy_log(out, to)  # it has gone its own way


def test_what_is_no_copy_of_this_log_is_not_written_over(tmp_path: Path) -> None:
    logged(tmp_path / "out")
    logged(tmp_path / "other", b"another picture")
    with pytest.raises(LogError, match="is no earlier copy"):
        copy_log(tmp_path / "out", tmp_path / "other")
    with pytest.raises(LogError, match="is the log itself"):
        copy_log(tmp_path / "out", tmp_path / "out")
    (tmp_path / "file").write_text("x")
    with pytest.raises(LogError, match="cannot be made"):
        copy_log(tmp_path / "out", tmp_path / "file" / "below")
    with pytest.raises(LogError, match="no violation log here"):
        copy_log(tmp_path / "absent", tmp_path / "copy")
    assert verify_log(tmp_path / "other").intact


def test_evidence_that_was_changed_is_told_and_not_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, to = tmp_path / "out", tmp_path / "copy"
    logged(out)
    (out / "evidence" / OPENED.violation_id / "snapshot.jpg").write_bytes(b"b picture")
    assert run(["log", "copy", str(out), str(to)]) == 4
    assert "was changed" in capsys.readouterr().out
    (out / "evidence" / OPENED.violation_id / "snapshot.jpg").write_bytes(b"a picture")
    assert run(["log", "copy", str(out), str(to)]) == 0
    shown = capsys.readouterr().out
    with open_reader(out) as reader:
        head = reader.head().hash
    assert f"3 entries, 1 evidence files (1 new), head {head}" in shown
    assert run(["log", "verify", str(to), "--head", head]) == 0
