"""A drone that flies the same round again and again: a recording to be repeated without a jump in place or view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.synthetic import SCENES, Scene
from detector.synthetic.camera_path import CameraPath, Knot
from detector.synthetic.encode import write_feed
from detector.synthetic.movers import Mover
from detector.synthetic.scene import Flash

ROUND_S = 40.0
FPS = 30
_TRAFFIC = frozenset({4, 5, 20, 21, 22, 23, 31, 32, 33, 34, 35, 36})  # of the demo


def patrol(seed: int = 1) -> Scene:
    """To and fro before the strip: an entry, a crossing of the line, a flash; traffic, animals and people."""
    times = np.arange(-4.0, ROUND_S + 5.0, 2.0)
    turn = 2 * np.pi * times / ROUND_S
    knots = tuple(
        Knot(t, -40 + 70 * np.sin(a), -100 + 6 * np.sin(2 * a), 220.0, 2.5 * np.sin(a), -50 + 0.8 * np.sin(a), 52.0)
        for t, a in zip(times.tolist(), turn.tolist(), strict=True)
    )
    movers = (
        Mover(1, "van", ((30, 40), (30, 127), (-200, 127)), ((0, 0), (5, 0), (6, 8.0)), (214, 216, 216)),
        Mover(2, "car", ((-80, 92), (-80, 400)), ((0, 0), (18, 0), (20, 13.0)), (52, 50, 168)),
        *(one for one in SCENES["demo"](seed).movers if one.key in _TRAFFIC),
    )
    flash = Flash(1, 34.0, -110.0, 128.0)
    return replace(
        SCENES["demo"](seed), name="patrol", about=patrol.__doc__ or "", seconds=ROUND_S,
        path=CameraPath(knots, seed=seed), movers=movers, flashes=(flash,),
    )  # fmt: skip


def make_round(folder: Path, size_px: tuple[int, int] = (1920, 1080), bitrate_mbit_s: float = 8.0) -> Path:
    """The round as a transport stream of 30 pictures and 10 sets of telemetry a second, made once (10 minutes)."""
    path = folder / f"patrol-{size_px[0]}x{size_px[1]}.ts"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f"making-{path.name}")
        write_feed(patrol(), making, size_px=size_px, fps=(FPS, 1), bitrate_mbit_s=bitrate_mbit_s)
        making.rename(path)
    return path
