"""Every container and codec that encodes here, damage in the middle, and what a decoder may change on the way."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from detector.model import Frame, Gap, GapReason
from detector.sources import open_source
from detector.sources.luma import luma_of
from detector.sources.survey import packets

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data"))
FEEDS = Path(__file__).parents[2] / "sample_feeds"
QUIET = {"libx265": {"x265-params": "log-level=none"}}


def picture(i: int, size: tuple[int, int]) -> np.ndarray:
    """Grey level 60 + 3 i (up to 40, then again) with a bright bar that moves."""
    grey = np.full((size[1], size[0], 3), 60 + 3 * (i % 40), np.uint8)
    grey[:, (4 * i) % (size[0] - 8) : (4 * i) % (size[0] - 8) + 8] = 230
    return grey


def textured(i: int, size: tuple[int, int]) -> np.ndarray:
    """So much detail that transport packets are full."""
    return np.random.default_rng(i // 3).integers(0, 256, (size[1], size[0], 3), np.uint8)


def make(path, codec="libx264", pix_fmt="yuv420p", size=(64, 48), frames=12, rate=25, drawn=picture):
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=rate, options=QUIET.get(codec, {}))
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.gop_size = 6
        # AVI keeps no time of presentation: with B pictures the order of display is only the decoder's guess. And of a
        # single picture libx265 now and then gives a decoding time that MP4 refuses, if it may be a B picture.
        if codec != "mjpeg":
            video.codec_context.max_b_frames = 0 if path.suffix == ".avi" or frames == 1 else 2
        for i in range(frames):
            shown = av.VideoFrame.from_ndarray(drawn(i, size), format="rgb24")
            shown.pts, shown.time_base = i, Fraction(1, rate)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
    return path


def sparse(path: Path, codec: str, ticks: list[int]) -> Path:
    """Pictures at these ticks of 1/25 s alone."""
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i in ticks:
            shown = av.VideoFrame.from_ndarray(picture(i, (64, 48)), format="rgb24")
            shown.pts, shown.time_base = i, Fraction(1, 25)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
    return path


def read(path):
    source = open_source(path, source_id="s")
    items = list(source)
    return [i for i in items if isinstance(i, Frame)], [i for i in items if isinstance(i, Gap)], source.end


CODECS = [
    ("libx264", "yuv420p", (".ts", ".mp4", ".mkv", ".mov", ".avi")),
    ("libx265", "yuv420p", (".ts", ".mp4", ".mkv")),
    ("libx265", "yuv420p10le", (".ts", ".mkv")),
    ("libx264", "yuv420p10le", (".mp4",)),
    ("mpeg2video", "yuv420p", (".ts", ".mkv", ".mov", ".avi")),
    ("mpeg4", "yuv420p", (".mp4", ".avi")),
    ("mjpeg", "yuvj420p", (".mkv", ".avi", ".mov")),
]
ALL = [(codec, pix_fmt, suffix) for codec, pix_fmt, suffixes in CODECS for suffix in suffixes]


@pytest.mark.parametrize(("codec", "pix_fmt", "suffix"), ALL)
@pytest.mark.parametrize("frames", [12, 1])
def test_every_codec_in_every_container_gives_all_frames_at_their_times(tmp_path, codec, pix_fmt, suffix, frames):
    shown, gaps, end = read(make(tmp_path / f"a{suffix}", codec, pix_fmt, frames=frames))
    assert (len(shown), gaps, end.complete) == (frames, [], True)
    assert [round((frame.t_ns - shown[0].t_ns) / 4e7) for frame in shown] == list(range(frames))
    for i, frame in enumerate(shown):
        assert frame.luma.shape == (48, 64)
        # Limited range: 16 + 219/255 of the level; full range (MJPEG): the level. Lossy by a few levels.
        level = 60 + 3 * i if pix_fmt == "yuvj420p" else 16 + (60 + 3 * i) * 219 / 255
        assert np.median(frame.luma) == pytest.approx(level, abs=4)


@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv444p"), ("mjpeg", "yuvj444p"), ("libx265", "yuv444p")])
def test_odd_sizes_keep_every_row_and_column(tmp_path, codec, pix_fmt):
    shown, _, _ = read(make(tmp_path / "a.mkv", codec, pix_fmt, size=(63, 47), frames=3))
    assert [frame.size_px for frame in shown] == [(63, 47)] * 3
    assert shown[2].colour().shape == (47, 63, 3)
    assert shown[0].luma[:, 62].mean() == pytest.approx(shown[0].luma[:, 30].mean(), abs=6)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "gray"])
def test_luma_is_the_memory_of_the_decoders_plane(pix_fmt):
    frame = av.VideoFrame.from_ndarray(picture(0, (64, 48)), format="rgb24").reformat(format=pix_fmt)
    assert np.shares_memory(luma_of(frame), np.frombuffer(frame.planes[0], np.uint8))


def test_luma_stays_as_it_was_while_later_frames_are_decoded():
    kept = [(frame.luma, frame.luma.copy()) for frame in read(FEEDS / "crossing.ts")[0][:40]]
    assert all(np.array_equal(luma, copy) for luma, copy in kept)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_corrupted_packets_in_the_middle_are_damaged_and_reading_goes_on(tmp_path, codec):
    path = make(tmp_path / "a.ts", codec, size=(160, 120), frames=90, drawn=textured)
    raw = bytearray(path.read_bytes())
    start = len(raw) // 2 // 188 * 188
    noise = np.random.default_rng(1).integers(0, 256, 188 * 8, np.uint8).tobytes()
    for k in range(8):  # the payload only: every transport packet still has its header
        raw[start + 188 * k + 12 : start + 188 * (k + 1)] = noise[188 * k + 12 : 188 * (k + 1)]
    path.write_bytes(raw)
    shown, gaps, end = read(path)
    damaged = [gap for gap in gaps if gap.reason is GapReason.DAMAGED]
    assert damaged
    assert 1.0 < (damaged[0].t_start_ns - shown[0].t_ns) / 1e9 < 2.6
    assert any(frame.damaged for frame in shown)
    assert not shown[0].damaged
    assert not shown[-1].damaged
    assert shown[-1].t_ns - shown[0].t_ns == pytest.approx(89 * 4e7, abs=1e6)
    assert end.complete
    assert sum(end.counters.get(name, 0) for name in ("damaged_packets", "corrupt_frames", "lost_pictures")) > 0


def test_transport_packets_lost_in_the_middle_of_a_sample_feed_are_damaged(tmp_path):
    raw = (FEEDS / "crossing.ts").read_bytes()
    start = len(raw) // 2 // 188 * 188
    path = tmp_path / "a.ts"
    path.write_bytes(raw[:start] + raw[start + 188 * 20 :])
    shown, gaps, end = read(path)
    assert GapReason.DAMAGED in [gap.reason for gap in gaps]
    assert end.complete
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(shown))


def test_a_change_of_size_in_the_middle_is_counted_and_the_first_size_kept(tmp_path):
    small = make(tmp_path / "a.ts", size=(64, 48), frames=50).read_bytes()
    large = make(tmp_path / "b.ts", size=(128, 96), frames=50).read_bytes()
    (tmp_path / "both.ts").write_bytes(small + large)
    shown, _, end = read(tmp_path / "both.ts")
    assert {frame.size_px for frame in shown} == {(64, 48)}
    assert {frame.colour().shape for frame in shown[::10]} == {(48, 64, 3)}
    assert (len(shown), end.counters["resized_frames"]) == (100, 50)


def test_variable_frame_times_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.mkv"
    stamps_ms = np.cumsum([0, 33, 34, 200, 17, 40, 900, 33, 33, 100]).tolist()
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        for i, at_ms in enumerate(stamps_ms):
            shown = av.VideoFrame.from_ndarray(picture(i, (64, 48)), format="rgb24")
            shown.pts, shown.time_base = at_ms, Fraction(1, 1000)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
    shown, _, _ = read(path)
    assert [round((frame.t_ns - shown[0].t_ns) / 1e6) for frame in shown] == stamps_ms


@pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the measuring data in {DATA}")
def test_variable_frame_times_of_a_real_camera_are_those_of_the_file():
    path = DATA / "static/traffic_camera_vfr.mp4"
    with av.open(str(path)) as container:
        pts_s = sorted(float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None)
    shown, _, _ = read(path)
    steps_ns = np.diff([frame.t_ns for frame in shown])
    assert np.abs(steps_ns - np.diff(pts_s) * 1e9).max() < 2
    assert steps_ns.std() > 1e6


@pytest.mark.parametrize("damage", ["noise in the middle", "cut", "text", "empty", "noise"])
@pytest.mark.parametrize("command", ["inspect", "detect"])
def test_broken_media_leave_at_most_one_line_of_our_own_on_stderr(tmp_path, damage, command):
    raw = bytearray(make(tmp_path / "whole.ts", size=(320, 240), frames=60).read_bytes())
    middle = len(raw) // 2 // 188 * 188
    if damage == "noise in the middle":
        raw[middle : middle + 1880] = np.random.default_rng(0).integers(0, 256, 1880, np.uint8).tobytes()
    broken = {"cut": raw[: middle + 99], "text": b"words only\n" * 50, "empty": b"", "noise": bytes(range(256)) * 40}
    (tmp_path / "a.ts").write_bytes(broken.get(damage, raw))
    more = ["--out", str(tmp_path / "out.jsonl")] if command == "detect" else []
    done = subprocess.run(
        [sys.executable, "-m", "detector", command, str(tmp_path / "a.ts"), *more],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == (0 if damage == "noise in the middle" else 3)
    assert all("a.ts" in line for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr


def test_damage_that_looks_like_further_streams_is_read_to_the_end(tmp_path):
    """A fifth of the bytes of a stretch at random: the transport stream's map then names streams that are none."""
    data, chance = bytearray((FEEDS / "crossing.ts").read_bytes()), random.Random(3)
    middle = len(data) // 2
    for i in range(middle, middle + 120_000):
        if chance.random() < 0.2:
            data[i] = chance.randrange(256)
    (tmp_path / "hurt.ts").write_bytes(data)
    frames, gaps, end = read(tmp_path / "hurt.ts")
    assert len(frames) > 150
    assert GapReason.DAMAGED in {gap.reason for gap in gaps}
    assert (end.complete, end.counters["late_streams"]) == (True, 1)  # once, though the file is read twice


