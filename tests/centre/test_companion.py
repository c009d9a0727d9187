"""What runs beside the feeds: it is kept running, replaced, and gone when the centre is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from detector.centre.companion import Companion
from detector.cli import run
from detector.cli.exit_codes import ExitCode
from detector.console.accounts import Accounts
from detector.console.roles import Role
from detector.live_file import read_centre
from detector.timebase import SystemClock
from tests.centre.clerk import say_and_wait
from tests.live.rig import FEEDS, free_port, running, until


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def turned(one: Companion, file: Path, count: int) -> None:
    def reached() -> bool:
        one.turn()
        return len(lines(file)) >= count

    until(reached)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_is_started_again_when_it_was_killed_and_does_what_it_is_told_last(tmp_path: Path) -> None:
    file, one = tmp_path / "said", Companion("clerk", 30.0)
    one.turn()
    assert one.pid is None, "nothing was asked for"
    one.do(partial(say_and_wait, file, "first"))
    try:
        turned(one, file, 1)
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        turned(one, file, 2)
        one.do(partial(say_and_wait, file, "second"))
        turned(one, file, 3)
        pid = one.pid
    finally:
        one.stop()
    assert [line.split()[0] for line in lines(file)] == ["first", "first", "second"]
    assert len({line.split()[1] for line in lines(file)}) == 3
    assert one.pid is None
    assert pid is not None
    assert not is_alive(pid)


def test_what_makes_the_processes_may_be_killed_as_well(tmp_path: Path) -> None:
    file, one = tmp_path / "said", Companion("clerk", 30.0)
    one.do(partial(say_and_wait, file, "here"))
    try:
        turned(one, file, 1)
        assert one.pid is not None
        nursery = int(Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[1])
        assert nursery != os.getpid()
        os.kill(nursery, signal.SIGKILL)
        until(lambda: not is_alive(nursery))
        first = one.pid
        turned(one, file, 2)
        until(lambda: not is_alive(first))  # two of them would want the same port
    finally:
        one.stop()
    assert len({line.split()[1] for line in lines(file)}) == 2


def test_it_does_not_outlive_a_centre_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "said"
    code = (
        "import time; from functools import partial; from pathlib import Path\n"
        "from detector.centre.companion import Companion; from tests.centre.clerk import say_and_wait\n"
        "if __name__ == '__main__':\n"
        "    one = Companion('clerk', 30.0)\n"
        f"    one.do(partial(say_and_wait, Path({str(file)!r}), 'here'))\n"
        "    one.turn()\n"
        "    time.sleep(60)\n"
    )
    script = tmp_path / "centre.py"
    script.write_text(code)
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(root)}) as centre:
        until(lambda: bool(lines(file)))
        centre.kill()
    pid = int(lines(file)[0].split()[1])
    until(lambda: not is_alive(pid))


@pytest.mark.rig
def test_run_opens_the_console_once_somebody_has_an_account_and_again_when_it_was_killed(tmp_path: Path) -> None:
    port, out, file = free_port(), tmp_path / "out", tmp_path / "centre.yaml"
    console = f"console: {{address: '127.0.0.1:{port}'}}"
    feed = f"feeds: [{{id: north, media: 'udp://127.0.0.1:{free_port()}'}}]"
    file.write_text(f"version: 1\n{feed}\ncentre: {{health: null}}\n{console}\n")

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def pid() -> int | None:
        return (read_centre(out) or {}).get("console_pid")

    with running(file, out) as process:
        until(lambda: "nobody has an account yet" in (tmp_path / "said.jsonl").read_text())
        accounts = Accounts(out, SystemClock())
        accounts.add("anna", Role.REVIEWER, "A", "correct horse battery")
        accounts.close()
        until(answers)
        until(lambda: pid() is not None)
        killed = pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until(lambda: pid() not in {None, killed} and answers())
        again = pid()
        assert process.poll() is None, "no feed needs it"
    assert again is not None
    assert not is_alive(again)


def test_a_console_for_the_whole_network_without_a_certificate_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text(
        f"version: 1\nfeeds: [{{id: a, media: {FEEDS}/crossing.ts}}]\nconsole: {{address: '0.0.0.0:8443'}}\n"
    )
    assert run(["run", str(file), "--out", str(tmp_path / "out")]) == ExitCode.USAGE
    assert "console: host '0.0.0.0' without a certificate" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
