"""What `inspect` finds, on the sample feeds and on files made here: no shared data is needed but for the last."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from detector.cli import run
from detector.errors import SourceError
from detector.klv import st0601
from detector.model import Frame
from detector.sources import open_source
from detector.sources.inspection import inspect_media
from detector.sources.survey import survey
from tests.sources.test_video import make

FEEDS = Path(__file__).parents[2] / "sample_feeds"
KLV = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data")) / "klv"
needs_data = pytest.mark.skipif(not KLV.is_dir(), reason=f"needs the measuring data in {KLV}")


@pytest.mark.parametrize("name", ["crossing.ts", "parallax.ts"])
def test_a_good_feed_is_shown_whole_and_accepted(name):
    report = inspect_media(FEEDS / name)
    assert (report.verdict, report.why_not, report.complete) == (True, [], True)
    assert report.poses == report.frames == round(report.duration_s * report.frame_rate)
    assert (report.telemetry, report.telemetry_rate) == (["ST 0601"], pytest.approx(10.0, abs=0.2))
    assert (report.time_from, report.security) == ("telemetry", "UNCLASSIFIED")
    assert [one["type"] for one in report.streams] == ["video", "data"]
    assert abs(report.telemetry_lag_s) < 0.05


def test_a_recording_that_lacks_nothing_but_the_angle_of_view_says_so_and_takes_a_stated_one(tmp_path):
    """`hfov_deg` was for tables and subtitles only, and said nothing here."""
    path, told = tmp_path / "a.ts", {5: 90.0, 6: 0.0, 7: 0.0, 13: 10.0, 14: 20.0, 18: 0.0, 19: -60.0, 20: 0.0}
    with av.open(str(path), "w") as out:
        video, data = out.add_stream("mpeg2video", rate=25), out.add_data_stream("klv")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for i in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            out.mux(video.encode(picture))
            packet = av.Packet(st0601.encode({2: 1_750_000_000_000_000 + 40_000 * i, 104: 500.0, 78: 100.0, **told}))
            packet.stream, packet.pts, packet.dts, packet.time_base = data, 3600 * i, 3600 * i, Fraction(1, 90_000)
            out.mux(packet)
        out.mux(video.encode(None))
    lacking = inspect_media(path)
    assert lacking.why_not == ["no frame has a complete pose: missing: horizontal field of view (16); state hfov_deg"]
    stated = inspect_media(path, hfov_deg=40.0)
    assert (stated.why_not, stated.poses) == ([], 50)


def test_a_pause_is_no_part_of_the_frame_rate(tmp_path):
    stamps = [1_750_000_000_000_000 + 40_000 * i + (600_000_000 if i >= 80 else 0) for i in range(200)]
    report = inspect_media(make(tmp_path / "a.ts", 200, klv_us=stamps))
    assert (report.frame_rate, report.constant_rate) == (pytest.approx(25.0, abs=0.01), True)
    assert report.gaps == ["missing: no frames for 600.040 s before frame 80"]


def test_it_says_how_far_it_has_come_for_an_hour_takes_minutes():
    told = []
    report = inspect_media(FEEDS / "parallax.ts", on_progress=lambda *at: told.append(at))
    assert [frames for _, frames, _, _ in told] == list(range(25, report.frames + 1, 25))
    assert {(name, total_s) for name, _, _, total_s in told} == {("parallax.ts", report.duration_s)}
    assert told[-1][2] == pytest.approx(report.duration_s, abs=1.0)


def test_the_footprints_centre_is_the_frame_centre_that_the_telemetry_tells():
    report = inspect_media(FEEDS / "crossing.ts")
    _, lat_deg, lon_deg = survey(FEEDS / "crossing.ts").centres[0]
    assert report.centre == (pytest.approx(lon_deg, abs=1e-5), pytest.approx(lat_deg, abs=1e-5))


def test_corners_told_lie_on_the_outline():
    report = inspect_media(FEEDS / "crossing.ts")
    outline = np.asarray(report.footprint)
    for corner in report.corners:
        assert np.abs(outline - corner).max(axis=1).min() < 1e-4


def test_damaged_telemetry_is_refused_with_its_count():
    report = inspect_media(FEEDS / "faulty.ts")
    assert report.counters["klv_checksum_wrong"] == 24
    assert not report.verdict
    assert any("24 of 96 telemetry sets" in reason for reason in report.why_not)


def test_a_video_without_telemetry_says_so(tmp_path):
    path = tmp_path / "a.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for level in range(5):
        out.write(np.full((48, 64, 3), 20 * level, np.uint8))
    out.release()
    report = inspect_media(path)
    assert (report.frames, report.telemetry, report.constant_rate) == (5, [], True)
    assert report.start.startswith("1970-01-01")
    assert "no telemetry" in report.why_not[0]


def test_a_folder_with_a_table_beside_it_is_judged_as_a_video_is(tmp_path):
    folder = tmp_path / "flight"
    folder.mkdir()
    for i in range(20):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((48, 64), 10 * i, np.uint8))
    head = "t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg,ground_alt_m"
    rows = [f"{t / 2},42.3,-99.5,300,0,-60,40,{{}}" for t in range(5)]
    (tmp_path / "flight.csv").write_text("\n".join([head, *rows]).format(*[100] * 5), encoding="utf-8")
    good = inspect_media(folder)
    assert (good.kind, good.frames, good.verdict) == ("images", 20, True)
    assert len(good.footprint) > 3
    (tmp_path / "flight.csv").write_text("\n".join([head, *rows]).format(*[""] * 5), encoding="utf-8")
    assert "location.ground_alt_m" in inspect_media(folder).why_not[0]


def folder_and_film(tmp_path, count):
    """So many pictures as a folder, and as a film of 10 a second."""
    folder, film = tmp_path / "flight", tmp_path / "film.avi"
    folder.mkdir()
    out = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((48, 64), 10 * i, np.uint8))
        out.write(np.full((48, 64, 3), 10 * i, np.uint8))
    out.release()
    return folder, film


def test_what_was_counted_in_a_sidecar_is_told(tmp_path):
    table = "t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg\n0,1,2,3,4,-5,6\n1,1,2,3,4,-5,6\n0.5,1,2,3,4,-5,6\n"
    for media in folder_and_film(tmp_path, 5):
        media.with_suffix(".csv").write_text(table, encoding="utf-8")
        counters = inspect_media(media).counters
        assert (counters["csv_rows"], counters["csv_clock_went_back"]) == (2, 1)


def test_positions_in_a_sidecar_that_no_aircraft_flies_to_are_left_out_counted_and_judged(tmp_path):
    head = "t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg,ground_alt_m"
    rows = [f"{t / 5},{43.3 if t in (4, 5) else 42.3},-99.5,300,0,-60,40,100" for t in range(11)]
    for media in folder_and_film(tmp_path, 20):
        media.with_suffix(".csv").write_text("\n".join([head, *rows]), encoding="utf-8")
        report = inspect_media(media)
        assert report.counters["position_jumps"] == 2
        assert "stale_telemetry: 2 telemetry positions are farther off than an aircraft flies" in report.gaps[0]
        assert "2 of 11 telemetry positions are farther off" in report.why_not[-1]
        assert report.telemetry_beside == f"{media.stem}.csv, 11 rows"
        assert report.telemetry_rate == pytest.approx(8 / 2.0)
        source = open_source(media, source_id="s")
        poses = [item.pose for item in source if isinstance(item, Frame)]
        assert {round(pose.lat_deg, 6) for pose in poses if pose is not None} == {42.3}
        assert len(source.telemetry.t_ns) == 11  # the watch over the platform is told of all


def test_a_file_of_telemetry_alone_shows_its_items_whatever_its_name(tmp_path):
    sets = [st0601.encode({2: 1_000_000 * t, 13: 5.0, 14: 6.0, 3: "flight 7"}) for t in range(3)]
    (tmp_path / "packet").write_bytes(b"".join(sets))
    report = inspect_media(tmp_path / "packet")
    assert (report.kind, report.telemetry_sets) == ("klv", 3)
    assert "flight 7" in report.items.values()
    assert report.why_not == ["there is no picture in it"]


def test_a_transport_stream_of_telemetry_alone_is_told_from_a_file_of_klv(tmp_path, capsys):
    """Read as bytes of KLV, the packets' headers were junk, cut sets and jumps of the clock."""
    path = tmp_path / "relay.ts"
    with av.open(str(path), "w", format="mpegts") as out:
        data = out.add_data_stream("klv")
        for i in range(30):
            items = {2: 1_750_000_000_000_000 + 100_000 * i, 13: 5.0, 14: 6.0, 3: "flight 7"}
            packet = av.Packet(st0601.encode(items))
            packet.stream, packet.pts, packet.dts, packet.time_base = data, 9000 * i, 9000 * i, Fraction(1, 90_000)
            out.mux(packet)
    report = inspect_media(path)
    assert (report.kind, report.telemetry, report.telemetry_sets) == ("telemetry", ["ST 0601"], 30)
    assert report.counters == {"klv_sets": 30}
    assert [one["type"] for one in report.streams] == ["data"]
    assert report.telemetry_rate == pytest.approx(10.0)
    assert (report.start, report.duration_s) == ("2025-06-15T15:06:40.000000Z", pytest.approx(2.9))
    assert report.why_not == ["there is no picture in it: its streams hold telemetry only"]
    assert run(["inspect", str(path)]) == 0
    assert "no picture in it: its streams hold telemetry only" in " ".join(capsys.readouterr().out.split())
    assert run(["detect", str(path), "--out", str(tmp_path / "a.jsonl")]) == 3
    assert "there is no picture in it: only telemetry (30 sets)" in capsys.readouterr().out


