"""CPU from the packet to the log as a ratio to decoding alone, at 720p, 1080p and 4K, moving and standing camera.

    python benchmarks/bench_frames.py [--frames N] [--repeats N] [--size NAME ...] [--camera moving static]

Absolute times on a shared machine are worth little, the ratio of two sections of one process repeats to a few per
cent (FACTS.md): so one loop, one decode thread, cv2 with one thread, `time.process_time()` around each section, and
the median ratio of 5 repeats. For each frame that the real replay reads, the same frame is decoded by PyAV alone with
a zero-copy Y plane: the decode floor. Dropped are the first 3.3 s: 10 frames of the machine's warm-up, and the
detector's, which for 3 s finds out whether the camera stands and then, in one frame, learns its view. `log`:
everything of `trucewatch replay` with the rules of configs/demo.yaml, health included, over the floor; `whole`: with
evidence, too, which costs by the possible violation (bench_evidence.py): a dozen movers cross zones in these few
seconds.
`vision`: decoding, registration, detectors and tracking alone. p50, p99: CPU of a frame after it was decoded until
what it led to is logged, without the writing of evidence clips, which follows seconds later; the lag of the method is
the detector's own, 0.6 s. Memory: of a process with one feed open, and what a second and third add; `ring` is what
their packet rings hold. The clips are made here: a textured ground, 12 movers, telemetry, H.264 at 30 frames a
second. Checks first that the movers are found. Prints tables and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
from speed.clips import MOVERS, SIZES, make_size
from speed.feed import WARM_UP_FRAMES, measure

from detector import pipeline
from detector.config import Configuration, load

REPOSITORY = Path(__file__).resolve().parents[1]
CAMERAS = ("moving", "static")


def measured(
    name: str, camera: str, folder: Path, logs: Path, frames: int, repeats: int, configuration: Configuration
) -> dict:
    path = make_size(folder, name, frames, moving=camera == "moving")
    passes = []
    for number in range(repeats):
        one = measure(path, configuration, logs / f"log-{name}-{camera}-{number}")
        if one.frames != frames:
            raise SystemExit(f"{path.name}: {one.frames} of {frames} frames were judged: the timing means nothing")
        if one.most_confirmed < MOVERS // 2:
            raise SystemExit(f"{path.name}: {one.most_confirmed} of {MOVERS} movers found: the timing means nothing")
        passes.append(one)
    ratios = np.array([one.ratio for one in passes])
    middle = passes[int(np.argsort(ratios)[len(ratios) // 2])]
    total_ms = 1000 * middle.total / middle.counted
    return {
        "size": name,
        "camera": camera,
        "ratio": float(np.median(ratios)),
        "spread": float(np.ptp(ratios) / np.median(ratios)),
        "whole_ratio": float(np.median([one.whole for one in passes])),
        "vision_ratio": float(np.median([one.vision for one in passes])),
        "floor_ms": 1000 * middle.floor / middle.counted,
        "total_ms": total_ms,
        "stages_ms": middle.stages_ms(),
        "p50_ms": float(np.percentile(middle.watch.frame_without_evidence_ms, 50)),
        "p99_ms": float(np.percentile(middle.watch.frame_without_evidence_ms, 99)),
        "p99_with_evidence_ms": float(np.percentile(middle.watch.frame_ms, 99)),
        "feeds_a_core": 1000 / 30 / total_ms,
        "violations": middle.violations,
    }


def memory_mb(path: Path, frames: int) -> dict:
    """Of a fresh process: resident after each of three feeds is open and has read `frames` frames; its packet rings."""
    code = (
        "import sys, cv2; from pathlib import Path; cv2.setNumThreads(1)\n"
        "from speed.memory import of_feeds; of_feeds(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "benchmarks"), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(frames)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def print_row(one: dict) -> None:
    print(
        f"{one['size']:7}{one['camera']:8}{one['ratio']:6.2f}{one['spread']:8.1%}{one['whole_ratio']:7.2f}{one['vision_ratio']:8.2f}"
        f"{one['floor_ms']:8.2f}{one['total_ms']:8.2f}{one['p50_ms']:7.2f}{one['p99_ms']:7.2f}"
        f"{one['p99_with_evidence_ms']:10.1f}{one['feeds_a_core']:8.2f}",
        flush=True,
    )
    stages = (f"{name} {spent:.2f}" for name, spent in one["stages_ms"].items() if name != "floor")
    print("       ms a frame: " + ", ".join(stages), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=180)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--camera", nargs="*", choices=CAMERAS, default=list(CAMERAS))
    parser.add_argument("--cache", type=Path, help="folder that keeps the clips; a temporary one if not given")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "demo.yaml")
    options = parser.parse_args()
    if options.frames <= WARM_UP_FRAMES + 10:
        parser.error(
            f"--frames {options.frames}: {WARM_UP_FRAMES} are dropped, so allowed is {WARM_UP_FRAMES + 11} and up"
        )
    cv2.setNumThreads(1)
    configuration = pipeline.checked(load(options.config, pipeline.REGISTRIES))
    machine = (
        f"Python {platform.python_version()}, OpenCV {cv2.__version__}, PyAV {av.__version__}, {os.cpu_count()} CPUs"
    )
    print(machine)
    print(
        f"{'size':7}{'camera':8}{'log':>6}{'spread':>8}{'whole':>7}{'vision':>8}{'floor':>8}{'total':>8}{'p50':>7}{'p99':>7}"
        f"{'+evidence':>10}{'feeds':>8}"
    )
    results, memory = [], {}
    with tempfile.TemporaryDirectory() as folder:
        made = options.cache or Path(folder)
        for name in options.size:
            for camera in options.camera:
                one = measured(name, camera, made, Path(folder), options.frames, options.repeats, configuration)
                results.append(one)
                print_row(one)
            memory[name] = memory_mb(make_size(made, name, options.frames, moving="moving" in options.camera), 120)
            print(
                f"{name:7}memory MB: first {memory[name]['first']:.0f}, each further {memory[name]['further']:.1f}, "
                f"of it ring {memory[name]['ring']:.1f}",
                flush=True,
            )
    print(json.dumps({"benchmark": "frames", "machine": machine, "results": results, "memory_mb": memory}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
