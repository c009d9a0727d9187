"""Telemetry as a table, in and out."""

from dataclasses import asdict

import numpy as np
import pytest

from detector.errors import SourceError
from detector.evidence.tables import telemetry_csv
from detector.model import CameraPose, Datum, Detections, GroundFixes, Scene, Sight, Tracks
from detector.sources.sidecar import read_sidecar

HEADER = "t_ns,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg"
ROW = "1000,12.5,-3.25,850.0,271.5,-35.0,40.0"


def read(tmp_path, text, hfov_deg=None):
    file = tmp_path / "flight.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_sidecar(file, hfov_deg)


def scene(index, t_ns, pose):
    nothing = np.zeros(0, np.int64)
    return Scene(
        "cam", index, t_ns, (640, 480), Sight.SEEING,
        Detections.none(index, t_ns, Sight.SEEING), GroundFixes.nowhere(nothing),
        Tracks.none(index, t_ns, Sight.SEEING), GroundFixes.nowhere(nothing), pose,
    )  # fmt: skip


def test_evidence_table_reads_back_as_the_poses_that_were_written(tmp_path):
    poses = [
        CameraPose(
            38.1234567, -7.7654321, 912.25, 10.0 * i, -40.5, 0.75, 31.0, 18.5, 3.5, 0.4, 0.02, Datum.MSL, 210.125
        )
        for i in range(3)
    ]
    t0_ns = 1_772_346_600_123_456_789
    scenes = [scene(i, t0_ns + i * 40_000_000, pose) for i, pose in enumerate(poses)]
    side = read(tmp_path, telemetry_csv(scenes))
    assert not side.relative
    assert [sample.t_ns for sample in side.samples] == [scene.t_ns for scene in scenes]
    for sample, pose in zip(side.samples, poses, strict=True):
        # The age belongs to the frame for which it was interpolated, not to the sample.
        wanted, got = asdict(pose) | {"age_s": 0.0}, asdict(sample.pose) | {"age_s": 0.0}
        assert got.pop("datum") == wanted.pop("datum") == Datum.MSL
        assert got == pytest.approx(wanted, abs=1e-8)  # written with eight decimals


def test_evidence_table_keeps_an_unknown_ground_height_unknown(tmp_path):
    side = read(tmp_path, telemetry_csv([scene(0, 5, CameraPose(1.0, 2.0, 3.0, 4.0, -5.0, 6.0, 7.0, 8.0))]))
    assert np.isnan(side.samples[0].pose.ground_alt_m)


def test_frame_without_a_pose_gives_no_pose(tmp_path):
    pose = CameraPose(1.0, 2.0, 3.0, 4.0, -5.0, 6.0, 7.0, 8.0)
    side = read(tmp_path, telemetry_csv([scene(0, 5, None), scene(1, 6, pose), scene(2, 7, None)]))
    assert [sample.t_ns for sample in side.samples if sample.pose is not None] == [6]


@pytest.mark.parametrize(
    ("column", "cell", "t_ns", "relative"),
    [
        ("t_ns", "1772346600123456789", 1_772_346_600_123_456_789, False),
        ("time_utc", "2026-03-01T06:30:00.25Z", 1_772_346_600_250_000_000, False),
        ("time_utc", "2026-03-01T08:30:00+02:00", 1_772_346_600_000_000_000, False),
        ("t_s", "1.5", 1_500_000_000, True),
    ],
)
def test_each_kind_of_time(tmp_path, column, cell, t_ns, relative):
    side = read(tmp_path, f"{HEADER.replace('t_ns', column)}\n{ROW.replace('1000', cell)}\n")
    assert (side.samples[0].t_ns, side.relative) == (t_ns, relative)


def test_what_is_not_given_has_its_default(tmp_path):
    pose = read(tmp_path, f"{HEADER}\n{ROW}\n").samples[0].pose
    assert (pose.roll_deg, pose.datum, pose.sigma_pos_m, pose.sigma_att_deg) == (0.0, Datum.ELLIPSOID, 5.0, 1.0)


