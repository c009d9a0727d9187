"""Clips for timing: a textured ground with movers, from a drifting or a standing camera, with telemetry."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from detector.synthetic import SCENES
from detector.synthetic.faults import klv_packets
from detector.synthetic.telemetry import readings

SIZES = {"720p": (1280, 720, 4_000_000), "1080p": (1920, 1080, 8_000_000), "4K": (3840, 2160, 24_000_000)}
FPS = 30
MOVERS = 12
_CLOCK_HZ = 90_000


def ground(width: int, height: int) -> np.ndarray:
    """Texture at three scales. shape (height, width) uint8"""
    random = np.random.default_rng(1)
    total = np.full((height, width), 120, np.float32)
    for cell, weight in ((3, 8), (9, 14), (40, 25)):
        coarse = random.normal(size=(height // cell + 2, width // cell + 2)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)


def make_clip(path: Path, width: int, height: int, bit_rate: int, count: int, *, moving: bool) -> Path:
    """H.264 at 30 frames a second and a usual bit rate, with ten sets of telemetry a second; no B-frames.

    The telemetry is that of the scene `demo` and belongs to another picture: places are wrong, their cost is not.
    """
    scale = width / 1920
    drift = (6 * scale, 2 * scale) if moving else (0.0, 0.0)  # px a frame
    still = ground(width + int(drift[0] * count) + 40, height + int(drift[1] * count) + 40)
    random = np.random.default_rng(2)
    place = random.uniform(0.15, 0.75, (MOVERS, 2)) * still.shape[::-1]
    speed = random.uniform(-4, 4, (MOVERS, 2)) * scale
    noise = [random.normal(0, 2, (height, width)).astype(np.int8) for _ in range(4)]
    waiting = klv_packets(readings(SCENES["demo"](1), (width, height), count / FPS), ())
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", bit_rate
        data = container.add_data_stream("klv")
        data.time_base = Fraction(1, _CLOCK_HZ)
        for index in range(count):
            while waiting and waiting[0][0] <= index / FPS:
                t_s, klv = waiting.pop(0)
                packet = av.Packet(klv)
                packet.stream, packet.time_base = data, data.time_base
                packet.pts = packet.dts = round((t_s + 1) * _CLOCK_HZ)
                container.mux(packet)
            shot = np.clip(_shot(still, place + speed * index, drift, index, (width, height), scale), 0, 255)
            luma = np.clip(shot.astype(np.int16) + noise[index % 4], 0, 255).astype(np.uint8)
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = luma
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = index + FPS, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _shot(
    still: np.ndarray, movers: np.ndarray, drift: tuple[float, float], index: int, size: tuple[int, int], scale: float
) -> np.ndarray:
    scene = still.copy()
    for x, y in movers.astype(int).tolist():
        scene[y : y + int(14 * scale), x : x + int(26 * scale)] = 235
    x, y = 20 + drift[0] * index, 20 + drift[1] * index
    return cv2.getRectSubPix(scene, size, (x + size[0] / 2, y + size[1] / 2))


def make_size(folder: Path, name: str, count: int, *, moving: bool) -> Path:
    """The clip of one of SIZES, made once."""
    path = folder / f"{name}-{'moving' if moving else 'static'}-{count}.ts"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f"making-{path.name}")
        make_clip(making, *SIZES[name], count, moving=moving).rename(path)
    return path
