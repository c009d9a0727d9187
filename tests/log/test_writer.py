# ruff: noqa: E501, PT012
"""What goes into a log stays there, once, whoever else tries."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from detector.errors import LogError
from detector.log import EvidenceStore, LogWriter, open_reader, verify_log
from detector.log.schema import entry
from tests.log.conftest import CLOSED, OPENED, RUN, VERDICT, fill


def test_every_kind_of_entry_is_appended_once_and_repeating_the_run_adds_nothing(small_log: Path) -> None:
    before = small_log.read_bytes()
    fill(small_log.parent)
    with open_reader(small_log) as log:
        assert [item.seq for item in log.entries()] == list(range(1, 13))
    assert small_log.read_bytes()[100:] == before[100:]


def test_append_says_whether_it_appended(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        assert log.opened(OPENED) is True
        assert log.opened(OPENED) is False
        assert log.closed(CLOSED) is True


def test_two_runs_write_byte_equal_entries(small_log: Path, another_log) -> None:
    def rows(path: Path) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT * FROM entry ORDER BY seq").fetchall()

    assert rows(small_log) == rows(another_log("again"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = 'x'",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT 99, kind, t_ns, source_id, violation_id, run_id, 'x', previous, hash, body FROM entry WHERE seq = 1",
        "REPLACE INTO entry SELECT 10, kind, t_ns, source_id, violation_id, run_id, content_sha256, hash, hash, body FROM entry WHERE seq = 2",
    ],
)
def test_the_table_refuses_everything_but_an_append(small_log: Path, statement: str) -> None:
    with closing(sqlite3.connect(small_log)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def test_a_second_writer_is_refused_and_let_in_when_the_first_has_closed(tmp_path: Path) -> None:
    with LogWriter(tmp_path), pytest.raises(LogError, match="one writer at a time"):
        LogWriter(tmp_path)
    with LogWriter(tmp_path) as log:
        assert log.begin(RUN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["violations.sqlite"]


def test_the_lock_of_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys; from detector.log import LogWriter; LogWriter(pathlib.Path(sys.argv[1])); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert (tmp_path / "violations.sqlite.lock").exists()
    with LogWriter(tmp_path) as log:
        assert log.begin(RUN)


def test_a_reader_reads_while_the_writer_writes(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.opened(OPENED)
        with open_reader(tmp_path) as reader:
            assert len(reader.violations()) == 1
            log.closed(CLOSED)
            assert reader.violations()[0].violation == CLOSED


def test_evidence_or_a_verdict_for_an_unknown_violation_is_refused(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        with pytest.raises(ValueError, match="never opened"):
            log.evidence("0" * 32, [])
        with pytest.raises(ValueError, match="never opened"):
            log.verdict(VERDICT)


def test_nan_is_refused_and_nothing_of_it_is_logged(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log, pytest.raises(ValueError, match="nan"):
        log.opened(replace(OPENED, measures={"speed_m_s": float("nan")}))
    assert verify_log(tmp_path).entries == 0


@pytest.mark.parametrize("content", [b"not a log at all, only text " * 40, b"\x00\x01" * 2000])
def test_a_file_that_is_not_a_log_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_bytes(content)
    for opening in (LogWriter, open_reader):
        with pytest.raises(LogError, match="is not a violation log"):
            opening(path)
    assert path.read_bytes() == content


def test_another_database_is_not_a_log(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entry (seq INTEGER)")
    for opening in (LogWriter, open_reader):
        with pytest.raises(LogError, match="is not a violation log"):
            opening(path)


def test_a_log_of_a_newer_schema_is_refused_by_name(small_log: Path) -> None:
    with closing(sqlite3.connect(small_log)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    for opening in (LogWriter, open_reader):
        with pytest.raises(LogError, match=r"'0099'.*newer"):
            opening(small_log)


def test_a_folder_that_cannot_be_made_is_a_log_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LogError, match="cannot be made"):
        LogWriter(tmp_path / "file" / "out" / "violations.sqlite")


def test_a_folder_that_cannot_be_written_to_is_a_log_error() -> None:
    with pytest.raises(LogError, match="cannot be"):
        LogWriter(Path("/proc/trucewatch.sqlite"))


def test_an_empty_file_becomes_a_log_and_a_half_made_one_is_started_over(tmp_path: Path) -> None:
    (tmp_path / "violations.sqlite").touch()
    (tmp_path / "violations.sqlite.new").write_bytes(b"half")
    with LogWriter(tmp_path) as log:
        assert log.begin(RUN)
    assert verify_log(tmp_path).intact


def test_a_full_disk_keeps_what_was_logged_and_says_so(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.opened(OPENED)
        log._connection.connection.cursor().execute("PRAGMA max_page_count = 1")
        with pytest.raises(LogError, match="disk is full"):
            for number in range(100):
                log.undecided(replace_subject(number))
    report = verify_log(tmp_path)
    assert report.intact
    with open_reader(tmp_path) as reader:
        assert len(reader.violations()) == 1


def replace_subject(number: int):
    from tests.log.conftest import UNDECIDED

    return replace(UNDECIDED, subject=f"track {number}")


def test_a_verdict_is_heard_per_party(small_log: Path) -> None:
    later = replace(VERDICT, party="party B", note="seen by us")
    changed = replace(VERDICT, t_ns=VERDICT.t_ns + 1, note="looked again")
    with LogWriter(small_log) as log:
        assert log.verdict(later)
        assert log.verdict(changed)
    with open_reader(small_log) as log:
        (one,) = log.violations()
    assert one.verdicts == (changed, later)
    assert one.history == (VERDICT, later, changed)


def test_the_migrations_make_the_table_that_the_code_knows(small_log: Path) -> None:
    with closing(sqlite3.connect(small_log)) as connection:
        made = {row[1]: (row[2], bool(row[3])) for row in connection.execute("PRAGMA table_info(entry)")}
    assert made == {column.name: (str(column.type), not column.nullable) for column in entry.columns}


def test_evidence_is_kept_beside_the_log(small_log: Path) -> None:
    assert len(list(EvidenceStore(small_log.parent / "evidence").files())) == 2


def test_evidence_that_another_process_is_still_writing_is_waited_for(tmp_path: Path) -> None:
    # A replay that was killed leaves workers that write on for a moment, while it has been started again already.
    store = EvidenceStore(tmp_path)
    part = tmp_path / ("a" * 32) / "clip.ts.part"
    script = (
        "import fcntl, os, pathlib, sys, time; part = pathlib.Path(sys.argv[1]); part.parent.mkdir(parents=True);"
        "file = part.open('wb'); fcntl.flock(file, fcntl.LOCK_EX); print('locked', flush=True); file.write(b'half');"
        "time.sleep(0.3); file.write(b' and whole'); file.flush(); part.rename(part.with_suffix('')); os._exit(9)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(part)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        file = store.put("a" * 32, "clip", ".ts", b"half and whole")
    assert (store.problem(file), list(store.files())) == (None, [file.path])


def test_evidence_that_never_stops_being_written_is_a_log_error(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("detector.log.evidence.PATIENCE_S", 0.05)
    part = tmp_path / ("a" * 32) / "clip.ts.part"
    part.parent.mkdir()
    with part.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LogError, match="another process is writing"):
            EvidenceStore(tmp_path).put("a" * 32, "clip", ".ts", b"x")


def test_a_part_that_a_killed_run_left_is_written_over_and_gone(tmp_path: Path) -> None:
    part = tmp_path / ("a" * 32) / "clip.ts.part"
    part.parent.mkdir()
    part.write_bytes(b"longer than what comes")
    file = EvidenceStore(tmp_path).put("a" * 32, "clip", ".ts", b"clip")
    assert (EvidenceStore(tmp_path).problem(file), part.exists()) == (None, False)


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user, and root to become one")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # what is imported may not be readable to others
def test_who_may_read_and_not_write_reads_a_log_while_it_is_written() -> None:
    # Not in pytest's own folder, which only its owner enters.
    with tempfile.TemporaryDirectory() as folder_name, LogWriter(folder := Path(folder_name) / "out") as log:
        log.opened(OPENED)
        for one in (folder, folder.parent):
            one.chmod(0o755)
        found = multiprocessing.get_context("fork").Queue()
        reader = multiprocessing.get_context("fork").Process(target=_read_as_nobody, args=(folder, found))
        reader.start()
        assert found.get(timeout=30) == (1, False)
        reader.join()


def _read_as_nobody(folder: Path, found: multiprocessing.Queue[tuple[int, bool]]) -> None:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    with open_reader(folder) as log:
        found.put((log.head().seq, os.access(folder, os.W_OK)))
