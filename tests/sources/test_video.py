"""Video files: counts, times, zero copy, damage, truncation."""

from __future__ import annotations

import itertools
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.errors import SourceError
from detector.klv import st0601
from detector.model import Frame, Gap, GapReason, TimeFrom
from detector.sources import PacketRing, open_source

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the measuring data in {DATA}")
T0_US = 1_750_000_000_000_000


def telemetry(t_us: int, lat_deg: float = 10.0) -> bytes:
    return st0601.encode(
        {2: t_us, 5: 90.0, 6: 0.0, 7: 0.0, 13: lat_deg, 14: 20.0, 104: 500.0, 16: 40.0, 18: 0.0, 19: -60.0, 20: 0.0}
    )


def make(
    path: Path,
    frames: int = 30,
    *,
    size: tuple[int, int] = (64, 48),
    codec: str = "mpeg2video",
    pix_fmt: str = "yuv420p",
    stamps: list[int] | None = None,
    klv_us: list[int] | None = None,
    times: int = 1,
    begin_s: int = 0,
) -> Path:
    """A small video; frame i is grey level 40 + 4 i. klv_us: so many `times` a set a frame with these time stamps.

    begin_s: presentation time of the first frame where no stamps are given, and of the first set.
    """
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25)
        video.width, video.height = size
        video.pix_fmt = pix_fmt
        video.codec_context.gop_size = 5
        data = out.add_data_stream("klv") if klv_us is not None else None
        for i in range(frames):
            grey = np.full((size[1], size[0], 3), (40 + 4 * i) % 256, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts = stamps[i] if stamps is not None else 25 * begin_s + i
            picture.time_base = Fraction(1, 25)
            for packet in video.encode(picture):
                out.mux(packet)
            if data is not None and klv_us is not None:
                packet = av.Packet(telemetry(klv_us[i], 10.0 + 1e-5 * i) * times)
                packet.stream = data
                packet.pts = packet.dts = 90_000 * begin_s + i * 3600
                packet.time_base = Fraction(1, 90_000)
                out.mux(packet)
        for packet in video.encode(None):
            out.mux(packet)
    return path


def read(path: Path, **options: object) -> tuple[list[Frame], list[Gap], object]:
    source = open_source(path, source_id="s", **options)  # type: ignore[arg-type]
    items = list(source)
    return [i for i in items if isinstance(i, Frame)], [i for i in items if isinstance(i, Gap)], source.end


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("moving/truck4.mp4", 421),
        ("moving/wakeboard7.mp4", 67),
        ("moving/Surfing06.mp4", 106),
        ("moving/bag.avi", 196),
        ("moving/woman.mp4", 479),
        ("static/vtest.avi", 795),
        ("static/traffic_camera_vfr.mp4", 576),
        ("static/issue53_brightness_change.avi", 59),
        ("klv/sample-stream.ts", 277),
        ("klv/h264_klv.ts", 30),
        ("klv/h265_klv.ts", 30),
        ("klv/mpeg2_klv.ts", 30),
        ("klv/h264_no_klv.ts", 30),
        ("klv/aphill_klv_10s.ts", 10),
    ],
)
def test_every_recording_is_read_to_its_end(name: str, count: int) -> None:
    frames, gaps, end = read(DATA / name)
    assert len(frames) == count
    assert end is not None
    assert end.complete  # type: ignore[attr-defined]
    # In the test patterns with every item the sensor jumps from place to place: that is told and loses no picture.
    assert {gap.reason for gap in gaps} <= ({GapReason.STALE_TELEMETRY} if "_klv.ts" in name else set())
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))


@needs_data
@pytest.mark.parametrize("name", ["h264_klv.ts", "h265_klv.ts", "mpeg2_klv.ts"])
def test_sets_without_a_presentation_time_give_the_first_frame_the_first_sets_time(name: str) -> None:
    frames, _, _ = read(DATA / "klv" / name)
    assert frames[0].time_from is TimeFrom.TELEMETRY
    assert frames[0].t_ns == pytest.approx(1_224_807_209_913_000_000, abs=2_000_000)


