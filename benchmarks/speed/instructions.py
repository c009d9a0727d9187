"""Instructions of the vision stages a frame, counted by callgrind: they repeat to 0.15 % where times do not (FACTS.md).

    valgrind --tool=callgrind --instr-atstart=no ... python benchmarks/speed/instructions.py

is how `count_instructions` calls it: the stages are warmed up, then counting is switched on for some frames.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COUNTED_FRAMES = 12
_WARM_FRAMES = 40
_SIZE = (640, 360)
_TIMEOUT_S = 240


def count_instructions() -> tuple[float | None, str]:
    """Instructions a frame; or None and why they cannot be counted here."""
    for tool in ("valgrind", "callgrind_control"):
        if shutil.which(tool) is None:
            return None, f"{tool} is not installed (apt install valgrind)"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
        search = os.pathsep.join([str(REPOSITORY / "benchmarks"), str(REPOSITORY)])
        # One thread everywhere and fixed hashes: or two counts of the same code differ.
        same = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": search}
        try:
            done = subprocess.run(
                [*command, sys.executable, str(Path(__file__).resolve())],
                check=False, capture_output=True, text=True, timeout=_TIMEOUT_S, env={**os.environ, **same},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, f"callgrind took longer than {_TIMEOUT_S} s"
        totals = [file.read_text("utf-8") for file in sorted(Path(folder).glob("callgrind.out*"))]
    counts = [int(found[1]) for text in totals for found in re.finditer(r"^(?:summary|totals): (\d+)", text, re.M)]
    if done.returncode or not counts or max(counts) == 0:
        return None, f"callgrind ended with {done.returncode}: {done.stderr[-300:]}"
    return max(counts) / COUNTED_FRAMES, ""


def _switch(state: str) -> None:
    subprocess.run(["callgrind_control", f"--instr={state}", str(os.getpid())], check=True, capture_output=True)


def main() -> int:
    import cv2
    import numpy as np

    from detector import pipeline
    from detector.model import Frame, TimeFrom, read_only
    from speed.clips import ground

    cv2.setNumThreads(1)
    still = ground(_SIZE[0] + 200, _SIZE[1] + 100)
    random = np.random.default_rng(3)
    noise = [random.normal(0, 2, _SIZE[::-1]).astype(np.int8) for _ in range(4)]

    def frames():
        for index in range(_WARM_FRAMES + COUNTED_FRAMES):
            if index == _WARM_FRAMES:
                _switch("on")
            scene = still.copy()
            for n in range(12):
                x, y = 60 + 47 * n + (n % 3 - 1) * index, 40 + 29 * n + (n % 2) * index
                scene[y : y + 6, x : x + 10] = 230
            shot = cv2.getRectSubPix(scene, _SIZE, (320 + 20 + 1.7 * index, 180 + 20 + 0.6 * index))
            luma = np.clip(shot.astype(np.int16) + noise[index % 4], 0, 255).astype(np.uint8)
            t_ns = index * 40_000_000
            yield Frame("a", index, t_ns, read_only(luma), False, TimeFrom.START_PTS, None, lambda luma=luma: luma)
        _switch("off")

    judged = sum(isinstance(event, pipeline.Judged) for event in pipeline.run(frames(), pipeline.default_stages()))
    return 0 if judged == _WARM_FRAMES + COUNTED_FRAMES else 1


if __name__ == "__main__":
    sys.exit(main())