def test_corners_from_offsets_to_the_centre(tmp_path):
    offsets = {26 + k: 0.001 * (k + 1) for k in range(8)}
    (tmp_path / "a.klv").write_bytes(st0601.encode({2: 1, 23: 10.0, 24: 20.0, **offsets}))
    corners = inspect_media(tmp_path / "a.klv").corners
    assert corners[0] == (pytest.approx(20.002, abs=1e-5), pytest.approx(10.001, abs=1e-5))
    assert corners[3] == (pytest.approx(20.008, abs=1e-5), pytest.approx(10.007, abs=1e-5))


def test_what_is_neither_is_refused_by_name(tmp_path):
    (tmp_path / "a.klv").write_bytes(b"no sets here")
    with pytest.raises(SourceError, match=r"a\.klv: no ST 0601 or EG 0104 set in its 12 bytes"):
        inspect_media(tmp_path / "a.klv")
    with pytest.raises(SourceError, match="no such file"):
        inspect_media(tmp_path / "nothing.ts")


@needs_data
@pytest.mark.parametrize(
    ("name", "verdict", "reason"),
    [
        ("sample-stream.ts", True, ""),
        ("h264_klv.ts", False, "no ground is in view"),
        ("h265_klv.ts", False, "no ground is in view"),
        ("aphill_klv_10s.ts", False, "how high the ground is"),
        ("h264_no_klv.ts", False, "no telemetry"),
    ],
)
def test_recordings_from_others_are_accepted_or_refused_with_the_reason(name, verdict, reason):
    report = inspect_media(KLV / name)
    assert report.verdict is verdict
    assert reason in " ".join(report.why_not)