@needs_data
def test_the_predator_universal_set_places_the_camera_over_fort_ap_hill() -> None:
    frames, _, _ = read(DATA / "klv/aphill_klv_10s.ts")
    assert all(frame.pose is not None for frame in frames)
    pose = frames[0].pose
    assert pose is not None
    assert (pose.lat_deg, pose.lon_deg) == (pytest.approx(38.16, abs=0.001), pytest.approx(-77.356, abs=0.001))
    assert pose.pitch_deg == pytest.approx(-35.3, abs=0.3)


def test_luma_is_the_decoders_plane_and_cannot_be_written(tmp_path: Path) -> None:
    frames, _, _ = read(make(tmp_path / "a.ts"))
    assert len(frames) == 30
    assert frames[0].luma.base is not None
    with pytest.raises(ValueError, match="read-only"):
        frames[0].luma[0, 0] = 1
    assert frames[3].colour().shape == (48, 64, 3)
    assert frames[20].luma.mean() > frames[1].luma.mean()


def test_a_second_reading_gives_the_same(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts")
    source = open_source(path, source_id="s")
    once = [(f.t_ns, f.luma.tobytes()) for f in source if isinstance(f, Frame)]
    assert once == [(f.t_ns, f.luma.tobytes()) for f in source if isinstance(f, Frame)]


def test_without_telemetry_time_is_the_given_start_plus_pts(tmp_path: Path) -> None:
    frames, _, _ = read(make(tmp_path / "a.ts"), start_ns=1_000_000_000_000)
    assert frames[0].t_ns == 1_000_000_000_000
    assert frames[25].t_ns - frames[0].t_ns == 1_000_000_000
    assert frames[0].time_from is TimeFrom.START_PTS


def test_without_telemetry_and_start_the_time_is_unknown(tmp_path: Path) -> None:
    frames, _, _ = read(make(tmp_path / "a.ts"))
    assert (frames[0].t_ns, frames[0].time_from) == (0, TimeFrom.UNKNOWN)


def test_telemetry_gives_time_and_an_interpolated_pose(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", klv_us=[T0_US + 40_000 * i for i in range(30)])
    frames, gaps, _ = read(path)
    assert not gaps
    assert frames[10].time_from is TimeFrom.TELEMETRY
    assert abs(frames[10].t_ns - (T0_US + 400_000) * 1000) < 1_000_000
    pose = frames[10].pose
    assert pose is not None
    assert pose.lat_deg == pytest.approx(10.0001, abs=1e-7)
    assert (pose.yaw_deg, pose.pitch_deg) == (pytest.approx(90.0, abs=0.01), pytest.approx(-60.0, abs=0.01))
    assert pose.vfov_deg == pytest.approx(30.5, abs=0.2)


@pytest.mark.parametrize("stamp_us", [2**64 - 1, 2**63, 16_725_225_600_000_000])
def test_stamps_of_a_year_that_no_clock_shows_are_no_time(tmp_path: Path, stamp_us: int) -> None:
    _, _, end = read(make(tmp_path / "all.ts", klv_us=[stamp_us] * 30))
    assert (end.complete, end.counters["klv_without_time"]) == (True, 30)
    half = [stamp_us if i % 2 else T0_US + 40_000 * i for i in range(30)]
    frames, gaps, end = read(make(tmp_path / "half.ts", klv_us=half))
    assert (frames[10].time_from, gaps, end.counters["klv_without_time"]) == (TimeFrom.TELEMETRY, [], 15)
    assert abs(frames[10].t_ns - (T0_US + 400_000) * 1000) < 1_000_000


def test_a_clock_that_counts_from_1970_places_poses_and_tells_no_hour(tmp_path: Path) -> None:
    frames, _, _ = read(make(tmp_path / "a.ts", klv_us=[5_000_000 + 40_000 * i for i in range(30)]))
    assert frames[10].time_from is TimeFrom.UNKNOWN
    assert frames[10].pose is not None
    assert frames[10].pose.age_s < 0.001


def test_a_start_dates_a_clock_that_was_never_set(tmp_path: Path) -> None:
    path, start_ns = make(tmp_path / "a.ts", klv_us=[5_000_000 + 40_000 * i for i in range(30)]), T0_US * 1000
    before, _, _ = read(path)
    frames, gaps, _ = read(path, start_ns=start_ns)
    assert (frames[0].t_ns, frames[10].t_ns) == (start_ns, start_ns + 400_000_000)
    assert {frame.time_from for frame in frames} == {TimeFrom.START_PTS}
    assert [repr(frame.pose) for frame in frames] == [repr(frame.pose) for frame in before]  # they hold NaN
    told = "the clock of its telemetry was never set and showed 1970-01-01T00:00:05Z at the first picture"
    assert [(gap.reason, gap.t_end_ns - gap.t_start_ns) for gap in gaps] == [(GapReason.CLOCK, 1)]
    assert gaps[0].detail.startswith(told)
    source = open_source(path, source_id="s", start_ns=start_ns)
    assert source.telemetry is not None
    assert abs(int(source.telemetry.t_ns[0]) - start_ns) < 1_000_000


def test_a_start_overrules_no_clock_that_was_set(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", klv_us=[T0_US + 40_000 * i for i in range(30)])
    frames, gaps, _ = read(path, start_ns=1_800_000_000 * 10**9)
    assert (frames[0].time_from, gaps) == (TimeFrom.TELEMETRY, [])
    assert abs(frames[0].t_ns - T0_US * 1000) < 1_000_000


def test_a_clock_that_is_set_in_the_middle_stays_as_it_is_from_there(tmp_path: Path) -> None:
    """Of two recordings joined, the first had no fix yet."""
    first = make(tmp_path / "1.ts", klv_us=[5_000_000 + 40_000 * i for i in range(30)])
    second = make(tmp_path / "2.ts", klv_us=[T0_US + 60_000_000 + 40_000 * i for i in range(30)])
    both = tmp_path / "a.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    frames, _, _ = read(both, start_ns=T0_US * 1000)
    assert frames[0].t_ns == T0_US * 1000
    assert abs(frames[-1].t_ns - (T0_US + 60_000_000 + 29 * 40_000) * 1000) < 2_000_000
    assert all(frame.pose is not None and frame.pose.age_s < 0.001 for frame in frames[1:-1])


def test_an_offset_moves_the_telemetry_against_the_picture(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", klv_us=[T0_US + 40_000 * i for i in range(30)])
    frames, _, _ = read(path, telemetry_offset_s=0.4)
    pose = frames[20].pose
    assert pose is not None
    assert pose.lat_deg == pytest.approx(10.0001, abs=2e-7)


def test_stamps_that_jump_become_a_gap_and_the_pictures_time_goes_on(tmp_path: Path) -> None:
    stamps = [T0_US + 40_000 * i for i in range(30)]
    stamps[7], stamps[8] = T0_US + 3_600_000_000, T0_US - 50_000_000
    frames, gaps, _ = read(make(tmp_path / "a.ts", klv_us=stamps))
    assert [gap.reason for gap in gaps] == [GapReason.CLOCK]
    assert gaps[0].count == 2
    assert all(b.t_ns - a.t_ns == pytest.approx(40e6, abs=1e5) for a, b in itertools.pairwise(frames))
    assert all(frame.pose is not None for frame in frames)


def test_a_table_beside_it_that_has_no_pose_leaves_those_in_the_recording(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", klv_us=[T0_US + 40_000 * i for i in range(30)])
    (tmp_path / "a.csv").write_text("t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg\n0,42,16,500,,\n1,42,16,500,,\n")
    frames, _, _ = read(path)
    assert frames[10].pose is not None
    assert frames[10].pose.lat_deg == pytest.approx(10.0001, abs=1e-6)


def test_a_recorder_that_paused_without_a_gap_in_its_presentation_times_is_a_gap_of_the_frames(tmp_path: Path) -> None:
    """As when two pieces are joined by a program that lets the second go on from the first."""
    stamps = [T0_US + 40_000 * i + (600_000_000 if i >= 80 else 0) for i in range(250)]
    frames, gaps, _ = read(make(tmp_path / "a.ts", 250, klv_us=stamps))
    assert [frame.t_ns // 1000 for frame in frames] == pytest.approx(stamps, abs=100)
    assert [gap.reason for gap in gaps] == [GapReason.MISSING]
    assert all(frame.pose is not None and frame.pose.age_s < 0.05 for frame in frames)


def test_missing_time_is_a_gap(tmp_path: Path) -> None:
    stamps = [*range(15), *range(115, 130)]
    frames, gaps, end = read(make(tmp_path / "a.mkv", codec="mjpeg", pix_fmt="yuvj420p", stamps=stamps))
    assert len(frames) == 30
    assert [gap.reason for gap in gaps] == [GapReason.MISSING]
    assert gaps[0].t_end_ns - gaps[0].t_start_ns == pytest.approx(4e9, abs=2e6)
    assert end.complete  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix", "size"),
    [
        ("ffv1", "yuv420p10le", ".mkv", (64, 48)),
        ("ffv1", "gray16le", ".mkv", (64, 48)),
        ("ffv1", "bgr0", ".mkv", (65, 47)),
        ("ffv1", "yuv444p", ".mkv", (65, 47)),
        ("ffv1", "yuv420p", ".mkv", (65, 47)),
        ("rawvideo", "yuyv422", ".avi", (64, 48)),
        ("mjpeg", "yuvj420p", ".avi", (63, 49)),
    ],
)
def test_deep_odd_sized_and_packed_pictures_become_8_bit_grey(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str, size: tuple[int, int]
) -> None:
    frames, _, _ = read(make(tmp_path / f"a{suffix}", 3, codec=codec, pix_fmt=pix_fmt, size=size))
    assert len(frames) == 3
    assert frames[0].luma.dtype == np.uint8
    assert frames[0].size_px == size
    assert 30 < frames[0].luma.mean() < 70
    assert frames[0].colour().shape == (size[1], size[0], 3)


def test_a_video_of_one_frame_is_complete(tmp_path: Path) -> None:
    frames, gaps, end = read(make(tmp_path / "a.ts", 1))
    assert (len(frames), gaps, end.complete) == (1, [], True)  # type: ignore[attr-defined]


def test_a_transport_stream_cut_inside_a_packet_is_incomplete_and_says_where(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3 // 188 * 188 + 100])
    frames, gaps, end = read(path)
    assert 5 < len(frames) < 30
    assert not end.complete  # type: ignore[attr-defined]
    assert "byte" in end.detail  # type: ignore[attr-defined]
    assert gaps[-1].reason is GapReason.INCOMPLETE


def test_an_mp4_whose_last_samples_are_missing_is_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        video = out.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(1)
        for i in range(40):
            picture = av.VideoFrame.from_ndarray(noise.integers(0, 255, (48, 64, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = i, Fraction(1, 25)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, _, end = read(path)
    assert 5 < len(frames) < 40
    assert not end.complete  # type: ignore[attr-defined]
    assert "40 pictures" in end.detail  # type: ignore[attr-defined]


def test_corrupt_packets_in_the_middle_are_a_gap_and_reading_goes_on(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", 60)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 188 * 188
    raw[middle : middle + 188 * 12] = np.random.default_rng(0).integers(0, 256, 188 * 12, np.uint8).tobytes()
    path.write_bytes(raw)
    frames, gaps, end = read(path)
    assert frames[-1].t_ns >= 2_200_000_000
    assert any(gap.reason in (GapReason.DAMAGED, GapReason.MISSING) for gap in gaps)
    assert end.frames == len(frames)  # type: ignore[attr-defined]
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))


def test_bad_files_are_refused_by_name_with_what_is_wrong(tmp_path: Path) -> None:
    def refused(name: str, data: bytes | None) -> str:
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match=name) as caught:
            list(open_source(tmp_path / name, source_id="s"))
        return str(caught.value)

    assert "empty" in refused("empty.ts", b"")
    assert "text" in refused("text.mp4", b"These are only words.\n" * 40)
    assert "no such file" in refused("nothing.ts", None)
    mp4 = make(tmp_path / "whole.mp4", codec="mpeg4").read_bytes()
    assert "moov" in refused("cut.mp4", mp4[: mp4.rindex(b"moov") - 4])
    assert refused("noise.ts", np.random.default_rng(2).integers(0, 256, 5000, np.uint8).tobytes())
    assert refused("zeros.ts", bytes(188 * 50))
    avi = make(tmp_path / "whole.avi", codec="mjpeg", pix_fmt="yuvj420p").read_bytes()
    assert "no video packet of a known coding" in refused("coded.avi", avi.replace(b"MJPG", b"ZZZZ"))
    raw = make(tmp_path / "whole.h264", codec="libx264").read_bytes()
    assert "container" in refused("raw.h264", raw)  # a made-up rate would make all speeds and clips untrue


def test_a_directory_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no pictures"):
        open_source(tmp_path, source_id="s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", 1)
    path.chmod(0)
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(path, source_id="s")


def test_a_clip_holds_picture_and_telemetry_and_is_the_same_each_time(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", 60, klv_us=[T0_US + 40_000 * i for i in range(60)])
    written = []
    for run in range(2):
        source = open_source(path, source_id="s")
        source.ring = PacketRing(keep_s=1.0)
        clip = None
        for item in source:
            if isinstance(item, Frame) and item.index == 40:
                clip = source.ring.hold(item.t_ns - 400_000_000)
                clip.release(item.t_ns + 400_000_000)
                t_ns, grey = item.t_ns, item.luma.copy()
        assert clip is not None
        assert clip.ready
        clip.write_ts(tmp_path / f"{run}.ts")
        written.append((tmp_path / f"{run}.ts").read_bytes())
    assert written[0] == written[1]
    with av.open(str(tmp_path / "0.ts")) as container:
        kinds = [p.stream.type for p in container.demux() if p.size]
    assert 18 <= kinds.count("video") <= 27
    assert 15 <= kinds.count("data") <= 27
    picture, shown_ns = clip.snapshot(t_ns) or pytest.fail("nothing decoded")
    assert shown_ns == t_ns
    assert picture.mean() == pytest.approx((grey.astype(float).mean() - 16) * 255 / 219, abs=4)


@pytest.mark.parametrize("second_s", [0, 5000])
def test_a_clip_over_a_join_takes_as_long_as_the_time_it_shows(tmp_path: Path, second_s: int) -> None:
    """Its second part was over in a moment, or came after 83 minutes."""
    stamps = [T0_US + 40_000 * i + (1_000_000 if i >= 60 else 0) for i in range(120)]
    first = make(tmp_path / "a.ts", 60, klv_us=stamps[:60], begin_s=100).read_bytes()
    second = make(tmp_path / "b.ts", 60, klv_us=stamps[60:], begin_s=second_s).read_bytes()
    (tmp_path / "both.ts").write_bytes(first + second)
    source = open_source(tmp_path / "both.ts", source_id="s")
    source.ring = PacketRing(keep_s=60.0)
    frames = [item for item in source if isinstance(item, Frame)]
    clip = source.ring.hold(frames[0].t_ns)
    clip.write_ts(tmp_path / "clip.ts")
    with av.open(str(tmp_path / "clip.ts")) as container:
        shown_s = [float(picture.time) for picture in container.decode(video=0) if picture.time is not None]
        assert float(container.streams.data[0].start_time * container.streams.data[0].time_base) < 2.0
    expected_s = [(frame.t_ns - frames[0].t_ns) / 1e9 for frame in frames]
    assert [one - shown_s[0] for one in shown_s] == pytest.approx(expected_s, abs=0.002)


def test_a_clip_taken_before_anything_came_writes_nothing(tmp_path: Path) -> None:
    clip = PacketRing().hold(0)
    assert clip.snapshot(0) is None
    assert clip.write(tmp_path) == []


def test_pictures_are_damaged_from_a_loss_to_the_next_whole_keyframe(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", 60)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 188 * 188
    raw[middle : middle + 188 * 3] = np.random.default_rng(0).integers(0, 256, 188 * 3, np.uint8).tobytes()
    path.write_bytes(raw)
    frames, _, _ = read(path)
    damaged = [frame.damaged for frame in frames]
    assert any(damaged)
    assert not damaged[0]
    for before, after in itertools.pairwise(frames):
        if before.damaged and not after.damaged:
            assert after.keyframe


@pytest.mark.parametrize(("first_s", "second_s"), [(0, 0), (10, 5000), (80_000, 100)])
def test_presentation_times_that_begin_again_keep_every_pose_with_its_picture(
    tmp_path: Path, first_s: int, second_s: int
) -> None:
    """Two recordings of one flight, one after the other in one file; between them 3 s went by.

    Recorders begin at any presentation time; one that is earlier by more than half of a transport stream's clock looks
    later.
    """
    stamps = [T0_US + 40_000 * i for i in range(150)]
    first = make(tmp_path / "a.ts", 60, klv_us=stamps[:60], begin_s=first_s)
    second = make(tmp_path / "b.ts", 75, klv_us=[t_us + 3_000_000 for t_us in stamps[60:135]], begin_s=second_s)
    path = tmp_path / "both.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    frames, gaps, end = read(path)
    assert len(frames) == 135
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))
    for i, frame in enumerate(frames):
        expected_us = stamps[i] + (3_000_000 if i >= 60 else 0)
        assert frame.t_ns == pytest.approx(expected_us * 1000, abs=2_000_000)
        assert frame.pose is not None
        in_its_file = i if i < 60 else i - 60
        assert frame.pose.lat_deg == pytest.approx(10 + 1e-5 * in_its_file, abs=1e-6)
    assert GapReason.CLOCK not in [gap.reason for gap in gaps]
    assert GapReason.MISSING in [gap.reason for gap in gaps]
    assert end.counters["pts_restarts"] == 1  # type: ignore[attr-defined]


def test_presentation_times_that_begin_again_without_telemetry_are_a_gap_of_the_clock(tmp_path: Path) -> None:
    one = make(tmp_path / "a.ts", 60).read_bytes()
    (tmp_path / "both.ts").write_bytes(one + one)
    frames, gaps, end = read(tmp_path / "both.ts")
    assert len(frames) == 120
    assert [gap.reason for gap in gaps if gap.reason is not GapReason.DAMAGED] == [GapReason.CLOCK]
    assert all(b.t_ns - a.t_ns == pytest.approx(40e6, abs=1e5) for a, b in itertools.pairwise(frames))
    assert end.t_end_ns - end.t_start_ns == pytest.approx(4.8e9, abs=1e6)  # type: ignore[attr-defined]


def test_a_segment_before_the_first_time_stamp_ends_where_the_next_begins(tmp_path: Path) -> None:
    untimed = [0] * 60
    first = make(tmp_path / "a.ts", 60, klv_us=untimed)
    second = make(tmp_path / "b.ts", 60, klv_us=[T0_US + 40_000 * i for i in range(60)])
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    frames, gaps, _ = read(tmp_path / "both.ts")
    assert len(frames) == 120
    assert [gap.reason for gap in gaps if gap.reason is not GapReason.DAMAGED] == []
    assert frames[60].t_ns == pytest.approx(T0_US * 1000, abs=1e6)
    assert all(b.t_ns - a.t_ns == pytest.approx(40e6, abs=1e5) for a, b in itertools.pairwise(frames))


def test_the_same_stretch_twice_goes_back_in_time_and_never_in_the_frames(tmp_path: Path) -> None:
    one = make(tmp_path / "a.ts", 60, klv_us=[T0_US + 40_000 * i for i in range(60)]).read_bytes()
    (tmp_path / "both.ts").write_bytes(one + one)
    frames, gaps, _ = read(tmp_path / "both.ts")
    assert len(frames) == 120
    assert GapReason.CLOCK in [gap.reason for gap in gaps]
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))
    poses = [frame.pose and (frame.pose.lat_deg, frame.pose.yaw_deg, frame.pose.age_s) for frame in frames]
    assert None not in poses
    assert poses[60:] == poses[:60]  # each picture has the pose of when it was taken, not of when it is told


def test_recordings_joined_in_the_wrong_order_keep_every_pose_with_its_picture(tmp_path: Path) -> None:
    stamps = [T0_US + 40_000 * i for i in range(120)]
    later = make(tmp_path / "b.ts", 60, klv_us=stamps[60:]).read_bytes()
    earlier = make(tmp_path / "a.ts", 60, klv_us=stamps[:60]).read_bytes()
    (tmp_path / "both.ts").write_bytes(later + earlier)
    frames, gaps, _ = read(tmp_path / "both.ts")
    assert [gap.reason for gap in gaps if gap.reason is not GapReason.DAMAGED] == [GapReason.CLOCK]
    for half in (frames[:60], frames[60:]):
        for i, frame in enumerate(half):
            assert frame.pose is not None
            assert frame.pose.lat_deg == pytest.approx(10 + 1e-5 * i, abs=1e-6)
            assert frame.pose.age_s < 0.05
