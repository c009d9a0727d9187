"""How long each zone was watched, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.log.watched import listened, zones_watched
from detector.model import CoverageSlot, Gap, GapReason
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


def gap(start_s: float, end_s: float, reason: GapReason = GapReason.MISSING, source: str = "north") -> Gap:
    return Gap(source, T0 + round(start_s * S), T0 + round(end_s * S), reason)


def test_a_gap_within_a_slot_is_time_that_was_not_watched() -> None:
    """9 s in one slot of which 2 s are missing: 77 %, not 100 %."""
    (watch,) = zones_watched([slot(0, 9, 0.35, missing=2.0)], [gap(4, 6)])
    assert watch.watched_time == pytest.approx(7 / 9)
    assert watch.watched == pytest.approx(0.35)  # the ledger's mean over the whole slot stays
    (missed,) = watch.not_watched
    assert (missed.t_start_ns, missed.t_end_ns, missed.why_not) == (T0 + 4 * S, T0 + 6 * S, "missing")
    assert {round(one.share, 3) for one in watch.stretches} == {0.0, 0.45}


def test_what_one_source_lost_another_may_have_seen() -> None:
    slots = [slot(0, 60, 0.5, missing=20.0), slot(0, 60, 0.2, "south")]
    (watch,) = zones_watched(slots, [gap(10, 30)])
    assert watch.watched_time == 1.0
    assert [one.share for one in watch.stretches] == pytest.approx([0.75, 0.2, 0.75])


def test_out_of_view_before_a_gap_is_not_that_gap() -> None:
    (watch,) = zones_watched([slot(0, 60, 0.0, no_telemetry=50.0)], [gap(10, 60, GapReason.NO_TELEMETRY)])
    assert [((one.t_end_ns - one.t_start_ns) // S, one.why_not) for one in watch.not_watched] == [
        (10, "out of view"), (50, "no telemetry"),
    ]  # fmt: skip


def test_gaps_outside_the_slots_and_gaps_of_no_length_change_nothing() -> None:
    slots = [slot(0, 60, 0.5)]
    (plain,) = zones_watched(slots)
    (same,) = zones_watched(slots, [gap(-10, -5), gap(60, 70), gap(-3, 0), gap(0, 60, source="south")])
    assert (same.watched, same.watched_time) == (plain.watched, plain.watched_time)


def test_two_gaps_at_once_count_once() -> None:
    (watch,) = zones_watched([slot(0, 60, 0.5)], [gap(10, 20), gap(15, 30, GapReason.DAMAGED)])
    assert watch.watched_time == pytest.approx(40 / 60)
    assert sum(one.t_end_ns - one.t_start_ns for one in watch.not_watched) == 20 * S


def test_a_moment_beside_a_longer_stretch_is_told_with_it() -> None:
    warming_up = gap(0, 0.3, GapReason.WARMING_UP)
    (watch,) = zones_watched([slot(0, 60, 0.0, warming_up=0.3)], [warming_up])
    assert [(one.t_end_ns - one.t_start_ns, one.why_not) for one in watch.not_watched] == [(60 * S, "out of view")]


def test_sensors_watch_no_zones_and_their_gaps_are_no_reasons_of_a_camera() -> None:
    heard = [CoverageSlot("mics/a.flac", T0 - 60 * S, T0 + 90 * S, 100.0, {"missing": 50.0})]
    mine = Gap("north", T0 + 20 * S, T0 + 40 * S, GapReason.REGISTRATION)
    theirs = Gap("mics/a.flac", T0 + 20 * S, T0 + 40 * S, GapReason.DAMAGED)
    seen = [slot(0, 60, 0.5)]
    assert zones_watched([*seen, *heard], [mine, theirs]) == zones_watched(seen, [mine])
    assert listened([*seen, *heard, replace(heard[0], seeing_s=20.0)]) == {"mics/a.flac": 120.0}
    assert zones_watched(heard) == []
