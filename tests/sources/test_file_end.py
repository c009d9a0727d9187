"""A recording that was cut off says so at whatever byte it ends, also where no index promises anything."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import pytest

from detector.sources import open_source
from detector.sources.file_end import cut_inside
from tests.cli.media_making import picture
from tests.sources.test_video import make


class Pipe:
    """Cannot be gone back in, as a socket or the standard output: lengths and times of the whole stay unknown."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def recorded(form: str, frames: int = 40, *, codec: str = "libx264", **options: str) -> bytes:
    pipe = Pipe()
    with av.open(pipe, "w", format=form, options=options) as out:
        video = out.add_stream(codec, rate=20)
        video.width, video.height, video.pix_fmt = 192, 144, "yuv420p"
        video.options = {"g": "8", "bf": "0", "preset": "ultrafast"} if codec == "libx264" else {"g": "8"}
        for i in range(frames):
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture(i), format="gray")))
        out.mux(video.encode(None))
    return pipe.data


def is_complete(path: Path) -> bool:
    source = open_source(path, source_id="s")
    list(source)
    assert source.end is not None
    assert source.end.complete or "inside its part" in source.end.detail
    return source.end.complete


@pytest.mark.parametrize(
    ("suffix", "form", "options"),
    [
        (".mkv", "matroska", {}),
        (".mkv", "matroska", {"live": "1"}),
        (".mp4", "mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ],
)
def test_a_recording_without_an_index_is_complete_only_if_it_is_whole(
    tmp_path: Path, suffix: str, form: str, options: dict[str, str]
) -> None:
    whole, path = recorded(form, **options), tmp_path / f"a{suffix}"
    path.write_bytes(whole)
    assert is_complete(path)
    for share in (0.3, 0.5, 0.7, 0.9, 0.99):
        path.write_bytes(whole[: round(len(whole) * share)])
        assert not is_complete(path), share


def begins(packet: bytes) -> bool:
    """Whether a transport packet is the first of a PES packet or table."""
    return bool(packet[1] & 0x40)


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_transport_stream_cut_between_two_packets_is_complete_only_between_pictures(
    tmp_path: Path, codec: str
) -> None:
    whole, path = recorded("mpegts", codec=codec), tmp_path / "a.ts"
    packets = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    found: Counter[bool] = Counter()
    for count in range(len(packets) - 40, len(packets) + 1):
        path.write_bytes(b"".join(packets[:count]))
        source = open_source(path, source_id="s")
        list(source)
        assert source.end is not None
        expected = count == len(packets) or begins(packets[count])
        assert source.end.complete == expected, (count, source.end.detail)
        assert expected or "its last picture is not whole" in source.end.detail
        found[expected] += 1
    assert min(found[True], found[False]) > 5


def test_a_transport_stream_cut_inside_its_telemetry_says_so(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", klv_us=[1_750_000_000_000_000 + 40_000 * i for i in range(30)], times=4)
    data = path.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    pids = [int.from_bytes(packet[1:3], "big") & 0x1FFF for packet in packets]
    last = max(i for i, packet in enumerate(packets) if pids[i] == 257 and begins(packet))
    path.write_bytes(b"".join(packets[: last + 1]))
    source = open_source(path, source_id="s")
    list(source)
    assert source.end is not None
    assert not source.end.complete
    assert "its last set of telemetry is not whole" in source.end.detail


def test_a_picture_that_earlier_losses_spoil_is_no_sign_of_a_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    data = recorded("mpegts")
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    del packets[len(packets) * 95 // 100]
    path.write_bytes(b"".join(packets))
    source = open_source(path, source_id="s")
    list(source)
    assert source.end is not None
    assert source.end.counters
    assert source.end.complete


def test_what_comes_after_the_last_part_and_is_none_is_passed_over(tmp_path: Path) -> None:
    """Some cameras append tables of their own; nothing of the recording is missing."""
    path = tmp_path / "a.mp4"
    path.write_bytes(recorded("mp4", movflags="frag_keyframe+empty_moov") + b"\xff\xff\xff\xffmine" * 9)
    assert is_complete(path)


def test_a_length_that_cannot_be_is_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data, form in ((b"\0\0\0\x03mdat", "mov,mp4"), (b"\0\0\0\0mdat1234", "mov,mp4"), (b"\0" * 9, "matroska,webm")):
        path.write_bytes(data)
        assert cut_inside(path, form) == ""
    path.write_bytes(b"\0\0\0\x01mdat" + (1 << 40).to_bytes(8, "big"))
    assert cut_inside(path, "mov,mp4").endswith(f"inside its part mdat that begins at byte 0 and reaches to {1 << 40}")
    path.write_bytes(b"\x1f\x43\xb6\x75\x01\0")
    assert cut_inside(path, "matroska,webm").endswith("inside its part Cluster that begins at byte 0 and is longer")
    path.write_bytes(b"RIFF")
    assert cut_inside(path, "avi") == ""
