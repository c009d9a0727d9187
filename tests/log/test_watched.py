"""How long each zone was watched, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.log.watched import zones_watched
from detector.model import CoverageSlot
from tests.log.conftest import SLOT, T0, S


def slot(start_s: int, end_s: int, share: float, source: str = "north", **lost_s: float) -> CoverageSlot:
    seeing_s = end_s - start_s - sum(lost_s.values())
    return CoverageSlot(source, T0 + start_s * S, T0 + end_s * S, seeing_s, lost_s, (), {"strip": share})


def test_no_slots_no_zones() -> None:
    assert zones_watched([]) == []
    assert zones_watched([replace(SLOT, zone_share={})]) == []


def test_area_is_a_mean_over_time_and_time_counts_any_of_it() -> None:
    (watch,) = zones_watched([slot(0, 60, 0.5), slot(60, 90, 0.0)])
    assert watch.watched == pytest.approx(0.5 * 60 / 90)
    assert watch.watched_time == pytest.approx(60 / 90)
    (missed,) = watch.not_watched
    assert (missed.t_start_ns, missed.t_end_ns, missed.why_not) == (T0 + 60 * S, T0 + 90 * S, "out of view")


def test_of_several_sources_the_best_one_counts() -> None:
    (watch,) = zones_watched([slot(0, 60, 0.2), slot(30, 90, 0.6, "south")])
    assert [(one.share, (one.t_end_ns - one.t_start_ns) // S) for one in watch.stretches] == [
        (0.2, 30), (0.6, 30), (0.6, 30),
    ]  # fmt: skip


def test_a_hole_between_slots_is_time_in_which_no_source_was_running() -> None:
    (watch,) = zones_watched([slot(0, 60, 1.0), slot(120, 180, 1.0)])
    assert watch.watched_time == pytest.approx(2 / 3)
    assert [one.why_not for one in watch.not_watched] == ["no source was running"]


def test_adjoining_stretches_of_one_reason_are_one_and_the_longest_loss_is_the_reason() -> None:
    lost = [
        slot(0, 60, 0.0, no_telemetry=40.0, damaged=5.0),
        slot(60, 120, 0.0, no_telemetry=60.0),
        slot(120, 180, 0.0),
    ]
    (watch,) = zones_watched(lost)
    assert [((one.t_end_ns - one.t_start_ns) // S, one.why_not) for one in watch.not_watched] == [
        (120, "no telemetry"), (60, "out of view"),
    ]  # fmt: skip
