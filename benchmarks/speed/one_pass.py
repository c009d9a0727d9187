"""One pass of some clips in a fresh process: prints the CPU of each frame and of decoding it alone.

    python benchmarks/speed/one_pass.py CONFIG PLANTED_SHARE CLIP ...

In a process that has run others before, the allocator may keep large arrays or give them back each time: the same work
then costs 9 or 13 ms a frame (720p, 45,000 or 250,000 page faults). A fresh process always starts the same way.
PLANTED_SHARE of what a frame has cost so far is burnt in each judged frame: 0 but in the gate's own test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
_MY_TURN = b"may I?\n"


class Least(NamedTuple):
    """The least CPU that each frame of a clip has cost in some passes, and that decoding it has cost. shape (N,) [ms]

    What disturbs a pass disturbs other frames in the next one, and never makes a frame cheaper.
    """

    frame_ms: np.ndarray
    floor_ms: np.ndarray

    @property
    def ratio(self) -> float:
        """Of everything from the packet to the log to decoding alone."""
        return float(self.frame_ms.sum() / self.floor_ms.sum())

    def over(self, other: Least) -> Least:
        """Of the passes of both."""
        return Least(np.minimum(self.frame_ms, other.frame_ms), np.minimum(self.floor_ms, other.floor_ms))


class Contestant(NamedTuple):
    """Code to be timed: a tree of the repository, and the share of its own cost that it burns on top."""

    tree: Path = REPOSITORY
    planted: float = 0.0


def in_turns(contestants: Sequence[Contestant], clips: list[Path], config: Path) -> list[list[Least]]:
    """One pass of each, frame by frame in turns: what else the machine does in a moment falls on all of them.

    Runs this file with this configuration, each as it stands in its tree, as a process of its own.

    Returns:
        For each contestant, in order, what each clip has cost.

    Raises:
        RuntimeError: one failed; with the end of what it said.
    """
    runs = [_started(one, clips, config) for one in contestants]
    said = [run.stdout.readline() for run in runs]
    while _MY_TURN in said:
        for number, run in enumerate(runs):
            if said[number] == _MY_TURN:
                run.stdin.write(b"\n")
                run.stdin.flush()
                said[number] = run.stdout.readline()  # once its frame is done
    for one, run in zip(contestants, runs, strict=True):
        _, trouble = run.communicate()
        if run.returncode:
            raise RuntimeError(f"{one.tree}: the pass ended with {run.returncode}: {trouble[-500:].decode()}")
    return [[Least(*map(np.array, one)) for one in json.loads(line)] for line in said]


def _started(one: Contestant, clips: list[Path], config: Path) -> Any:
    search = os.pathsep.join([str(one.tree / "benchmarks"), str(one.tree)])
    script, settings = (one.tree / path.relative_to(REPOSITORY) for path in (Path(__file__).resolve(), config))
    return subprocess.Popen(
        [sys.executable, str(script), str(settings), str(one.planted), *map(str, clips)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=one.tree, env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip


def _wait_for_my_turn() -> None:
    sys.stdout.buffer.write(_MY_TURN)
    sys.stdout.buffer.flush()
    sys.stdin.buffer.readline()


def main() -> int:
    import cv2

    from detector import pipeline
    from detector.config import load
    from speed.feed import measure

    config, share, clips = Path(sys.argv[1]), float(sys.argv[2]), [Path(one) for one in sys.argv[3:]]
    cv2.setNumThreads(1)
    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))

    def busier(taken: Any) -> None:
        spent = sum(seconds for name, seconds in taken.watch.spent.items() if name not in ("floor", "planted"))
        until = time.process_time() + share * spent / max(taken.counted, 1)
        while taken.counted and time.process_time() < until:
            pass

    said = []
    with tempfile.TemporaryDirectory() as out:
        for clip in clips:
            taken = measure(clip, configuration, Path(out) / clip.stem, busier if share else None, _wait_for_my_turn)
            said.append((taken.frame_ms, taken.watch.floor_ms))
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
