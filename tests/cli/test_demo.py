"""`trucewatch demo`, on a shorter feed than its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from detector.cli import demo, run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def small_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose demo is the feed with one crossing."""
    for folder in ("configs", "sample_feeds"):
        (tmp_path / folder).mkdir()
    for name in ("demo.yaml", "demo.geojson"):
        shutil.copy(ROOT / "configs" / name, tmp_path / "configs" / name)
    for suffix in ("ts", "truth.json.gz"):
        shutil.copy(ROOT / "sample_feeds" / f"crossing.{suffix}", tmp_path / "sample_feeds" / f"demo.{suffix}")
    for name in ("demo-sound", "demo-ground"):
        shutil.copytree(ROOT / "sample_feeds" / name, tmp_path / "sample_feeds" / name)
    monkeypatch.setattr(demo, "_HERE", tmp_path)
    return tmp_path


def test_the_demo_shows_what_was_found_holds_it_against_the_truth_and_says_where_to_look(
    small_demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["demo", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "events of the truth found" in shown
    assert "0 reported without cause" in shown
    assert "missed" not in shown
    assert "2 by acoustic and seismic" in shown
    told = " ".join(shown.split())
    assert "3 impulse sounds heard by 5 sensors" in told
    assert told.count("noticed by microphones (acoustic), geophone (seismic)") == 2
    for command in ("log list", "log coverage", "log verify"):
        assert f"trucewatch {command} {out}" in shown
    assert run(["log", "verify", str(out)]) == 0


def test_without_the_sample_feed_the_demo_says_that_a_checkout_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_HERE", tmp_path)
    assert run(["demo", "--out", str(tmp_path / "out")]) == 3
    told = capsys.readouterr().err
    assert "demo.yaml" in told
    assert "checkout" in told
    assert len(told.strip().splitlines()) == 1
