"""Telemetry out of step with the picture. Truth: feeds that are in step, opened with an offset."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from detector.model import CameraPose, Frame, TimeFrom
from detector.sources import VideoFile, open_source
from detector.sources.inspection import inspect_media
from detector.sources.picture_motion import PictureMotion
from detector.sources.telemetry import Sample, Track

FEED = Path(__file__).parents[2] / "sample_feeds/demo.ts"
DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data"))
S = 1_000_000_000
POSE = CameraPose(42.3, -99.5, 800.0, 90.0, -45.0, 0.0, 40.0, 30.0, ground_alt_m=600.0)


def watched(path):
    motion = PictureMotion()
    for item in open_source(path, source_id="s"):
        if isinstance(item, Frame):
            motion.see(item)
    return motion


def track_of(path, offset_s):
    source = open_source(path, source_id="s", telemetry_offset_s=offset_s)
    assert isinstance(source, VideoFile)
    return source.track


@pytest.fixture(scope="module")
def demo():
    return watched(FEED)


@pytest.mark.parametrize("offset_s", [0.0, 2.0, -3.5, 7.5, -9.0])
def test_an_offset_is_found_within_a_tenth_of_a_second(demo, offset_s):
    found = demo.offset(track_of(FEED, offset_s))
    assert found.seconds == pytest.approx(-offset_s, abs=0.1)
    assert found.confidence > 0.8


def test_an_offset_beyond_what_is_searched_is_not_made_up(demo):
    assert demo.offset(track_of(FEED, 25.0)).seconds is None


@pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the measuring data in {DATA}")
def test_a_real_flight_is_in_step():
    path = DATA / "klv/sample-stream.ts"
    motion = watched(path)
    assert motion.offset(track_of(path, 0.0)).seconds == pytest.approx(0.0, abs=0.2)
    assert motion.offset(track_of(path, 2.0)).seconds == pytest.approx(-2.0, abs=0.2)


def hovering(seconds, pose=POSE):
    """Noise that stands still, and poses that do too."""
    luma = np.random.default_rng(0).integers(0, 256, (90, 160), np.uint8)
    motion = PictureMotion()
    for i in range(seconds * 10):
        motion.see(Frame("s", i, i * S // 10, luma, True, TimeFrom.START_PTS, None, lambda: luma))
    return motion, Track([Sample(i * S // 10, pose) for i in range(seconds * 10)])


def test_what_cannot_be_measured_says_why():
    motion, track = hovering(20)
    assert motion.offset(track).why_not == "the drone flies and looks too steadily"
    assert motion.offset(Track([])).why_not == "the recording is too short"
    assert hovering(1)[0].offset(track).why_not == "the recording is too short"
    unknown = CameraPose(42.3, -99.5, 800.0, 90.0, -45.0, 0.0, 40.0, 30.0)
    assert "do not tell" in motion.offset(hovering(20, unknown)[1]).why_not


def test_pictures_that_do_not_move_like_the_poses_give_no_offset():
    motion, _ = hovering(30)
    turns = np.random.default_rng(1).normal(90, 1, 300)
    poses = [CameraPose(42.3, -99.5, 800.0, float(yaw), -45.0, 0.0, 40.0, 30.0, ground_alt_m=600.0) for yaw in turns]
    found = motion.offset(Track([Sample(i * S // 10, pose) for i, pose in enumerate(poses)]))
    assert found.seconds is None
    assert found.why_not


def test_telemetry_out_of_step_is_refused_with_the_setting_that_mends_it(tmp_path):
    """The same flight with its telemetry in a table that is two seconds late."""
    rows = ["t_ns,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,roll_deg,hfov_deg,vfov_deg,ground_alt_m"]
    source = open_source(FEED, source_id="s")
    assert isinstance(source, VideoFile)
    for one in source.survey.samples:
        p = one.pose
        assert p is not None
        values = (
            p.lat_deg, p.lon_deg, p.alt_m, p.yaw_deg, p.pitch_deg, p.roll_deg, p.hfov_deg, p.vfov_deg, p.ground_alt_m,
        )  # fmt: skip
        rows.append(",".join([str(one.t_ns + 2 * S), *map(repr, values)]))
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "a.ts").symlink_to(FEED)
    report = inspect_media(tmp_path / "a.ts")
    assert report.out_of_step_s == pytest.approx(-2.0, abs=0.2)
    assert "set telemetry_offset_s: -2.0" in report.why_not[-1]
