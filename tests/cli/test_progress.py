"""Bars with the speed as a multiple of real time."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from detector.cli import progress
from detector.cli.progress import FeedProgress


def test_on_a_terminal_there_is_a_bar_a_feed_with_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    monkeypatch.setattr(progress, "Screen", lambda stderr: screen)
    with FeedProgress() as bars:
        bars.update("north", 25, 10.0, 20.0)
        bars.update("south", 0, 0.0, None)
        bars.update("north", 50, 20.0, 20.0)
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "north" in shown
    assert "x real time" in shown
    assert "50 frames" in shown


def test_without_a_terminal_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with FeedProgress() as bars:
        bars.update("north", 25, 10.0, 20.0)
        assert bars.elapsed_s >= 0
    assert capsys.readouterr().err == ""