def test_a_stream_that_appears_late_ends_the_reading_and_is_counted():
    def demux(*_streams):
        yield "packet"
        raise IndexError("list index out of range")

    counters = Counter()
    assert list(packets(SimpleNamespace(demux=demux), [], counters)) == ["packet"]
    assert counters == {"late_streams": 1}


@pytest.mark.parametrize("late_s", [0, 3])
def test_a_whole_mkv_that_begins_late_is_complete_and_a_cut_one_is_not(tmp_path: Path, late_s: int) -> None:
    """A recorder that keeps its feed's own times: the container states its end counted from 0."""
    whole = sparse(tmp_path / "a.mkv", "libx264", [late_s * 25 + i for i in range(75)])
    frames, _, end = read(whole)
    assert (len(frames), end.complete, end.detail) == (75, True, "")
    (tmp_path / "b.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    _, _, end = read(tmp_path / "b.mkv")
    assert not end.complete
    assert f"the container states {late_s + 3}.000 s" in end.detail


def test_an_avi_with_pictures_that_repeat_the_one_before_is_complete_and_a_cut_one_is_not(tmp_path: Path) -> None:
    """Capture cards write a place without bytes where they dropped a picture."""
    whole = sparse(tmp_path / "a.avi", "mjpeg", [i for i in range(60) if i % 3 != 1])
    frames, _, end = read(whole)
    assert (len(frames), end.complete, end.detail) == (40, True, "")
    (tmp_path / "b.avi").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    _, _, end = read(tmp_path / "b.avi")
    assert not end.complete
    assert "the index promises 60 pictures" in end.detail


@pytest.mark.parametrize("name", ["2026-03-01T09:30:00.ts", "http:live.mp4", "-a.ts", "a?b#c %03d [1].mkv"])
def test_a_name_that_looks_like_an_address_is_a_file(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / f"plain{Path(name).suffix}").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    frames, _, end = read(name)
    assert (len(frames), end.complete) == (12, True)
