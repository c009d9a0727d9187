"""Samples of a vehicle or an aircraft around a violation: what was held, as a table and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Polygon

from detector.config.agreement_map import Shape
from detector.evidence import StretchRecorder, passage_picture, silence_picture, telemetry_picture
from detector.evidence.stretch import table_csv
from detector.log import EvidenceStore
from detector.model import Gap, GapReason, Means, Place, Series, State, Violation
from detector.sources.series import open_series
from detector.sources.tracks import TRACK_CHANNELS
from detector.timebase import NS_PER_S

S = NS_PER_S
T0 = 1_772_346_600 * S
RED = (40, 40, 230)


def violation(begin_s: float, end_s: float, state: State = State.OPEN) -> Violation:
    nowhere = Place(None, None, None, None)
    return Violation(
        "r", "overflight", "adsb", "aircraft a in closed airspace", "aircraft a", state, T0 + round(begin_s * S),
        T0 + round(end_s * S), T0 + round(begin_s * S), 1, nowhere, (Means.TELEMETRY,), 1.0,
    )  # fmt: skip


def track(begin_s: int, end_s: int, height: float = 1000.0) -> Series:
    t_s = np.arange(begin_s, end_s)
    values = np.full((len(t_s), 7), np.nan)
    values[:, :5] = np.stack(
        [0 * t_s + 42.3, -99.5 + (t_s - 500) * 1e-3, 0 * t_s + height, 0 * t_s + 12.0, 0 * t_s + 20.0], 1
    )
    return Series("adsb/a", T0 + t_s * S, values, TRACK_CHANNELS, ("",) * 7, np.full((7, 3), np.nan))


ZONE = Shape("strip", "the strip", Polygon([(-99.55, 42.25), (-99.45, 42.25), (-99.45, 42.35), (-99.55, 42.35)]))


def test_two_minutes_before_and_after_are_kept_and_read_back(tmp_path: Path) -> None:
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    for at in range(0, 1000, 10):
        recorder.observe(track(at, at + 10))
        if at == 500:
            assert list(recorder.follow([violation(480, 481)], "adsb/a")) == [violation(480, 481)]
        if at == 600:
            list(recorder.follow([violation(480, 590, State.CLOSED)]))
        written = list(recorder.reached(T0 + (at + 10) * S))
        assert bool(written) == (at == 700)
        if written:
            (violation_id, files) = written[0]
            assert violation_id == violation(480, 481).violation_id
            assert [file.role for file in files] == ["samples", "samples-plot"]
            source = open_series(tmp_path / files[0].path, source_id="x")
            read = [one for one in source if isinstance(one, Series)]
            assert read[0].channels == TRACK_CHANNELS
            np.testing.assert_array_equal(np.concatenate([one.t_ns for one in read]), T0 + np.arange(360, 710) * S)
            np.testing.assert_array_equal(np.concatenate([one.values for one in read]), track(360, 710).values)
    assert list(recorder.finish()) == []


def test_what_is_still_open_at_the_end_is_written(tmp_path: Path) -> None:
    recorder = StretchRecorder(EvidenceStore(tmp_path), "samples", telemetry_picture)
    recorder.observe(track(0, 100))
    list(recorder.follow([violation(50, 60)], "adsb/a"))
    assert len(list(recorder.finish())) == 1
    assert list(recorder.finish()) == []


def test_names_with_quotes_and_missing_values_survive() -> None:
    series = Series(
        "s", np.array([T0]), np.array([[1.5, np.nan]]), ('a "b", c', "d"), ("m", ""), np.full((2, 3), np.nan)
    )
    assert table_csv(series).decode() == 'time_utc,"a ""b"", c [m]","d"\n2026-03-01T06:30:00.000000000Z,1.5,\n'


@pytest.mark.parametrize(("height", "inside"), [(1000.0, True), (3500.0, False), (np.nan, True)])
def test_the_passage_is_red_where_it_is_inside(height: float, inside: bool) -> None:
    picture = passage_picture(violation(450, 550), track(300, 700, height), ZONE, 500, 3000)
    assert picture.shape[1] == 900
    red = (picture == RED).all(axis=2)
    assert (red.sum() > 50) == inside
    if inside:
        columns = np.flatnonzero(red[:600].any(axis=0))
        assert 84 < columns.min() < columns.max() < 884
        assert columns.max() - columns.min() == pytest.approx(0.25 * 0.91 * 799, rel=0.1)  # 100 of 400 s, with a margin
    again = passage_picture(violation(450, 550), track(300, 700, height), ZONE, 500, 3000)
    assert np.array_equal(picture, again)


def test_a_silence_is_a_bar_between_two_lines() -> None:
    gap = Gap("s", T0 + 100 * S, T0 + 200 * S, GapReason.MISSING, "told")
    picture = silence_picture(violation(100, 200), [gap])[34:-44, 132:]

    bar = np.flatnonzero((picture == (120, 120, 120)).all(axis=2).any(axis=0))
    line = np.flatnonzero((picture == RED).all(axis=2).any(axis=0))
    assert len(line) == 2
    assert bar.min() - 1 <= line[0] <= bar.min() + 1
    assert bar.max() - 1 <= line[1] <= bar.max() + 1


def test_a_vehicle_that_says_one_thing_only_is_drawn_all_the_same() -> None:
    still = Series("uav", T0 + np.arange(5) * S, np.full((5, 1), 7.0), ("satellites",), ("",), np.full((1, 3), np.nan))
    assert telemetry_picture(violation(1, 2), still).shape[1] == 900
