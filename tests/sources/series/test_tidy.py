"""Whatever the reader: what cannot be a measurement is recognised, told and counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model import Gap, GapReason, Series
from detector.sources.series import Block, Origin, Tidy
from detector.sources.series.clipping import Clipping
from detector.sources.series.stand_still import StandStill
from detector.sources.series.time_order import TimeOrder
from tests.naive_series import cut, naive_clipped, naive_stand_still, naive_time_order

MS = 1_000_000
S = 1000 * MS


def block(t_ns, values=None, interval_ns: float | None = None) -> Block:
    t_ns = np.asarray(t_ns, np.int64)
    values = np.arange(len(t_ns), dtype=np.float64) if values is None else np.asarray(values, np.float64)
    return Block(("a",), t_ns, values.reshape(len(t_ns), -1), np.arange(len(t_ns)), "line", interval_ns)


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def run(
    stream: Block, pieces: list[slice] | None = None, window_ns: int = 0
) -> tuple[list[Series], list[Gap], Counter]:
    counters: Counter[str] = Counter()
    names = tuple("abcdefgh"[: stream.values.shape[1]])
    tidy = Tidy(Origin("mic"), counters, window_ns)
    items: list[Series | Gap] = []
    for piece in pieces or [slice(0, len(stream))]:
        part = stream.rows(piece)
        items += tidy.push(Block(names, part.t_ns, part.values, part.places, "line", part.interval_ns))
    items += tidy.finish()
    return [i for i in items if isinstance(i, Series)], [i for i in items if isinstance(i, Gap)], counters


def values_of(series: list[Series]) -> np.ndarray:
    return np.concatenate([one.values for one in series])


def times_of(series: list[Series]) -> np.ndarray:
    return np.concatenate([one.t_ns for one in series])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_order_of_time_is_the_slow_twins_however_the_stream_is_cut(times, window, seed):
    wanted, counted = naive_time_order(times, window)
    counters: Counter[str] = Counter()
    order = TimeOrder("mic", counters, window)
    rows, gaps = [], []
    for piece in cut(len(times), np.random.default_rng(seed), 4):
        given_rows, told = order.push(block(times, np.zeros(len(times))).rows(piece))
        rows.append(given_rows)
        gaps += told
    rest, told = order.finish()
    gaps += told
    places = np.concatenate([one.places for one in [*rows, *([] if rest is None else [rest])]])
    assert places.tolist() == wanted
    assert {name: counters[name] for name in counted} == counted
    assert sum(gap.count for gap in gaps) == counted["went_back"]


def test_a_straggler_is_sorted_in_and_one_that_is_too_late_is_a_gap():
    t_ns = np.arange(100) * 10 * MS
    t_ns[[50, 51]] = t_ns[[51, 50]]
    t_ns[80] = t_ns[20] + 1
    series, gaps, counters = run(block(t_ns), window_ns=200 * MS)
    assert np.array_equal(times_of(series), np.sort(np.delete(t_ns, 80)))
    assert counters["sorted_in"] == 1
    assert counters["went_back"] == 1
    late = [gap for gap in gaps if gap.reason is GapReason.CLOCK]
    assert [(gap.t_start_ns, gap.count) for gap in late] == [(t_ns[20] + 1, 1)]
    assert "line 80" in late[0].detail


def test_a_clock_that_is_set_back_loses_what_was_lived_through_and_says_so():
    t_ns = np.r_[np.arange(1000), np.arange(700, 1500)] * 10 * MS
    series, gaps, counters = run(block(t_ns, interval_ns=10 * MS))
    assert np.array_equal(times_of(series), np.arange(1500) * 10 * MS)
    assert [(gap.reason, gap.count) for gap in gaps] == [(GapReason.CLOCK, 299)]
    assert (counters["went_back"], counters["duplicates_that_differ"]) == (299, 1)


def test_a_stream_that_ends_behind_its_own_clock_says_so():
    t_ns = np.r_[np.arange(1000), np.arange(200, 300)] * 10 * MS
    _, gaps, counters = run(block(t_ns, interval_ns=10 * MS))
    assert counters["went_back_until_the_end"] == 100
    assert "until the end" in gaps[-1].detail


@pytest.mark.parametrize("at", [0, 1, 500, 998])
def test_a_single_time_far_ahead_does_not_blind_the_stream(at):
    t_ns = np.arange(1000) * 10 * MS
    t_ns[at] += 400 * 86_400 * S
    series, gaps, counters = run(block(t_ns, interval_ns=10 * MS))
    assert np.array_equal(times_of(series), np.delete(np.arange(1000) * 10 * MS, at))
    assert counters["far_ahead"] == 1
    assert [gap.reason for gap in gaps if "far ahead" in gap.detail] == [GapReason.CLOCK]


def test_a_stream_that_goes_on_a_week_later_is_believed():
    t_ns = np.r_[np.arange(100), 60_480_000 + np.arange(100)] * 10 * MS
    series, gaps, _ = run(block(t_ns, interval_ns=10 * MS))
    assert np.array_equal(times_of(series), t_ns)
    assert [gap.reason for gap in gaps] == [GapReason.MISSING]


def test_what_is_far_ahead_at_the_very_end_is_told_apart_by_nothing_and_believed():
    t_ns = np.r_[np.arange(100) * 10 * MS, 3 * 86_400 * S]
    assert times_of(run(block(t_ns, interval_ns=10 * MS))[0])[-1] == 3 * 86_400 * S


def test_duplicates_are_counted_and_those_that_differ_apart():
    t_ns = np.arange(40) * S
    twice = np.repeat(t_ns, 2)
    values = np.repeat(np.arange(40.0), 2)
    values[11] = 99
    series, gaps, counters = run(block(twice, values))
    assert np.array_equal(values_of(series)[:, 0], np.arange(40.0))
    assert (counters["duplicates"], counters["duplicates_that_differ"], gaps) == (39, 1, [])


def test_a_hole_is_a_gap_that_says_how_many_samples_and_where_and_no_series_spans_it():
    t_ns = np.delete(np.arange(1000), slice(400, 450)) * 10 * MS
    series, gaps, counters = run(block(t_ns, interval_ns=10 * MS))
    assert [len(one) for one in series] == [400, 550]
    assert [(g.t_start_ns, g.t_end_ns, g.reason, g.count) for g in gaps] == [
        (4 * S, 4 * S + 500 * MS, GapReason.MISSING, 50)
    ]
    assert "line 400" in gaps[0].detail
    assert counters["samples_not_there"] == 50


def test_the_interval_is_learnt_and_jitter_is_no_hole():
    random = np.random.default_rng(3)
    t_ns = np.cumsum(random.integers(8 * MS, 12 * MS, 500))
    series, gaps, _ = run(block(t_ns))
    assert gaps == []
    assert series[0].interval_ns == pytest.approx(10 * MS, rel=0.1)


def test_irregular_sampling_has_no_interval_and_no_holes():
    t_ns = np.cumsum(np.random.default_rng(3).integers(1 * MS, 5 * S, 500))
    series, gaps, _ = run(block(t_ns))
    assert series[0].interval_ns is None
    assert gaps == []
    assert len(times_of(series)) == 500


@pytest.mark.parametrize("count", [1, 2, 32, 33])
def test_short_streams_are_given_whole(count):
    series, gaps, _ = run(block(np.arange(count) * S))
    assert len(times_of(series)) == count
    assert gaps == []


def test_digital_zeros_at_the_head_of_a_noisy_stream_are_missing():
    values = np.r_[np.zeros(2400), noise(12_000)]
    series, gaps, counters = run(block(np.arange(len(values)) * MS, values, interval_ns=MS))
    found = values_of(series)[:, 0]
    assert np.isnan(found[1:2400]).all()
    assert np.array_equal(found[2400:], values[2400:])
    assert [(g.t_start_ns, g.t_end_ns, g.reason) for g in gaps] == [(MS, 2400 * MS, GapReason.MISSING)]
    assert counters["digital_zeros"] == 2399
    assert "digital zeros" in gaps[0].detail


def test_a_flat_line_is_missing_until_it_moves_again_and_at_the_end_too():
    values = noise(3000)
    values[500:900] = values[499]
    values[2500:] = values[2499]
    series, gaps, counters = run(block(np.arange(3000) * 10 * MS, values, interval_ns=10 * MS))
    found = values_of(series)[:, 0]
    assert np.flatnonzero(np.isnan(found)).tolist() == [*range(500, 900), *range(2500, 3000)]
    assert [gap.t_end_ns for gap in gaps] == [9 * S, 30 * S]
    assert counters["flat_samples"] == 900


def test_a_quiet_stream_of_few_levels_is_left_alone():
    values = np.round(0.25 * noise(20_000))
    assert (np.diff(np.flatnonzero(np.diff(values))) > 40).any()
    series, gaps, _ = run(block(np.arange(20_000) * MS, values, interval_ns=MS))
    assert gaps == []
    assert np.array_equal(values_of(series)[:, 0], values)


def test_a_slow_stream_may_stand_still():
    values = np.r_[np.zeros(500), noise(20), np.zeros(500)]
    series, gaps, _ = run(block(np.arange(1020) * S, values, interval_ns=S))
    assert gaps == []
    assert np.array_equal(values_of(series)[:, 0], values)


def test_a_clipped_top_is_kept_and_counted_and_one_that_lasts_is_a_flat_line():
    values = noise(3000)
    values[1200:1250] = 40.0
    values[2000:2120] = 40.0
    series, gaps, counters = run(block(np.arange(3000) * 10 * MS, values, interval_ns=10 * MS))
    found = values_of(series)[:, 0]
    assert (found[1200:1250] == 40).all()
    assert np.isnan(found[2001:2120]).all()
    assert [gap.t_start_ns for gap in gaps] == [20_010 * MS]
    assert counters["clipped"] == 50


def test_missing_values_are_counted_and_a_gap_where_they_last():
    values = noise(1000)
    values[[10, 20, 21]] = np.nan
    values[30], values[31] = np.inf, -1e31
    values[500:700] = np.nan
    series, gaps, counters = run(block(np.arange(1000) * 10 * MS, values, interval_ns=10 * MS))
    assert np.isnan(values_of(series)[[10, 20, 21, 30, 31], 0]).all()
    assert (counters["missing_values"], counters["not_finite"]) == (203, 2)
    assert [(g.t_start_ns, g.t_end_ns, g.count) for g in gaps] == [(5 * S, 7 * S, 200)]


def test_each_channel_is_judged_by_itself():
    values = noise(4000).reshape(2000, 2)
    values[300:800, 1] = 0
    series, gaps, _ = run(block(np.arange(2000) * MS, values, interval_ns=MS))
    found = values_of(series)
    assert np.array_equal(found[:, 0], values[:, 0])
    assert np.isnan(found[301:800, 1]).all()
    assert ["channel b" in gap.detail for gap in gaps] == [True]


def troubled(seed: int) -> Block:
    """Three channels with every kind of trouble in values and times."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(3000, 3))
    values[:, 2] = np.round(0.6 * values[:, 2])
    for _ in range(8):
        channel, at, length = random.integers(3), random.integers(2900), random.integers(1, 300)
        values[at : at + length, channel] = random.choice([0.0, 0.5, 9.0, np.nan, np.inf])
    t_ns = np.arange(3000) * 10 * MS
    t_ns[random.integers(1, 3000) :] += random.integers(0, 30 * S)
    t_ns[random.integers(1, 3000)] += 90 * S
    t_ns[random.integers(1, 3000) :] -= random.integers(0, 3 * S)
    swap = random.integers(0, 2990)
    t_ns[swap : swap + 5] = t_ns[swap : swap + 5][::-1]
    return Block(("a", "b", "c"), t_ns, values, np.arange(3000), "line", random.choice([None, 10.0 * MS]))


