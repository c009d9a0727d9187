"""Which of several streams of pictures is watched, and that it is told."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import pytest
from av.stream import Disposition

from detector.cli import run
from detector.model import Frame
from detector.sources import PacketRing, open_source
from detector.sources.inspection import inspect_media
from detector.sources.streams import watched_of
from tests.cli.media_making import picture, video, write_config


def test_a_cover_picture_is_not_what_is_watched() -> None:
    cover = SimpleNamespace(disposition=Disposition.attached_pic | Disposition.default, codec_context="mjpeg")
    first, second = (SimpleNamespace(disposition=Disposition.default, codec_context="h264") for _ in range(2))
    unknown = SimpleNamespace(disposition=Disposition.default, codec_context=None)

    def container(*streams: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(streams=SimpleNamespace(video=streams))

    assert watched_of(container(cover, first, second)) is first
    assert watched_of(container(unknown, first)) is first
    assert watched_of(container(cover, unknown)) is None
    assert watched_of(container()) is None


def two_cameras(path: Path) -> Path:
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("libx264", rate=20) for _ in range(2)]
        for stream, size in zip(streams, ((192, 144), (96, 72)), strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(8):
            for stream, size in zip(streams, ((192, 144), (96, 72)), strict=True):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i, size), format="gray")))
        for stream in streams:
            out.mux(stream.encode(None))
    return path


def turned(path: Path, matrix: tuple[int, ...]) -> Path:
    """The recording with that display matrix (ISO/IEC 14496-12, 8.3.2, version 0)."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(data)
    return path


QUARTER = (0, 65536, 0, -65536, 0, 0, 144 << 16, 0, 1 << 30)


def test_of_two_cameras_in_one_file_inspect_replay_and_detect_say_which_is_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_cameras(tmp_path / "two.mkv")
    assert [one["watched"] for one in inspect_media(path).streams] == [True, False]
    assert run(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "192x144 yuv420p (watched)" in shown
    assert "96x72 yuv420p (not watched)" in shown
    told = "of its streams of pictures 0 (h264 192x144) is watched, not 1 (h264 96x72)"
    config = write_config(tmp_path, [{"id": "gate", "media": "two.mkv"}])
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    assert f"gate: {told}" in capsys.readouterr().out
    assert run(["detect", str(path), "--out", str(tmp_path / "two.jsonl")]) == 0
    assert f"two: {told}" in capsys.readouterr().out


def test_a_recording_that_players_turn_is_told_to_be_watched_as_it_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = video(tmp_path / "a.mp4", 8)
    assert "turned_deg" not in inspect_media(path).streams[0]
    turned(path, (-65536, 0, 0, 0, -65536, 0, 192 << 16, 144 << 16, 1 << 30))
    assert inspect_media(path).streams[0]["turned_deg"] == 180
    assert run(["inspect", str(path)]) == 0
    assert "players turn it by 180" in " ".join(capsys.readouterr().out.split())


def test_evidence_of_a_recording_that_players_turn_is_all_the_same_way_round_and_replay_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clip that kept the flag was turned by the browser against its snapshot and overlay."""
    turned(video(tmp_path / "a.mp4"), QUARTER)
    config = write_config(tmp_path, [{"id": "gate", "media": "a.mp4"}])
    assert run(["replay", str(config), "--out", str(tmp_path / "out"), "--annotate"]) == 0
    told = (
        "gate: players turn its picture by 270 deg counter-clockwise; it is judged, and all evidence shows it, as it is"
    )
    assert capsys.readouterr().out.count(told) == 1
    (folder,) = (tmp_path / "out/evidence").iterdir()
    for film in (*folder.glob("clip*"), tmp_path / "out/gate.mp4"):
        with av.open(str(film)) as container:
            shown = next(container.decode(video=0))
        assert (shown.rotation, shown.width, shown.height) == (0, 192, 144), film
    for still in ("snapshot.jpg", "overlay.jpg"):
        assert cv2.imread(str(folder / still)).shape[:2] == (144, 192)


def test_a_clip_in_matroska_has_no_rotation_either(tmp_path: Path) -> None:
    path = turned(video(tmp_path / "a.mov", 8, codec="mjpeg", pix_fmt="yuvj420p"), QUARTER)
    source = open_source(path, source_id="a")
    source.ring = PacketRing(keep_s=1000.0)
    first = next(item for item in source if isinstance(item, Frame))
    assert [role for role, _ in source.ring.hold(first.t_ns).write(tmp_path)] == ["clip"]
    with av.open(str(tmp_path / "clip.mkv")) as container:
        assert next(container.decode(video=0)).rotation == 0
