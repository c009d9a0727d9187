"""`trucewatch run`: what it refuses. What it does is in tests/centre."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from detector.cli.app import run
from detector.cli.exit_codes import ExitCode
from detector.log import LogWriter

LIVE = "version: 1\nfeeds:\n  - {id: a, media: 'rtsp://user:geheim@127.0.0.1:1/x'}\n"


def written(folder: Path, text: str) -> str:
    (folder / "centre.yaml").write_text(text)
    return str(folder / "centre.yaml")


def test_a_configuration_without_feeds_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["run", written(tmp_path, "version: 1\n"), "--out", str(tmp_path / "out")]) == ExitCode.USAGE
    assert "names nothing to watch" in capfd.readouterr().err


def test_live_feeds_are_not_replayed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", written(tmp_path, LIVE), "--out", str(tmp_path / "out")]) == ExitCode.USAGE
    said = capfd.readouterr().err
    assert "feed 'a' is live: watch it with `trucewatch run`" in said
    assert "geheim" not in said


def test_check_knows_that_a_live_feed_is_no_file(tmp_path: Path) -> None:
    assert run(["check", written(tmp_path, LIVE)]) == ExitCode.DONE


@pytest.mark.parametrize("media", ["gopher://user:geheim@h/x", "rtsp://user:geheim@127.0.0.1:1/x"])
def test_inspect_says_why_it_sees_nothing_without_the_password(media: str, capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["inspect", media, "--seconds", "1"])
    assert code == (ExitCode.USAGE if media.startswith("gopher") else ExitCode.INCOMPLETE)
    said = capfd.readouterr().err
    assert "geheim" not in said
    assert ("not known" in said) or ("Connection refused" in said)


def test_an_address_that_is_taken_and_a_log_that_is_written_end_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = written(tmp_path, f"{LIVE}centre: {{health: '127.0.0.1:{port}'}}\n")
        command = [sys.executable, "-m", "detector", "run", file, "--out", str(tmp_path / "out")]
        found = subprocess.run(command, check=False, capture_output=True, text=True)
        assert found.returncode == ExitCode.USAGE
        assert f"127.0.0.1:{port} cannot be used: Address already in use" in found.stderr
    with LogWriter(tmp_path / "out"):
        found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert found.returncode == ExitCode.LOG_DAMAGED
    assert "Traceback" not in found.stderr
    *said, sentence = found.stderr.strip().splitlines()
    told = json.loads(said[-1])
    assert (told["event"], told["level"], told["why"]) == ("nothing is watched any more", "error", sentence)
