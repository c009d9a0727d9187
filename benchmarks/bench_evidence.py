"""What evidence costs in a replay: CPU for each possible violation, its share, and the pictures decoded for it.

    python benchmarks/bench_evidence.py [--config FILE] RECORDING ...

The replay is the real one. Counted is the processor time within the recorder of evidence (clips, pictures, tables, and
the writing and hashing of them), everything else of the process besides. `decoded`: packets given to a decoder for the
pictures of evidence, for all of them together. Two versions of the software are compared in turns, with PYTHONPATH.
Ends in one JSON line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from detector import pipeline, replay
from detector.config import load
from detector.evidence import EvidenceRecorder
from detector.sources import decoding

REPOSITORY = Path(__file__).resolve().parents[1]


def counted(spent: dict[str, float], name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        begun_s = time.process_time()
        try:
            return inner(*arguments)
        finally:
            spent[name] += time.process_time() - begun_s

    return run


def counted_steps(
    spent: dict[str, float], name: str, inner: Callable[..., Iterator[Any]]
) -> Callable[..., Iterator[Any]]:
    def run(*arguments: Any) -> Iterator[Any]:
        step, end = counted(spent, name, next), object()
        steps = inner(*arguments)
        while (found := step(steps, end)) is not end:
            yield found

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+", metavar="RECORDING")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "demo.yaml")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    spent: dict[str, float] = defaultdict(float)
    for name in ("observe", "opened", "closed"):
        setattr(EvidenceRecorder, name, counted(spent, "evidence", getattr(EvidenceRecorder, name)))
    for name in ("ready", "finish"):
        setattr(EvidenceRecorder, name, counted_steps(spent, "evidence", getattr(EvidenceRecorder, name)))
    packet_of = decoding.packet_of

    def counting(held: Any) -> Any:
        spent["decoded"] += 1
        return packet_of(held)

    decoding.packet_of = counting
    configuration = pipeline.checked(load(options.config, pipeline.REGISTRIES))
    found = []
    print(f"{'recording':28}{'all s':>8}{'evidence s':>12}{'share':>8}{'found':>7}{'ms each':>9}{'decoded':>9}")
    for recording in options.recordings:
        spent.clear()
        with tempfile.TemporaryDirectory() as out:
            jobs = replay.jobs_of(configuration, [recording], Path(out), annotate=False)
            begun_s = time.process_time()
            outcome = replay.replay(configuration, jobs, on_progress=lambda _at: None)
            total_s = time.process_time() - begun_s
        each_ms = 1000 * spent["evidence"] / max(outcome.violations, 1)
        print(
            f"{recording.name:28}{total_s:8.2f}{spent['evidence']:12.2f}{spent['evidence'] / total_s:8.1%}"
            f"{outcome.violations:7}{each_ms:9.0f}{spent['decoded']:9.0f}",
            flush=True,
        )
        found.append({"recording": recording.name, "all_s": total_s, "found": outcome.violations, **spent})
    print(json.dumps({"benchmark": "evidence", "software": pipeline.SOFTWARE, "results": found}))


if __name__ == "__main__":
    main()
