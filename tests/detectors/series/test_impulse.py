"""Impulses: found once, at their sample, whatever surrounds them and however the stream is cut."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.detectors.series import (
    PRESETS,
    SERIES_DETECTORS,
    ImpulseConfig,
    ImpulseDetector,
    JointDetector,
    KindDetector,
    LevelDetector,
    PlatformDetector,
    ToneDetector,
)
from detector.model import GapReason, Series, Triggers
from tests.naive_series import cut, naive_band, naive_impulses

S = 1_000_000_000
RATE = 100.0
SEISMIC = PRESETS["seismic"]


def series(values: np.ndarray, t_ns: np.ndarray | None = None, rate_hz: float = RATE, source: str = "post") -> Series:
    values = values if values.ndim == 2 else values[:, None]
    if t_ns is None:
        t_ns = np.rint(np.arange(len(values)) * S / rate_hz).astype(np.int64)
    names = tuple(f"c{at}" for at in range(values.shape[1]))
    places = np.full((len(names), 3), np.nan)
    return Series(source, t_ns, values, names, ("",) * len(names), places, False, S / rate_hz, 1e6)


def part(whole: Series, piece: slice) -> Series:
    return Series(
        whole.source_id, whole.t_ns[piece], whole.values[piece], whole.channels, whole.units, whole.positions,
        whole.local, whole.interval_ns, whole.clock_sigma_ns,
    )  # fmt: skip


def found(blocks: list[Series], config=SEISMIC) -> list[tuple]:
    detector = ImpulseDetector(config)
    return rows([detector.detect(block) for block in blocks] + detector.finish())


def rows(answers: list[Triggers]) -> list[tuple]:
    return sorted(
        (str(one.channel[k]), int(one.t_ns[k]), int(one.t_end_ns[k]), float(one.sigma_ns[k]), float(one.score[k]))
        for one in answers
        for k in range(len(one))
    )


def shaken(at: list[int], count: int = 6000, seed: int = 0, size: float = 12.0, rate_hz: float = RATE) -> np.ndarray:
    """Noise with decaying bursts."""
    random = np.random.default_rng(seed)
    values = random.normal(size=count)
    for one in at:
        length = min(count - one, int(2 * rate_hz))
        values[one : one + length] += size * random.normal(size=length) * np.exp(-np.arange(length) / (0.4 * rate_hz))
    return values


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_what_could_have_been_noticed_follows_from_the_noise_however_it_is_cut(seed, pieces):
    random = np.random.default_rng(seed)
    values = random.normal(size=(2050, 2)) * (1.0, 5.0)
    values[700:860, 1] = np.nan
    whole = series(values)

    def heard(blocks):
        detector = ImpulseDetector(SEISMIC)
        told = []
        for block in blocks:
            detector.detect(block)
            told += detector.hearing()
        return [(one.t_start_ns, one.t_end_ns, *one.least_rms.tolist()) for one in told]

    at_once = heard([whole])
    assert str(heard([part(whole, piece) for piece in cut(len(whole), random, pieces)])) == str(at_once)  # NaN and all
    assert [(start / S, end / S) for start, end, *_ in at_once] == [(at, at + 1) for at in range(20)]
    samples = naive_band(values[:, 0].tolist(), RATE, SEISMIC)
    energy = [sum(one * one for one in samples[at : at + 100]) / 100 for at in range(0, 2000, 100)]
    assert [one[2] for one in at_once] == pytest.approx(np.sqrt(3.5 * np.array(energy)).tolist(), rel=1e-9)
    assert [at for at, one in enumerate(at_once) if np.isnan(one[3])] == [7, 8]


def test_each_burst_is_one_trigger_at_its_sample():
    answer = found([series(shaken([2000, 3500, 5000]))])
    assert [round(t / S * RATE) for _, t, *_ in answer] == pytest.approx([2000, 3500, 5000], abs=4)
    assert all(end > t for _, t, end, *_ in answer)
    assert all(0.02 * S < sigma < 0.1 * S for *_, sigma, _ in answer)


def test_noise_alone_is_nothing():
    assert found([series(shaken([], count=60_000))]) == []


def test_a_louder_burst_has_a_higher_score():
    quiet, loud = (found([series(shaken([3000], size=size))])[0][-1] for size in (6.0, 30.0))
    assert loud > 1.5 * quiet


@pytest.mark.parametrize("seed", range(6))
def test_triggers_are_the_slow_twins(seed):
    random = np.random.default_rng(seed)
    at = sorted(random.integers(900, 5900, 6).tolist())
    values = shaken(at, seed=seed, size=random.uniform(3, 30))
    wanted = naive_impulses(values.tolist(), RATE, SEISMIC)
    answer = found([series(values)])
    assert len(wanted) > 1
    assert [(round(t / S * RATE), round(end / S * RATE)) for _, t, end, *_ in answer] == [(a, b) for a, b, _ in wanted]
    assert [score for *_, score in answer] == pytest.approx([peak for *_, peak in wanted], rel=1e-9)


def troubled(seed: int) -> Series:
    """Three channels with bursts, missing values, a late beginning, a short hole and a long one."""
    random = np.random.default_rng(seed)
    columns = [shaken(sorted(random.integers(900, 5900, 5).tolist()), seed=seed + at) for at in range(3)]
    values = np.column_stack(columns)
    values[: random.integers(1, 2000), 1] = np.nan
    for _ in range(4):
        begin = random.integers(5900)
        values[begin : begin + random.integers(1, 200), random.integers(3)] = np.nan
    t_ns = np.rint(np.arange(6000) * S / RATE).astype(np.int64)
    t_ns[random.integers(1000, 3000) :] += random.integers(1, 5) * S
    t_ns[random.integers(3000, 5000) :] += 60 * S
    return series(values, t_ns)


def stretches(whole: Series, pieces: list[slice]) -> list[Series]:
    """Cut where asked, and where there is a hole: a series has none inside."""
    holes = (np.flatnonzero(np.diff(whole.t_ns) > 1.5 * S / RATE) + 1).tolist()
    edges = sorted({0, len(whole), *holes, *(piece.start for piece in pieces)})
    return [part(whole, slice(a, b)) for a, b in itertools.pairwise(edges)]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_triggers_do_not_depend_on_how_the_stream_is_cut(seed, count):
    whole = troubled(seed)
    pieces = cut(len(whole), np.random.default_rng(seed), count)
    assert found(stretches(whole, pieces)) == found(stretches(whole, []))


def test_one_sample_at_a_time_gives_the_same():
    whole = part(troubled(3), slice(0, 2500))
    assert found(stretches(whole, [slice(k, k + 1) for k in range(2500)])) == found(stretches(whole, []))


def test_many_channels_at_once_are_each_what_they_are_alone():
    columns = [shaken([1500 + 10 * at], count=4000, seed=at) for at in range(70)]
    together = found([series(np.column_stack(columns))])
    alone = [found([series(column)])[0] for column in columns]
    assert len(together) == 70
    assert [t for _, t, *_ in sorted(together, key=lambda row: int(row[0][1:]))] == [t for _, t, *_ in alone]


def test_what_was_found_does_not_change_with_what_comes_later():
    values = shaken([2000, 5000])
    early = found([series(values[:3500])])
    assert found([series(values)])[: len(early)] == early


def test_the_same_after_reset():
    detector = ImpulseDetector(SEISMIC)
    one = series(shaken([2000]))
    first = rows([detector.detect(one), *detector.finish()])
    detector.detect(part(one, slice(0, 1990)))
    detector.reset()
    assert rows([detector.detect(one), *detector.finish()]) == first


def test_missing_samples_and_their_edges_are_no_impulse():
    values = 1000 + shaken([])
    values[2000:2300] = np.nan
    values[4000:4001] = np.nan
    assert found([series(values)]) == []


@pytest.mark.parametrize("apart", [60, 100, 150])
def test_an_onset_is_not_drawn_to_the_edge_of_missing_samples(apart):
    values = shaken([3000], size=6)
    values[3000 - apart - 100 : 3000 - apart] = np.nan
    values[3040:3060] = np.nan
    assert [round(t / S * RATE) for _, t, *_ in found([series(values)])] == pytest.approx([3000], abs=6)


def test_nothing_is_said_while_warming_up_nor_after_a_long_hole_and_nan_does_not_count():
    values = shaken([300])
    assert found([series(values)]) == []
    values = shaken([2000])
    values[:1700] = np.nan
    assert found([series(values)]) == []
    t_ns = np.rint(np.arange(6000) * S / RATE).astype(np.int64)
    t_ns[3000:] += 600 * S
    whole = series(shaken([3300, 5000]), t_ns)
    assert [round((t - 600 * S) / S * RATE) for _, t, *_ in found(stretches(whole, []))] == pytest.approx([5000], abs=4)


def test_warming_up_is_told_for_each_channel_and_the_same_however_the_stream_is_cut():
    for seed in range(10):
        whole = troubled(seed)
        told = []
        for count in (0, 50):
            detector, gaps = ImpulseDetector(SEISMIC), []
            for block in stretches(whole, cut(len(whole), np.random.default_rng(seed), count)):
                detector.detect(block)
                gaps += detector.unjudged()
            detector.finish()
            told.append({(gap.t_start_ns, gap.t_end_ns, gap.reason) for gap in [*gaps, *detector.unjudged()]})
        assert told[0] == told[1]
    detector = ImpulseDetector(SEISMIC)
    values = np.column_stack([shaken([]), shaken([], seed=1)])
    values[:1000, 1] = np.nan
    detector.detect(series(values))
    a, b = detector.unjudged()
    assert (a.t_start_ns, a.t_end_ns, a.reason) == (0, 8 * S, GapReason.WARMING_UP)
    # The hops just behind a missing value do not count.
    assert (b.t_start_ns, b.t_end_ns) == (10 * S, pytest.approx(18.5 * S, abs=0.11 * S))
    assert detector.unjudged() == []


def test_an_open_impulse_is_closed_at_the_end_of_the_stream():
    assert len(found([series(shaken([5960]))])) == 1


def test_a_long_rumble_is_reported_while_it_goes_on_and_only_once():
    values = shaken([])
    values[3000:] *= 8
    detector = ImpulseDetector(SEISMIC)
    whole = series(values)
    until = detector.detect(part(whole, slice(0, 3300)))
    assert len(until) == 1
    assert until.t_end_ns[0] - until.t_ns[0] <= 2.2 * S
    assert len(rows([detector.detect(part(whole, slice(3300, 6000))), *detector.finish()])) == 0


def test_a_trigger_is_told_within_a_hop_of_its_end():
    values = shaken([3000], size=20)
    end = next(end for _, _, end, *_ in found([series(values)]))
    detector = ImpulseDetector(SEISMIC)
    whole = series(values)
    told = [k for k in range(6000) if len(detector.detect(part(whole, slice(k, k + 1))))]
    assert told[0] <= end / S * RATE + round(SEISMIC.hop_s * RATE)


def test_the_clocks_error_is_in_the_onsets():
    one = series(shaken([2000]))
    worse = Series(*(getattr(one, name) for name in one.__slots__[:-1]), 5e8)
    assert found([worse])[0][3] == pytest.approx(np.hypot(5e8, found([one])[0][3]), rel=0.01)


def test_shots_a_third_of_a_second_apart_are_three():
    values = 0.01 * shaken([24_000, 28_000, 32_000], count=60_000, rate_hz=600.0, size=40)
    answer = found([series(values, rate_hz=12_000.0)], PRESETS["acoustic"])
    assert [round(t / S * 12_000) for _, t, *_ in answer] == pytest.approx([24_000, 28_000, 32_000], abs=24)


@pytest.mark.parametrize(("rate_hz", "interval", "says"), [(1.0, True, "too few"), (100.0, False, "irregular")])
def test_a_stream_that_cannot_be_judged_says_why(rate_hz, interval, says):
    one = series(shaken([]), rate_hz=rate_hz)
    if not interval:
        one = Series(one.source_id, one.t_ns, one.values, one.channels, one.units, one.positions)
    detector = ImpulseDetector(SEISMIC)
    assert says in detector.why_not(one)
    with pytest.raises(ValueError, match=says):
        detector.detect(one)


def test_every_detector_of_streams_is_registered_with_its_settings():
    assert list(SERIES_DETECTORS.items()) == [
        ("impulse", ImpulseDetector),
        ("kind", KindDetector),
        ("level", LevelDetector),
        ("joint", JointDetector),
        ("platform", PlatformDetector),
        ("tone", ToneDetector),
    ]
    assert set(PRESETS) == {"seismic", "acoustic"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"off": 9.0}, "off must be below on"),
        ({"sta_s": 9.0}, "sta_s must be"),
        ({"warm_up_s": 60.0}, "warm_up_s must"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(change, says):
    with pytest.raises(ValueError, match=says):
        ImpulseConfig(**{**SEISMIC.model_dump(), **change})


def test_where_the_rate_changes_it_begins_anew():
    values = np.random.default_rng(3).normal(size=(4000, 1))
    detector = ImpulseDetector(PRESETS["seismic"])
    first = Series("post", np.arange(4000) * 10**7, values, ("a",), ("",), np.full((1, 3), np.nan), False, 1e7)
    detector.detect(first)
    detector.unjudged()
    again = replace(first, t_ns=4000 * 10**7 + np.arange(4000) * 2 * 10**7, interval_ns=2e7)
    detector.detect(again)
    (gap,) = detector.unjudged()
    assert gap.reason is GapReason.WARMING_UP
    assert gap.t_start_ns == again.t_ns[0]
