"""Live sources against real senders: an RTSP server, libav's UDP, RTP, HTTP and RTMP, an SRT caller."""

from __future__ import annotations

import itertools
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.config import LiveSettings
from detector.health import GapBook
from detector.model import Frame, Gap, GapReason, TimeFrom
from detector.sources import open_source
from detector.sources.live import LiveVideo, State
from tests.live.rig import FEEDS, Watched, free_port, sending, until

pytest.importorskip("tstrans", reason="the RTSP and SRT servers of the rig are tstrans'")

CROSSING = FEEDS / "crossing.ts"
QUICK = LiveSettings(read_timeout_s=1.0, frozen_s=1.0, open_timeout_s=5.0)


def merged(gaps: list[Gap]) -> list[Gap]:
    """As the log has them."""
    book, out = GapBook(), []
    for gap in gaps:
        out += book.add(gap)
    return out + book.finish()


@pytest.fixture(scope="module")
def recorded() -> dict[int, Frame]:
    """The recording's frames by the time that they were taken, in hundredths of a second."""
    return {round(one.t_ns / 1e7): one for one in open_source(CROSSING, source_id="feed") if isinstance(one, Frame)}


@pytest.mark.parametrize("kind", ["rtsp", "udp", "multicast", "rtp", "http", "srt"])
def test_a_live_feed_gives_the_frames_times_and_poses_of_the_recording(
    kind: str, recorded: dict[int, Frame], tmp_path: Path
) -> None:
    port = free_port()
    with Watched(kind, port, QUICK, tmp_path) as watched, sending(kind, port, CROSSING):
        until(lambda: len(watched.frames) > 50)
    frames = watched.frames
    assert all(frame.time_from is TimeFrom.TELEMETRY for frame in frames)
    same = [(frame, recorded[round(frame.t_ns / 1e7)]) for frame in frames]
    damaged = [frame.index for frame, _ in same if frame.damaged]
    assert all(np.array_equal(a.luma, b.luma) for a, b in same if not a.damaged)
    assert len(damaged) < 5, "SRT's listener may hear the first packets late"
    assert max(abs(a.t_ns - b.t_ns) for a, b in same) < 1_000_000, "a tick of the sender's clock is 11 us"
    middle = [(a.pose, b.pose) for a, b in same[5:-5]]
    assert max(abs(a.lat_deg - b.lat_deg) for a, b in middle if a and b) < 1e-6
    assert all(a is not None and b is not None for a, b in middle)
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_rtsp_over_udp(recorded: dict[int, Frame], tmp_path: Path) -> None:
    port = free_port()
    with sending("rtsp", port, CROSSING, "--to", "3"), Watched("rtsp", port, QUICK, tmp_path, "udp") as watched:
        until(lambda: len(watched.frames) > 40)
    assert all(np.array_equal(one.luma, recorded[round(one.t_ns / 1e7)].luma) for one in watched.frames)


def test_a_feed_that_was_never_seen_is_a_gap_from_the_start_and_goes_on_when_it_comes(tmp_path: Path) -> None:
    port, begun_ns = free_port(), time.time_ns()
    settings = LiveSettings(read_timeout_s=1.0, open_timeout_s=1.0)
    with Watched("udp", port, settings, tmp_path) as watched:
        until(lambda: len(watched.gaps) > 1)
        assert watched.source.state is State.CONNECTING
        with sending("udp", port, CROSSING):
            until(lambda: len(watched.frames) > 5)
            frames = watched.frames
    assert watched.source.state is State.ENDED
    gaps = merged(watched.gaps)
    assert gaps[0].reason is GapReason.DISCONNECTED
    assert gaps[0].detail.startswith("no picture since the start: nothing arrived within 1 s")
    assert abs(gaps[0].t_start_ns - begun_ns) < 5 * 10**9
    assert gaps[0].t_end_ns - gaps[0].t_start_ns > 10**9
    assert gaps[0].count == 1
    assert frames[0].t_ns < gaps[0].t_start_ns, "the recording's clock is another"


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("/dev/video97", "/dev/video97: there is no such camera on this machine"),
        ("/etc/hostname", "/etc/hostname: it is no camera"),
        ("///etc/hostname", "/etc/hostname: it is no camera"),
    ],
)
def test_a_camera_that_is_not_there_says_so(device: str, why: str, tmp_path: Path) -> None:
    source = LiveVideo(f"v4l2:{device}", "feed", QUICK, spool=tmp_path)
    items = iter(source)
    reading = threading.Thread(target=lambda: list(items))
    reading.start()
    until(lambda: bool(source.state_why))
    source.stop()
    reading.join(10)
    assert (source.last_failure, source.state) == (why, State.ENDED)


