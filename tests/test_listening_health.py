"""When each sensor listened: blocks less gaps, and what is not there while others listen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.config import CoverageSettings
from detector.listening_health import ListeningHealth
from detector.log.records import coverage_body
from detector.log.watched import heard_to
from detector.model import CoverageSlot, Gap, GapReason, Hearing, Series
from detector.timebase import NS_PER_S

RATE = 100


def block(source_id: str, start_s: float, end_s: float) -> Series:
    t_ns = np.rint(np.arange(round(start_s * RATE), round(end_s * RATE)) * NS_PER_S / RATE).astype(np.int64)
    return Series(
        source_id, t_ns, np.zeros((len(t_ns), 1)), ("a",), ("",), np.zeros((1, 3)), interval_ns=NS_PER_S / RATE
    )


def gap(source_id: str, start_s: float, end_s: float, reason: GapReason = GapReason.WARMING_UP) -> Gap:
    return Gap(source_id, round(start_s * NS_PER_S), round(end_s * NS_PER_S), reason)


def ended(health: ListeningHealth, end_s: float, failures: dict[str, str] | None = None) -> list[Gap | CoverageSlot]:
    return list(health.finish(0, round(end_s * NS_PER_S), failures or {}))


def slots_of(entries: list[Gap | CoverageSlot], source_id: str) -> list[CoverageSlot]:
    return [one for one in entries if isinstance(one, CoverageSlot) and one.source_id == source_id]


def test_a_sensor_listens_while_its_samples_come_but_for_its_gaps() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    list(health.gap(gap("n/a", 0, 2)))
    for start_s in range(0, 20, 4):
        health.heard(block("n/a", start_s, start_s + 4))
    list(health.gap(gap("n/a", 12, 13, GapReason.MISSING)))
    first, second = slots_of(ended(health, 20), "n/a")
    assert (first.seeing_s, first.lost_s) == (8.0, {"warming_up": 2.0})
    assert (second.seeing_s, second.lost_s) == (9.0, {"missing": 1.0})
    assert first.is_sensor
    assert (first.footprint, first.zone_share) == ((), {})


def test_gaps_that_overlap_are_taken_off_once() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    health.heard(block("n/a", 0, 10))
    list(health.gap(gap("n/a", 1, 4)))
    list(health.gap(gap("n/a", 2, 6, GapReason.MISSING)))
    (slot,) = slots_of(ended(health, 10), "n/a")
    assert slot.seeing_s == 5.0


def test_what_is_not_there_while_others_listen_is_a_gap() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    health.heard(block("n/a", 0, 10))
    health.heard(block("n/b", 3, 8))
    entries = ended(health, 10, {"n/c": "c.flac: there is no such file"})
    gaps = {
        (one.source_id, one.t_start_ns // NS_PER_S, one.t_end_ns // NS_PER_S): one
        for one in entries
        if isinstance(one, Gap)
    }
    assert set(gaps) == {("n/b", 0, 3), ("n/b", 8, 10), ("n/c", 0, 10)}
    assert gaps["n/c", 0, 10].detail == "c.flac: there is no such file"
    (slot,) = slots_of(entries, "n/b")
    assert (slot.seeing_s, slot.lost_s) == (5.0, {"missing": 5.0})
    (slot,) = slots_of(entries, "n/c")
    assert (slot.seeing_s, slot.lost_s) == (0.0, {"incomplete": 10.0})


def test_a_hole_between_blocks_is_not_listened_to() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    health.heard(block("n/a", 0, 4))
    health.heard(block("n/a", 6, 10))
    (slot,) = slots_of(ended(health, 10), "n/a")
    assert slot.seeing_s == 8.0


def test_a_moment_at_the_beginning_or_end_is_no_gap() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    health.heard(block("n/a", 0, 10))
    health.heard(block("n/b", 0.5, 9.5))
    assert [one for one in ended(health, 10) if isinstance(one, Gap)] == []


def hearing(source_id: str, end_s: float, least_rms: list[float]) -> Hearing:
    names = tuple("ab"[: len(least_rms)])
    return Hearing(source_id, round((end_s - 1) * NS_PER_S), round(end_s * NS_PER_S), names, np.array(least_rms))


def test_how_far_a_sensor_listens_follows_from_the_median_noise_of_each_slot() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10), source_at_100m=0.5)
    health.heard(block("n/a", 0, 20))
    for end_s in range(1, 21):
        loud = 0.01 if end_s <= 10 else 0.05
        health.hearing(hearing("n/a", end_s, [9.0 if end_s == 4 else loud, np.nan]))  # one bang raises no floor
    first, second = slots_of(ended(health, 20), "n/a")
    assert first.reach_m == {"a": 5000.0}  # 100 m x 0.5 / 0.01
    assert second.reach_m == {"a": 1000.0}
    assert heard_to([first, second]) == {("n/a", "a"): (1000.0, 3000.0, 5000.0)}


def test_without_a_stated_source_nothing_is_said_of_how_far() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    health.heard(block("n/a", 0, 10))
    health.hearing(hearing("n/a", 5, [0.01]))
    (slot,) = slots_of(ended(health, 10), "n/a")
    assert slot.reach_m == {}
    assert "reach_m" not in coverage_body(slot, "run")


def test_slots_of_slow_sensors_hold_enough_samples_of_them() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10), slowest_ns=300e9)
    t_ns = np.arange(288) * 300 * NS_PER_S
    health.heard(Series("n/a", t_ns, np.zeros((288, 1)), ("a",), ("",), np.zeros((1, 3)), interval_ns=300e9))
    found = slots_of(ended(health, 86_400), "n/a")
    assert [one.t_end_ns - one.t_start_ns for one in found[:-1]] == [64 * 300 * NS_PER_S] * 4
    assert sum(one.seeing_s for one in found) == 86_400


def test_what_is_over_is_given_out_as_time_passes_and_the_sum_is_the_same() -> None:
    """Live, coverage does not wait for the end, and nothing that is held grows."""

    def told(passing: bool) -> tuple[list[Gap | CoverageSlot], int]:
        health, entries, most = ListeningHealth(CoverageSettings(slot_s=10)), [], 0
        for start_s in range(300):
            if not 100 <= start_s < 130:
                health.heard(block("n/a", start_s, start_s + 1))
            elif start_s % 5 == 0:
                entries += health.gap(gap("n/a", start_s, start_s + 5, GapReason.DISCONNECTED))
            health.heard(block("n/b", start_s, start_s + 1))
            if passing:
                entries += health.passed(start_s * NS_PER_S)
                most = max(most, len([one for one in entries if isinstance(one, CoverageSlot)]))
        return [*entries, *health.finish(0, 300 * NS_PER_S, {})], most

    (passed, early), (whole, none) = told(True), told(False)
    assert (none, early) == (0, 2 * 23)
    for source_id in ("n/a", "n/b"):
        assert slots_of(passed, source_id) == slots_of(whole, source_id)
    gaps = [one for one in passed if isinstance(one, Gap)]
    assert gaps == [one for one in whole if isinstance(one, Gap)] != []


def test_a_gap_is_given_out_soon_after_it_is_over_though_nothing_comes() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    assert list(health.gap(gap("n/a", 5, 9))) == []
    assert list(health.idle(10 * NS_PER_S)) == []
    assert list(health.idle(12 * NS_PER_S)) == [gap("n/a", 5, 9)]


def test_a_sensor_that_gives_nothing_but_missing_values_is_not_listening() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    deaf = block("n/a", 0, 10)
    health.heard(replace(deaf, values=np.full((len(deaf), 1), np.nan)))
    health.heard(block("n/a", 10, 20))
    assert [slot.seeing_s for slot in slots_of(ended(health, 20), "n/a")] == [10.0]


def test_a_gap_that_is_told_again_and_again_is_held_once() -> None:
    health = ListeningHealth(CoverageSettings(slot_s=10))
    for end_s in range(6, 1000):
        list(health.gap(gap("n/a", 5, end_s, GapReason.DAMAGED)))
    assert [len(held) for held in health._lost.values()] == [1]
    (told,) = (one for one in ended(health, 1000) if isinstance(one, Gap))
    assert (told.t_end_ns, told.count) == (999 * NS_PER_S, 994)
