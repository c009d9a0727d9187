"""Levels and shapes: what is rare for a stream, within the budget of false alarms, however the stream is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.detectors.series import LevelConfig, LevelDetector
from detector.detectors.series.nearest import Nearest
from detector.detectors.series.tail import Tail
from detector.model import Gap, GapReason, Series, Triggers
from tests.naive_series import cut, naive_level, naive_nearest, naive_tail

S = 1_000_000_000
MINUTE = 60 * S
QUICK = LevelConfig(history=300, shape=8, mean=3, listen=40, calibrate=60, dead=16, alarms_per_day=20)


def series(values: np.ndarray, interval_ns: int = 5 * MINUTE, t_ns: np.ndarray | None = None) -> Series:
    values = values if values.ndim == 2 else values[:, None]
    t_ns = np.arange(len(values)) * interval_ns if t_ns is None else t_ns
    names = tuple(f"c{at}" for at in range(values.shape[1]))
    places = np.full((len(names), 3), np.nan)
    return Series("post", t_ns, values, names, ("",) * len(names), places, False, float(interval_ns), 1e6)


def part(whole: Series, piece: slice) -> Series:
    return Series(
        whole.source_id, whole.t_ns[piece], whole.values[piece], whole.channels, whole.units, whole.positions,
        whole.local, whole.interval_ns, whole.clock_sigma_ns,
    )  # fmt: skip


def rows(answers: list[Triggers]) -> list[tuple]:
    return [
        (str(one.channel[k]), int(one.t_ns[k]), int(one.t_end_ns[k]), float(one.score[k]), float(one.p_log10[k]))
        for one in answers
        for k in range(len(one))
    ]


def judged(blocks: list[Series], config: LevelConfig = QUICK) -> tuple[list[tuple], list[Gap]]:
    detector = LevelDetector(config)
    answers = [detector.detect(block) for block in blocks] + detector.finish()
    return rows(answers), detector.unjudged()


def daily(days: int, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    """A day of 288 readings that rises and falls, with noise."""
    at = np.arange(288 * days)
    return 20 + 5 * np.sin(2 * np.pi * at / 288) + noise * np.random.default_rng(seed).normal(size=len(at))


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=170).cumsum().round(1)
    mean, shape, history = 3, 7, [20, 50, 100, 200][seed]
    fast = Nearest(mean, shape, history, values[:1]).push(values[:, None])[:, :, 0]
    slow = np.array(naive_nearest(values.tolist(), mean, shape, history))
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-6)  # a sum of squares that is 0 keeps 1e-13 of rounding


def test_distances_of_shape_outlive_a_glitch():
    values = np.random.default_rng(0).normal(size=200)
    values[60] = 1e12
    fast = Nearest(3, 7, 150, values[:1]).push(values[:, None])[:, :, 0]
    slow = np.array(naive_nearest(values.tolist(), 3, 7, 150))
    np.testing.assert_allclose(fast[80:, 2], slow[80:, 2], rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_tail_is_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    scores = random.pareto(2.0, size=500).round(2)
    scores[random.integers(0, 500, 40)] = np.nan
    fast = Tail(150, 60, 10).push(scores)
    np.testing.assert_allclose(fast, naive_tail(scores.tolist(), 150, 60, 10), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_alarms_are_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=420)
    values[[200, 330, 335]] += 12
    values[380:400] += 5
    alarms, _ = judged([series(values, S)], QUICK.model_copy(update={"alarms_per_day": 400.0}))
    slow = naive_level(values.tolist(), 1.0, QUICK.model_copy(update={"alarms_per_day": 400.0}))
    assert len(slow) >= 2
    assert [round(t / S) for _, t, *_ in alarms] == [row for row, _ in slow]
    assert [p for *_, p in alarms] == pytest.approx([p for _, p in slow], rel=1e-6)


def test_a_spike_a_step_and_another_course_are_noticed_at_once():
    values = daily(20)
    values[4000] += 15
    spike, _ = judged([series(values)], LevelConfig())
    assert [t // (5 * MINUTE) for _, t, *_ in spike] == [4000]
    values = daily(20)
    values[4000:] += 12
    step, _ = judged([series(values)], LevelConfig())
    assert 0 <= step[0][1] // (5 * MINUTE) - 4000 <= 60  # from trough to crest, the step lies among known values first
    values = daily(20)
    values[4000:4300] = values[4000:4300][::-1] + 2 * np.sin(np.arange(300))  # within the usual heights
    course, _ = judged([series(values)], LevelConfig())
    assert 0 <= course[0][1] // (5 * MINUTE) - 4000 <= 64


def test_what_is_usual_is_nothing():
    assert judged([series(daily(20))], LevelConfig())[0] == []
    assert judged([series(np.full(3000, 7.0))], LevelConfig())[0] == []
    square = np.where(np.arange(4000) % 288 < 144, 20.0, 80.0)
    assert judged([series(square)], LevelConfig())[0] == []


def test_what_goes_on_is_told_once():
    values = daily(30)
    values[4000:] += 40
    alarms, _ = judged([series(values)], LevelConfig())
    assert len(alarms) <= 3


@pytest.mark.parametrize("kind", ["white", "walk", "daily"])
@pytest.mark.parametrize("budget", [0.1, 0.5, 2.0])
def test_noise_stays_within_twice_the_budget(kind, budget):
    random = np.random.default_rng(3)
    days, channels = 28, 8
    values = random.normal(size=(288 * days, channels))
    if kind == "walk":  # a pull back to the middle, as of a temperature
        for row in range(1, len(values)):
            values[row] += 0.9 * values[row - 1]
    if kind == "daily":
        values += 10 * np.sin(2 * np.pi * np.arange(len(values)) / 288)[:, None]
    config = LevelConfig(alarms_per_day=budget, history=2048)
    assert len(judged([series(values)], config)[0]) <= 2 * budget * days * channels


def troubled(seed: int) -> Series:
    random = np.random.default_rng(seed)
    values = random.normal(size=(500, 3))
    values[random.integers(150, 500, 5), 0] += 9
    values[300:, 1] += 6
    values[random.integers(0, 500, 6), 2] = np.nan
    values[:40, 2] = np.nan
    steps = np.full(500, MINUTE)
    steps[random.integers(1, 500, 2)] = 10 * MINUTE
    return series(values, MINUTE, np.cumsum(steps))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_alarms_do_not_depend_on_how_the_stream_is_cut(seed, pieces):
    whole = troubled(seed)
    random = np.random.default_rng(seed)
    blocks = [part(whole, piece) for piece in cut(len(whole), random, pieces)]
    (alarms, gaps), (cut_alarms, cut_gaps) = judged([whole]), judged(blocks)
    assert cut_alarms == alarms
    assert sorted(cut_gaps, key=str) == sorted(gaps, key=str)


def test_one_sample_at_a_time_gives_the_same():
    whole = troubled(1)
    alarms, _ = judged([whole])
    assert alarms
    assert judged([part(whole, slice(k, k + 1)) for k in range(len(whole))])[0] == alarms


def test_channels_side_by_side_are_each_what_they_are_alone():
    whole = troubled(5)
    together, _ = judged([whole])
    for at in range(2):
        alone, _ = judged([series(whole.values[:, at], MINUTE, whole.t_ns)])
        assert [line[1:] for line in alone] == [line[1:] for line in together if line[0] == f"c{at}"]


def test_it_says_nothing_while_warming_up_and_says_so():
    random = np.random.default_rng(0)
    values = random.normal(size=400)
    values[[60, 90]] = 1e6
    alarms, gaps = judged([series(values)], QUICK.model_copy(update={"alarms_per_day": 0.01}))
    assert alarms == []
    assert [(gap.t_start_ns, gap.reason) for gap in gaps] == [(0, GapReason.WARMING_UP)]
    assert gaps[0].t_end_ns == (QUICK.listen + QUICK.calibrate) * 5 * MINUTE
    alarms, gaps = judged([series(values[:50])])
    assert (alarms, gaps[0].t_end_ns) == ([], 49 * 5 * MINUTE + 1)


def test_missing_values_and_holes_in_time_are_no_change():
    values = daily(20, noise=0.1)
    values[3000:3030] = np.nan
    times = np.arange(len(values)) * 5 * MINUTE
    times[4000:] += 9 * 5 * MINUTE
    assert judged([series(values, t_ns=times)], LevelConfig())[0] == []
    values[4000] += 30
    times[4000:] -= 2 * 5 * MINUTE  # a few samples may be missing
    assert [t for _, t, *_ in judged([series(values, t_ns=times)], LevelConfig())[0]] == [times[4000]]


def test_a_higher_budget_gives_no_fewer_alarms_and_each_is_above_the_threshold():
    values = np.random.default_rng(2).standard_t(3, size=6000)
    counts = []
    for budget in (0.01, 0.1, 1.0, 10.0):
        alarms, _ = judged([series(values)], LevelConfig(alarms_per_day=budget, history=1024))
        assert all(p >= math.log10(288 / budget) - 1e-3 for *_, p in alarms)
        counts.append(len(alarms))
    assert counts == sorted(counts)
    assert counts[-1] > 0


def test_a_glitch_of_a_million_million_does_not_blind_it():
    values = daily(25)
    values[2000] = 1e12
    values[6000] += 30
    alarms, _ = judged([series(values)], LevelConfig())
    assert [t // (5 * MINUTE) for _, t, *_ in alarms] == [2000, 6000]


def test_the_same_after_reset():
    whole, detector = troubled(3), LevelDetector(QUICK)
    first = rows([detector.detect(whole)])
    detector.reset()
    assert rows([detector.detect(whole)]) == first != []
    assert len(detector.detect(part(whole, slice(0, 0)))) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [({"mean": 40}, "mean must not"), ({"shape": 100}, "mean must not"), ({"history": 256, "listen": 200}, "history")],
)
def test_settings_that_contradict_one_another_are_refused(change, says):
    with pytest.raises(ValueError, match=says):
        LevelConfig(**change)
