"""Tables of aircraft positions: whoever wrote them, whatever is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.errors import SourceError
from detector.model import Gap, GapReason, Series
from detector.sources.tracks import TRACK_CHANNELS, Assumed, RecordedTracks, is_track_table
from detector.timebase import NS_PER_S, ns_from_iso

START_NS = ns_from_iso("2026-03-01T06:30:00Z")
HEAD = "time,id,lat,lon,alt,speed,heading,nacp"


def file_of(folder: Path, *rows: str, head: str = HEAD) -> Path:
    file = folder / "adsb.csv"
    file.write_text("\n".join([head, *rows, ""]), "utf-8")
    return file


def row(second: int, name: str = "4a1001", lat: float = 42.3, nacp: str = "9") -> str:
    return f"{START_NS // NS_PER_S + second},{name},{lat:.6f},-99.500000,1500,120,90,{nacp}"


def read(file: Path, **more: float) -> tuple[dict[str, Series], list[Gap], RecordedTracks]:
    """Each aircraft's positions put together."""
    source = RecordedTracks(file, "adsb", **more)  # type: ignore[arg-type]
    items = list(source)
    tracks: dict[str, Series] = {}
    for item in items:
        if isinstance(item, Series):
            before = tracks.get(item.source_id)
            tracks[item.source_id] = item if before is None else _then(before, item)
    return tracks, [item for item in items if isinstance(item, Gap)], source


def _then(a: Series, b: Series) -> Series:
    t_ns, values = np.concatenate((a.t_ns, b.t_ns)), np.concatenate((a.values, b.values))
    return Series(a.source_id, t_ns, values, a.channels, a.units, a.positions)


def value(series: Series, name: str, at: int = 0) -> float:
    return float(series.values[at, TRACK_CHANNELS.index(name)])


def test_each_aircraft_is_one_track_in_the_order_of_time(tmp_path: Path) -> None:
    rows = [row(k, f"4a100{k % 3}") for k in range(9000)]
    rows[10], rows[13] = rows[13], rows[10]
    tracks, gaps, source = read(file_of(tmp_path, *rows))
    assert sorted(tracks) == ["adsb/4a1000", "adsb/4a1001", "adsb/4a1002"]
    assert gaps == []
    for one in tracks.values():
        assert len(one) == 3000
        assert (np.diff(one.t_ns) > 0).all()
    assert source.end is not None
    assert source.end.complete
    assert source.end.counters == {"sorted_in": 1}
    assert source.heard == [(START_NS, START_NS + 9000 * NS_PER_S)]


def test_quality_is_told_or_assumed(tmp_path: Path) -> None:
    tracks, _, source = read(file_of(tmp_path, row(0), row(1, nacp=""), row(2, nacp="0"), row(3, nacp="11")))
    sigmas = tracks["adsb/4a1001"].values[:, TRACK_CHANNELS.index("sigma_pos_m")]
    np.testing.assert_allclose(sigmas, [30 / 2.4477, Assumed().sigma_pos_m, 37_040 / 2.4477, 3 / 2.4477])
    assert source.end is not None
    assert source.end.counters == {"without_quality": 1}


@pytest.mark.parametrize(
    ("head", "cells", "alt_m", "speed_m_s", "sigma_alt_m"),
    [
        ("time,icao24,lat,lon,velocity,baroaltitude,geoaltitude", "3c6444,42.3,-99.5,120,1400,1500", 1500, 120, 30),
        ("time,icao24,lat,lon,velocity,baroaltitude,geoaltitude", "3c6444,42.3,-99.5,120,1400,", 1400, 120, 150),
        ("timestamp,hex,lat,lon,alt_baro,gs,track", "3c6444,42.3,-99.5,5000,100,90", 1524, 51.444, 150),
        ("timestamp,hex,latitude,longitude,alt_geom,gs", "3c6444,42.3,-99.5,1000,100", 304.8, 51.444, 30),
        ("epoch_s,id,lat_deg,lon_deg,alt_m,sigma_pos_m,sigma_alt_m", "3c6444,42.3,-99.5,900,7,9", 900, np.nan, 9),
        ("time,id,lat,lon", "3c6444,42.3,-99.5", np.nan, np.nan, np.nan),
    ],
)  # fmt: skip
def test_what_receivers_write_is_read_in_our_units(
    tmp_path: Path, head: str, cells: str, alt_m: float, speed_m_s: float, sigma_alt_m: float
) -> None:
    tracks, gaps, _ = read(file_of(tmp_path, f"{START_NS // NS_PER_S},{cells}", head=head))
    one = tracks["adsb/3c6444"]
    assert gaps == []
    assert value(one, "lat_deg") == 42.3
    found = [value(one, name) for name in ("alt_m", "speed_m_s", "sigma_alt_m")]
    np.testing.assert_allclose(found, [alt_m, speed_m_s, sigma_alt_m], rtol=1e-4)


