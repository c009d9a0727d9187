"""The command line as a whole: help, usage errors, completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from detector.cli import run
from tests.cli.media_making import video

COMMANDS = [
    ["demo"],
    ["check"],
    ["inspect"],
    ["detect"],
    ["replay"],
    ["doctor"],
    ["log", "list"],
    ["log", "show"],
    ["log", "verify"],
    ["log", "coverage"],
    ["log", "export"],
]


def own_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detector", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", **environment},
        timeout=60,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert f"Example: trucewatch {' '.join(command)}" in words


@pytest.mark.parametrize(("command", "file"), [("replay", "OUT/FEED.mp4"), ("detect", "DIR/SOURCE/000123.png")])
def test_the_help_names_files_that_are_written(
    command: str, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help is Markdown: what stands in angle brackets would be taken for a tag and left out."""
    monkeypatch.setenv("COLUMNS", "240")
    run([command, "--help"])
    assert file in capsys.readouterr().out


def test_options_that_are_quantities_say_their_unit(capsys: pytest.CaptureFixture[str]) -> None:
    run(["detect", "--help"])
    words = re.sub(r"[\s│]+", " ", capsys.readouterr().out)
    for unit in ("[s]", "[deg]", "[1/s]", "UTC"):
        assert unit in words


def test_the_first_page_shows_the_commands_in_order_within_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    first = next(i for i, line in enumerate(lines) if line.startswith("trucewatch inspect"))
    assert [line.split("#")[0].strip() for line in lines[first : first + 4]] == [
        "trucewatch inspect flight.ts",
        "trucewatch check agreement.yaml",
        "trucewatch replay agreement.yaml flight.ts",
        "trucewatch log list out",
    ]
    assert all("#" in line for line in lines[first : first + 4])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["replai"], "replai"),
        (["log", "lst", "out"], "lst"),
        (["replay", "a.yaml", "--jobs", "0"], "--jobs"),
        (["replay", "a.yaml", "--job", "2"], "--job"),
        (["detect", "a.ts"], "--out"),
        (["detect", "a.ts", "--out", "x.jsonl", "--start", "yesterday"], "2026-03-01T06:30:00Z"),
        (["detect", "a.ts", "--out", "x.jsonl", "--start", "2026-03-01T06:30:00"], "zone"),
        (["detect", "a.ts", "--out", "x.jsonl", "--start", "2026-02-30T06:30:00Z"], "--start"),
        (["detect", "a.ts", "--out", "x.jsonl", "--fps", "0"], "--fps"),
        (["detect", "a.ts", "--out", "x.jsonl", "--hfov-deg", "181"], "--hfov-deg"),
        (["detect", "a.ts", "--out", "x.jsonl", "--telemetry-offset-s", "nan"], "--telemetry-offset-s"),
        (["detect", "a.ts", "b.ts", "--out", "x.jsonl", "--annotate", "c.mp4"], "--annotate"),
        (["detect", "a.ts", "b.ts", "--out", "x.jsonl", "--telemetry", "c.csv"], "--telemetry"),
        (["detect", "a.ts", "day2/a.ts", "--out", "x.jsonl"], "same name: a, a"),
        (["check"], "config"),
    ],
)
def test_wrong_usage_is_one_message_that_names_what_is_wrong_and_code_2(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert named.lower() in shown.err.lower()
    assert shown.err.count("Error") == 1
    assert "Traceback" not in shown.err


def test_version_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert re.fullmatch(r"trucewatch \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_shell_completes_the_names_of_commands() -> None:
    done = own_process(_TRUCEWATCH_COMPLETE="complete_bash", COMP_WORDS="trucewatch re", COMP_CWORD="1")
    assert done.stdout.split() == ["replay"]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """And the exit code says what it says without one: 1 would be that violations were flagged."""
    whole = video(tmp_path / "whole.ts", 20)
    (tmp_path / "cut.ts").write_bytes(whole.read_bytes()[:-100])
    for arguments, code in (("doctor", 0), (f"inspect {whole}", 0), (f"inspect {tmp_path / 'cut.ts'}", 3)):
        command = f"(sleep 0.2; {sys.executable} -m detector {arguments}; echo $? >{tmp_path / 'code'}) | true"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr
        assert int((tmp_path / "code").read_text()) == code


@pytest.mark.parametrize("arguments", ["check {config}", "inspect --json {media}"])
def test_an_output_that_cannot_be_written_is_one_message_and_code_4(
    tmp_path: Path, config: Path, feed: Path, arguments: str
) -> None:
    told = arguments.format(config=config, media=feed)
    command = f"{sys.executable} -m detector {told} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stderr, done.returncode) == ("the output cannot be written: No space left on device\n", 4)


def test_the_command_line_needs_nothing_that_is_not_declared() -> None:
    # typer brings its own copy of click; a plain `pip install trucewatch` has no other.
    code = "import sys; sys.modules['click'] = None; import detector.cli"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_interrupt_while_the_program_loads_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from detector import __main__, cli

    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
