"""What fewer points, smaller windows and fewer steps of Lucas-Kanade cost in registration error. Decision 021.

    python benchmarks/notes/registration_points.py DATA

CPU a frame of registration alone and its error against the exact homographies of the shared synthetic clips, median and
95th percentile, from one frame to the next and 0.3 s apart. [px of a picture 480 wide]
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scoring.registration import errors_px
from scoring.truth import load

from detector.model import Frame
from detector.picture import flow as picture_flow
from detector.picture import level_at_most, shrunk
from detector.registration import FlowRegistrar
from detector.registration import flow as registration_flow
from detector.sources import open_source

FRAMES = 150
CORNERS, LK = picture_flow.corners, cv2.calcOpticalFlowPyrLK
TRIED = {
    "window 15": {"window": 15},
    "16x10, window 15": {"grid": (16, 10), "window": 15},
    "16x9, window 15": {"grid": (16, 9), "window": 15},
    "12x8, window 15": {"grid": (12, 8), "window": 15},
    "window 11": {"window": 11},
    "window 13": {"window": 13},
    "window 15, 5 steps": {"window": 15, "steps": 5},
    "16x10, window 13": {"grid": (16, 10), "window": 13},
    "16x10, window 11": {"grid": (16, 10), "window": 11},
    "window 9": {"window": 9},
    "16x10, window 9": {"grid": (16, 10), "window": 9},
}


def read(clip: Path) -> list[Frame]:
    frames = []
    for item in open_source(clip, source_id="a"):
        if isinstance(item, Frame):
            shrunk(item, level_at_most(item.size_px, 480) + 1)
            frames.append(item)
        if len(frames) == FRAMES:
            break
    return frames


def set_up(grid: tuple[int, int] = (20, 12), window: int = 11, steps: int = 10) -> None:
    registration_flow.corners = partial(CORNERS, columns=grid[0], rows=grid[1])
    picture_flow.WINDOW_PX = window

    def limited(*arguments, **named):
        named["winSize"] = (window, window)
        named["criteria"] = (named["criteria"][0], steps, named["criteria"][2])
        return LK(*arguments, **named)

    picture_flow.cv2.calcOpticalFlowPyrLK = limited


def main() -> int:
    cv2.setNumThreads(1)
    names = sys.argv[2:] or ["s1_nadir", "s2_fastrot", "s3_parallax", "s4_hover", "s6_night"]
    for name in names:
        clip = Path(sys.argv[1]) / "synthetic" / f"{name}.mp4"
        frames, truth = read(clip), load(clip)
        for label, options in TRIED.items():
            set_up(**options)
            registrar, alignments = FlowRegistrar(), []
            start = time.process_time()
            alignments = [registrar.align(frame) for frame in frames]
            ms = 1000 * (time.process_time() - start) / len(frames)
            scenes = [SimpleNamespace(t_ns=frame.t_ns, size_px=frame.size_px) for frame in frames]
            played = SimpleNamespace(
                frames=[SimpleNamespace(scene=s, alignment=a) for s, a in zip(scenes, alignments, strict=True)]
            )
            said = [errors_px(played, truth, lag_s) for lag_s in (0.0, 0.3)]
            text = ", ".join(f"{np.median(one):.3f} {np.percentile(one, 95):.3f}" for one in said)
            print(f"{name:12} {label:18} {ms:6.2f} ms  {text}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
