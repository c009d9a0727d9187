"""What every kind of sensor file must keep; a new kind enrols with an example in files_making."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soundfile

from detector.errors import SourceError
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


@pytest.mark.parametrize(
    "text",
    [
        "# post 7\n# Pa\ntime,a,b\n2026-03-01T06:30:00Z,1.5,-2\n2026-03-01T06:30:01Z,2.5,3\n",
        "time|a|b\n2026-03-01T06:30:00Z|1.5|-2\n2026-03-01T06:30:01Z|2.5|3\n",
        "time;a;b\n2026-03-01T06:30:00Z;1,5;-2\n2026-03-01T06:30:01Z;2,5;3,0\n",
        "time\ta\tb\n2026-03-01 06:30:00,0 UTC\t1,5\t-2\n2026-03-01 06:30:01 GMT\t2,5\t3e0\n",
        "Date,b,Time,a\n2026-03-01,-2,06:30:00Z,1.5\n2026-03-01,3,06:30:01Z,2.5\n",
        "timestamp,a,b\n1.7723466e+09,1.5,-2\n1.772346601e9,2.5,3\n",
        "epoch;a;b\n1772346600,0;1,5;-2\n1772346601,0;2,5;3\n",
        ",time,a,b\n0,2026-03-01T09:30:00+03:00,1.5,-2\n1,2026-03-01T09:30:01+03:00,2.5,3\n",
        "time,1,2\n2026-03-01T06:30:00Z,1.5,-2\n2026-03-01T06:30:01Z,2.5,3\n",
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_loggers_and_spreadsheets_write_them_hold_the_same(tmp_path, text, coding):
    path = tmp_path / "a.csv"
    path.write_text(text, coding)
    found = by_channel(open_series(path, source_id="post"))
    (t_ns, one), (_, other) = (found[name] for name in sorted(found))
    assert (t_ns - T_NS[0]).tolist() == [0, 1_000_000_000]
    assert (one.tolist(), other.tolist()) == ([1.5, 2.5], [-2.0, 3.0])


@pytest.mark.parametrize("values", ["#N/A", "--", "nil", "1.#QNAN", "NULL", " n/a "])
def test_what_stands_for_nothing_is_missing_and_no_damage(tmp_path, values):
    path = tmp_path / "a.csv"
    path.write_text(f"t_ns,a\n1000,1\n2000,{values}\n3000,2\n")
    source = open_series(path, source_id="post")
    list(source)
    assert source.end.counters == {"missing_values": 1}


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", "time,a\n46143.5,1\n46144.5,2\n"), ("a.jsonl", '{"t_s":1,"a":2}\n')]
)
def test_seconds_from_a_start_that_nobody_stated_are_counted_as_such(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    for start_ns, count in ((None, 1), (0, 0), (T_NS[0], 0)):
        source = open_series(path, source_id="post", start_ns=start_ns)
        list(source)
        assert source.end.counters.get("no_start", 0) == count


def test_arrow_and_a_table_of_pandas_with_a_nameless_index_are_read(tmp_path):
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    times = pa.array(T_NS, pa.timestamp("ns", "Europe/Berlin"))
    pyarrow.feather.write_feather(
        pa.table({"a": VALUES[:, 0], "when": VALUES[:, 1], "time": times}), tmp_path / "a.feather"
    )
    index = pa.table({"a": VALUES[:, 0], "__index_level_0__": times})
    pyarrow.parquet.write_table(index, tmp_path / "a.parquet")
    with pa.OSFile(str(tmp_path / "nameless"), "wb") as raw, pa.ipc.new_file(raw, index.schema) as file:
        file.write_table(index, max_chunksize=300)
    for path, names in (
        (tmp_path / "a.feather", ["a", "when"]),
        (tmp_path / "a.parquet", ["a"]),
        (tmp_path / "nameless", ["a"]),
    ):
        assert series_kind(path) == "parquet"
        source = open_series(path, source_id="post")
        found = by_channel(source)
        assert list(found) == names
        assert np.array_equal(found["a"][0], T_NS)
        assert np.array_equal(found["a"][1], VALUES[:, 0])
        assert source.share == 1.0


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("aiff", "PCM_24"), ("w64", "FLOAT"), ("caf", "PCM_16"), ("wav", "DOUBLE"), ("wav", "ULAW")]
)
@pytest.mark.parametrize("rate_hz", [8000, 44100, 96000])
def test_sound_of_other_files_and_rates_is_read(tmp_path, suffix, subtype, rate_hz):
    path = tmp_path / f"a.{suffix}"
    sound = 0.5 * np.sin(np.arange(900) / 9)[:, None] * [1, -1]
    soundfile.write(path, sound, rate_hz, subtype)
    found = by_channel(open_series(path, source_id="post", start_ns=0))
    assert list(found) == ["a/1", "a/2"]
    assert np.array_equal(found["a/1"][0], np.rint(np.arange(900) * 1e9 / rate_hz).astype(np.int64))
    assert np.allclose(found["a/2"][1], sound[:, 1], atol=0.02 if subtype == "ULAW" else 1e-4)


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_sound_that_was_coded_with_losses_is_refused_for_its_times_are_shifted(tmp_path, suffix):
    soundfile.write(tmp_path / f"a.{suffix}", np.zeros(16000), 16000)
    with pytest.raises(SourceError, match="changes samples and shifts their times"):
        list(open_series(tmp_path / f"a.{suffix}", source_id="post"))
