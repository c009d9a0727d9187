"""What every kind of sensor file must keep; a new kind enrols with an example in files_making."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detector.model import Gap, Series
from detector.sources.series import SERIES_SOURCES, open_series, series_kind
from tests.sources.series.files_making import COUNT, EXAMPLES, STEP_NS, T_NS, VALUES


def test_every_kind_has_an_example():
    assert {name.split()[0] for name in EXAMPLES} == set(SERIES_SOURCES)


@pytest.fixture(params=EXAMPLES)
def example(request, tmp_path):
    path = EXAMPLES[request.param](tmp_path)
    assert series_kind(path) == request.param.split()[0]
    return request.param, open_series(path, source_id="post")


def by_channel(items) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    parts: dict[str, list] = {}
    for one in items:
        if isinstance(one, Series):
            for at, name in enumerate(one.channels):
                parts.setdefault(name, []).append((one.t_ns, one.values[:, at]))
    return {name: tuple(map(np.concatenate, zip(*pairs, strict=True))) for name, pairs in parts.items()}


def test_the_samples_are_those_that_were_written_at_their_times(example):
    name, source = example
    items = list(source)
    found = by_channel(items)
    assert not [item for item in items if isinstance(item, Gap)]
    assert len(found) == 3
    scale = 10 if name.startswith("sound") else 1
    tolerance = 2e-6 if name == "sound flac" else 1e-6 if name == "sound wav" else 0
    clipped = np.clip(VALUES, -10, 10 - 1e-6) if name == "sound flac" else VALUES
    for column, (t_ns, values) in enumerate(found.values()):
        assert np.array_equal(t_ns, T_NS)
        assert np.allclose(values * scale, clipped[:, column], rtol=0, atol=tolerance)


def test_the_end_tells_how_much_there_was_and_from_when_to_when(example):
    _, source = example
    assert source.end is None
    items = list(source)
    assert source.end.samples == 3 * COUNT
    assert source.end.complete
    assert source.end.channels == tuple(by_channel(items))
    assert (source.end.t_start_ns, source.end.t_end_ns) == (T_NS[0], T_NS[-1] + STEP_NS)
    assert source.share == 1.0


def test_a_second_reading_and_one_after_a_broken_off_one_are_identical(example):
    _, source = example
    once, end = list(source), source.end
    begun = iter(source)
    next(begun)
    begun.close()
    again = list(source)
    assert source.end == end
    assert len(again) == len(once)
    for a, b in zip(once, again, strict=True):
        assert np.array_equal(a.t_ns, b.t_ns)
        assert np.array_equal(a.values, b.values)
        assert (a.channels, a.units, a.interval_ns) == (b.channels, b.units, b.interval_ns)


def test_the_time_of_a_channel_never_goes_back_and_the_interval_is_known(example):
    _, source = example
    last: dict[tuple, int] = {}
    for one in source:
        assert one.source_id == "post"
        assert one.interval_ns == pytest.approx(STEP_NS)
        assert (np.diff(one.t_ns) > 0).all()
        assert one.t_ns[0] > last.get(one.channels, 0)
        last[one.channels] = one.t_ns[-1]


def test_units_come_from_the_names_of_the_columns(tmp_path):
    one = next(iter(open_series(EXAMPLES["csv wide"](tmp_path), source_id="post")))
    assert list(itertools.starmap(lambda *pair: pair, zip(one.channels, one.units, strict=True))) == [
        ("a", "Pa"),
        ("b", "m/s"),
        ("c", ""),
    ]


def test_a_station_file_beside_a_recording_tells_start_place_and_clock(tmp_path):
    one = next(iter(open_series(EXAMPLES["sound wav"](tmp_path), source_id="post")))
    assert one.channels == ("mic/1", "mic/2", "mic/3")
    assert np.array_equal(one.positions[:, :2], [[3.0, -4.5]] * 3)
    assert np.isnan(one.positions[:, 2]).all()
    assert (one.local, one.clock_sigma_ns, one.units) == (True, 1e7, ("1", "1", "1"))


def test_channels_of_a_seismic_file_are_named_in_full(tmp_path):
    source = open_series(EXAMPLES["seismic"](tmp_path), source_id="post")
    assert {one.channels[0] for one in source} == {"XX.STA1..HHE", "XX.STA1..HHN", "XX.STA1..HHZ"}
