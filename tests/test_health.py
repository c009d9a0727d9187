"""Nothing seen is not the same as nobody looking."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from detector.health import Counters, CoverageLedger, GapBook
from detector.log.watched import zones_watched
from detector.model import Gap, GapReason, Sight
from detector.timebase import NS_PER_S

S = 1_000_000_000
ZONE = Polygon([(12.0, -30.0), (12.01, -30.0), (12.01, -29.99), (12.0, -29.99)])
WHOLE = np.array([(11.99, -30.01), (12.02, -30.01), (12.02, -29.98), (11.99, -29.98)])
WEST_HALF = np.array([(11.99, -30.01), (12.005, -30.01), (12.005, -29.98), (11.99, -29.98)])


def ledger() -> CoverageLedger:
    return CoverageLedger(10.0, {"strip": ZONE})


def test_a_zone_in_view_all_the_time_was_seen_all_the_time() -> None:
    book = ledger()
    early = [slot for second in range(30) for slot in book.seen(second * S, "a", 1.0, WHOLE, Sight.SEEING)]
    slots = early + list(book.finish())
    assert [(slot.t_start_ns, slot.t_end_ns) for slot in slots] == [(0, 10 * S), (10 * S, 20 * S), (20 * S, 30 * S)]
    assert all(slot.seeing_s == 10.0 and slot.zone_share == {"strip": 1.0} and not slot.lost_s for slot in slots)


def test_half_a_zone_for_half_the_slot_is_a_quarter() -> None:
    book = ledger()
    book.seen(0, "a", 5.0, WEST_HALF, Sight.SEEING)
    book.seen(5 * S, "a", 5.0, None, Sight.SEEING)
    (slot,) = book.finish()
    assert slot.zone_share["strip"] == pytest.approx(0.25, abs=0.001)  # rounded to 0.001
    assert (slot.seeing_s, slot.lost_s) == (5.0, {"no_telemetry": 5.0})


def test_a_zone_that_no_picture_holds_a_hundredth_of_is_in_view_while_it_is_flown_over() -> None:
    """1 by 1 degree, of which a picture shows 0.03 by 0.03: it was called out of view all along."""
    book = CoverageLedger(10.0, {"dmz": Polygon([(11.5, -30.5), (12.5, -30.5), (12.5, -29.5), (11.5, -29.5)])})
    book.seen(0, "a", 5.0, WHOLE, Sight.SEEING)
    book.seen(5 * S, "a", 5.0, None, Sight.SEEING)
    (slot,) = book.finish()
    assert slot.zone_share == {"dmz": 0.00045}
    (watch,) = zones_watched([slot])
    assert (watch.watched_time, watch.not_watched) == (1.0, ())


def test_a_zone_that_is_cut_at_the_180th_meridian_is_seen_on_both_sides() -> None:
    """0.02 by 0.01 deg, of which the eastern three quarters are in view."""
    zone = MultiPolygon([box(179.99, -30.0, 180.0, -29.99), box(-180.0, -30.0, -179.99, -29.99)])
    book = CoverageLedger(10.0, {"strip": zone})
    outline = np.array(box(179.995, -30.01, 180.02, -29.98).exterior.coords)[:-1]  # it runs on past 180
    early = book.seen(0, "a", 10.0, outline, Sight.SEEING)
    late = book.seen(10 * S, "a", 10.0, outline - (360.0, 0.0), Sight.SEEING)
    assert [slot.zone_share for slot in (*early, *late, *book.finish())] == [{"strip": 0.75}] * 2


def test_a_hundredth_of_neither_the_zone_nor_the_picture_is_not_in_view() -> None:
    book = ledger()
    book.seen(0, "a", 10.0, WHOLE - np.array([0.01995, 0.0]), Sight.SEEING)  # 0.00005 of 0.01 deg of the zone
    (slot,) = book.finish()
    assert (slot.seeing_s, slot.zone_share) == (10.0, {"strip": 0.0})


@pytest.mark.parametrize(
    ("sight", "reason"),
    [(Sight.BLIND, "registration"), (Sight.WARMING_UP, "warming_up"), (Sight.SEEING, "no_telemetry")],
)
def test_a_frame_that_is_not_seen_says_why(sight: Sight, reason: str) -> None:
    book = ledger()
    book.seen(0, "a", 1.0, None if sight is Sight.SEEING else WHOLE, sight)
    (slot,) = book.finish()
    assert slot.lost_s == {reason: 1.0}
    assert (slot.seeing_s, slot.zone_share, slot.footprint) == (0.0, {"strip": 0.0}, ())


def test_the_first_and_last_slot_are_cut_to_what_was_told() -> None:
    book = ledger()
    book.seen(7 * S, "a", 6.0, WHOLE, Sight.SEEING)
    assert [(slot.t_start_ns, slot.t_end_ns) for slot in book.finish()] == [(7 * S, 10 * S), (10 * S, 13 * S)]


def test_a_gap_told_twice_counts_once_and_reaches_over_slots() -> None:
    book = ledger()
    gap = Gap("a", 5 * S, 25 * S, GapReason.MISSING)
    book.gap(gap)
    book.gap(gap)
    assert [slot.lost_s["missing"] for slot in book.finish()] == [5.0, 10.0, 5.0]


def test_a_clock_that_goes_back_counts_no_time_twice() -> None:
    book = ledger()
    book.seen(0, "a", 5.0, WHOLE, Sight.SEEING)
    book.seen(2 * S, "a", 2.0, WHOLE, Sight.SEEING)
    (slot,) = book.finish()
    assert slot.seeing_s == 5.0


@pytest.mark.parametrize(
    "outline", [np.full((4, 2), np.nan), WHOLE[:2], np.zeros((0, 2)), np.repeat(WHOLE[:1], 4, axis=0)]
)
def test_an_outline_that_is_none_is_no_ground(outline: np.ndarray) -> None:
    book = ledger()
    book.seen(0, "a", 1.0, outline, Sight.SEEING)
    (slot,) = book.finish()
    assert slot.seeing_s == 0.0


def test_the_footprint_is_what_was_seen() -> None:
    book = ledger()
    book.seen(0, "a", 1.0, WHOLE, Sight.SEEING)
    (slot,) = book.finish()
    assert Polygon(slot.footprint).symmetric_difference(Polygon(WHOLE)).area < 1e-7  # rounded to 1e-6 deg


def test_nothing_told_gives_no_slot() -> None:
    assert list(ledger().finish()) == []


def test_without_zones_the_ground_is_still_noted() -> None:
    book = CoverageLedger(10.0, {})
    book.seen(0, "a", 1.0, WHOLE, Sight.SEEING)
    (slot,) = book.finish()
    assert (len(slot.footprint), slot.zone_share) == (4, {})


def test_a_slot_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="slot_s"):
        CoverageLedger(0.0, {})


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.booleans()), max_size=30))
def test_time_told_is_time_accounted_for(frames: list[tuple[int, int, bool]]) -> None:
    book = ledger()
    slots = []
    for start, length, seen in sorted(frames):
        slots += book.seen(start * S, "a", float(length), WHOLE if seen else None, Sight.SEEING)
    slots += book.finish()
    told = {second for start, length, _ in frames for second in range(start, start + length)}
    assert sum(slot.seeing_s + slot.lost_s.get("no_telemetry", 0.0) for slot in slots) == pytest.approx(len(told))
    assert all(a.t_end_ns <= b.t_start_ns for a, b in pairwise(slots))


def test_adjoining_gaps_are_one_and_others_stay_apart() -> None:
    book = GapBook()
    first = Gap("a", 0, S, GapReason.DAMAGED, "packet 7", 2)
    assert book.add(first) == []
    assert book.add(Gap("a", S, 2 * S, GapReason.DAMAGED, "packet 8", 3)) == []
    assert book.add(Gap("a", S, 2 * S, GapReason.CLOCK)) == []
    assert book.add(Gap("a", 10 * S, 11 * S, GapReason.DAMAGED)) == [
        Gap("a", 0, 2 * S, GapReason.DAMAGED, "packet 7", 5)
    ]
    assert [gap.t_start_ns for gap in book.finish()] == [S, 10 * S]
    assert book.finish() == []


def test_counts_are_kept_per_source() -> None:
    counters = Counters()
    counters.add("a", "packets")
    counters.add("a", "packets", 2)
    counters.add("a", "damaged")
    assert counters.of("a") == {"damaged": 1, "packets": 3}
    assert counters.of("b") == {}


def test_of_a_gap_of_years_the_ledger_has_the_first_and_the_last_slot_only() -> None:
    ledger = CoverageLedger(10.0, {})
    years_ns = 56 * 365 * 86_400 * NS_PER_S
    ledger.listened(0, 2 * NS_PER_S, "mic")
    ledger.gap(Gap("mic", 2 * NS_PER_S, years_ns - NS_PER_S, GapReason.MISSING))
    ledger.listened(years_ns - NS_PER_S, years_ns, "mic")
    first, last = ledger.finish()
    assert (first.t_start_ns, first.t_end_ns, first.seeing_s) == (0, 10 * NS_PER_S, 2.0)
    assert (last.t_end_ns, last.seeing_s, last.lost_s) == (years_ns, 1.0, {"missing": 9.0})
