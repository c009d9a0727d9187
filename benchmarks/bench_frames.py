"""CPU of the vision stages as a ratio to the decode floor, at 720p, 1080p and 4K.

    python benchmarks/bench_frames.py [--frames N] [--repeats N]

Absolute times on a shared machine are worth little, the ratio of two sections of one process repeats to a few per
cent (FACTS.md): so one loop, one decode thread, cv2 with one thread, `time.process_time()` around decoding and around
each stage, 10 warm-up frames dropped, and the median ratio of 5 repeats. The decode floor is PyAV with a zero-copy Y
plane. The clip is made here: a drifting view over a textured ground with some movers, H.264 at a bit rate usual for
its size. Checks first that the movers are found. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from detector.detectors import FlashDetector, MotionDetector
from detector.detectors.bank import merge
from detector.model import Frame, TimeFrom
from detector.registration import FlowRegistrar
from detector.tracking import KalmanTracker

SIZES = {"720p": (1280, 720, 4_000_000), "1080p": (1920, 1080, 8_000_000), "4K": (3840, 2160, 24_000_000)}
WARM_UP_FRAMES = 10
MOVERS = 12
STAGES = ("shrink", "registration", "motion", "flash", "tracking")


def ground(width: int, height: int) -> np.ndarray:
    random = np.random.default_rng(1)
    total = np.full((height, width), 120, np.float32)
    for cell, weight in ((3, 8), (9, 14), (40, 25)):
        coarse = random.normal(size=(height // cell + 2, width // cell + 2)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)


def make_clip(path: Path, width: int, height: int, bit_rate: int, count: int) -> None:
    scale = width / 1920
    still = ground(width + int(6 * scale * count) + 40, height + int(2 * scale * count) + 40)
    random = np.random.default_rng(2)
    place = random.uniform(0.15, 0.75, (MOVERS, 2)) * still.shape[::-1]
    speed = random.uniform(-4, 4, (MOVERS, 2)) * scale
    noise = [random.normal(0, 2, (height, width)).astype(np.int8) for _ in range(4)]
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", bit_rate
        for index in range(count):
            scene = still.copy()
            for x, y in (place + speed * index).astype(int):
                scene[y : y + int(14 * scale), x : x + int(26 * scale)] = 235
            x, y = 20 + 6 * scale * index, 20 + 2 * scale * index
            shot = cv2.getRectSubPix(scene, (width, height), (x + width / 2, y + height / 2))
            luma = np.clip(shot.astype(np.int16) + noise[index % 4], 0, 255).astype(np.uint8)
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = luma
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode())


def decoded(path: Path) -> Iterator[tuple[av.VideoFrame, Fraction]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "NONE", 1
        for picture in container.decode(stream):
            yield picture, stream.time_base


class Stopwatch:
    """CPU time spent in each named section. [s]"""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.frame_ms: list[float] = []

    def add(self, name: str, start: float) -> float:
        now = time.process_time()
        self.spent[name] = self.spent.get(name, 0.0) + now - start
        return now


def one_pass(path: Path) -> tuple[Stopwatch, int, int]:
    """The stages over the whole clip: times, frames counted, most tracks confirmed at once."""
    registrar, motion, flash, tracker = FlowRegistrar(), MotionDetector(), FlashDetector(), KalmanTracker()
    watch, counted, most = Stopwatch(), 0, 0
    waiting, alignments = {}, {}
    pictures = decoded(path)
    while True:
        start = time.process_time()
        item = next(pictures, None)
        if item is None:
            return watch, counted, most
        picture, time_base = item
        plane = picture.planes[0]
        luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]
        luma.flags.writeable = False
        if counted == WARM_UP_FRAMES:
            watch = Stopwatch()
        begun = now = watch.add("decode", start)
        t_ns = round(picture.pts * time_base * 1_000_000_000)
        frame = Frame("bench", counted, t_ns, luma, picture.key_frame, TimeFrom.START_PTS, None, lambda luma=luma: luma)
        counted += 1
        shrink(frame)
        now = watch.add("shrink", now)
        alignments[frame.index] = registrar.align(frame)
        now = watch.add("registration", now)
        for one in motion.detect(frame, alignments[frame.index]):
            waiting.setdefault(one.index, []).append(one)
        now = watch.add("motion", now)
        for one in flash.detect(frame, alignments[frame.index]):
            waiting.setdefault(one.index, []).append(one)
        now = watch.add("flash", now)
        for index in sorted(index for index, parts in waiting.items() if len(parts) == 2):
            tracks = tracker.update(merge(waiting.pop(index)), alignments.pop(index))
            most = max(most, int(tracks.confirmed.sum()))
        now = watch.add("tracking", now)
        watch.frame_ms.append(1000 * (now - begun))


def shrink(frame: Frame) -> None:
    from detector.picture import level_at_most, shrunk

    shrunk(frame, level_at_most(frame.size_px, 480))


def measure(name: str, folder: Path, frames: int, repeats: int) -> dict:
    width, height, bit_rate = SIZES[name]
    path = folder / f"{name}.ts"
    make_clip(path, width, height, bit_rate, frames)
    passes = [one_pass(path) for _ in range(repeats)]
    assert all(count == frames for _, count, _ in passes), "not every frame was judged"
    assert passes[0][2] >= MOVERS // 2, f"only {passes[0][2]} of {MOVERS} movers were found"
    counted = frames - WARM_UP_FRAMES
    ratios = [sum(watch.spent.values()) / watch.spent["decode"] for watch, _, _ in passes]
    middle = passes[int(np.argsort(ratios)[len(ratios) // 2])][0]
    return {
        "size": name,
        "ratio": float(np.median(ratios)),
        "spread": float((max(ratios) - min(ratios)) / np.median(ratios)),
        "decode_ms": 1000 * middle.spent["decode"] / counted,
        "stages_ms": {stage: 1000 * middle.spent[stage] / counted for stage in STAGES},
        "p50_ms": float(np.percentile(middle.frame_ms, 50)),
        "p99_ms": float(np.percentile(middle.frame_ms, 99)),
        "frames_a_cpu_second": counted / sum(middle.spent.values()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", nargs="*", choices=list(SIZES), default=list(SIZES))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"Python {platform.python_version()}, OpenCV {cv2.__version__}, PyAV {av.__version__}, {os.cpu_count()} CPUs")
    print(
        f"{'':8}{'ratio':>7}{'spread':>8}{'decode':>8}"
        + "".join(f"{stage:>14}" for stage in STAGES)
        + "   p50   p99  frames/s"
    )
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.size:
            one = measure(name, Path(folder), options.frames, options.repeats)
            results.append(one)
            stages = "".join(f"{one['stages_ms'][stage]:14.2f}" for stage in STAGES)
            print(
                f"{name:8}{one['ratio']:7.2f}{one['spread']:8.1%}{one['decode_ms']:8.2f}{stages}"
                f"{one['p50_ms']:6.1f}{one['p99_ms']:6.1f}{one['frames_a_cpu_second']:10.0f}",
                flush=True,
            )
    print(json.dumps({"benchmark": "frames", "results": results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
