"""`trucewatch inspect`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from detector.cli import run
from detector.cli.app import app as commands
from detector.cli.inspect import inspect
from detector.klv import st0601
from tests.cli.media_making import pictures, video

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data")) / "klv"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the measuring data in {DATA}")
app = typer.Typer()
app.command()(inspect)


@needs_data
def test_a_good_feed_is_called_good_enough() -> None:
    result = CliRunner().invoke(app, [str(DATA / "sample-stream.ts"), "--json"])
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["frames"], report["telemetry_sets"], report["verdict"]) == (277, 277, True)
    assert report["security"] == "UNCLASSIFIED"
    assert len(report["corners"]) == 4


@needs_data
@pytest.mark.parametrize("name", ["aphill_klv_10s.ts", "h264_klv.ts", "bad-klv-packet"])
def test_other_feeds_are_shown_for_people(name: str) -> None:
    result = CliRunner().invoke(app, [str(DATA / name)])
    assert result.exit_code == 0
    assert "telemetry" in result.stdout


def test_a_wrong_checksum_in_a_file_of_telemetry_alone_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(st0601.encode({2: 1, 13: 5.0}, break_checksum=True))
    result = CliRunner().invoke(app, [str(tmp_path / "a.bin"), "--json"])
    assert json.loads(result.stdout)["counters"]["klv_checksum_wrong"] == 1


def test_an_angle_of_view_and_a_table_of_another_name_can_be_tried(tmp_path: Path) -> None:
    path, table = video(tmp_path / "a.mp4", 8), tmp_path / "other.csv"
    table.write_text("t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,ground_alt_m\n0,42.3,-99.5,600,10,-60,400\n")
    for options, poses in (([], 0), (["--telemetry", table], 0), (["--telemetry", table, "--hfov-deg", "70"], 8)):
        result = CliRunner().invoke(commands, ["inspect", str(path), "--json", *map(str, options)])
        report = json.loads(result.stdout)
        assert (report["poses"], bool(report["telemetry_beside"])) == (poses, bool(options))
    assert report["telemetry_beside"] == "other.csv, 1 rows"


def test_no_gap_is_left_out_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(tmp_path / "in", 30)
    for index in range(1, 30):
        (tmp_path / "in" / f"shot_{index}.png").write_bytes(b"junk")
    assert run(["inspect", str(tmp_path / "in")]) == 0
    shown = capsys.readouterr().out
    assert "shot_20.png cannot be read" in shown
    assert "and 9 more" in shown


def test_what_is_no_video_is_told_without_numbers_of_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ts").write_bytes(bytes(1000))
    assert run(["inspect", str(tmp_path / "a.ts")]) == 3
    told = capsys.readouterr().err
    assert (
        told
        == f"{tmp_path / 'a.ts'}: not a video that can be read, from byte 0: Invalid data found when processing input\n"
    )


@pytest.mark.parametrize("name", ["a.mp4", "a.bin", "a.ts"])
def test_damaged_media_end_with_exit_code_3_and_no_traceback(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"only words here\n" * 9)
    result = CliRunner().invoke(commands, ["inspect", str(tmp_path / name)])
    assert result.exit_code == 3
    assert result.stderr.startswith(str(tmp_path / name))
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