def test_bad_rows_are_counted_and_become_gaps(tmp_path: Path) -> None:
    rows = [
        row(0), "yesterday,4a1001,42.3,-99.5,1500,120,90,9", row(2, lat=142.3), row(3, name=""), row(4)[:30],
        row(5).replace("-99.500000", "west"), row(6).replace("42.300000", ""), row(7), row(4),
    ]  # fmt: skip
    tracks, gaps, source = read(file_of(tmp_path, *rows))
    assert len(tracks["adsb/4a1001"]) == 3
    assert source.end is not None
    counted = source.end.counters
    assert counted["rows_unreadable"] == 2
    assert counted["positions_impossible"] == counted["rows_without_id"] == counted["cells_unreadable"] == 1
    assert counted["rows_without_position"] == 2  # empty, and the one that could not be read
    assert {gap.reason for gap in gaps} == {GapReason.DAMAGED}
    told = " ".join(gap.detail for gap in gaps)
    for what in ("adsb.csv:4: no such latitude and longitude", "adsb.csv:5: no aircraft is named", "'yesterday'"):
        assert what in told


def test_an_empty_sky_is_a_gap(tmp_path: Path) -> None:
    _, gaps, source = read(file_of(tmp_path, row(0), row(50), row(111), row(300)), silent_s=60)
    assert [
        (gap.reason, (gap.t_start_ns - START_NS) // NS_PER_S, (gap.t_end_ns - START_NS) // NS_PER_S) for gap in gaps
    ] == [(GapReason.MISSING, 112, 300)]
    assert gaps[0].detail == "no aircraft was heard for 188 s"
    assert [(a - START_NS) // NS_PER_S for a, _ in source.heard] == [0, 300]


def test_a_table_by_aircraft_is_never_taken_to_be_over(tmp_path: Path) -> None:
    by_time = [row(k // 3, f"4a100{k % 3}") for k in range(15_000)]
    reached = []
    for rows in (by_time, sorted(by_time, key=lambda one: one.split(",")[1])):
        source = RecordedTracks(file_of(tmp_path, *rows), "adsb")
        reached.append([(int(one.t_ns[0]), source.reached_ns) for one in source if isinstance(one, Series)])
    assert sum(at is not None for _, at in reached[0]) > 6
    for t_ns, at in (pair for told in reached for pair in told):
        assert at is None or at <= t_ns


def test_what_can_not_be_a_name_is_replaced(tmp_path: Path) -> None:
    tracks, _, _ = read(file_of(tmp_path, row(0, name="../<b>x" + "y" * 60)))
    (name,) = tracks
    assert name == "adsb/..??b?x" + "y" * 25


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is empty"),
        ("time,id,lat\n1,2,3\n", "no column of longitude: one of lon_deg"),
        ("id,lat,lon\n1,2,3\n", "no column of time"),
        ("time,lat,lon\n1,2,3\n", "no column of id"),
        ("time,id,lat,lat,lon\n1,2,3,4,5\n", "column 'lat' stands there twice"),
        (f"{HEAD}\n", "the table has no rows"),
        (f"{HEAD}\n1772346600,4a1,,,1,1,1,1\n", "none of its rows has a position"),
    ],
)
def test_what_is_no_table_of_positions_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "adsb.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(SourceError, match=r"adsb\.csv"):
        list(RecordedTracks(file, "adsb"))
    with pytest.raises(SourceError, match=expected.replace("(", r"\(")):
        list(RecordedTracks(file, "adsb"))


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        RecordedTracks(tmp_path / "no.csv", "adsb")


def test_a_file_that_is_cut_off_is_incomplete_and_reading_twice_gives_the_same(tmp_path: Path) -> None:
    file = tmp_path / "adsb.csv"
    file.write_text("\n".join([HEAD, *(row(k) for k in range(20)), row(20)[:25]]), "utf-8")
    source = RecordedTracks(file, "adsb")
    first, second = [
        [(type(one), getattr(one, "t_ns", None) is not None and one.t_ns.tolist()) for one in source] for _ in range(2)
    ]
    assert first == second
    assert source.end is not None
    assert not source.end.complete
    assert "ends in the middle of this line" in source.end.detail


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_read_as_far_as_it_goes_or_refused(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = bytearray("\n".join([HEAD, *(row(k, f"4a{k % 5}") for k in range(300)), ""]).encode())
    for _ in range(20):
        data = bytearray(whole)
        for at in random.integers(0, len(data), random.integers(1, 60)).tolist():
            data[at] = int(random.integers(0, 256))
        if random.random() < 0.3:
            del data[int(random.integers(0, len(data))) :]
        file = tmp_path / "adsb.csv"
        file.write_bytes(bytes(data))
        source, refused = RecordedTracks(file, "adsb"), ""
        items: list[Series | Gap] = []
        try:
            items += source
        except SourceError as error:
            refused = str(error)
        assert source.end is not None or "adsb.csv" in refused
        for item in items:
            if isinstance(item, Series):
                assert (np.diff(item.t_ns) > 0).all()
                assert (np.abs(item.values[:, 0]) <= 90).all()
                assert (item.values[:, 3] > 0).all()


def test_units_stand_in_brackets_and_columns_that_mean_nothing_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Time [UTC];ICAO;Latitude;Longitude;Altitude (ft);Speed (km/h);squawk\n"
        "2026-03-04 05:00:00;x;42;16;1000;36;7000\n"
    )
    source = RecordedTracks(path, "air")
    (series,) = (one for one in source if isinstance(one, Series))
    assert series.values[0, [0, 1, 2, 5]].tolist() == pytest.approx([42, 16, 304.8, 10])
    assert source.end is not None
    assert source.end.passed_over == ("squawk",)


def test_a_table_with_the_newest_first_is_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["t_s,id,lat,lon", *(f"{1_770_000_000 - 2 * k},x,42,16" for k in range(50))]))
    source = RecordedTracks(path, "air")
    list(source)
    assert source.end is not None
    assert not source.end.complete
    assert "is the newest first? sort it by time" in source.end.detail


