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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]


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


def one_pass(clips: list[Path], config: Path, planted: float = 0.0, tree: Path = REPOSITORY) -> list[Least]:
    """Run this file, as it stands in a tree of the repository, as a process of its own.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    search = os.pathsep.join([str(tree / "benchmarks"), str(tree)])
    script = tree / Path(__file__).resolve().relative_to(REPOSITORY)
    done = subprocess.run(
        [sys.executable, str(script), str(config), str(planted), *map(str, clips)],
        check=False, capture_output=True, text=True, cwd=tree, env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{tree}: the pass ended with {done.returncode}: {done.stderr[-500:]}")
    return [Least(*map(np.array, one)) for one in json.loads(done.stdout)]


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
            taken = measure(clip, configuration, Path(out) / clip.stem, busier if share else None)
            said.append((taken.frame_ms, taken.watch.floor_ms))
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
