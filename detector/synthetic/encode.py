"""A scene as a file: H.264 with KLV in an MPEG transport stream, the truth beside it."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from detector.synthetic.faults import Fault, damaged, klv_packets
from detector.synthetic.render import render
from detector.synthetic.scene import Scene
from detector.synthetic.telemetry import readings
from detector.synthetic.truth import TruthBook

_CLOCK_HZ = 90_000
_LEAD_S = 1.0  # TS time starts here, so that no time stamp is negative


def write_feed(
    scene: Scene,
    path: Path,
    *,
    size_px: tuple[int, int] = (1280, 720),
    fps: tuple[int, int] = (25, 1),
    seconds: float | None = None,
    bitrate_mbit_s: float = 4.0,
    faults: Iterable[Fault] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Path:
    """Render and encode a scene; the same arguments write the same bytes.

    Args:
        path: of the transport stream; the truth is written beside it as `<stem>.truth.json.gz`.
        size_px: even numbers. fps: numerator, denominator.
        progress: called with frames done and in all.

    Returns:
        Path of the truth.

    Raises:
        ValueError: odd or tiny size.
    """
    if size_px[0] % 2 or size_px[1] % 2 or min(size_px) < 64:
        raise ValueError(f"size {size_px[0]}x{size_px[1]}: both sides must be even and at least 64")
    length = scene.seconds if seconds is None else seconds
    faults = tuple(faults)
    book = TruthBook(scene, size_px, fps)
    stream = _transport_stream(scene, size_px, fps, length, bitrate_mbit_s, faults, book, progress)
    path.write_bytes(damaged(stream, faults, scene.seed))
    truth = book.as_json() | {"faults": [str(fault) for fault in faults]}
    beside = path.with_suffix(".truth.json.gz")
    # mtime 0: the same truth is the same bytes.
    beside.write_bytes(gzip.compress(json.dumps(truth, separators=(",", ":")).encode(), mtime=0))
    return beside


def _transport_stream(
    scene: Scene,
    size_px: tuple[int, int],
    fps: tuple[int, int],
    seconds: float,
    bitrate_mbit_s: float,
    faults: tuple[Fault, ...],
    book: TruthBook,
    progress: Callable[[int, int], None],
) -> bytes:
    rate = Fraction(*fps)
    total = max(1, round(seconds * rate))
    waiting = klv_packets(readings(scene, size_px, float((total - 1) / rate)), faults)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts", options={"mpegts_flags": "+initial_discontinuity"}) as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height = size_px
        video.pix_fmt = "yuv420p"
        video.bit_rate = round(bitrate_mbit_s * 1e6)
        # One thread: with more, rate control depends on timing and two runs differ.
        video.codec_context.thread_count = 1
        video.codec_context.gop_size = round(rate)
        video.options = {"preset": "veryfast", "bf": "0", "x264-params": "threads=1:scenecut=0:nal-hrd=none"}
        video.codec_context.time_base = 1 / rate
        data = container.add_data_stream("klv")
        data.time_base = Fraction(1, _CLOCK_HZ)
        for frame in render(scene, size_px, fps, seconds):
            book.add(frame)
            while waiting and waiting[0][0] <= frame.t_s + 1e-9:
                t_s, klv = waiting.pop(0)
                packet = av.Packet(klv)
                packet.stream = data
                packet.pts = packet.dts = round((t_s + _LEAD_S) * _CLOCK_HZ)
                packet.time_base = Fraction(1, _CLOCK_HZ)
                container.mux(packet)
            planes = cv2.cvtColor(frame.bgr, cv2.COLOR_BGR2YUV_I420)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes, np.uint8), format="yuv420p")
            picture.pts = frame.index + round(_LEAD_S * rate)
            picture.time_base = 1 / rate
            container.mux(video.encode(picture))
            progress(frame.index + 1, total)
        container.mux(video.encode(None))
    return buffer.getvalue()