def test_a_receiver_without_a_fix_is_not_in_the_gulf_of_guinea(tmp_path):
    found = read(tmp_path, f"{HEADER}\n1000,0,0.0,850.0,271.5,-35.0,40.0\n2000,0,-3.25,850.0,271.5,-35.0,40.0\n")
    assert [sample.pose is None for sample in found.samples] == [True, False]
    assert found.counters["csv_rows_without_pose"] == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_a_table_that_a_spreadsheet_saved_as_unicode_text_is_read(tmp_path, encoding):
    text = ("" if encoding == "utf-16" else "\ufeff") + f"{HEADER}\n{ROW}\n".replace(",", "\t")
    (tmp_path / "flight.csv").write_bytes(text.encode(encoding))
    assert read_sidecar(tmp_path / "flight.csv", None).samples == read(tmp_path, f"{HEADER}\n{ROW}\n").samples


def test_angle_of_view_may_come_from_the_caller(tmp_path):
    header, row = HEADER.removesuffix(",hfov_deg"), ROW.removesuffix(",40.0")
    assert read(tmp_path, f"{header}\n{row}\n", 55.0).samples[0].pose.hfov_deg == 55.0


def test_columns_may_stand_in_any_order_with_a_byte_order_mark_and_carriage_returns(tmp_path):
    text = "\ufeffhfov_deg,pitch_deg,yaw_deg,alt_m,lon_deg,lat_deg,t_s\r\n40,-35,271.5,850,-3.25,12.5,0\r\n"
    assert read(tmp_path, text).samples[0].pose.lat_deg == 12.5


def test_empty_file_is_refused_with_file_and_line(tmp_path):
    with pytest.raises(SourceError, match=r"flight\.csv.*1: .*lat_deg"):
        read(tmp_path, "")


@pytest.mark.parametrize("column", ["t_ns", "lat_deg", "lon_deg", "alt_m", "yaw_deg", "pitch_deg"])
def test_missing_column_is_refused_by_name(tmp_path, column):
    with pytest.raises(SourceError, match=rf"flight\.csv.*1: .*{column}"):
        read(tmp_path, f"{HEADER.replace(column, 'frame')}\n{ROW}\n")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("1000,north,-3.25,850.0,271.5,-35.0,40.0", "lat_deg is 'north': a number is needed"),
        ("1000,123,-3.25,850.0,271.5,-35.0,40.0", "lat_deg is 123: allowed are -90 to 90"),
        ("1000,12.5,-183.25,850.0,271.5,-35.0,40.0", "lon_deg is -183.25: allowed are -180 to 180"),
        ("1000,12.5,-3.25,inf,271.5,-35.0,40.0", "alt_m is inf: allowed are"),
        ("1000,12.5,-3.25,850.0,271.5,-95.0,40.0", "pitch_deg is -95.0: allowed are"),
        ("1000,12.5,-3.25,850.0,271.5,-35.0,500", "hfov_deg is 500: allowed are"),
        ("1.5e9,12.5,-3.25,850.0,271.5,-35.0,40.0", "t_ns is '1.5e9': a whole number of nanoseconds"),
        (",12.5,-3.25,850.0,271.5,-35.0,40.0", "t_ns is ''"),
        ("1000,12.5,-3.25", "3 cells under 7 columns"),
        ("1000,12.5,-3.25,850.0,271.5,-35.0,40.0,7", "8 cells under 7 columns"),
    ],
)
def test_cell_that_cannot_be_is_refused_with_file_and_line(tmp_path, row, complaint):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"{HEADER}\n\n{ROW}\n{row}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'flight.csv'}:4: {complaint}")


def test_every_complaint_is_told_at_once_up_to_twenty(tmp_path):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, HEADER + "\n" + "1000,x,0,0,0,0,40\n" * 23)
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (21, "and 3 more lines")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("hfov_deg", "hfov_degs", "column hfov_degs is not known; is hfov_deg meant?"),
        ("hfov_deg", "lat_deg", "column lat_deg stands there twice"),
    ],
)
def test_slip_in_a_column_name_is_not_passed_over(tmp_path, old, new, complaint):
    with pytest.raises(SourceError, match=r"flight\.csv:1: ") as caught:
        read(tmp_path, f"{HEADER.replace(old, new)}\n{ROW}\n", 50.0)
    assert complaint in str(caught.value)


