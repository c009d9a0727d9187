"""A clip on the disk that grows with its packets: what is left of it when its process is killed can be played."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import av

from detector.addresses import local_file
from detector.errors import LogError
from detector.sources.decoding import Held
from detector.sources.packet_writer import PacketWriter

IN_MPEG_TS = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"})
IN_BROWSERS = frozenset({"h264", "hevc", "mpeg4", "av1"})

# Each packet goes to the kernel at once, and none waits long for one of another stream: what the kernel has survives
# the process.
_AT_ONCE = {"flush_packets": "1", "max_interleave_delta": "100000", "fflags": "+bitexact"}


class GrowingClip:
    """MPEG-TS at `path`, from these packets on.

    template: the video stream, of a codec in IN_MPEG_TS.

    Raises, here and from `add`:
        LogError: it cannot be written.
    """

    def __init__(self, path: Path, template: Any, packets: list[Held]) -> None:
        self._path, self._goes_on = path, True
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._out = av.open(local_file(path), "w", format="mpegts", options=_AT_ONCE)
        except OSError as error:
            raise LogError(f"{path}: the clip cannot be kept: {error.strerror}") from error
        self._writer = PacketWriter(self._out, template, packets)
        for held in packets:
            self.add(held)

    def add(self, held: Held) -> None:
        """The next packet; where one cannot be put into the file, it ends: the clip does not hang on it."""
        try:
            if self._goes_on:
                self._writer.put(held)
        except OSError as error:
            raise LogError(f"{self._path}: the clip cannot be kept: {error.strerror}") from error
        except (av.error.FFmpegError, ValueError):
            self._goes_on = False

    def remove(self) -> None:
        """It is needed no more."""
        self._out.close()
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others grow there
            self._path.parent.rmdir()


def for_browsers(clip: Path, to: Path) -> bool:
    """The pictures of a clip as MP4, not encoded anew; False: nothing of it can be read, or no browser plays it."""
    try:
        with (
            av.open(local_file(clip)) as source,
            av.open(local_file(to), "w", format="mp4", options={"fflags": "+bitexact"}) as out,
        ):
            video: Any = source.streams.video[0]
            if video.codec_context.name not in IN_BROWSERS:
                return False
            shown: Any = out.add_stream_from_template(video, opaque=True)
            for packet in source.demux(video):
                if packet.dts is not None:
                    packet.stream = shown
                    out.mux(packet)
    except (av.error.FFmpegError, IndexError, ValueError):
        to.unlink(missing_ok=True)
        return False
    return True