def test_without_telemetry_the_senders_clock_counts_where_it_reports_it(tmp_path: Path) -> None:
    """libav's RTSP sender calls the centre and sends RTCP sender reports; tstrans' server sends none."""
    port = free_port()
    with Watched("rtsp-push", port, QUICK, tmp_path) as watched, sending("rtsp-push", port, CROSSING):
        until(lambda: len(watched.frames) > 80)
        apart_s = (time.time_ns() - watched.frames[-1].t_ns) / 1e9
    frames = watched.frames
    assert {frame.time_from for frame in frames} == {TimeFrom.SENDER}
    assert abs(apart_s) < 5, "it is the clock of this machine"
    steps = np.diff([frame.t_ns for frame in frames])
    assert np.abs(steps - 40_000_000).max() < 1_000_000, "arrival would come in bursts"


def test_rtmp_has_no_telemetry_and_goes_by_its_arrival(tmp_path: Path) -> None:
    port = free_port()
    with Watched("rtmp", port, QUICK, tmp_path) as watched, sending("rtmp", port, CROSSING, "--to", "4"):
        until(lambda: len(watched.frames) > 40)
    assert {frame.time_from for frame in watched.frames} == {TimeFrom.ARRIVAL}
    assert all(frame.pose is None for frame in watched.frames)


def test_while_judging_is_behind_fewer_pictures_are_judged_and_nothing_goes_unwatched(tmp_path: Path) -> None:
    """25 pictures a second come, 16 a second can be judged."""
    port, settings = free_port(), LiveSettings(max_lag_s=30, thin_lag_s=0.5)
    with (
        Watched("rtsp", port, settings, tmp_path, judging_s=0.06) as watched,
        sending("rtsp", port, FEEDS / "demo.ts"),
    ):
        until(lambda: watched.source.counters["skipped_frames"] > 20)
    frames = watched.frames
    steps = np.diff([frame.t_ns for frame in frames]) / 1e6
    assert steps.max() < 200, "[ms]: every second is judged, or every fourth where those are too many"
    assert (steps > 75).sum() > min(10, len(steps) / 2)  # fewer have come where every fourth was soon too many
    assert np.diff([frame.index for frame in frames]).sum() >= len(frames)
    assert [gap.reason for gap in watched.gaps] == []


def test_a_sender_that_is_killed_and_comes_back_smaller_is_one_gap_with_its_reason(tmp_path: Path) -> None:
    port = free_port()
    patient = LiveSettings(read_timeout_s=5.0)  # a busy machine's sender may say nothing for a second
    with Watched("rtsp", port, patient, tmp_path) as watched:
        with sending("rtsp", port, FEEDS / "demo.ts"):
            until(lambda: len(watched.frames) > 30)
        until(lambda: watched.source.state is State.RECONNECTING)
        before = len(watched.frames)
        with sending("rtsp", port, FEEDS / "demo.ts", "--from", "6", "--size", "320x180"):
            until(lambda: len(watched.frames) > before + 10)
            gaps = merged(watched.gaps)
    assert [gap.reason for gap in gaps] == [GapReason.DISCONNECTED], gaps
    assert gaps[0].count == 1
    first_after = watched.frames[before]
    assert first_after.size_px == (320, 180)
    assert gaps[0].t_start_ns == watched.frames[before - 1].t_ns + 40_000_000
    assert gaps[0].t_end_ns == first_after.t_ns
    assert "secret" not in f"{gaps} {watched.source.state_why}"


