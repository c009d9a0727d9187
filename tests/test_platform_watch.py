"""Telemetry to rules, and frames whose pose is not to be trusted: as it comes, never ahead of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.config.agreement_map import AgreementMap
from detector.evidence import StretchRecorder, telemetry_picture
from detector.log import EvidenceStore
from detector.model import CameraPose, Frame, Gap, Series, State, TimeFrom, Violation
from detector.platform_watch import PlatformWatch, TrustedFrames
from detector.rules import PLATFORM_RULES, RuleContext
from detector.synthetic.flight import COLUMNS, Attack, Flight, telemetry

S = 1_000_000_000
POSE = CameraPose(42.3, -99.5, 900.0, 0.0, -90.0, 0.0, 60.0, 40.0)
JAMMED = telemetry(Flight(200, 3, (Attack("jam", 120, 30, 90),)))


def series(rows: slice = slice(None)) -> Series:
    t_ns, values = JAMMED
    places = np.full((len(COLUMNS), 3), np.nan)
    return Series("uav", t_ns[rows], values[rows], COLUMNS, ("",) * len(COLUMNS), places)


def watch(**settings: Any) -> PlatformWatch:
    made = PLATFORM_RULES["platform_interference"]
    context = RuleContext("nav", "uav", AgreementMap.nothing(), run_id="run")
    return PlatformWatch([made(made.Config(**settings), context)])  # type: ignore[attr-defined]


def frames(start_ns: int, seconds: int) -> Iterator[Frame | Gap]:
    luma = np.zeros((4, 4), np.uint8)
    for k in range(seconds * 2):
        yield Frame("uav", k, start_ns + k * S // 2, luma, True, TimeFrom.TELEMETRY, POSE, lambda: luma)


def trusted(folder: Path, **settings: Any) -> tuple[list[Frame | Gap], list[Any]]:
    recorder = StretchRecorder(EvidenceStore(folder), "samples", telemetry_picture)
    source = TrustedFrames(frames(int(JAMMED[0][0]), 200), series, watch(**settings), recorder)
    given = list(source)
    return given, [*source.found(), *source.finish()]


def test_poses_are_left_out_while_a_sign_lasts_and_come_back(tmp_path: Path) -> None:
    given, found = trusted(tmp_path)
    without = [one.index / 2 for one in given if isinstance(one, Frame) and one.pose is None]
    assert 121 <= min(without) <= 125
    assert 148 <= max(without) <= 152
    assert without == np.arange(min(without), max(without) + 0.5, 0.5).tolist()
    assert [one.state for one in found if isinstance(one, Violation)] == [State.OPEN, State.CLOSED]


@pytest.mark.parametrize(("away_s", "until_s"), [(5, 105), (30, 130), (90, 160)])
def test_after_a_jump_poses_come_back_with_the_position_or_after_a_minute(
    tmp_path: Path, away_s: float, until_s: float
) -> None:
    t_ns, values = telemetry(Flight(250, 3, (Attack("jump", 100, away_s, 9000),)))
    whole = Series("uav", t_ns, values[:, :2], COLUMNS[:2], ("", ""), np.full((2, 3), np.nan))
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    source = TrustedFrames(frames(int(t_ns[0]), 180), lambda: whole, watch(signs=("jump",)), recorder)
    without = [one.index / 2 for one in source if isinstance(one, Frame) and one.pose is None]
    assert (min(without), max(without)) == (100, pytest.approx(until_s, abs=3))  # it takes its speed 2 s to settle


def test_signs_that_no_rule_asks_for_leave_the_poses_alone(tmp_path: Path) -> None:
    given, found = trusted(tmp_path, signs=("jump",))
    assert all(one.pose is POSE for one in given if isinstance(one, Frame))
    assert found == []


def test_nothing_is_known_before_its_frame(tmp_path: Path) -> None:
    whole, _ = trusted(tmp_path)
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    cut = TrustedFrames(frames(int(JAMMED[0][0]), 130), lambda: series(slice(0, 650)), watch(), recorder)
    assert [getattr(one, "pose", 0) for one in cut] == [getattr(one, "pose", 0) for one in whole[:260]]


@pytest.mark.parametrize("size", [1, 7, 333])
def test_the_same_violations_however_the_telemetry_is_cut(size: int) -> None:
    expected = [*(first := watch()).take(series()), *first.finish()]
    other = watch()
    found = [one for k in range(0, len(JAMMED[0]), size) for one in other.take(series(slice(k, k + size)))]
    assert [*found, *other.finish()] == expected
    assert expected


def test_a_live_feed_that_holds_the_newest_stretch_only_comes_to_the_same(tmp_path: Path) -> None:
    whole, found = trusted(tmp_path)
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    arrived_ns = 0

    def arriving() -> Iterator[Frame | Gap]:
        nonlocal arrived_ns
        for frame in frames(int(JAMMED[0][0]), 200):
            arrived_ns = frame.t_ns if isinstance(frame, Frame) else arrived_ns
            yield frame

    def newest() -> Series | None:
        end = int(np.searchsorted(JAMMED[0], arrived_ns, "right"))
        return series(slice(max(end - 20, 0), end)) if end else None

    live = TrustedFrames(arriving(), newest, watch(), recorder)
    assert [getattr(one, "pose", 0) for one in live] == [getattr(one, "pose", 0) for one in whole]
    assert [*live.found(), *live.finish()] == found


def test_without_telemetry_nothing_changes(tmp_path: Path) -> None:
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    source = TrustedFrames(frames(0, 3), lambda: None, PlatformWatch([]), recorder)
    assert [one.pose for one in source if isinstance(one, Frame)] == [POSE] * 6
    assert list(source.finish()) == []


def test_other_rules_close_what_is_open_and_know_what_is_usual_already(tmp_path: Path) -> None:
    """The configuration changes in the middle of a jam: nobody learns for a minute again."""
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    judge = watch()
    source = TrustedFrames(frames(int(JAMMED[0][0]), 200), series, judge, recorder)
    found: list[Any] = []
    for item in source:
        if isinstance(item, Frame) and item.index == 260:  # 130 s: the jam goes on from 120 to 150 s
            found += source.found()
            assert [one.state for one in found] == [State.OPEN]
            made = PLATFORM_RULES["platform_interference"]
            context = RuleContext("nav", "uav", AgreementMap.nothing(), run_id="later")
            source.judge_by([made(made.Config(), context)])  # type: ignore[attr-defined,list-item]
            found += source.found()
            assert [one.state for one in found] == [State.OPEN, State.CLOSED]
    found += [*source.found(), *source.finish()]
    assert [(one.run_id, one.state) for one in found] == [
        ("run", State.OPEN), ("run", State.CLOSED), ("later", State.OPEN), ("later", State.CLOSED),
    ]  # fmt: skip
    assert not judge.disturbed
