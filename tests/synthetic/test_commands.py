"""python -m detector.synthetic: what goes wrong is one message and an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from detector.synthetic import __main__ as commands


@pytest.mark.parametrize(
    "arguments",
    [
        ["make", "crossing", "--out", "/proc/x.ts"],
        ["make", "crossing", "--out", "nowhere/x.ts"],
        ["map", "--out", "nowhere/map.geojson"],
        ["sound", "crossing", "--out", "/proc/sound"],
    ],
)
def test_an_output_that_cannot_be_written_is_told_at_once(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_rendering(*_: object, **__: object) -> None:
        pytest.fail("rendered for nothing")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "write_feed", no_rendering)
    result = CliRunner().invoke(commands.app, arguments)
    assert result.exit_code == 4
    assert result.stderr.startswith(f"{arguments[-1]}: cannot be written: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("size", ["101x72", "32x32"])
def test_a_size_that_cannot_be_encoded_is_wrong_usage(size: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(commands.app, ["make", "crossing", "--out", str(tmp_path / "a.ts"), "--size", size])
    assert result.exit_code == 2
    assert "even and at least 64" in " ".join(result.stderr.split())
