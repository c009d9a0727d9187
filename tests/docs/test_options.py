from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from detector.cli.app import app
from detector.cli.exit_codes import ExitCode

GUIDE = (Path(__file__).parents[2] / "docs" / "user-guide.md").read_text(encoding="utf-8")


def options() -> Iterator[tuple[str, str]]:
    """Command and name of each option, the negated form of a flag too."""
    top = get_command(app)
    groups = [("trucewatch", top)]
    for name, one in top.commands.items():
        inner = getattr(one, "commands", None)
        groups += [(name, one)] if inner is None else [(f"{name} {word}", part) for word, part in inner.items()]
    for command, one in groups:
        for parameter in one.params:
            for name in (*parameter.opts, *parameter.secondary_opts):
                if name.startswith("-"):
                    yield command, name


def rows_of(command: str) -> list[str]:
    """Rows of the table of options that are about a command; `log list`, `coverage` means both of log's."""
    word = command.removeprefix("log ")
    rows = [line for line in GUIDE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    return [row for row in rows if {f"`{word}`", f"`log {word}`"} & set(row.split("|")[1].strip().split(", "))]


@pytest.mark.parametrize(("command", "option"), sorted(options()))
def test_every_option_of_every_command_stands_in_the_guide(command: str, option: str) -> None:
    assert any(f"`{option}`" in row.split("|")[2] for row in rows_of(command))


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_stands_in_the_guide(code: ExitCode) -> None:
    assert f"{code.value} " in GUIDE.partition("Exit codes: ")[2].partition("\n\n")[0]