@pytest.mark.parametrize("seed", range(30))
def test_what_is_given_does_not_depend_on_how_the_stream_was_cut(seed):
    stream = troubled(seed)
    window_ns = int(np.random.default_rng(seed).choice([0, 200 * MS]))
    series, gaps, counters = run(stream, window_ns=window_ns)
    pieces = cut(3000, np.random.default_rng(seed), 1 + 40 * (seed % 5))
    other, other_gaps, other_counters = run(stream, pieces, window_ns)
    assert np.array_equal(times_of(series), times_of(other))
    assert np.array_equal(values_of(series), values_of(other), equal_nan=True)
    key = lambda gap: (gap.t_start_ns, gap.t_end_ns, gap.reason, gap.detail, gap.count)  # noqa: E731
    assert sorted(gaps, key=key) == sorted(other_gaps, key=key)
    assert +counters == +other_counters


@pytest.mark.parametrize("seed", range(30))
def test_time_never_goes_back_and_no_series_has_a_hole(seed):
    stream = troubled(seed)
    tidy, items = Tidy(Origin("mic"), Counter(), 0), []
    for piece in cut(3000, np.random.default_rng(seed), 30):
        items += tidy.push(stream.rows(piece))
    items += tidy.finish()
    series = [item for item in items if isinstance(item, Series)]
    t_ns = times_of(series)
    assert (np.diff(t_ns) > 0).all()
    assert all((np.diff(one.t_ns) <= 1.5 * one.interval_ns).all() for one in series if one.interval_ns)
    assert not any(one.values.flags.writeable or one.t_ns.flags.writeable for one in series)
    assert all(gap.t_start_ns < gap.t_end_ns for gap in items if isinstance(gap, Gap))


