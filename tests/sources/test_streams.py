"""Which of several streams of pictures is watched, and that it is told."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.stream import Disposition

from detector.cli import run
from detector.sources.inspection import inspect_media
from detector.sources.streams import watched_of
from tests.cli.media_making import picture, video


def test_a_cover_picture_is_not_what_is_watched() -> None:
    cover = SimpleNamespace(disposition=Disposition.attached_pic | Disposition.default)
    first, second = (SimpleNamespace(disposition=Disposition.default) for _ in range(2))

    def container(*streams: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(streams=SimpleNamespace(video=streams))

    assert watched_of(container(cover, first, second)) is first
    assert watched_of(container(cover)) is None
    assert watched_of(container()) is None


def test_of_two_cameras_in_one_file_inspect_says_which_is_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("libx264", rate=20) for _ in range(2)]
        for stream, size in zip(streams, ((192, 144), (96, 72)), strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(8):
            for stream, size in zip(streams, ((192, 144), (96, 72)), strict=True):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i, size), format="gray")))
        for stream in streams:
            out.mux(stream.encode(None))
    assert [one["watched"] for one in inspect_media(path).streams] == [True, False]
    assert run(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "192x144 yuv420p (watched)" in shown
    assert "96x72 yuv420p (not watched)" in shown


def test_a_recording_that_players_turn_is_told_to_be_watched_as_it_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = video(tmp_path / "a.mp4", 8)
    assert "turned_deg" not in inspect_media(path).streams[0]
    data = bytearray(path.read_bytes())
    matrix = data.find(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2, version 0
    data[matrix : matrix + 36] = struct.pack(">9i", -65536, 0, 0, 0, -65536, 0, 192 << 16, 144 << 16, 1 << 30)
    path.write_bytes(data)
    assert inspect_media(path).streams[0]["turned_deg"] == 180
    assert run(["inspect", str(path)]) == 0
    assert "players turn it by 180" in " ".join(capsys.readouterr().out.split())
