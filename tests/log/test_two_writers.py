"""A recorder and the console write into one log at the same time; the chain stays whole and nobody is lost."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detector.errors import LogError
from detector.log import LogWriter, open_reader, verify_log
from detector.log.records import EntryKind
from detector.model import Action, Audit
from tests.log.conftest import OPENED, RUN, VERDICT

EACH = 100

# Says "ready" when it has the log open, begins when it is told to, and lets the others come in between: so they really
# meet, however busy the machine is.
ADDS = """
import sys
import time
from pathlib import Path
from detector.log import LogWriter
from detector.model import Action, Audit
path, name, count, alone = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "alone"
with LogWriter(path, alone=alone) as log:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        log.audit(Audit(number, name, "", Action.EXPORT))
        time.sleep(0.002)
"""


def adding(log: Path, name: str, count: int, alone: str = "beside") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ADDS, str(log), name, str(count), alone],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def end(*processes: subprocess.Popen[str]) -> list[int]:
    codes = []
    for process in processes:
        process.communicate(timeout=120)
        codes.append(process.returncode)
    return codes


def test_a_recorder_and_two_who_write_beside_it_make_one_whole_chain(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
    processes = [adding(tmp_path, "recorder", EACH, "alone"), adding(tmp_path, "a", EACH), adding(tmp_path, "b", EACH)]
    go(*processes)
    assert end(*processes) == [0, 0, 0]
    report = verify_log(tmp_path)
    assert report.intact, report.damage
    assert report.entries == 1 + 3 * EACH
    with open_reader(tmp_path) as reader:
        order = [audit.user for audit in reader.audits()]
    assert {name: order.count(name) for name in ("recorder", "a", "b")} == {"recorder": EACH, "a": EACH, "b": EACH}
    assert sum(first != second for first, second in itertools.pairwise(order)) > 10, "they never met"


def test_one_that_is_killed_in_the_middle_leaves_the_chain_whole_and_the_other_writing(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
    doomed, other = adding(tmp_path, "doomed", 100_000), adding(tmp_path, "other", 4 * EACH)
    go(doomed, other)
    with open_reader(tmp_path) as reader:
        while sum(1 for _ in reader.entries((EntryKind.AUDIT,))) < EACH:
            assert doomed.poll() is None
    doomed.send_signal(signal.SIGKILL)
    assert end(doomed, other) == [-signal.SIGKILL, 0]
    assert verify_log(tmp_path).intact
    with open_reader(tmp_path) as reader:
        assert [audit.user for audit in reader.audits()].count("other") == 4 * EACH


def test_who_writes_beside_waits_for_a_transaction_and_does_not_fail(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as recorder, LogWriter(tmp_path, alone=False) as beside:
        recorder.opened(OPENED)
        assert beside.verdict(VERDICT)
        assert recorder.audit(Audit(1, "a", "", Action.SIGN_IN))
        assert not beside.verdict(VERDICT), "the same verdict is there already"
    assert verify_log(tmp_path).entries == 3


def test_who_writes_beside_needs_a_log_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no violation log here"):
        LogWriter(tmp_path / "out", alone=False)
    assert list(tmp_path.iterdir()) == []
