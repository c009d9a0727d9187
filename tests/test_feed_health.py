"""What one feed saw and when, and every stretch in which it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from detector.config import CoverageSettings
from detector.config.agreement_map import AgreementMap
from detector.feed_health import FeedHealth
from detector.locate import Locator
from detector.model import CoverageSlot, Gap, GapReason, Scene, Sight
from tests.rules.scene_making import FPS, POSE, T0, scene, square

S = 1_000_000_000
LOCATOR = Locator(Locator.Config(ground_alt_m=0.0))
PERIOD_NS = S // FPS


def health(zones: bool = True) -> FeedHealth:
    agreement = AgreementMap(zones={"strip": square()}) if zones else AgreementMap.nothing()
    return FeedHealth("cam", CoverageSettings(slot_s=10), agreement, LOCATOR)


def told(
    scenes: Iterable[Scene], reason: str = "", book: FeedHealth | None = None
) -> tuple[list[Gap], list[CoverageSlot]]:
    book = book or health()
    entries = [entry for one in scenes for entry in book.seen(one, reason)] + list(book.finish())
    return [e for e in entries if isinstance(e, Gap)], [e for e in entries if isinstance(e, CoverageSlot)]


def test_with_a_pose_and_sight_there_is_no_gap_and_the_ground_is_covered() -> None:
    gaps, slots = told(scene(index, []) for index in range(50))
    assert gaps == []
    (slot,) = slots
    assert slot.seeing_s == pytest.approx(5.0)
    assert slot.lost_s == {}
    assert len(slot.footprint) >= 4


def test_without_telemetry_the_whole_time_is_one_gap_that_says_ground_rules_were_off() -> None:
    gaps, (slot,) = told(scene(index, [], pose=None) for index in range(30))
    (gap,) = gaps
    assert (gap.reason, gap.source_id, gap.count) == (GapReason.NO_TELEMETRY, "cam", 30)
    assert (gap.t_start_ns, gap.t_end_ns) == (T0, T0 + 3 * S)
    assert "ground rules were off" in gap.detail
    assert slot.seeing_s == 0
    assert slot.lost_s == {"no_telemetry": pytest.approx(3.0)}
    assert slot.footprint == ()


def test_telemetry_that_is_too_old_is_its_own_reason() -> None:
    stale = replace(POSE, age_s=LOCATOR.config.max_age_s + 1)
    (gap,), _ = told(scene(index, [], pose=stale) for index in range(10))
    assert gap.reason is GapReason.STALE_TELEMETRY
    assert "s away" in gap.detail


def test_a_blind_stretch_is_a_gap_from_its_first_frame_to_the_next_that_sees_with_the_reason() -> None:
    book, entries = health(), []
    for index in range(40):
        blind = 10 <= index < 20
        one = scene(index, [], sight=Sight.BLIND if blind else Sight.SEEING)
        entries += list(book.seen(one, "scene cut" if blind else ""))
    entries += list(book.finish())
    (gap,) = [entry for entry in entries if isinstance(entry, Gap)]
    assert (gap.reason, gap.count) == (GapReason.REGISTRATION, 10)
    assert (gap.t_start_ns, gap.t_end_ns) == (T0 + S, T0 + 2 * S)
    assert gap.detail.endswith(": scene cut")


def test_blindness_of_which_nothing_is_said_still_has_a_sentence() -> None:
    (gap,), _ = told(scene(index, [], sight=Sight.BLIND) for index in range(3))
    assert gap.detail.endswith(": no agreement")


def test_warming_up_is_a_gap_even_without_telemetry_and_never_two() -> None:
    gaps, _ = told(scene(index, [], sight=Sight.WARMING_UP, pose=None) for index in range(5))
    assert [gap.reason for gap in gaps] == [GapReason.WARMING_UP]


def test_the_last_frame_stands_as_long_as_the_one_before() -> None:
    (gap,), _ = told(scene(index, [], pose=None, t_s=t) for index, t in enumerate([0, 0.1, 0.5]))
    assert gap.t_end_ns == T0 + round(0.9 * S)


def test_a_frame_stands_for_a_second_at_most() -> None:
    gaps, _ = told(scene(index, [], pose=None, t_s=t) for index, t in enumerate([0, 0.1, 60, 60.1]))
    assert [(gap.t_start_ns - T0, gap.t_end_ns - T0) for gap in gaps] == [
        (0, 1.1 * S),
        (60 * S, pytest.approx(60.2 * S)),
    ]


def test_two_frames_at_one_time_count_once() -> None:
    (gap,), _ = told(scene(index, [], pose=None, t_s=t) for index, t in enumerate([0, 0.1, 0.1, 0.2]))
    assert (gap.t_end_ns - T0) / S == pytest.approx(0.3)
    assert gap.count == 3


def test_a_single_frame_and_no_frame_at_all_end_in_peace() -> None:
    assert told([scene(0, [], pose=None)]) == ([], [])
    assert told([]) == ([], [])


def test_a_gap_of_the_source_is_in_the_ledger_and_adjoining_ones_are_one() -> None:
    book = health()
    entries: list[Gap | CoverageSlot] = []
    for index in range(10):
        entries += book.seen(scene(index, []), "")
    for start in (T0 + S, T0 + 2 * S):
        entries += book.gap(Gap("cam", start, start + S, GapReason.MISSING, "no frames", 25))
    entries += book.finish()
    (gap,) = [entry for entry in entries if isinstance(entry, Gap)]
    assert (gap.t_start_ns, gap.t_end_ns, gap.count) == (T0 + S, T0 + 3 * S, 50)
    (slot,) = [entry for entry in entries if isinstance(entry, CoverageSlot)]
    assert slot.lost_s == {"missing": pytest.approx(2.0)}


def test_the_ledger_works_without_zones() -> None:
    gaps, (slot,) = told((scene(index, []) for index in range(20)), book=health(zones=False))
    assert (gaps, slot.zone_share) == ([], {})


def test_a_gap_that_is_over_is_told_while_the_feed_goes_on() -> None:
    book = health()
    assert list(book.gap(Gap("cam", T0, T0 + S, GapReason.FROZEN))) == []
    scenes = [scene(index, []) for index in range(60)]
    told_at = [one.t_ns for one in scenes if list(book.seen(one, ""))]
    assert told_at[0] == pytest.approx(T0 + 1.5 * S, abs=2 * PERIOD_NS), "nothing can adjoin it any more"


def test_before_a_break_the_last_picture_stands_no_longer_than_the_one_before() -> None:
    book = health()
    entries = [entry for index in range(25) for entry in book.seen(scene(index, []), "")]
    lost_ns = T0 + 25 * PERIOD_NS
    entries += book.gap(Gap("cam", lost_ns, lost_ns + S, GapReason.DISCONNECTED))
    entries += book.gap(Gap("cam", lost_ns + S, lost_ns + 3 * S, GapReason.DISCONNECTED, count=0))
    entries += book.finish()
    (gap,) = [entry for entry in entries if isinstance(entry, Gap)]
    assert (gap.t_start_ns, gap.t_end_ns, gap.count) == (lost_ns, lost_ns + 3 * S, 1)
    (slot,) = [entry for entry in entries if isinstance(entry, CoverageSlot)]
    assert slot.seeing_s == pytest.approx(25 / FPS)
    assert slot.lost_s == {"disconnected": 3.0}


def test_a_week_in_which_the_centre_did_not_run_is_one_gap_and_no_slots() -> None:
    book, week_ns = health(), 7 * 86_400 * S
    absence = Gap("cam", T0 - week_ns, T0, GapReason.NOT_RUNNING)
    entries = [*book.gap(absence)]
    entries += [entry for index in range(50) for entry in book.seen(scene(index, []), "")]
    entries += book.finish()
    assert [entry for entry in entries if isinstance(entry, Gap)] == [absence]
    assert [entry.t_start_ns for entry in entries if isinstance(entry, CoverageSlot)] == [T0]


@pytest.mark.parametrize("ahead_s", [0, 86_400])
def test_a_feed_that_was_long_in_coming_is_covered_whatever_its_clock(ahead_s: int) -> None:
    book, begun_ns = health(), T0 + (ahead_s - 60) * 10**9
    out: list[Gap | CoverageSlot] = []
    for second in range(60):
        since_ns = begun_ns + second * 10**9
        gap = Gap("cam", since_ns, since_ns + 10**9, GapReason.DISCONNECTED, "none came", int(not second))
        out += book.gap(gap)
    waited = [one for one in out if isinstance(one, CoverageSlot)]
    assert waited, "what goes on is in the ledger while it does"
    assert all(one.seeing_s == 0 and one.lost_s["disconnected"] for one in waited)
    for index in range(10 * round(FPS)):
        out += book.seen(scene(index, [], pose=POSE), "")
    out += book.finish()
    slots = [one for one in out if isinstance(one, CoverageSlot)]
    assert sum(one.seeing_s for one in slots) == pytest.approx(10, abs=0.1)
    assert sum(one.lost_s.get("disconnected", 0.0) for one in slots) == pytest.approx(60, abs=0.1)
    (only,) = [one for one in out if isinstance(one, Gap)]
    assert (only.t_start_ns, only.t_end_ns, only.count) == (begun_ns, begun_ns + 60 * 10**9, 1)
