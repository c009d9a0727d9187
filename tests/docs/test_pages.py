from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from detector import pipeline
from detector.cli.app import app
from detector.cli.exit_codes import ExitCode
from detector.config.reference import page

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    top = get_command(app)
    assert hasattr(top, "commands")
    for name, one in top.commands.items():
        yield from (f"{name} {word}" for word in one.commands) if hasattr(one, "commands") else [name]


def test_the_page_on_configuration_is_what_the_models_say() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == page(pipeline.REGISTRIES), "make it again: python scripts/make_configuration_page.py"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_stands_in_the_readme(name: str) -> None:
    assert f"`trucewatch {name}" in README


@pytest.mark.parametrize("code", [code for code in ExitCode if code is not ExitCode.INTERRUPTED])
def test_every_exit_code_stands_in_the_readme(code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \|", README, re.MULTILINE)


@pytest.mark.parametrize("line", re.findall(r"^ {4}trucewatch (.+)$", GUIDE + "\n" + README, re.MULTILINE))
def test_every_command_line_shown_names_a_command_and_its_options(line: str) -> None:
    words = line.split()
    command = get_command(app)
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert not hasattr(command, "commands")
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_every_link_between_pages_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_setting_has_a_description() -> None:
    for row in page(pipeline.REGISTRIES).splitlines():
        if row.startswith("| ") and not row.startswith("| key"):
            assert not row.endswith("|  |"), row
