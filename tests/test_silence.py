"""Rules on gaps along the entries of one source: a live outage is told while it lasts and logged once it is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector import pipeline
from detector.config import Configuration, load
from detector.feed import Entry, GoesOn, Kept
from detector.model import CoverageSlot, Gap, GapReason, RunEnd, State, Violation
from detector.silence import Silences

S = 1_000_000_000


def configured(folder: Path, limit_s: float) -> Configuration:
    rules = [{"id": "silent", "kind": "sensor_silent", "limit_s": limit_s}]
    feeds = [{"id": "north", "media": "rtsp://host/north"}]
    file = folder / f"{limit_s:g}.yaml"
    file.write_text(json.dumps({"version": 1, "feeds": feeds, "rules": rules}), "utf-8")
    return load(file, pipeline.REGISTRIES)


def lost(start_s: float, end_s: float, reason: GapReason = GapReason.DISCONNECTED) -> Gap:
    return Gap("north", round(start_s * S), round(end_s * S), reason, "no route")


@pytest.fixture
def silences(tmp_path: Path) -> Silences:
    configuration = configured(tmp_path, 10)
    return Silences(configuration, configuration.settings.feeds[0], tmp_path, "run")


def states(entries: list[Entry]) -> list[str]:
    return [str(one.state) for one in entries if isinstance(one, Violation)]


def test_an_outage_is_told_while_it_lasts_and_ends_with_what_is_seen_again(silences: Silences, tmp_path: Path) -> None:
    pieces = [GoesOn(lost(0, 1e-9)), *(GoesOn(lost(at, at + 1)) for at in range(10))]
    assert list(silences.along(pieces)) == [], "10 s are allowed, and what goes on is not for the log"
    (opened,) = silences.follow(GoesOn(lost(10, 11)))
    assert isinstance(opened, Violation)
    assert (opened.state, opened.t_start_ns) == (State.OPEN, 0)
    assert list(silences.follow(lost(0, 14))) == [lost(0, 14)]
    slot = CoverageSlot("north", 20 * S, 30 * S, 10.0, {}, (), {})
    seen, closed, kept = silences.follow(slot)
    assert seen == slot
    assert isinstance(closed, Violation)
    assert (closed.state, closed.t_end_ns, closed.violation_id) == (State.CLOSED, 14 * S, opened.violation_id)
    assert isinstance(kept, Kept)
    (listed,) = (tmp_path / "evidence").rglob("*gaps.json")
    assert [gap["reason"] for gap in json.loads(listed.read_text("utf-8"))["gaps"]] == ["disconnected"]


@pytest.mark.parametrize("reason", [GapReason.NOT_RUNNING, GapReason.WARMING_UP, GapReason.SKIPPED])
def test_what_the_sensor_can_do_nothing_for_is_no_silence(silences: Silences, reason: GapReason) -> None:
    assert list(silences.along([GoesOn(lost(0, 99, reason)), lost(0, 99, reason)])) == [lost(0, 99, reason)]


def test_other_rules_close_what_is_open_and_judge_from_then_on(silences: Silences, tmp_path: Path) -> None:
    assert states(list(silences.along([lost(0, 20)]))) == ["open"]
    after = configured(tmp_path, 2)
    assert states(list(silences.judge_by(after, "later"))) == ["closed"]
    (opened,) = (one for one in silences.along([lost(30, 33)]) if isinstance(one, Violation))
    assert (opened.run_id, opened.config_sha256) == ("later", after.sha256)


def test_what_is_open_is_closed_before_the_end(silences: Silences) -> None:
    end = RunEnd("run", "north", 1, True, 0, 20 * S, "")
    entries = list(silences.along([lost(0, 20), end]))
    assert states(entries) == ["open", "closed"]
    assert entries[-1] == end


def test_of_weeks_of_gaps_the_newest_are_held(silences: Silences) -> None:
    silences._gaps.extend(lost(20 * at, 20 * at + 1) for at in range(4990))
    for at in range(4990, 5010):
        assert len(list(silences.follow(lost(20 * at, 20 * at + 1)))) == 1
    assert len(silences._gaps) == 5000
