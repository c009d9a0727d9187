"""Channels that go together: what departs from that, whatever the stream is cut into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.detectors.series import JointConfig, JointDetector
from detector.detectors.series.joint_stretch import JointStretch
from detector.model import Gap, GapReason, Series
from tests.naive_series import cut, naive_joint_scores

S = 1_000_000_000
QUICK = JointConfig(learn=128, history=256, mean=5, longest=40)


def series(values: np.ndarray, t_ns: np.ndarray | None = None) -> Series:
    t_ns = np.arange(len(values)) * S if t_ns is None else t_ns
    names = tuple(f"c{at}" for at in range(values.shape[1]))
    places = np.full((len(names), 3), np.nan)
    return Series("pump", t_ns, values, names, ("",) * len(names), places, False, float(S), 1e6)


def part(whole: Series, piece: slice) -> Series:
    return series(whole.values[piece], whole.t_ns[piece])


def together(count: int, seed: int = 0) -> np.ndarray:
    """Four channels driven by one load that wanders, each with noise."""
    random = np.random.default_rng(seed)
    load = np.zeros(count)
    for row in range(1, count):
        load[row] = 0.95 * load[row - 1] + random.normal()
    return load[:, None] * (1.0, 2.0, -1.0, 0.5) + 0.3 * random.normal(size=(count, 4)) + (230.0, 0.0, 20.0, 3.0)


def judged(blocks: list[Series], config: JointConfig = QUICK) -> tuple[list[tuple], list[Gap]]:
    detector = JointDetector(config)
    answers = [detector.detect(block) for block in blocks] + detector.finish()
    found = [
        (str(one.channel[k]), int(one.t_ns[k]), int(one.t_end_ns[k]), float(one.score[k]))
        for one in answers
        for k in range(len(one))
    ]
    return found, detector.unjudged()


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_the_slow_twins(seed):
    values = together(1000, seed)
    values[700:720, 1] += 6
    _, fast = JointStretch(QUICK, 4, 1e9).push(np.arange(1000) * S, values)
    slow = naive_joint_scores(values.tolist(), QUICK, 5.0)
    np.testing.assert_allclose(fast, slow, rtol=1e-6)
    assert np.nanmax(fast) > 1


def test_a_channel_that_leaves_the_others_is_named_and_told_once():
    values = together(1500)
    values[1000:1200, 2] += 6
    ((channel, t_ns, end_ns, score),), gaps = judged([series(values)])
    assert channel == "c2"
    assert 1000 <= t_ns / S < 1005
    assert end_ns - t_ns == QUICK.longest * S
    assert score > 1
    assert [(gap.reason, gap.t_start_ns, gap.t_end_ns // S) for gap in gaps] == [(GapReason.WARMING_UP, 0, 191)]


def test_a_load_that_all_of_them_share_is_usual():
    values = together(3000, 4)
    values[2000:2050] += np.array([1.0, 2.0, -1.0, 0.5]) * 3
    assert judged([series(values)])[0] == []


def test_what_stays_is_learned_as_the_new_usual():
    values = together(2500)
    values[800:, 0] += 20
    found, gaps = judged([series(values)])
    assert len(found) == 1
    assert len(gaps) == 2


def test_what_is_missing_is_not_judged_and_ends_nothing():
    values = together(1200)
    values[1000:1030, 3] = np.nan
    values[0, 1] = np.nan
    assert judged([series(values)])[0] == []
    _, scores = JointStretch(QUICK, 4, 1e9).push(np.arange(1200) * S, values)
    assert np.isnan(scores[1000:1030]).all()
    assert np.isfinite(scores[1030:]).all()


def test_a_channel_that_stands_still_is_no_division_by_nothing():
    values = together(1000)
    values[:, 1] = 7.0
    assert judged([series(values)])[0] == []
    values[900:920, 1] = 8.0
    assert [channel for channel, *_ in judged([series(values)])[0]] == ["c1"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_triggers_do_not_depend_on_how_the_stream_is_cut(seed, pieces):
    random = np.random.default_rng(seed)
    values = together(900, seed % 5)
    values[600:660, int(random.integers(4))] += 8
    values[random.integers(0, 900, 4), 0] = np.nan
    whole = series(values)
    at_once, gaps = judged([whole])
    cut_up, cut_gaps = judged([part(whole, piece) for piece in cut(900, random, pieces)])
    assert cut_up == at_once != []
    assert cut_gaps == gaps


def test_one_sample_at_a_time_gives_the_same():
    values = together(700)
    values[500:560, 1] -= 8
    whole = series(values)
    assert judged([part(whole, slice(k, k + 1)) for k in range(700)])[0] == judged([whole])[0] != []


def test_the_forest_finds_what_is_far_out():
    values = together(900)
    values[700:760] += (30.0, -30.0, 30.0, 40.0)
    found, _ = judged([series(values)], QUICK.model_copy(update={"model": "forest"}))
    assert [channel for channel, t, *_ in found if 700 <= t / S < 710] == ["c3"]


def test_one_channel_goes_together_with_nothing():
    one = series(together(10)[:, :1])
    assert "one channel" in JointDetector(QUICK).why_not(one)
    with pytest.raises(ValueError, match="pump: it has one channel"):
        JointDetector(QUICK).detect(one)
    with pytest.raises(ValueError, match="history must not be below learn"):
        JointConfig(learn=400, history=100)


def test_the_same_after_reset():
    values = together(700)
    values[500:560, 1] -= 8
    detector = JointDetector(QUICK)
    first = [detector.detect(series(values)).t_ns.tolist()]
    detector.reset()
    assert [detector.detect(series(values)).t_ns.tolist()] == first != [[]]


def test_what_it_says_was_told_is_complete():
    """No trigger comes later than the time before which all had been given."""
    values = together(900)
    values[500:560, 1] -= 8
    whole, detector, told_ns = series(values), JointDetector(QUICK), 0
    assert detector.told_ns() is None
    found = 0
    for at in range(0, len(whole), 37):
        triggers = detector.detect(part(whole, slice(at, at + 37)))
        assert (triggers.t_ns >= told_ns).all()
        found += len(triggers)
        told_ns = detector.told_ns()
    assert found > 0
    assert told_ns > whole.t_ns[-60]