def still_stream(seed: int, levels: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = np.round(levels * random.normal(size=2500))
    for _ in range(6):
        at, length = random.integers(2400), random.integers(20, 200)
        values[at : at + length] = random.choice([0.0, values[at], values.max(), np.nan])
    return values


@pytest.mark.parametrize("levels", [0.3, 1.0, 5.0, 300.0])
@pytest.mark.parametrize("seed", range(6))
def test_what_stands_still_is_the_slow_twins(seed, levels):
    values = still_stream(seed, levels)
    still, found = StandStill("mic", ("a",), 10.0 * MS, Counter()), []
    for piece in cut(len(values), np.random.default_rng(seed), 20):
        part = values[piece]
        found.append(still.push(np.arange(len(part)), part[:, None])[1])
    found.append(still.push(np.zeros(0, np.int64), np.zeros((0, 1)), ended=True)[1])
    blank = np.isnan(np.concatenate(found)[:, 0]) & ~np.isnan(values)
    assert blank.tolist() == naive_stand_still(values.tolist(), 0.01)


@pytest.mark.parametrize("seed", range(10))
def test_clipped_samples_are_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=(4000, 2))
    for _ in range(10):
        at, size = random.integers(3900), random.choice([9.0, 12.0, 40.0])
        values[at : at + random.integers(1, 9), random.integers(2)] = random.choice([-1, 1]) * size
    values[random.integers(4000), 0] = np.nan
    counters: Counter[str] = Counter()
    clipping = Clipping(2, counters)
    for piece in cut(4000, random, 25):
        clipping.push(values[piece])
    assert counters["clipped"] == sum(naive_clipped(values[:, channel].tolist()) for channel in range(2))
