"""The held packets, and pictures decoded from them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.errors import LogError
from detector.model import Frame
from detector.sources import Clip, PacketRing, VideoFile, open_source
from detector.sources.decoding import Decoding
from tests.naive_sources import naive_snapshot

FEED = Path(__file__).parents[2] / "sample_feeds/crossing.ts"
FULL = Path("/dev/full")


def encoded(path: Path, codec: str, options: dict[str, str], frames: int = 60) -> Path:
    """Noise that moves, so that every picture differs; a keyframe every 12."""
    texture = np.random.default_rng(3).integers(0, 256, (64, 400, 3), np.uint8)
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.codec_context.gop_size = 12
        for i in range(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(texture[:, 3 * i : 3 * i + 96]), format="rgb24")
            picture.pts, picture.time_base = i, Fraction(1, 25)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
    return path


def whole_clip(path: Path) -> tuple[Clip, list[int]]:
    """All of a recording as one clip, and the times of its frames."""
    source = open_source(path, source_id="s")
    assert isinstance(source, VideoFile)
    source.ring = PacketRing(keep_s=1000.0)
    times = [item.t_ns for item in source if isinstance(item, Frame)]
    return source.ring.hold(times[0]), times


class Counted:
    """How many packets are decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from detector.sources import decoding

        self.packets, packet_of = 0, decoding.packet_of

        def counting(held):
            self.packets += 1
            return packet_of(held)

        monkeypatch.setattr(decoding, "packet_of", counting)


CODECS = [
    ("h264, open groups", ".ts", "libx264", {"x264-params": "open-gop=1:bframes=3:keyint=12:scenecut=0"}),
    ("h264, closed groups", ".mp4", "libx264", {"x264-params": "open-gop=0:bframes=3:keyint=12:scenecut=0"}),
    ("h264, refreshed little by little", ".ts", "libx264", {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}),
    ("h265, open groups", ".ts", "libx265", {"x265-params": "open-gop=1:bframes=3:keyint=12:log-level=none"}),
    ("mpeg2, B pictures", ".ts", "mpeg2video", {"bf": "2"}),
    ("mpeg4", ".mp4", "mpeg4", {}),
]


@pytest.mark.parametrize(("name", "suffix", "codec", "options"), CODECS, ids=[one[0] for one in CODECS])
def test_snapshot_is_the_same_as_decoding_all_of_the_clip(tmp_path, name, suffix, codec, options):
    clip, times = whole_clip(encoded(tmp_path / f"a{suffix}", codec, options))
    wanted = [times[0] - 1, times[0], times[12], times[13], times[23] + 1, times[24], times[35], times[-1], 2**62]
    for t_ns in wanted:
        picture, shown_ns = clip.snapshot(t_ns) or pytest.fail("nothing decoded")
        expected, expected_ns = naive_snapshot(clip, t_ns) or pytest.fail("nothing decoded")
        assert shown_ns == expected_ns
        assert np.array_equal(picture, expected)


def test_snapshot_decodes_no_more_than_the_group_its_picture_is_in(monkeypatch):
    clip, times = whole_clip(FEED)
    counted = Counted(monkeypatch)
    keys = [held.t_ns for held in clip.packets if held.video and held.key]
    assert len(keys) > 3
    at = times.index(keys[-2])
    assert clip.snapshot(times[at + 2]) is not None
    assert counted.packets < 10


def test_snapshots_of_several_clips_of_one_moment_are_decoded_in_one_go(monkeypatch):
    source = open_source(FEED, source_id="a")
    source.ring = PacketRing(600.0)
    times = [item.t_ns for item in source if isinstance(item, Frame)]
    clips = [source.ring.hold(times[0]) for _ in range(4)]
    counted = Counted(monkeypatch)
    for clip, at in zip(clips, (3, 5, 5, 8), strict=True):
        assert (clip.snapshot(times[at]) or pytest.fail("nothing decoded"))[1] == times[at]
    assert counted.packets < 14


def test_snapshots_in_any_order_are_the_pictures_of_their_times(tmp_path):
    """Whatever one decoding has passed over, went on to or begun again."""
    clip, times = whole_clip(encoded(tmp_path / "a.mp4", "libx264", {"x264-params": "bframes=3:keyint=24:scenecut=0"}))
    random = np.random.default_rng(5)
    for t_ns in random.choice(times, 40).tolist():
        picture, shown_ns = clip.snapshot(t_ns) or pytest.fail("nothing decoded")
        expected, expected_ns = naive_snapshot(clip, t_ns) or pytest.fail("nothing decoded")
        assert shown_ns == expected_ns == t_ns
        assert np.array_equal(picture, expected)