def test_latitude_and_longitude_the_wrong_way_round_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t_s,id,lat,lon\n1770000000,x,-99.5,42\n")
    with pytest.raises(SourceError, match=r"a\.csv:2: no such latitude and longitude: -99\.5, 42"):
        list(RecordedTracks(path, "air"))


def test_times_of_aircraft_are_read_as_the_file_beside_the_table_says(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Datum;Zeit;icao24;lat;lon\n04.03.2026;06:06:07;x;42;16\n")
    assert not is_track_table(path)
    station = {"time_column": ["Datum", "Zeit"], "time_format": "day_first", "time_zone": "Europe/Vienna"}
    path.with_suffix(".json").write_text(json.dumps(station))
    assert is_track_table(path)
    (series,) = (one for one in RecordedTracks(path, "air") if isinstance(one, Series))
    assert series.t_ns.tolist() == [ns_from_iso("2026-03-04T05:06:07Z")]


def test_who_says_that_it_is_on_the_ground_does_not_fly_and_is_heard(tmp_path: Path) -> None:
    """As readsb writes it; each such row was called damage, and its aircraft one whose height is not known."""
    rows = [f"{START_NS // NS_PER_S + second},4a1001,42.3,-99.5,ground,90" for second in range(0, 100, 5)]
    rows += [f"{START_NS // NS_PER_S + second},4a1001,42.3,-99.5,300,90" for second in (100, 101)]
    tracks, gaps, source = read(file_of(tmp_path, *rows, head="time,hex,lat,lon,alt_baro,gs"), silent_s=10.0)
    assert source.end is not None
    assert (source.end.samples, source.end.counters["rows_on_ground"]) == (2, 20)
    assert value(tracks["adsb/4a1001"], "alt_m") == pytest.approx(300 * 0.3048)
    assert gaps == []
    only_landed = file_of(tmp_path, *rows[:20], head="time,hex,lat,lon,alt_baro,gs")
    tracks, gaps, source = read(only_landed)
    assert (tracks, gaps, source.heard) == ({}, [], [(START_NS, START_NS + 96 * NS_PER_S)])
