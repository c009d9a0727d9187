"""One pass of one clip in a fresh process: prints its ratio to the decode floor.

    python benchmarks/speed/one_pass.py CLIP CONFIG PLANTED_SHARE

In a process that has run others before, the allocator may keep large arrays or give them back each time: the same work
then costs 9 or 13 ms a frame (720p, 45,000 or 250,000 page faults). A fresh process always starts the same way.
PLANTED_SHARE of what a frame has cost so far is burnt in each judged frame: 0 but in the gate's own test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def ratio_of_one_pass(clip: Path, config: Path, planted: float = 0.0) -> float:
    """Run this file as a process of its own.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    search = os.pathsep.join([str(REPOSITORY / "benchmarks"), str(REPOSITORY)])
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), str(clip), str(config), str(planted)],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{clip.name}: the pass ended with {done.returncode}: {done.stderr[-500:]}")
    return float(done.stdout)


def main() -> int:
    import cv2

    from detector import pipeline
    from detector.config import load
    from speed.feed import measure

    clip, config, share = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    cv2.setNumThreads(1)
    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))

    def busier(taken) -> None:
        spent = sum(seconds for name, seconds in taken.watch.spent.items() if name not in ("floor", "planted"))
        until = time.process_time() + share * spent / max(taken.counted, 1)
        while taken.counted and time.process_time() < until:
            pass

    with tempfile.TemporaryDirectory() as out:
        print(measure(clip, configuration, Path(out), busier if share else None).ratio)
    return 0


if __name__ == "__main__":
    sys.exit(main())
