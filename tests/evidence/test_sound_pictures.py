"""Pictures of what sensors heard: everything is where it should be, and the same bytes every time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detector.evidence import Trace, record_section_picture, spectrogram_picture
from detector.evidence import record_section as section
from detector.evidence import spectrogram as spectrum
from detector.evidence.plot_area import BOTTOM, LEFT, RIGHT, TOP, ticks

RATE, STEP_NS = 1000, 1_000_000
SIZE = (720, 360)
INSIDE = (slice(TOP + 1, SIZE[1] - BOTTOM - 2), slice(LEFT + 1, SIZE[0] - RIGHT - 2))
RED = (60, 60, 255)


def times(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE)) * STEP_NS


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=int(seconds * RATE))


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (-2.4, 6.5, [-2, 0, 2, 4, 6]), (0, 6, [0, 1, 2, 3, 4, 5, 6]), (5, 5, [5])],
)
def test_ticks_are_round_and_inside(low, high, wanted):
    assert ticks(low, high) == pytest.approx(wanted)


def test_a_tone_that_sets_in_is_bright_at_its_frequency_and_from_its_onset_on():
    t_ns, values = times(4), noise(4)
    values[3000:] += 20 * np.sin(2 * np.pi * 125 * np.arange(1000) / RATE)
    picture = spectrogram_picture(t_ns, values, STEP_NS, 3000 * STEP_NS, "north", SIZE)
    assert (picture.shape, picture.dtype) == ((SIZE[1], SIZE[0], 3), np.uint8)
    brightness = picture[INSIDE].astype(float).sum(axis=2)
    height, width = brightness.shape
    late = brightness[:, round(0.85 * width)]
    assert late.argmax() == pytest.approx((1 - 125 / 500) * height, abs=0.03 * height)
    row = brightness[late.argmax()]
    assert row[: round(0.7 * width)].mean() < 0.6 * row[round(0.8 * width) :].mean()


def test_the_onset_is_marked_and_missing_samples_are_grey():
    t_ns, values = times(4), noise(4)
    values[:1000] = np.nan
    picture = spectrogram_picture(t_ns, values, STEP_NS, 2000 * STEP_NS, "north", SIZE)
    inside = picture[INSIDE]
    red = np.flatnonzero((inside == RED).all(axis=2).all(axis=0))
    assert red == pytest.approx([inside.shape[1] / 2], abs=3)
    grey = (inside == spectrum.MISSING).all(axis=2).all(axis=0)
    assert np.flatnonzero(grey).max() == pytest.approx(inside.shape[1] / 4, abs=0.03 * inside.shape[1])
    assert grey[: inside.shape[1] // 5].all()


@pytest.mark.parametrize("values", [np.zeros(16), np.full(4000, np.nan), np.full(100, 3.0), noise(60)])
def test_silence_nothing_and_long_streams_have_a_picture(values):
    picture = spectrogram_picture(np.arange(len(values)) * STEP_NS, values, STEP_NS, 0, "north", SIZE)
    assert picture.shape == (SIZE[1], SIZE[0], 3)


def test_a_spectrogram_of_too_few_samples_is_refused():
    with pytest.raises(ValueError, match="15 samples"):
        spectrogram_picture(np.arange(15), np.zeros(15), 1.0, 0, "north")


def trace(name: str, at_s: float | None, distance_m: float | None, seed: int = 0) -> Trace:
    values = 0.02 * noise(4, seed)
    if at_s is not None:
        values[int(at_s * RATE)] = 5
    return Trace(name, times(4), values, None if at_s is None else int(at_s * RATE) * STEP_NS, distance_m)


def red_marks(picture: np.ndarray, rows: int) -> list[list[int]]:
    """Columns of the onset's mark in each row of the section."""
    edges = np.linspace(TOP, picture.shape[0] - BOTTOM, rows + 1).astype(int)
    return [
        np.flatnonzero((picture[a:b] == RED).all(axis=2).any(axis=0)).tolist() for a, b in itertools.pairwise(edges)
    ]


def test_traces_stand_by_distance_each_with_its_own_onset():
    traces = [trace("far", 3.0, 900.0), trace("near", 1.0, 300.0, 1), trace("silent", None, None, 2)]
    picture = record_section_picture(traces, 0, "impulse", 300.0)
    marks = red_marks(picture, 3)
    left = 16 + 8 * len("silent")
    width = picture.shape[1] - RIGHT - 1 - left
    assert np.mean(marks[0]) == pytest.approx(left + width / 4, abs=3)
    assert np.mean(marks[1]) == pytest.approx(left + width * 3 / 4, abs=3)
    assert marks[2] == []


def test_missing_samples_of_a_trace_are_grey():
    one = trace("a", None, None)
    one.values[1000:2000] = np.nan
    picture = record_section_picture([one], 0, "impulse")
    grey = (picture == section.MISSING).all(axis=2).any(axis=0)
    assert grey.mean() == pytest.approx(0.25 * (900 - RIGHT - 24) / 900, abs=0.02)


def test_the_same_samples_give_the_same_bytes():
    traces = [trace("b", 2.0, None), trace("a", 1.0, 5.0)]
    assert np.array_equal(record_section_picture(traces, 0, "x"), record_section_picture(traces[::-1], 0, "x"))
    pictures = [spectrogram_picture(times(2), noise(2), STEP_NS, 0, "x") for _ in range(2)]
    assert np.array_equal(*pictures)


def test_a_section_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one trace"):
        record_section_picture([], 0, "x")


def test_a_trace_with_a_hole_in_time_stands_where_its_samples_do():
    t_ns, values = times(4), np.zeros(4 * RATE)
    values[3000] = 1.0
    kept = (t_ns < 1000 * STEP_NS) | (t_ns >= 2500 * STEP_NS)
    whole = record_section_picture([Trace("a", t_ns, values)], 0, "t")
    holed = record_section_picture([Trace("a", t_ns[kept], values[kept])], 0, "t", until_ns=2000 * STEP_NS)
    middle = whole.shape[0] // 2
    ink = [(picture[: middle - 15] == section.INK).all(axis=2) for picture in (whole, holed)]
    tall = [np.flatnonzero(one.sum(axis=0) > 8) for one in ink]
    assert tall[0].tolist() == tall[1].tolist()
    assert len(tall[0]) == 3  # the frame's two sides, and the spike between them
    red = np.flatnonzero((holed[40:60] == RED).all(axis=2).all(axis=0))
    left, _, right = tall[0].tolist()
    assert red == pytest.approx([(left + right) / 2], abs=2)