def test_columns_of_somebody_elses_are_passed_over(tmp_path):
    assert len(read(tmp_path, f"{HEADER},battery_percent\n{ROW},71\n").samples) == 1


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        ("time_utc", "2026-03-01T06:30:00", "zone"),
        ("t_s", "soon", "t_s is 'soon': a number of seconds"),
        ("t_s", "inf", "a number of seconds"),
    ],
)
def test_time_that_is_none_is_refused(tmp_path, column, cell, complaint):
    with pytest.raises(SourceError, match=rf"flight\.csv:2: .*{complaint}"):
        read(tmp_path, f"{HEADER.replace('t_ns', column)}\n{ROW.replace('1000', cell)}\n")


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        ("t_s", "1772357400.5", "t_s is 1772357400.5: it counts from the first picture; times of day are time_utc or"),
        ("t_s", "1772357400500", "t_s is 1772357400500: it counts from the first picture"),
        ("t_ns", "9900000000000000000000", "t_ns is 9900000000000000000000: allowed are 1970 to 2199"),
        ("t_ns", "-1", "t_ns is -1: allowed are 1970 to 2199"),
        ("time_utc", "9999-01-01T00:00:00Z", "'9999-01-01T00:00:00Z' lies outside the years 1700 to 2199"),
        ("time_utc", "1969-12-31T00:00:00Z", "time_utc is 1969-12-31T00:00:00Z: allowed are 1970 to 2199"),
    ],
)
def test_time_that_no_recording_has_is_refused_before_it_overflows(tmp_path, column, cell, complaint):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"{HEADER.replace('t_ns', column)}\n{ROW.replace('1000', cell)}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'flight.csv'}:2: {complaint}")


def test_unknown_datum_is_refused_with_those_that_are_allowed(tmp_path):
    with pytest.raises(SourceError, match=r"flight\.csv:2: datum is 'agl': allowed are ellipsoid, msl, takeoff"):
        read(tmp_path, f"{HEADER},datum\n{ROW},agl\n")


def test_negative_sigma_is_refused_and_an_unknown_one_has_its_default(tmp_path):
    with pytest.raises(SourceError, match="sigma_pos_m is -1"):
        read(tmp_path, f"{HEADER},sigma_pos_m\n{ROW},-1\n")
    assert read(tmp_path, f"{HEADER},sigma_pos_m\n{ROW},nan\n").samples[0].pose.sigma_pos_m == 5.0


def test_table_without_rows_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"flight\.csv:1: the table has no rows"):
        read(tmp_path, f"{HEADER}\n")


def test_one_row_that_is_partly_empty_has_a_time_and_no_pose(tmp_path):
    side = read(tmp_path, f"{HEADER}\n1000,12.5,,850.0,271.5,-35.0,40.0\n")
    assert [(sample.t_ns, sample.pose) for sample in side.samples] == [(1000, None)]
    assert side.counters == {"csv_rows": 1, "csv_rows_without_pose": 1}


def test_clock_that_goes_back_is_counted_and_not_followed(tmp_path):
    side = read(tmp_path, HEADER + "\n" + "".join(f"{t}{ROW[4:]}\n" for t in (5, 9, 7, 9, 10)))
    assert [sample.t_ns for sample in side.samples] == [5, 9, 10]
    assert side.counters["csv_clock_went_back"] == 2


def test_what_is_no_table_at_all_is_refused(tmp_path):
    for content in (b"\0\0\0\n\xff\xfe", ('x"' * 200_000).encode(), bytes(range(256)) * 4):
        with pytest.raises(SourceError, match=r"flight\.csv:\d+: "):
            read(tmp_path, content)


def test_missing_file_is_a_source_error_that_names_it(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_sidecar(tmp_path / "none.csv", None)


def test_a_roll_that_is_not_told_is_taken_as_0_and_counted(tmp_path):
    side = read(tmp_path, f"{HEADER}\n{ROW}\n")
    assert side.samples[0].pose.roll_deg == 0.0
    assert side.counters["roll_taken_as_0"] == 1
    told = read(tmp_path, f"{HEADER},roll_deg\n{ROW},0.0\n")
    assert "roll_taken_as_0" not in told.counters


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_table_as_a_spreadsheet_writes_it_says_the_same(tmp_path, separator):
    def written(line, point):
        return line.replace(",", separator).replace(".", point)

    wanted = read(tmp_path, f"{HEADER}\n{ROW}\n").samples
    for point in (".", ","):
        text = f"\ufeff{written(HEADER, point)}\r\n{written(ROW, point)}\r\n"
        assert read(tmp_path, text).samples == wanted
    with pytest.raises(SourceError, match="2: lat_deg is '1 2': a number is needed"):
        read(tmp_path, written(f"{HEADER}\n{ROW.replace('12.5', '1 2')}\n", ","))
