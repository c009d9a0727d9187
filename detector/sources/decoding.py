"""Pictures of kept packets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av


@dataclass(frozen=True, slots=True)
class Held:
    """One packet, copied, or the path of one picture. t_ns: UTC; pts, dts in `time_base` units of its stream."""

    t_ns: int
    key: bool
    video: bool
    data: bytes | Path
    pts: int | None = None
    dts: int | None = None
    time_base: Any = None


class Decoding:
    """Pictures decoded one after the other: the snapshots of several clips of one group need one decoding, not each.

    idle: nothing was asked of it since this was set.
    whole: the first picture is one from which decoding may begin.
    newest: the picture decoded last and when it was shown; None before the first.
    """

    def __init__(self) -> None:
        self.idle = True
        self.forget()

    def forget(self) -> None:
        """Give the decoder and its pictures back."""
        self._first: Held | None = None
        self.whole = False
        self.newest: tuple[av.VideoFrame, int] | None = None
        self._before: tuple[av.VideoFrame, int] | None = None
        self._decoder: Any = None
        self._fed = 0
        self._over = False
        self._waiting: deque[av.VideoFrame] = deque()

    @property
    def begun(self) -> bool:
        """Whether it holds a decoder and its pictures."""
        return self._decoder is not None

    def go_to(self, t_ns: int, packets: list[Held], template: Any) -> None:
        """Begin at the first of these packets, unless what was decoded from there on leads to that time."""
        self.idle = False
        last = self._before or self.newest
        passed = last is not None and last[1] > t_ns
        if self._first is packets[0] and not passed and not (self._over and len(packets) > self._fed):
            return
        self.forget()
        self._first = packets[0]
        codec = template.codec_context
        self._decoder = av.CodecContext.create(codec.name, "r")
        self._decoder.extradata = codec.extradata
        # Codecs without headers of their own (MS-MPEG-4, raw) know their size only from the container.
        self._decoder.width, self._decoder.height = codec.width, codec.height
        self._decoder.pix_fmt = codec.pix_fmt
        self._decoder.thread_count = 1

    def decoded(self, packets: list[Held], aim: int = 0) -> av.VideoFrame | None:
        """The next picture of the packets, of which those fed before are passed over; None after the last.

        aim: index of the packet whose picture is wanted: before it come only pictures that others are predicted from.
        """
        while not self._waiting and not self._over:
            packet = None
            if self._fed < len(packets):
                held = packets[self._fed]
                self._fed += 1
                if not held.video:
                    continue
                packet = packet_of(held)
                packet.pts, packet.dts = held.pts, held.dts
                self._decoder.skip_frame = "NONREF" if self._fed <= aim else "DEFAULT"
            else:
                self._over = True
            try:
                self._waiting.extend(self._decoder.decode(packet))
            except av.error.FFmpegError:
                continue  # counted as DAMAGED by the source already
        return self._waiting.popleft() if self._waiting else None

    def show(self, frame: av.VideoFrame, shown_ns: int) -> None:
        """The next picture, and when it was shown."""
        self._before, self.newest = self.newest, (frame, shown_ns)

    def best(self, t_ns: int) -> tuple[av.VideoFrame, int] | None:
        """The last picture at or before that time, else the first one."""
        if self.newest is None or self._before is None or self.newest[1] <= t_ns:
            return self.newest
        return self._before


def packet_of(held: Held) -> Any:
    """As the decoder takes it, without its times."""
    if isinstance(held.data, Path):
        raise TypeError(f"{held.data}: a picture is not a packet")
    return av.Packet(held.data)