def encoded(file: Path, codec: str, key_every: int) -> Path:
    """The first 8 s of a feed, small, in another codec and with keyframes so many pictures apart; no telemetry."""
    with av.open(CROSSING) as source, av.open(file, "w") as out:
        stream = out.add_stream(codec, rate=25, options={"preset": "ultrafast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 180, "yuv420p", key_every
        if codec == "libx265":
            stream.options |= {"x265-params": f"keyint={key_every}:log-level=none"}
        for number, frame in enumerate(itertools.islice(source.decode(video=0), 200)):
            picture = frame.reformat(width=320, height=180, format="yuv420p")
            picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, 25), 0
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return file


def test_a_sender_that_begins_anew_at_once_in_another_codec_is_seen_again_and_one_gap(tmp_path: Path) -> None:
    """Over UDP nothing says that it was another one: but for its times and what cannot be decoded any more."""
    port, other = free_port(), encoded(tmp_path / "other.ts", "libx265", 25)
    with Watched("udp", port, LiveSettings(), tmp_path) as watched:
        with sending("udp", port, CROSSING):
            until(lambda: len(watched.frames) > 60)
        with sending("udp", port, other):
            until(lambda: watched.frames[-1].size_px == (320, 180), 30.0)
            count = len(watched.frames)
            until(lambda: len(watched.frames) > count + 20, 30.0)
        gaps = merged(watched.gaps)
    assert [gap.reason for gap in gaps] == [GapReason.DISCONNECTED], gaps
    assert "begun anew" in gaps[0].detail


def test_pictures_that_cease_while_telemetry_goes_on_are_told_of_while_they_are_missing(tmp_path: Path) -> None:
    port = free_port()
    with Watched("udp", port, QUICK, tmp_path) as watched, sending("udp", port, CROSSING, "--no-pictures", "2:6"):
        until(lambda: watched.source.state is State.RECONNECTING)
        assert "no picture arrived for 1 s" in watched.source.state_why
        assert [gap.reason for gap in watched.gaps][:1] == [GapReason.DISCONNECTED], "told before they are back"
        until(lambda: watched.source.state is State.RUNNING)
    (gap,) = merged(watched.gaps)
    assert gap.reason is GapReason.DISCONNECTED
    assert gap.t_start_ns / 1e9 % 60 == pytest.approx(2.0, abs=0.1)
    assert gap.t_end_ns / 1e9 % 60 == pytest.approx(6.0, abs=1.1), "from the next keyframe on"


def test_who_joins_between_two_keyframes_sees_from_the_next_one_on(tmp_path: Path) -> None:
    port, file = free_port(), encoded(tmp_path / "seldom.ts", "libx264", 125)
    with sending("udp", port, file):
        time.sleep(1.5)
        with Watched("udp", port, LiveSettings(), tmp_path) as watched:
            until(lambda: len(watched.frames) > 5, 30.0)
    assert watched.frames[0].keyframe
    assert {gap.detail for gap in watched.gaps} <= {"no picture has begun in the stream yet"}


def test_a_picture_that_repeats_itself_is_one_gap_from_its_first_repetition_on(tmp_path: Path) -> None:
    port = free_port()
    with Watched("udp", port, QUICK, tmp_path) as watched, sending("udp", port, CROSSING, "--freeze", "2:6"):
        until(lambda: bool(watched.frames) and watched.frames[-1].t_ns > watched.frames[0].t_ns + 6_500_000_000)
    gaps = merged(watched.gaps)
    assert [gap.reason for gap in gaps] == [GapReason.FROZEN]
    start_s, end_s = ((t_ns / 1e9) % 60 for t_ns in (gaps[0].t_start_ns, gaps[0].t_end_ns))
    assert start_s == pytest.approx(2.0, abs=0.05)
    assert end_s == pytest.approx(6.0, abs=0.05)
    assert not [one for one in watched.frames if gaps[0].t_start_ns <= one.t_ns < gaps[0].t_end_ns]


@pytest.mark.rig
def test_telemetry_that_is_cut_leaves_pictures_without_pose_on_the_same_clock(tmp_path: Path) -> None:
    port = free_port()
    with Watched("udp", port, QUICK, tmp_path) as watched, sending("udp", port, CROSSING, "--no-klv", "2:7"):
        until(lambda: len(watched.frames) > 200)
    frames = watched.frames
    steps = np.diff([frame.t_ns for frame in frames])
    assert abs(steps - 40_000_000).max() < 1_000_000
    without = [frame.t_ns / 1e9 % 60 for frame in frames if frame.pose is None]
    assert min(without) == pytest.approx(3.9, abs=0.2), "a pose is carried for 2 s"
    assert max(without) < 7.1
    assert watched.gaps == []