def test_pictures_that_no_other_is_predicted_from_are_passed_over(tmp_path, monkeypatch):
    options = {"x264-params": "bframes=3:b-adapt=0:b-pyramid=none:keyint=60:scenecut=0"}
    clip, times = whole_clip(encoded(tmp_path / "a.mp4", "libx264", options))
    shown, show = [], Decoding.show
    monkeypatch.setattr(Decoding, "show", lambda run, frame, t_ns: shown.append(t_ns) or show(run, frame, t_ns))
    clip.snapshot(times[50])
    assert shown[-1] == times[50]
    assert len(shown) < 20  # a P picture and three B pictures, and so on; of the last four all


def test_a_snapshot_that_was_come_nearer_to_is_there_with_two_pictures_a_step(tmp_path, monkeypatch):
    clip, times = whole_clip(encoded(tmp_path / "a.mp4", "libx264", {"x264-params": "bframes=0:keyint=60:scenecut=0"}))
    counted, steps = Counted(monkeypatch), []
    while not clip.approach(times[40]):
        steps.append(counted.packets - sum(steps))
        assert len(steps) < 30
    assert 19 <= len(steps) <= 20
    assert max(steps[1:]) == 2
    before = counted.packets
    picture, shown_ns = clip.snapshot(times[40]) or pytest.fail("nothing decoded")
    assert counted.packets == before
    assert shown_ns == times[40]
    assert np.array_equal(picture, (naive_snapshot(clip, times[40]) or pytest.fail("nothing decoded"))[0])


def test_decoding_goes_on_while_packets_come_until_a_group_passes_in_which_nothing_was_asked_of_it(monkeypatch):
    source = open_source(FEED, source_id="a")
    ring = source.ring = PacketRing(600.0)
    counted, decoded, taken = Counted(monkeypatch), [], []
    keys, times = 0, []
    for item in source:
        if not isinstance(item, Frame):
            continue
        keys += item.keyframe
        times.append(item.t_ns)
        before = counted.packets
        if keys == 3:
            assert ring._run.newest is not None
        if keys == 2 and len(times) % 5 == 0:  # each time a picture somewhat later, of the group before
            at = times[len(times) // 2 - 5]
            taken.append((ring.hold(times[0]).snapshot(at) or pytest.fail("nothing decoded"))[1] == at)
            decoded.append(counted.packets - before)
        if keys == 4:
            break
    assert all(taken)
    assert len(taken) >= 4
    assert all(packets < 8 for packets in decoded[1:])
    assert ring._run.newest is None  # and then it is given back


def test_a_keyframe_that_was_lost_is_made_up_for_by_the_one_before(tmp_path):
    clip, times = whole_clip(encoded(tmp_path / "a.mp4", "mpeg4", {}))
    keys = [i for i, held in enumerate(clip.packets) if held.key]
    for i in range(keys[2], len(clip.packets)):
        held = clip.packets[i]
        clip.packets[i] = type(held)(held.t_ns, held.key, True, b"\x00" * 8, held.pts, held.dts, held.time_base)
    picture, shown_ns = clip.snapshot(times[-1]) or pytest.fail("nothing decoded")
    assert shown_ns == clip.packets[keys[2] - 1].t_ns
    expected, _ = naive_snapshot(clip, times[-1]) or pytest.fail("nothing decoded")
    assert np.array_equal(picture, expected)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("name", ["clip.ts", "clip.mp4"])
def test_a_disk_that_is_full_is_an_error_and_not_another_or_a_missing_form(tmp_path: Path, name: str) -> None:
    clip, times = whole_clip(FEED)
    clip.t_end_ns = times[-1]
    (tmp_path / name).symlink_to(FULL)
    with pytest.raises(OSError, match="No space left"):
        clip.write(tmp_path)


def test_a_growing_clip_on_a_full_disk_is_told_and_one_that_no_such_file_can_hold_does_not_grow(tmp_path: Path) -> None:
    clip, times = whole_clip(FEED)
    (tmp_path / f"a-{times[0]}.ts").symlink_to(FULL)
    with pytest.raises(LogError, match="the clip cannot be kept: No space left on device"):
        clip.grow(tmp_path / "a.ts")
    clip, _ = whole_clip(encoded(tmp_path / "a.avi", "msmpeg4", {}))
    clip.grow(tmp_path / "b.ts")
    clip.drop()
    assert not list(tmp_path.glob("b*"))
