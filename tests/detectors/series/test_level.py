"""Levels and shapes: what is rare for a stream, within the budget of false alarms, however the stream is cut."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.detectors.series import LevelConfig, LevelDetector
from detector.detectors.series.heights import Heights
from detector.detectors.series.hop_means import HopMeans
from detector.detectors.series.nearest import Nearest
from detector.detectors.series.strides import STRIDE
from detector.detectors.series.tail import Tails
from detector.model import Gap, GapReason, Series, Triggers
from tests.naive_series import cut, naive_heights, naive_hop_means, naive_level, naive_nearest, naive_tail

S = 1_000_000_000
MINUTE = 60 * S
QUICK = LevelConfig(hop_s=1.0, history=300, shape=8, mean=3, listen=40, calibrate=60, dead=16, alarms_per_day=20)


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


def strides(values: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(values), STRIDE):
        yield values[at : at + STRIDE].T


def distances(values: np.ndarray, mean: int, shape: int, history: int) -> np.ndarray:
    nearest = Nearest(mean, shape, history, values[0])
    return np.concatenate([nearest.push(piece) for piece in strides(values)], axis=2)


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=(470, 2)).cumsum(axis=0).round(1)
    mean, shape, history = 3, 8, [20, 64, 150, 400][seed]
    fast = distances(values, mean, shape, history)
    for channel in range(2):
        slow = np.array(naive_nearest(values[:, channel].tolist(), mean, shape, history))
        np.testing.assert_allclose(fast[:, channel].T, slow, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("lag", [1, 5])
def test_heights_are_the_slow_twins_when_the_past_is_sorted_less_often(lag):
    values = np.random.default_rng(lag).normal(size=2600)
    heights, found = Heights(1, lag, 300), []
    for at in range(0, len(values), STRIDE):
        numbers = np.full((1, lag - 1 + STRIDE), np.inf)
        since = max(at - lag + 1, lag - 1)
        piece = values[since : at + STRIDE]
        begin = since - (at - lag + 1)
        numbers[0, begin : begin + len(piece)] = piece
        found.append(heights.distances(numbers[:, : begin + len(piece)], 0)[0])
        if begin + len(piece) == numbers.shape[1]:
            heights.end(numbers)
    slow = naive_heights(values.tolist(), lag, 300)
    np.testing.assert_array_equal(np.concatenate(found)[lag - 1 :], slow[lag - 1 :])


def test_distances_outlive_a_glitch_and_do_not_mind_an_offset():
    values = np.random.default_rng(0).normal(size=(400, 1)) * 1e-3 + 101_325
    values[60] = 1e12
    slow = np.array(naive_nearest((values[:, 0] - 101_325).tolist(), 3, 8, 350))
    np.testing.assert_allclose(distances(values, 3, 8, 350)[:, 0, 80:].T, slow[80:], rtol=1e-3, atol=1e-9)


def test_samples_of_two_strides_are_refused():
    nearest = Nearest(3, 8, 256, np.zeros(1))
    nearest.push(np.zeros((1, 60)))
    with pytest.raises(ValueError, match="reach over the end"):
        nearest.push(np.zeros((1, 5)))


@pytest.mark.parametrize("seed", range(4))
def test_the_tail_is_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    scores = random.pareto(2.0, size=(2600, 2)).round(2)
    scores[random.integers(0, 2600, 200), 0] = np.nan
    scores[:100, 1] = np.nan
    tails = Tails(2, 150, 60, 10)
    fast = np.concatenate([tails.push(piece) for piece in strides(scores)], axis=1)
    for channel in range(2):
        np.testing.assert_allclose(fast[channel], naive_tail(scores[:, channel].tolist(), 150, 60, 10), rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 9))
def test_means_of_hops_are_the_slow_twins_however_they_are_cut(seed, pieces):
    random = np.random.default_rng(seed)
    t_ns = np.cumsum(random.integers(1, 9, size=60)) * 100_000_000
    values = random.normal(size=(60, 2))
    values[random.integers(0, 60, 20), 0] = np.nan
    hops = HopMeans(S)
    found = [hops.push(t_ns[piece], values[piece]) for piece in cut(60, random, pieces)] + [hops.finish()]
    slow = naive_hop_means(t_ns.tolist(), values.tolist(), S)
    assert np.concatenate([t for t, _ in found]).tolist() == [t for t, _ in slow]
    np.testing.assert_allclose(np.concatenate([v for _, v in found]), [v for _, v in slow], rtol=1e-12)
    whole = HopMeans(S)
    at_once = [whole.push(t_ns, values), whole.finish()]
    np.testing.assert_array_equal(np.concatenate([v for _, v in found]), np.concatenate([v for _, v in at_once]))


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


def fast_stream(seed: int) -> Series:
    values = np.random.default_rng(seed).normal(size=(4000, 2))
    values[3000:, 1] += 20
    return series(values, S // 10)


FAST = QUICK.model_copy(update={"alarms_per_day": 1000.0})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_a_fast_stream_is_judged_by_the_second_however_it_is_cut(seed, pieces):
    whole = fast_stream(seed)
    blocks = [part(whole, piece) for piece in cut(4000, np.random.default_rng(seed), pieces)]
    alarms, gaps = judged([whole], FAST)
    assert judged(blocks, FAST) == (alarms, gaps)
    assert any(300 <= t // S <= 300 + FAST.dead for name, t, *_ in alarms if name == "c1")  # one may have come before


def test_a_fast_stream_is_what_its_means_are():
    whole = fast_stream(2)
    alarms, _ = judged([whole], FAST)
    slow = naive_level(whole.values[:, 1].reshape(-1, 10).mean(axis=1).tolist(), 1.0, FAST)
    assert [t // S for name, t, *_ in alarms if name == "c1"] == [row for row, _ in slow] != []


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
    assert gaps[0].t_end_ns == 2 * STRIDE * 5 * MINUTE  # courses from the second stride on, 60 scores by its end
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


def test_what_it_says_was_told_is_complete():
    """No trigger comes later than the time before which all had been given."""
    whole, detector, told_ns = fast_stream(1), LevelDetector(FAST), 0
    assert detector.told_ns() is None
    found = 0
    for at in range(0, len(whole), 37):
        triggers = detector.detect(part(whole, slice(at, at + 37)))
        assert (triggers.t_ns >= told_ns).all()
        found += len(triggers)
        told_ns = detector.told_ns()
    assert found > 0
    assert told_ns > whole.t_ns[-60]
