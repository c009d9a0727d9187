"""Flight logs of PX4 and ArduPilot: each field a channel, UTC by satellite, and what is broken in them is told."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from detector.cli import run
from detector.errors import SourceError
from detector.model import Gap, GapReason, Series
from detector.sources.series import SeriesEnd, open_series, series_kind
from detector.timebase import NS_PER_S
from tests.sources.series.files_making import COUNT, START_NS, T_NS, VALUES
from tests.sources.series.flight_logs_making import dataflash, ulog

DATA = Path(__file__).parents[4] / "shared" / "data" / "sensors" / "telemetry"
MAKE = {"ulog": (ulog, "flight.ulg", "vehicle_air_data"), "dataflash": (dataflash, "flight.BIN", "POS")}


def read(path: Path, **known) -> tuple[list[Series], list[Gap], SeriesEnd]:
    source = open_series(path, source_id="drone", **known)
    items = list(source)
    assert source.end is not None
    return [one for one in items if isinstance(one, Series)], [one for one in items if isinstance(one, Gap)], source.end


def of(series: list[Series], channel: str) -> tuple[np.ndarray, np.ndarray]:
    mine = [one for one in series if channel in one.channels]
    column = mine[0].channels.index(channel)
    return np.concatenate([one.t_ns for one in mine]), np.concatenate([one.values[:, column] for one in mine])


@pytest.mark.parametrize("kind", MAKE)
def test_utc_is_what_the_receiver_said(tmp_path, kind):
    make, name, message = MAKE[kind]
    series, gaps, end = read(make(tmp_path / name, VALUES, T_NS))
    t_ns, values = of(series, f"{message}.b")
    assert np.abs(t_ns - T_NS).max() < 1_000  # the clocks of both count microseconds
    assert np.array_equal(values, VALUES[:, 1])
    assert gaps == []
    assert "no_start" not in end.counters
    assert {one.clock_sigma_ns for one in series} == {2e8}


@pytest.mark.parametrize("kind", MAKE)
def test_without_a_receiver_it_begins_in_1970_unless_told_and_says_so(tmp_path, kind):
    make, name, message = MAKE[kind]
    path = make(tmp_path / name, VALUES, T_NS, utc=False)
    series, _, end = read(path)
    assert of(series, f"{message}.a")[0][0] == 0
    assert end.counters["no_start"] == 1
    series, _, end = read(path, start_ns=START_NS)
    assert np.array_equal(of(series, f"{message}.a")[0], T_NS)
    assert "no_start" not in end.counters


def test_a_receiver_without_a_fix_is_not_believed(tmp_path):
    _, _, end = read(dataflash(tmp_path / "flight.BIN", VALUES, T_NS, status=1))
    assert end.counters["no_start"] == 1


def test_a_receivers_position_is_in_degrees_and_metres_and_instances_have_numbers(tmp_path):
    fields = "uint64_t timestamp;int32_t lat;int32_t lon;int32_t alt;float eph;uint8_t[4] _padding0;"
    records = [
        struct.pack("<Qiiif", 5_000_000 + 200_000 * k, 482_000_000, 164_000_000 + k, 190_500, 1.5) for k in range(9)
    ]
    path = ulog(tmp_path / "a.ulg", VALUES, T_NS, extra=[("vehicle_gps_position", fields, records)])
    series, _, _ = read(path)
    _, lon = of(series, "vehicle_gps_position.lon")
    assert lon == pytest.approx(16.4 + np.arange(9) * 1e-7, abs=1e-12)
    mine = next(one for one in series if "vehicle_gps_position.lon" in one.channels)
    assert dict(zip(mine.channels, mine.units, strict=True)) == {
        "vehicle_gps_position.lat": "deg",
        "vehicle_gps_position.lon": "deg",
        "vehicle_gps_position.alt": "m",
        "vehicle_gps_position.eph": "",
    }


def test_what_the_logger_could_not_keep_up_with_is_a_gap(tmp_path):
    _, gaps, end = read(ulog(tmp_path / "a.ulg", VALUES, T_NS, dropout_ms=30))
    (gap,) = gaps
    assert gap.reason is GapReason.MISSING
    assert gap.t_end_ns - gap.t_start_ns == 30_000_000
    assert gap.detail.endswith("a.ulg: the logger could not keep up for 30 ms")
    assert end.counters["dropouts"] == 1


def test_states_that_stand_still_are_no_flat_lines(tmp_path):
    values = VALUES.copy()
    values[:, 2] = 3.0
    series, gaps, _ = read(ulog(tmp_path / "a.ulg", values, T_NS))
    assert gaps == []
    assert np.array_equal(of(series, "vehicle_air_data.c")[1], values[:, 2])


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("lost", [1, 710])
def test_a_log_that_was_cut_off_is_incomplete_and_says_where(tmp_path, kind, lost):
    make, name, message = MAKE[kind]
    path = make(tmp_path / name, VALUES, T_NS)
    size = path.stat().st_size - lost
    path.write_bytes(path.read_bytes()[:size])
    series, gaps, end = read(path)
    _, values = of(series, f"{message}.a")
    assert 0 < len(values) < COUNT
    assert np.array_equal(values, VALUES[: len(values), 0])
    assert not end.complete
    assert f"{path}: it ends inside a message, at byte {size} (the last whole one ends at " in end.detail
    assert gaps[-1].reason is GapReason.INCOMPLETE


@pytest.mark.parametrize("kind", MAKE)
def test_damage_in_the_middle_is_a_gap_and_the_rest_is_read(tmp_path, kind):
    make, name, message = MAKE[kind]
    path = make(tmp_path / name, VALUES, T_NS)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 60] = bytes([0x55]) * 60
    path.write_bytes(raw)
    series, gaps, end = read(path)
    _, values = of(series, f"{message}.a")
    assert COUNT - 55 < len(values) < COUNT  # to the next mark
    assert set(values.tolist()) <= set(VALUES[:, 0].tolist())
    assert GapReason.DAMAGED in {gap.reason for gap in gaps}
    assert end.counters["damaged_stretches"] == 1


def test_a_damaged_time_beside_damage_does_not_move_its_gap_beyond_all_years(tmp_path):
    path = dataflash(tmp_path / "a.BIN", VALUES, T_NS)
    raw = bytearray(path.read_bytes())
    record = 3 + 8 + 24
    middle = len(raw) - record * (COUNT // 2)
    raw[middle : middle + record] = bytes([0x55]) * record
    raw[middle + record + 3 : middle + record + 11] = b"\xff" * 7 + b"\x7f"
    path.write_bytes(raw)
    _, gaps, end = read(path)
    (gap,) = (one for one in gaps if one.reason is GapReason.DAMAGED)
    assert T_NS[0] < gap.t_start_ns < gap.t_end_ns < T_NS[-1]
    assert end.counters["rows_unreadable"] == 1


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.ulg", b"", "cannot be read as a PX4 log"),
        ("a.ulg", b"The quick brown fox watches the strip.\n" * 50, "cannot be read as a PX4 log"),
        ("a.ulg", b"ULog\x01\x12\x35\x01" + bytes(8), "holds no samples"),
        ("a.BIN", b"\xa3\x95\x80 and then text " * 40, "a.BIN: "),
        ("a.BIN", b"\xa3\x95\x80", "a.BIN: "),
    ],
)
def test_what_is_no_flight_log_says_which_file_and_why(tmp_path, capfd, name, data, says):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says.replace("(", r"\(")) as told:
        read(path)
    assert str(path) in str(told.value)
    assert capfd.readouterr() == ("", "")


def test_a_bin_of_klv_is_no_flight_log(tmp_path):
    (tmp_path / "telemetry.bin").write_bytes(bytes.fromhex("060e2b34020b01010e01030101000000") + bytes(40))
    assert series_kind(tmp_path / "telemetry.bin") is None


def test_damage_that_nothing_leads_out_of_is_incomplete_and_says_from_where(tmp_path):
    path = ulog(tmp_path / "a.ulg", VALUES, T_NS, marks=False)
    raw = bytearray(path.read_bytes())
    raw[20_000:20_100] = bytes(100)
    path.write_bytes(raw)
    series, _, end = read(path)
    assert 0 < len(of(series, "vehicle_air_data.a")[0]) < 600
    assert not end.complete
    assert "a.ulg: it is damaged from byte 2" in end.detail


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    path = ulog(tmp_path / "a.ulg", VALUES, T_NS)
    monkeypatch.setitem(sys.modules, "pyulog.core", None)
    with pytest.raises(SourceError, match=r"pip install 'trucewatch\[mavlink\]'"):
        read(path)


@pytest.mark.parametrize("kind", MAKE)
def test_inspect_and_detect_take_them(tmp_path, capsys, kind):
    make, name, _ = MAKE[kind]
    path = make(tmp_path / name, VALUES, T_NS)
    assert run(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert kind in shown
    assert "where its sensor stands" not in shown
    assert run(["detect", str(path), "--out", str(tmp_path / "out.jsonl")]) == 0
    assert '"end":true' in (tmp_path / "out.jsonl").read_text()


# Real logs, where they are


@pytest.mark.skipif(not (DATA / "test.BIN").exists(), reason="the shared data is not here")
def test_a_real_ardupilot_log_is_what_pymavlink_reads_message_by_message():
    """The slow twin: each message by itself."""
    from pymavlink.DFReader import DFReader_binary

    series, _, end = read(DATA / "test.BIN")
    log = DFReader_binary(str(DATA / "test.BIN"))
    expected: dict[str, list[float]] = {}
    while (message := log.recv_msg()) is not None:
        for field, value in message.to_dict().items():
            if isinstance(value, int | float):
                expected.setdefault(f"{message.get_type()}.{field}", []).append(float(value))
    log.filehandle.close()
    names = {name for one in series for name in one.channels}
    assert {"GPS.Lat", "ATT.Roll", "BAT.Volt", "RSSI.RXRSSI", "VIBE.VibeX", "NKF4.SV"} <= names
    for name in names:
        assert of(series, name)[1] == pytest.approx(expected[name], rel=1e-12), name
    # Week 1973, 6448.0 s of it, less 18 leap seconds, when the clock stood at 81.855471 s.
    assert end.t_start_ns == pytest.approx((315_964_800 + 1973 * 604_800 + 6448.0 - 18) * NS_PER_S, abs=NS_PER_S)
    assert "it ends inside a message, at byte 65536" in end.detail


@pytest.mark.skipif(not (DATA / "sample_log_small.ulg").exists(), reason="the shared data is not here")
def test_a_real_px4_log_has_what_its_messages_say():
    from pyulog import ULog

    series, gaps, end = read(DATA / "sample_log_small.ulg")
    assert end.complete
    log = ULog(str(DATA / "sample_log_small.ulg"))
    receiver = log.get_dataset("vehicle_gps_position").data
    t_ns, lat = of(series, "vehicle_gps_position.lat")
    assert lat == pytest.approx(receiver["lat"] * 1e-7)
    assert np.abs(t_ns - receiver["time_utc_usec"].astype(np.int64) * 1000).max() < 0.05 * NS_PER_S
    assert any("the logger could not keep up for 30 ms" in gap.detail for gap in gaps)
    names = {name for one in series for name in one.channels}
    assert {"vehicle_attitude.q[0]", "battery_status.1.voltage_v", "input_rc.rssi", "sensor_baro.1.pressure"} <= names
