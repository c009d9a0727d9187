"""The mission's own troubles as violations: interference with its vehicles, sensors that fall silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detector.config.agreement_map import AgreementMap
from detector.model import CoverageSlot, Gap, GapReason, Means, Series, State, Triggers, Violation
from detector.rules import GAP_RULES, PLATFORM_RULES, RuleContext

S = 1_000_000_000
T0 = 1_772_346_600 * S


def context(means: Means = Means.TELEMETRY) -> RuleContext:
    return RuleContext("r", "uav-1", AgreementMap.nothing(), means=(means,), run_id="run")


def interference(means: Means = Means.TELEMETRY, **settings: Any) -> Any:
    made = PLATFORM_RULES["platform_interference"]
    return made(made.Config(**settings), context(means))  # type: ignore[attr-defined]


def silent(**settings: Any) -> Any:
    made = GAP_RULES["sensor_silent"]
    return made(made.Config(**settings), context())  # type: ignore[attr-defined]


def signs(*told: tuple[float, float, str, str]) -> Triggers:
    """told: begin, end [s], name, kind."""
    begins, ends, names, kinds = zip(*told, strict=True)
    count = len(told)
    return Triggers(
        "uav-1", np.array(names), T0 + np.array(begins, np.int64) * S, T0 + np.array(ends, np.int64) * S,
        np.full(count, 1e9), np.array(kinds), np.arange(5.0, 5 + count), np.full(count, np.nan),
    )  # fmt: skip


def flight(seconds: int) -> Series:
    t_ns = T0 + np.arange(seconds * 5) * S // 5
    values = np.stack([42.3 + np.arange(len(t_ns)) * 1e-6, np.full(len(t_ns), -99.5)], axis=1)
    return Series("uav-1", t_ns, values, ("lat_deg", "lon_deg"), ("", ""), np.full((2, 3), np.nan))


def test_signs_that_follow_one_another_are_one_violation_at_the_last_place_before() -> None:
    one = interference()
    one.observe(flight(120))
    first = signs((60, 63, "noise_per_ms", "reception"), (61, 64, "satellites", "reception"))
    (opened,) = one.hear(first)
    assert list(one.hear(signs((63, 73, "noise_per_ms", "reception"), (80, 81, "position", "jump")))) == []
    assert list(one.pass_time(T0 + 111 * S)) == []
    (closed,) = one.pass_time(T0 + 112 * S)
    assert opened.violation_id == closed.violation_id
    assert (closed.t_start_ns, closed.t_end_ns) == (T0 + 60 * S, T0 + 81 * S)
    assert closed.observation == (
        "satellite navigation of uav-1 disturbed: its position jumps (position); "
        "reception is worse than it was (noise_per_ms, satellites)"
    )
    assert closed.measures == {"time_s": 21, "signs": 4, "times_allowed": 6}
    assert closed.place.lat_deg == pytest.approx(42.3 + 59 * 5e-6, abs=1e-9)


def test_after_the_cooldown_it_is_another_one_and_the_end_closes_it() -> None:
    one = interference(cooldown_s=10)
    entries = [*one.hear(signs((60, 63, "x", "fix"), (80, 83, "x", "fix"))), *one.finish()]
    assert [entry.state for entry in entries] == [State.OPEN, State.CLOSED, State.OPEN, State.CLOSED]
    assert len({entry.violation_id for entry in entries}) == 2
    assert list(one.finish()) == []


def test_of_a_feed_it_says_that_positions_are_not_used() -> None:
    (opened,) = interference(Means.UAV).hear(signs((60, 61, "position", "jump")))
    assert opened.observation.endswith("; while it lasts, its positions are not used")


def test_only_the_signs_that_were_asked_for_count_and_for_long_enough() -> None:
    assert list(interference().hear(signs((60, 90, "link", "link")))) == []
    assert len(list(interference(signs=("link",)).hear(signs((60, 90, "link", "link"))))) == 1
    one = interference(min_time_s=5)
    assert list(one.hear(signs((60, 64, "x", "fix")))) == []
    assert len(list(one.hear(signs((64, 65, "x", "fix"))))) == 1
    brief = interference(min_time_s=5)
    assert [*brief.hear(signs((60, 64, "x", "fix"))), *brief.finish()] == []


def test_nobody_is_named() -> None:
    (opened,) = interference().hear(signs((60, 61, "position", "jump")))
    for word in ("jamm", "spoof", "attack", "enemy", "hostile"):
        assert word not in opened.observation.lower()


def gap(begin_s: float, end_s: float, reason: GapReason = GapReason.MISSING, source: str = "mics/a.flac") -> Gap:
    return Gap(source, T0 + round(begin_s * S), T0 + round(end_s * S), reason, "told so")


def slot(begin_s: float, end_s: float, seeing_s: float, source: str = "mics/a.flac") -> CoverageSlot:
    return CoverageSlot(source, T0 + round(begin_s * S), T0 + round(end_s * S), seeing_s, {}, (), {})


def test_a_silence_longer_than_the_limit_is_one_violation() -> None:
    one = silent(limit_s=60)
    (opened,) = one.miss(gap(100, 161))
    assert list(one.seen(slot(170, 180, 0.0))) == []
    (closed,) = one.seen(slot(170, 180, 10.0))
    assert (opened.state, closed.state) == (State.OPEN, State.CLOSED)
    assert opened.violation_id == closed.violation_id
    assert closed.observation == "mics/a.flac silent for 61 s (missing): told so"
    assert (closed.t_start_ns, closed.t_end_ns) == (T0 + 100 * S, T0 + 161 * S)


@pytest.mark.parametrize("length_s", [5, 59.9, 60])
def test_a_silence_up_to_the_limit_is_none(length_s: float) -> None:
    one = silent(limit_s=60)
    assert [*one.miss(gap(100, 100 + length_s)), *one.finish()] == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1)])
def test_gaps_close_together_are_one_silence_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    gaps = [gap(100, 130), gap(130.5, 150, GapReason.DAMAGED), gap(149, 180)]
    one = silent(limit_s=60)
    entries = [entry for k in order for entry in one.miss(gaps[k])]
    entries += one.finish()
    assert [entry.state for entry in entries] == [State.OPEN, State.CLOSED]
    assert len({entry.violation_id for entry in entries}) == 1
    assert entries[-1].t_end_ns == T0 + 180 * S
    assert "(damaged, missing)" in entries[-1].observation


def test_a_gap_that_bridges_two_told_silences_closes_both() -> None:
    one = silent(limit_s=10)
    entries = [*one.miss(gap(100, 120)), *one.miss(gap(140, 160)), *one.miss(gap(120, 140)), *one.finish()]
    states: dict[str, list[State]] = {}
    for entry in entries:
        assert isinstance(entry, Violation)
        states.setdefault(entry.violation_id, []).append(entry.state)
    assert list(states.values()) == [[State.OPEN, State.CLOSED]] * 2


def test_other_sensors_and_other_reasons_are_not_joined() -> None:
    one = silent(limit_s=60)
    told = [gap(100, 140), gap(140, 180, source="mics/b.flac"), gap(180, 300, GapReason.WARMING_UP)]
    assert [entry for one_gap in told for entry in one.miss(one_gap)] == []
    assert len(list(silent(reasons=("no_telemetry",)).miss(gap(0, 61, GapReason.NO_TELEMETRY)))) == 1
    assert list(silent().miss(gap(0, 61, GapReason.NO_TELEMETRY))) == []
