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


def test_missing_file_is_a_source_error_that_names_it(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_sidecar(tmp_path / "none.csv", None)
