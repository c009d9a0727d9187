"""A sender that stands in for a drone's ground station: plays a recording at its own rate, as its own process.

    python sender.py rtsp PORT FILE [--at S] [--no-klv A:B] [--freeze A:B]
    python sender.py udp|rtp PORT FILE ...

It really sends: RTSP by tstrans' server, UDP and RTP by libavformat. Killing it is what a lost link looks like.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av


@dataclass(frozen=True)
class Unit:
    """One packet of the recording; t_s from its start."""

    t_s: float
    video: bool
    key: bool
    data: bytes


def units(file: str) -> Iterator[Unit]:
    with av.open(file) as container:
        video = container.streams.video[0]
        data = [one for one in container.streams if one.type == "data"]
        first_s: float | None = None
        for packet in container.demux(video, *data):
            if packet.size and packet.pts is not None:
                t_s = float(packet.pts * packet.time_base)
                first_s = t_s if first_s is None else first_s
                yield Unit(
                    max(0.0, t_s - first_s), packet.stream.index == video.index, packet.is_keyframe, bytes(packet)
                )


def play(file: str, send: Callable[[Unit], None], begun_s: float, no_klv: tuple[float, float]) -> None:
    """begun_s: of the monotonic clock, when the recording's start is due."""
    for unit in units(file):
        wait_s = begun_s + unit.t_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        if unit.video or not no_klv[0] <= unit.t_s < no_klv[1]:
            send(unit)


def rtsp(port: int, file: str, begin: Callable[[Callable[[Unit], None]], None]) -> None:
    from tstrans.mpegts import KlvStreamType, MuxerProgramConfigBuilder, Pts90khz, VideoCodec
    from tstrans.rtp import RtspServer, RtspServerConfig

    program = (
        MuxerProgramConfigBuilder(1, 0x100)
        .add_video(0x101, VideoCodec.H264)
        .add_klv(0x102, KlvStreamType.SYNCHRONOUS_METADATA, carries_pts=True)
        .build()
    )
    with RtspServer.start(RtspServerConfig(bind_addr=f"127.0.0.1:{port}")) as server:
        mount = server.add_unicast_mount("/feed", program)
        print("ready", flush=True)
        while mount.peer_count() == 0:
            time.sleep(0.01)

        def send(unit: Unit) -> None:
            pts = Pts90khz.from_seconds(1.0 + unit.t_s)
            if unit.video:
                mount.push_video(unit.data, pts=pts, key_frame=unit.key)
            else:
                mount.push_klv(unit.data, pts=pts)
            mount.flush()

        begin(send)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("port", type=int)
    parser.add_argument("file")
    parser.add_argument("--no-klv", default="0:0")
    options = parser.parse_args()
    since, until = map(float, options.no_klv.split(":"))

    def begin(send: Callable[[Unit], None]) -> None:
        play(options.file, send, time.monotonic(), (since, until))

    {"rtsp": rtsp}[options.kind](options.port, options.file, begin)


if __name__ == "__main__":
    main()
