"""A sender that stands in for a drone's ground station: plays a recording at its own rate, as its own process.

    python sender.py rtsp|rtsp-push|udp|multicast|rtp|http|srt|rtmp PORT FILE
        [--no-klv A:B] [--no-pictures A:B] [--freeze A:B] [--size WxH] [--from S] [--to S]

It really sends: RTSP and SRT by tstrans, the others by libavformat. Killing it is what a lost link looks like.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import av

# Without the second, libav would hold pictures back for telemetry that does not come.
LIBAV = {"flush_packets": "1", "max_interleave_delta": "100000"}

Send = Callable[["Unit"], None]


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
                is_video = packet.stream.index == video.index
                yield Unit(max(0.0, t_s - first_s), is_video, packet.is_keyframe, bytes(packet))


def encoded_anew(
    file: str, size: tuple[int, int] | None, freeze: tuple[float, float], since_s: float
) -> Iterator[Unit]:
    """The recording's pictures encoded again: smaller, or the one at freeze[0] again and again until freeze[1].

    Those before `since_s` are not: a sender that begins late would keep whoever has connected waiting for seconds.
    """
    encoder = None
    last: Any = None
    with av.open(file) as container:
        video = container.streams.video[0]
        for frame in container.decode(video):
            t_s = float((frame.pts - (video.start_time or 0)) * video.time_base)
            if t_s < since_s:
                continue
            if encoder is None:
                width, height = size or (frame.width, frame.height)
                encoder = av.CodecContext.create("libx264", "w")
                encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
                encoder.time_base, encoder.framerate = video.time_base, video.average_rate
                encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23", "g": "25"}
            picture = last if last is not None and freeze[0] <= t_s < freeze[1] else frame
            last = picture
            shown = picture.reformat(width=encoder.width, height=encoder.height, format="yuv420p")
            shown.pts, shown.time_base, shown.pict_type = frame.pts, video.time_base, 0
            for packet in encoder.encode(shown):
                yield Unit(t_s, True, packet.is_keyframe, bytes(packet))


def all_units(options: argparse.Namespace) -> Iterator[Unit]:
    freeze, size = span(options.freeze), options.size and tuple(map(int, options.size.split("x")))
    if freeze == (0.0, 0.0) and not size:
        return units(options.file)
    klv = (unit for unit in units(options.file) if not unit.video)
    return heapq.merge(klv, encoded_anew(options.file, size, freeze, options.at_s), key=lambda unit: unit.t_s)


def span(text: str) -> tuple[float, float]:
    since, until = map(float, text.split(":"))
    return since, until


def play(
    found: Iterator[Unit],
    send: Send,
    no_klv: tuple[float, float],
    no_pictures: tuple[float, float],
    at_s: float,
    end_s: float,
) -> None:
    begun_s = time.monotonic() - at_s
    began = False
    for unit in found:
        began = began or (unit.t_s >= at_s and unit.video and unit.key)
        if not began:
            continue
        if unit.t_s >= end_s:
            return
        wait_s = begun_s + unit.t_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        since_s, until_s = no_pictures if unit.video else no_klv
        if not since_s <= unit.t_s < until_s:
            send(unit)


def ready() -> None:
    print("ready", flush=True)


def program() -> Any:
    from tstrans.mpegts import KlvStreamType, MuxerProgramConfigBuilder, VideoCodec

    builder = MuxerProgramConfigBuilder(1, 0x100).add_video(0x101, VideoCodec.H264)
    return builder.add_klv(0x102, KlvStreamType.SYNCHRONOUS_METADATA, carries_pts=True).build()


def pushing(mount: Any) -> Send:
    from tstrans.mpegts import Pts90khz

    def send(unit: Unit) -> None:
        pts = Pts90khz.from_seconds(1.0 + unit.t_s)
        if unit.video:
            mount.push_video(unit.data, pts=pts, key_frame=unit.key)
        else:
            mount.push_klv(unit.data, pts=pts)
        mount.flush()

    return send


def rtsp(port: int, _file: str, begin: Callable[[Send], None]) -> None:
    from tstrans.rtp import RtspServer, RtspServerConfig

    with RtspServer.start(RtspServerConfig(bind_addr=f"127.0.0.1:{port}", fanout_capacity=8192)) as server:
        mount = server.add_unicast_mount("/feed", program())
        ready()
        while mount.peer_count() == 0:
            time.sleep(0.01)
        begin(pushing(mount))


def srt(port: int, file: str, begin: Callable[[Send], None]) -> None:
    """It calls: the centre listens."""
    from tstrans.srt import Sender

    ready()
    for _ in range(100):
        try:
            sender = Sender.from_url(f"srt://127.0.0.1:{port}?mode=caller")
            break
        except Exception:  # noqa: BLE001
            time.sleep(0.1)
    with sender:
        remuxed(file, Written(sender.send_bytes), "mpegts", LIBAV, begin)


def http(port: int, file: str, begin: Callable[[Send], None]) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            remuxed(file, Written(self.wfile.write), "mpegts", LIBAV, begin)

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        ready()
        server.handle_request()


class Written:
    """Where libav writes to."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.write = lambda data: (write(bytes(data)), len(data))[1]


def muxed(url: str, form: str) -> Callable[[int, str, Callable[[Send], None]], None]:
    def by_libav(port: int, file: str, begin: Callable[[Send], None]) -> None:
        ready()
        remuxed(file, url.format(port), form, LIBAV, begin)

    return by_libav


def remuxed(file: str, where: Any, form: str, options: dict[str, str], begin: Callable[[Send], None]) -> None:
    with av.open(file) as source, av.open(where, "w", format=form, options=options) as out:
        video = out.add_stream_from_template(source.streams.video[0], opaque=True)
        klv = out.add_data_stream("klv") if form not in {"flv", "rtsp"} else None
        time_base = source.streams.video[0].time_base

        def send(unit: Unit) -> None:
            if unit.video or klv is not None:
                packet = av.Packet(unit.data)
                packet.stream, packet.time_base = video if unit.video else klv, time_base
                packet.pts = packet.dts = round(unit.t_s / time_base)
                packet.is_keyframe = unit.key
                out.mux(packet)

        begin(send)


KINDS = {
    "rtsp": rtsp,
    "srt": srt,
    "rtsp-push": muxed("rtsp://127.0.0.1:{}/feed", "rtsp"),
    "udp": muxed("udp://127.0.0.1:{}?pkt_size=1316", "mpegts"),
    "multicast": muxed("udp://239.255.42.42:{}?pkt_size=1316&ttl=0&localaddr=127.0.0.1", "mpegts"),
    "rtp": muxed("rtp://127.0.0.1:{}", "rtp_mpegts"),
    "http": http,
    "rtmp": muxed("rtmp://127.0.0.1:{}/live/feed", "flv"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("port", type=int)
    parser.add_argument("file")
    parser.add_argument("--no-klv", default="0:0", help="no telemetry between these seconds")
    parser.add_argument("--no-pictures", default="0:0", help="nothing but telemetry between these seconds")
    parser.add_argument("--freeze", default="0:0", help="one picture again and again between these seconds")
    parser.add_argument("--size", help="of the pictures, as 320x180")
    parser.add_argument("--from", dest="at_s", type=float, default=0.0, help="begin at this second")
    parser.add_argument("--to", dest="end_s", type=float, default=1e9)
    options = parser.parse_args()

    def begin(send: Send) -> None:
        cut = span(options.no_klv), span(options.no_pictures)
        play(all_units(options), send, *cut, options.at_s, options.end_s)

    KINDS[options.kind](options.port, options.file, begin)


if __name__ == "__main__":
    main()
