"""`trucewatch check` shows a right configuration so that a person can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.cli import run

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("name", ["demo.yaml", "agreement.example.yaml"])
def test_settings_read_as_in_the_file_not_as_python_has_them(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["check", str(CONFIGS / name)]) == 0
    shown = capsys.readouterr().out
    assert "since 22:00 until 05:00" in shown
    assert "config_sha256" in shown
    for python in ("datetime", "{'", "',)", "=("):
        assert python not in shown


def test_one_of_a_thing_is_singular(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(CONFIGS / "demo.yaml")]) == 0
    assert "1 feed, 4 zones, 1 line, 7 rules." in capsys.readouterr().out


def test_a_name_in_brackets_is_shown_and_not_taken_for_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: '[bold]North[/bold] [sector]'\n")
    assert run(["check", str(tmp_path / "a.yaml")]) == 0
    assert "[bold]North[/bold] [sector]" in capsys.readouterr().out
