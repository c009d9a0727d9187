"""Tables and JSON of other people: names, times, forms that nobody here has chosen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detector.errors import SourceError
from detector.model import Gap, GapReason, Series
from detector.sources.series import open_series
from detector.sources.series.time_names import parted_name, time_at
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_iso

START_NS = ns_from_iso("2026-03-04T05:06:07Z")


def read(path: Path) -> tuple[dict[str, tuple[list[int], list[float]]], list[Gap], dict[str, int], tuple[str, ...]]:
    """Times and values of each channel, gaps, counters, columns passed over."""
    source = open_series(path, source_id="post")
    found: dict[str, tuple[list[int], list[float]]] = {}
    gaps = []
    for item in source:
        if isinstance(item, Gap):
            gaps.append(item)
            continue
        for column, name in enumerate(item.channels):
            times, values = found.setdefault(name, ([], []))
            times += item.t_ns.tolist()
            values += item.values[:, column].tolist()
    assert source.end is not None
    return found, gaps, source.end.counters, source.end.passed_over


def table(folder: Path, text: str, station: dict[str, object] | None = None, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text)
    if station is not None:
        path.with_suffix(".json").write_text(json.dumps(station))
    return path


@pytest.mark.parametrize(
    ("header", "at", "unit"),
    [
        (["T", "P"], None, ""),
        (["T (K)", "Time [UTC]"], 1, "utc"),
        (["t [C]"], None, ""),
        (["x", "t"], 1, ""),
        (["Timestamp (UTC)"], 0, "utc"),
        (["time", "t_ns"], 1, "ns"),
        (["x", "timestamp_ms"], 1, "ms"),
        (["Date Time"], 0, ""),
        (["recorded_at"], None, ""),
    ],
)
def test_the_column_of_time_is_told_by_its_name_and_a_capital_t_is_none(
    header: list[str], at: int | None, unit: str
) -> None:
    assert time_at(header) == at
    assert at is None or parted_name(header[at])[1] == unit


@pytest.mark.parametrize(
    ("cell", "station"),
    [
        ("04/03/2026 05:06:07", {"time_format": "day_first", "time_zone": "UTC"}),
        ("03/04/2026 05:06:07", {"time_format": "month_first", "time_zone": "UTC"}),
        ("3/4/2026 5:06:07 AM", {"time_format": "month_first", "time_zone": "UTC"}),
        ("04.03.2026 07:06:07 +0200", {"time_format": "day_first"}),
        ("2026-03-04 07:06:07", {"time_zone": "Europe/Kyiv"}),
        ("2026-03-04 07:06:07", {"time_zone": "+02:00"}),
        ("2026/03/04 05:06:07", {"time_zone": "UTC"}),
        ("20260304T050607Z", {}),
        ("2026-03-04T07:06:07+02", {}),
        ("Wed 04 Mar 2026 05:06:07 GMT", {"time_format": "%a %d %b %Y %H:%M:%S %Z", "time_zone": "UTC"}),
    ],
)
def test_a_time_is_read_as_the_file_beside_it_says(tmp_path: Path, cell: str, station: dict[str, object]) -> None:
    found, *_ = read(table(tmp_path, f"time,a\n{cell},1\n", station))
    assert found["a"][0] == [START_NS]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("03/04/2026 05:06:07", 'is the day first, or the month? Say `"time_format": "day_first"`'),
        ("13.04.2026 05:06:07", "is the day first, or the month?"),
        ("13.04.2026T05:06:07", "is the day first, or the month?"),
        ("2026-03-04 05:06:07", "--utc"),
        ("2026/03/04 05:06:07", "it has no zone"),
    ],
)
def test_a_time_that_could_mean_two_things_is_refused_with_what_to_say(tmp_path: Path, cell: str, says: str) -> None:
    with pytest.raises(SourceError, match=r"a\.csv:2: time is ") as told:
        read(table(tmp_path, f"time,a\n{cell},1\n"))
    assert says in str(told.value)


def test_local_times_go_through_a_change_of_clocks_and_the_hour_that_is_there_twice_is_left_out(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Vienna")
    t_ns = ns_from_iso("2026-10-24T22:00:00Z") + 600 * NS_PER_S * np.arange(60)
    rows = [
        f"{datetime.fromtimestamp(t / NS_PER_S, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S},{k}"
        for k, t in enumerate(t_ns)
    ]
    found, gaps, counters, _ = read(table(tmp_path, "\n".join(["time,a", *rows, ""]), {"time_zone": "Europe/Vienna"}))
    twice = (t_ns >= ns_from_iso("2026-10-25T00:00:00Z")) & (t_ns < ns_from_iso("2026-10-25T02:00:00Z"))
    assert found["a"][0] == t_ns[~twice].tolist()
    assert counters["rows_unreadable"] == twice.sum() == 12
    assert "this time is there twice" in next(gap.detail for gap in gaps if gap.reason is GapReason.DAMAGED)
    with pytest.raises(SourceError, match="there is no such time"):
        read(table(tmp_path, "time,a\n2026-03-29 02:30:00,1\n", {"time_zone": "Europe/Vienna"}, "b.csv"))


def test_columns_of_time_with_names_of_their_own_are_stated(tmp_path: Path) -> None:
    station = {"time_column": ["Datum", "Uhrzeit"], "time_format": "day_first", "time_zone": "UTC"}
    found, *_ = read(table(tmp_path, "Datum;Uhrzeit;T\n04.03.2026;05:06:07;1,5\n", station))
    assert found == {"T": ([START_NS], [1.5])}
    with pytest.raises(SourceError, match=r"a\.csv:1: no column 'Zeit', which `time_column` states; found Datum"):
        read(table(tmp_path, "Datum;T\n04.03.2026;1\n", {"time_column": "Zeit"}))


@pytest.mark.parametrize(
    ("station", "says"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone is 'Mars/Base': a name like Europe/Vienna"),
        ({"time_format": "dmy"}, "time_format is 'dmy': day_first, month_first"),
        ({"time_column": 5}, "time_column is 5"),
    ],
)
def test_a_mistake_about_times_is_told(tmp_path: Path, station: dict[str, object], says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read(table(tmp_path, "time,a\n1,1\n", station))


def test_small_numbers_count_from_the_start_in_the_unit_of_their_name(tmp_path: Path) -> None:
    found, *_ = read(table(tmp_path, "time [ms],a\n0,1\n250,2\n", {"start": "2026-03-04T05:06:07Z"}))
    assert found["a"][0] == [START_NS, START_NS + 250_000_000]
    with pytest.raises(SourceError, match="its unit is 'h'"):
        read(table(tmp_path, "time (h),a\n0,1\n", name="b.csv"))


def test_a_word_in_the_first_row_does_not_lose_the_column_and_columns_of_words_are_told(tmp_path: Path) -> None:
    rows = [f"{START_NS + k * NS_PER_S},{'starting' if k == 0 else k},ok,{k}" for k in range(10)]
    found, gaps, counters, passed = read(table(tmp_path, "\n".join(["t_ns,a,state,b", *rows, ""])))
    assert list(found) == ["a", "b"]
    assert np.isnan(found["a"][1][0])
    assert found["a"][1][1:] == list(range(1, 10))
    assert counters["cells_unreadable"] == 1
    assert "a.csv:2: a is 'starting': a number is needed" in gaps[0].detail
    assert passed == ("state",)


def test_devices_of_a_table_are_channels_of_their_own(tmp_path: Path) -> None:
    rows = [f"{START_NS + k // 2 * NS_PER_S},post{k % 2},{k},{-k}" for k in range(10)]
    found, *_ = read(table(tmp_path, "\n".join(["t_ns,device,T [K],P", *rows, ""])))
    assert list(found) == ["post0/T", "post0/P", "post1/T", "post1/P"]
    assert found["post1/T"][1] == [1, 3, 5, 7, 9]
    rows = [f"{START_NS + k // 2 * NS_PER_S};a;{'T' if k % 2 else 'P'};{k}" for k in range(10)]
    found, *_ = read(table(tmp_path, "\n".join(["t_ns;station;parameter;value", *rows, ""]), name="b.csv"))
    assert list(found) == ["a/P", "a/T"]


def test_values_in_another_unit_and_rows_of_no_channel_are_left_out(tmp_path: Path) -> None:
    rows = [f"{START_NS + k * NS_PER_S},{'' if k == 3 else 'a'},{k},{'C' if k == 5 else 'K'}" for k in range(10)]
    path = table(tmp_path, "\n".join(["t_ns,channel,value,unit", *rows, ""]))
    (series,) = (
        one for one in open_series(path, source_id="post") if isinstance(one, Series) and one.t_ns[0] == START_NS
    )
    assert series.units == ("K",)
    found, gaps, counters, _ = read(path)
    assert np.isnan(found["a"][1][found["a"][0].index(START_NS + 5 * NS_PER_S)])
    assert (counters["rows_unreadable"], counters["cells_unreadable"]) == (1, 1)
    assert "a.csv:5: no channel is named" in gaps[0].detail


def test_a_table_of_a_spreadsheet_says_what_separates(tmp_path: Path) -> None:
    found, *_ = read(table(tmp_path, f"sep=;\n\nt_ns;a\n{START_NS};1,5\n"))
    assert found["a"][1] == [1.5]


ROWS = [{"time": iso_from_ns(START_NS + k * NS_PER_S), "a": k, "b": {"c": k % 2 == 0}} for k in range(50)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_an_array_of_rows_holds_what_one_row_a_line_holds(tmp_path: Path, indent: int | None, name: str) -> None:
    found, *_ = read(table(tmp_path, json.dumps(ROWS, indent=indent), name=name))
    lines, *_ = read(table(tmp_path, "\n".join(map(json.dumps, ROWS)), name="b.json"))
    assert found == lines
    assert list(found) == ["a", "b.c"]
    assert found["b.c"][1] == [1, 0] * 25


def test_an_array_that_is_cut_off_is_incomplete_and_one_with_damage_goes_on_behind_it(tmp_path: Path) -> None:
    text = json.dumps(ROWS, indent=1)
    path = table(tmp_path, text[: len(text) // 2], name="a.json")
    source = open_series(path, source_id="post")
    list(source)
    assert source.end is not None
    assert source.end.detail == f"{path}:{text[: len(text) // 2].count(chr(10))}: the file ends before its array does"
    assert source.end.samples == 2 * 25
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if '"a": 20' in line)
    lines[at] = '  "a": 20!'
    found, gaps, counters, _ = read(table(tmp_path, "\n".join(lines), name="b.json"))
    assert found["a"][1] == [k for k in range(50) if k != 20]
    assert counters["rows_unreadable"] == 1
    assert "b.json" in gaps[0].detail
    assert "not JSON" in gaps[0].detail


def test_an_array_of_messages_and_senml_are_what_their_lines_are(tmp_path: Path) -> None:
    messages = [
        {"t": START_NS + k * NS_PER_S, "rate_hz": 4, "values": {name: [k, k, k, k]}} for k in range(5) for name in "ab"
    ]
    found, gaps, *_ = read(table(tmp_path, json.dumps(messages), name="a.json"))
    assert {name: len(values) for name, (_, values) in found.items()} == {"a": 20, "b": 20}
    assert gaps == []
    packs = [
        [{"bn": "post/", "bt": START_NS // NS_PER_S + k, "n": "T", "u": "K", "v": k}, {"n": "P", "v": -k}]
        for k in range(5)
    ]
    lines, *_ = read(table(tmp_path, "\n".join(map(json.dumps, packs)), name="b.jsonl"))
    array, *_ = read(table(tmp_path, json.dumps([one for pack in packs for one in pack]), name="c.json"))
    assert lines == array
    assert list(lines) == ["post/T", "post/P"]
    assert lines["post/T"][0][0] == START_NS + 0


def test_messages_without_a_channel_are_named_like_the_file_and_a_status_may_come_first(tmp_path: Path) -> None:
    messages = [
        {"status": "online"},
        *({"t": START_NS + k * NS_PER_S, "rate_hz": 2, "values": [k, k]} for k in range(5)),
    ]
    found, _, counters, _ = read(table(tmp_path, "\n".join(map(json.dumps, messages)), name="north.jsonl"))
    assert list(found) == ["north"]
    assert counters == {"status_messages": 1}


def test_channels_that_never_stand_in_one_object_are_streams_of_their_own(tmp_path: Path) -> None:
    rows = [{"time": iso_from_ns(START_NS + k * NS_PER_S), "ab"[k % 2]: k} for k in range(100)]
    found, gaps, *_ = read(table(tmp_path, "\n".join(map(json.dumps, rows)), name="a.jsonl"))
    assert found["a"][1] == list(range(0, 100, 2))
    assert found["b"][1] == list(range(1, 100, 2))
    assert gaps == []


def test_a_json_recording_has_its_station_in_a_file_of_another_name(tmp_path: Path) -> None:
    path = table(tmp_path, json.dumps(ROWS), name="a.json")
    (tmp_path / "a.station.json").write_text('{"position": {"lon_deg": 16, "lat_deg": 48, "alt_m": 190}}')
    assert next(iter(open_series(path, source_id="post"))).positions[0].tolist() == [16, 48, 190]


def test_rows_of_parquet_without_a_time_or_a_channel_are_left_out_and_told(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    t_ns = [None if k == 7 else START_NS + k * NS_PER_S for k in range(20)]
    channel = [None if k == 4 else "a" for k in range(20)]
    columns = {"time": arrow.array(t_ns, arrow.timestamp("ns", "UTC")), "channel": channel, "value": list(range(20))}
    parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
    found, gaps, counters, _ = read(tmp_path / "a.parquet")
    assert found["a"][1] == [k for k in range(20) if k not in {4, 7}]
    assert counters["rows_unreadable"] == 2
    assert "row 4: no channel is named, and 1 more rows" in gaps[0].detail


def test_an_arrow_stream_is_read_and_feather_1_is_refused(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    rows = arrow.table({"t_ns": [START_NS, START_NS + NS_PER_S], "a": [1.0, 2.0]})
    with arrow.OSFile(str(tmp_path / "a.arrow"), "wb") as raw, arrow.ipc.new_stream(raw, rows.schema) as file:
        file.write_table(rows)
    assert read(tmp_path / "a.arrow")[0]["a"][1] == [1, 2]
    (tmp_path / "b.feather").write_bytes(b"FEA1" + bytes(50))
    with pytest.raises(SourceError, match="Feather of version 1"):
        read(tmp_path / "b.feather")


def test_naive_times_of_parquet_are_in_the_zone_that_is_stated(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    local = arrow.array([START_NS + 2 * 3600 * NS_PER_S], arrow.timestamp("ns"))
    parquet.write_table(arrow.table({"time": local, "a": [1.0]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="it has no zone"):
        read(tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text('{"time_zone": "Europe/Kyiv"}')
    assert read(tmp_path / "a.parquet")[0]["a"][0] == [START_NS]


def test_a_rate_that_changes_is_one_change_and_not_a_hole_at_every_sample(tmp_path: Path) -> None:
    lines = [
        {"t": START_NS + k * NS_PER_S, "rate_hz": rate, "values": {"a": np.arange(rate).tolist()}}
        for k, rate in enumerate([100, 100, 50, 50, 100])
    ]
    path = table(tmp_path, "\n".join(map(json.dumps, lines)), name="a.jsonl")
    source = open_series(path, source_id="post")
    items = list(source)
    assert [item for item in items if isinstance(item, Gap)] == []
    assert source.end is not None
    assert source.end.counters == {"rate_changes": 2}
    assert [one.interval_ns for one in items if isinstance(one, Series)] == [1e7, 1e7, 2e7, 2e7, 1e7]
