"""Broken sensor files: nothing crashes, nothing is dropped without a word."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from detector.errors import SourceError
from detector.model import Gap, GapReason, Series
from detector.sources.series import open_series
from tests.sources.series.files_making import COUNT, EXAMPLES, START_NS, VALUES


def read(path, **known):
    source = open_series(path, source_id="post", **known)
    items = list(source)
    series = [item for item in items if isinstance(item, Series)]
    gaps = [item for item in items if isinstance(item, Gap)]
    return np.concatenate([one.values for one in series]), gaps, source.end


def refused(path, **known) -> str:
    with pytest.raises(SourceError) as told:
        read(path, **known)
    assert str(path) in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "it is empty"),
        ("a.csv", b"\n\n", "it is empty"),
        ("a.csv", b"time_utc,a\n", "the table has no rows"),
        ("a.csv", b"lat,lon\n1,2\n", "a.csv:1: no column of time"),
        ("a.csv", b"t_ns,a,A\n1,2,3\n", "a.csv:1: column 'a' stands there twice"),
        ("a.csv", b"t_ns,state\n1,ok\n", "beside t_ns; the first row has t_ns '1', state 'ok'"),
        ("a.csv", b'time,a\n2026-03-01T06:30:00Z,"1,020.5"\n', "a '1,020.5'"),
        ("a.csv", b"# post 7\ntime,a,a\n", "a.csv:2: the table has no rows"),
        ("a.csv", b"# post 7\ntime,a,a\n1,2,3\n", "a.csv:2: column 'a' stands there twice"),
        ("a.csv", b"2026-03-01T06:30:00Z,20.5\n2026-03-01T06:30:01Z,20.6\n", "a.csv:1: the first line holds values"),
        ("a.csv", b"date,time,a\n2026-03-01,06:30:00,1\n", "a.csv:2: time is '2026-03-01T06:30:00': it has no zone"),
        ("a.csv", b"Date,a\n03/01/2026 06:30,1\n", "is the day first, or the month? Say `\"time_format\""),
        ("a.csv", bytes(range(256)) * 40, "a.csv:1: "),
        ("a.csv", b"time,a\nyesterday,1\ntoday,2\n", "a.csv:2: time is 'yesterday'"),
        ("a.csv", b"time,a\n2026-03-01T06:30:00,1\n", "a.csv:2: time is '2026-03-01T06:30:00': it has no zone"),
        ("a.csv", b"time,a\n2026-03-01T06:30:00Z,1,2\n", "a.csv:2: 3 cells under 2 columns"),
        ("a.csv", b't_ns,a\n1,"' + b"x" * 200_000 + b'"\n', "this is no table"),
        ("a.csv", b"t_ns,a\n99999999999999999999999,1\n", "a.csv:2: t_ns is '99999999999999999999999'"),
        ("a.jsonl", b"", "it is empty"),
        ("a.jsonl", b'{"t_ns": 1, "a": 2', "a.jsonl:1: not JSON"),
        ("a.jsonl", b"[1, 2]\n", "a.jsonl:1: an object"),
        ("a.jsonl", b'{"a": 2}\n', "a.jsonl:1: no column of time"),
        ("a.jsonl", b"\xff\xfe\x00" * 99, "a.jsonl:1: "),
        ("a.jsonl", b'{"t_ns": 1, "channel": "a", "rate_hz": 0, "values": [1]}\n', "a.jsonl:1: rate_hz is 0"),
        ("a.jsonl", b'{"t_ns": 1, "rate_hz": 9, "values": []}\n', "a.jsonl:1: values has no samples"),
        ("a.json", b"", "it is empty"),
        ("a.json", b"[]", "an array, is needed"),
        ("a.json", b"[1, 2, 3]", "a.json:1: an object"),
        ("a.json", b'{"position": {"lon_deg": 1, "lat_deg": 2}}', "a.json:1: no column of time"),
        ("a.json", b"[" * 5000, "nested too deeply"),
        ("a.jsonl", b'{"t_ns": 1, "channel": "a", "rate_hz": 9, "values": ["x"]}\n', "a.jsonl:1: values"),
        ("a.jsonl", b'{"t": 1, "values": {"a": 1}}\n', "a.jsonl:1: t is 1: in nanoseconds since 1970"),
        ("a.jsonl", b'{"t": "2026-03-01T06:30:00Z", "values": {"a": [1, 2]}}\n', "a.jsonl:1: rate_hz is needed"),
        ("a.parquet", b"PAR1 and then nothing", "cannot be read as Parquet"),
        ("a.wav", b"", "cannot be read as sound"),
        ("a.flac", b"fLaC" + b"\0" * 50, "cannot be read as sound"),
        ("a.mseed", b"", "none of MSEED"),
        ("a.mseed", b"000001D " + b"\xff" * 504, "none of MSEED"),
        ("a.sac", b"no such thing", "none of MSEED"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_at_all_says_which_file_where_and_why(tmp_path, name, data, says):
    path = tmp_path / name
    path.write_bytes(data)
    assert says in refused(path)


def test_a_file_that_is_not_there_or_of_no_known_kind_is_named(tmp_path):
    assert "there is no such file" in refused(tmp_path / "absent.csv")
    (tmp_path / "a.doc").write_bytes(b"text")
    assert "no sensor file; known are .aif, .aiff, .arrow, .au, .caf, .csv" in refused(tmp_path / "a.doc")


def test_a_hundred_lines_of_rubbish_are_not_read_to_the_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,a\n" + "rubbish,1\n" * 50_000)
    told = refused(path)
    assert "a.csv:4: " in told
    assert "a.csv:5: " not in told
    assert told.endswith("more lines")


def test_rows_and_cells_that_cannot_be_read_are_gaps_and_the_rest_is_there(tmp_path):
    lines = EXAMPLES["csv wide"](tmp_path).read_text().splitlines()
    lines[101] = "?" * 30
    lines[201] = lines[201].replace("2026", "20x6")
    cells = lines[301].split(",")
    lines[301] = ",".join([cells[0], "wet", *cells[2:]])
    lines[302] = ",".join([lines[302].split(",")[0], "", *lines[302].split(",")[2:]])
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    values, gaps, end = read(path)
    wanted = np.delete(VALUES, [100, 200], axis=0)
    wanted[[298, 299], 0] = np.nan
    assert np.array_equal(values, wanted, equal_nan=True)
    damaged = [gap for gap in gaps if gap.reason is GapReason.DAMAGED]
    assert [gap.count for gap in damaged] == [3]
    assert f"{path}:102: 1 cells under 5 columns" in damaged[0].detail
    assert (end.counters["rows_unreadable"], end.counters["cells_unreadable"]) == (2, 1)
    assert (end.counters["missing_values"], end.counters["holes"]) == (2, 2)
    assert end.complete


def test_of_recorded_messages_the_last_will_is_no_damage_and_other_channels_are_counted(tmp_path):
    path = EXAMPLES["jsonl messages"](tmp_path)
    lines = path.read_text().splitlines()
    third = json.loads(lines[2])
    third["values"] = {"a": third["values"]["a"], "x": third["values"]["b"], "b": third["values"]["b"]}
    lines[2:3] = ['{"status": "offline", "detail": "power"}', json.dumps(third)]
    path.write_text("\n".join(lines) + "\n")
    values, gaps, end = read(path)
    wanted = VALUES.copy()
    wanted[100:150, 2] = np.nan
    assert np.array_equal(values, wanted, equal_nan=True)
    assert gaps == []
    assert (end.counters["status_messages"], end.counters["keys_that_came_later"]) == (1, 1)


@pytest.mark.parametrize("name", ["csv wide", "jsonl wide", "jsonl stretches", "jsonl messages"])
def test_a_text_that_was_cut_off_is_incomplete_and_names_the_line(tmp_path, name):
    path = EXAMPLES[name](tmp_path)
    path.write_bytes(path.read_bytes()[:-37])
    _, gaps, end = read(path)
    lines = path.read_text().count("\n") + 1
    assert not end.complete
    assert f"{path}:{lines}: the file ends in the middle of this line" in end.detail
    assert gaps[-1].reason is GapReason.INCOMPLETE


@pytest.mark.parametrize(
    ("name", "says"), [("sound wav", "its header promises 12"), ("seismic", "ends inside a record")]
)
def test_a_recording_that_was_cut_off_is_incomplete_and_says_at_which_byte(tmp_path, name, says):
    path = EXAMPLES[name](tmp_path)
    path.write_bytes(path.read_bytes()[:-700])
    values, gaps, end = read(path)
    assert 0 < values.size < 3 * COUNT
    assert not end.complete
    assert says in end.detail
    assert gaps[-1].reason is GapReason.INCOMPLETE


def long_flac(path):
    samples = np.random.default_rng(1).normal(size=200_000) / 10
    soundfile.write(path, samples, 12_000, "PCM_16")
    return samples, bytearray(path.read_bytes())


def test_a_flac_that_was_cut_off_is_read_to_where_it_ends(tmp_path):
    path = tmp_path / "mic.flac"
    samples, raw = long_flac(path)
    path.write_bytes(raw[: len(raw) // 2])
    values, _, end = read(path)
    assert 90_000 < len(values) < 100_000
    assert np.allclose(values[:, 0], samples[: len(values)], atol=2e-5)
    assert not end.complete
    assert f"its header promises 200000 samples, {len(values)} are in its {len(raw) // 2} bytes" in end.detail


def test_damage_in_the_middle_of_a_flac_is_a_gap_and_what_follows_is_at_its_place(tmp_path):
    path = tmp_path / "mic.flac"
    samples, raw = long_flac(path)
    raw[len(raw) // 2 : len(raw) // 2 + 200] = b"\xaa" * 200
    path.write_bytes(raw)
    source = open_series(path, source_id="post", start_ns=START_NS)
    items = list(source)
    series = [item for item in items if isinstance(item, Series)]
    rows = np.rint((np.concatenate([one.t_ns for one in series]) - START_NS) * 12_000 / 1e9).astype(int)
    assert np.allclose(np.concatenate([one.values for one in series])[:, 0], samples[rows], atol=2e-5)
    lost = len(samples) - len(rows)
    assert 4096 <= lost <= 3 * 4096
    damaged = [item for item in items if isinstance(item, Gap) and item.reason is GapReason.DAMAGED]
    assert [gap.count for gap in damaged] == [lost]
    assert "cannot be decoded" in damaged[0].detail
    assert (source.end.complete, source.end.counters["damaged_stretches"]) == (True, 1)


def test_a_parquet_file_that_was_cut_off_cannot_be_read(tmp_path):
    path = EXAMPLES["parquet wide"](tmp_path)
    path.write_bytes(path.read_bytes()[:-700])
    assert "cannot be read as Parquet" in refused(path)


def test_a_file_that_ends_behind_its_own_clock_is_incomplete(tmp_path):
    path = tmp_path / "a.csv"
    t_s = [*range(100), *range(50)]
    path.write_text("\n".join(["epoch_s,a", *(f"{1_770_000_000 + t},{t}" for t in t_s)]) + "\n")
    _, gaps, end = read(path)
    assert not end.complete
    assert "the last 50 rows state a time that has passed already" in end.detail
    assert {gap.reason for gap in gaps} == {GapReason.CLOCK, GapReason.INCOMPLETE}


@pytest.mark.parametrize(
    ("time", "t_ns"),
    [
        ("2026-03-01T08:30:00+02:00", START_NS),
        ("2026-03-01 06:30:00.25Z", START_NS + 250_000_000),
        (str(START_NS // 10**9) + ".125", START_NS + 125_000_000),
        (str(START_NS // 10**6), START_NS),
        (str(START_NS // 10**3), START_NS),
        (str(START_NS), START_NS),
        ("12.5", 1000 + 12_500_000_000),
    ],
)
def test_times_are_told_by_their_form_and_size(tmp_path, time, t_ns):
    path = tmp_path / "a.csv"
    path.write_text(f"timestamp,a\n{time},1\n")
    assert next(iter(open_series(path, source_id="post", start_ns=1000))).t_ns.tolist() == [t_ns]


def test_times_without_a_zone_are_read_as_utc_only_when_told_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("datetime,a\n2026-03-01 06:30:00,1\n")
    assert "--utc" in refused(path)
    assert read(path, assume_utc=True)[2].t_start_ns == START_NS


@pytest.mark.parametrize(
    ("station", "says"),
    [
        ("{", "mic.json:1: not JSON here"),
        ("[]", "one JSON object is needed"),
        ('{"start": "2026-03-01T06:30:00"}', "the zone"),
        ('{"position": {"east": 1}}', "position has the keys east"),
        ('{"position": {"lon_deg": 200, "lat_deg": 1}}', "no longitude and latitude"),
        ('{"position": {"x": "far", "y": 1}}', "x is 'far': a number is needed"),
        ('{"clock_sigma_s": -1}', "clock_sigma_s is -1"),
        ('{"positions": {"a": {"x": 1, "y": 2}}, "position": {"lon": 1, "lat": 2}}', "one kind is needed"),
        ('{"units": 5}', "units must be an object"),
    ],
)
def test_a_station_file_with_a_mistake_is_refused(tmp_path, station, says):
    path = EXAMPLES["sound wav"](tmp_path)
    path.with_suffix(".json").write_text(station)
    with pytest.raises(SourceError, match=r"mic\.json") as told:
        read(path)
    assert says in str(told.value)


def test_a_sound_without_a_start_says_so(tmp_path):
    path = EXAMPLES["sound wav"](tmp_path)
    path.with_suffix(".json").unlink()
    end = read(path)[2]
    assert (end.t_start_ns, end.counters["no_start"]) == (0, 1)
    assert read(path, start_ns=START_NS)[2].t_start_ns == START_NS


def test_keys_that_come_later_are_counted(tmp_path):
    path = EXAMPLES["jsonl wide"](tmp_path)
    lines = path.read_text().splitlines()
    lines = [line for _ in range(5) for line in lines]
    lines[4500] = json.dumps({**json.loads(lines[4500]), "d": 1.0})
    path.write_text("\n".join(lines) + "\n")
    assert read(path)[2].counters["keys_that_came_later"] == 1


def damaged(raw: bytes, seed: int) -> bytes:
    """Bytes changed, cut off, put in, taken out or twice."""
    random = np.random.default_rng(seed)
    at, count = int(random.integers(len(raw))), int(random.integers(1, 3000))
    if seed % 5 == 0:
        changed = bytearray(raw)
        for place in random.integers(len(raw), size=4):
            changed[place] = random.integers(256)
        return bytes(changed)
    noise = random.integers(0, 256, count, dtype=np.uint8).tobytes()
    return (raw[:at], raw[:at] + noise + raw[at:], raw[:at] + raw[at + count :], raw[: at + count] + raw[at:])[
        seed % 5 - 1
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_whatever_happens_to_a_file_it_is_read_in_order_or_refused_and_never_crashes(tmp_path, name):
    path = EXAMPLES[name](tmp_path)
    raw = path.read_bytes()
    for seed in range(15):
        path.write_bytes(damaged(raw, seed))
        source = open_series(path, source_id="post", assume_utc=True)
        last: dict[tuple, int] = {}
        refusal = ""
        try:
            for item in source:
                if isinstance(item, Gap):
                    assert item.t_start_ns < item.t_end_ns
                    continue
                assert (np.diff(item.t_ns) > 0).all()
                assert item.t_ns[0] > last.get(item.channels, np.iinfo(np.int64).min)
                assert not np.isinf(item.values).any()
                last[item.channels] = item.t_ns[-1]
        except SourceError as error:
            refusal = str(error)
        assert str(path) in refusal if refusal else source.end is not None
        assert refusal or source.end.complete == (not source.end.detail)


def test_a_table_with_the_newest_first_is_told_what_to_do(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("t_ns,a\n" + "".join(f"{10**18 - 10**9 * k},{k}\n" for k in range(300)))
    _, _, end = read(path)
    assert not end.complete
    assert end.detail == "the last 299 rows state a time that has passed already; is the newest first? sort it by time"


def test_one_time_of_1970_in_the_middle_is_a_gap_there_and_not_half_a_century_long(tmp_path):
    path = tmp_path / "a.csv"
    t_ns = [START_NS + k * 10_000_000 for k in range(200)]
    t_ns[100] = 0
    path.write_text("\n".join(["t_ns,a", *(f"{t},{k}" for k, t in enumerate(t_ns)), ""]))
    _, gaps, end = read(path)
    (gap,) = (one for one in gaps if one.reason is GapReason.CLOCK)
    assert (gap.t_start_ns, gap.t_end_ns) == (t_ns[99], t_ns[99] + 1)
    assert "time went back to 1970-01-01T00:00:00.000000Z at line 102" in gap.detail
    assert end.t_start_ns == START_NS
