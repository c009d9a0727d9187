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
from pathlib import Path
from typing import Any

import cv2
from speed.watch import Watch

from detector import pipeline, replay
from detector.config import load
from detector.evidence import EvidenceRecorder
from detector.sources import decoding

REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+", metavar="RECORDING")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "demo.yaml")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    watch, packets = Watch(), [0]
    for name in ("observe", "opened", "closed", "ready", "finish"):
        setattr(EvidenceRecorder, name, watch.timed("evidence", getattr(EvidenceRecorder, name)))
    packet_of = decoding.packet_of

    def counting(held: Any) -> Any:
        packets[0] += 1
        return packet_of(held)

    decoding.packet_of = counting
    configuration = pipeline.checked(load(options.config, pipeline.REGISTRIES))
    found = []
    print(f"{'recording':28}{'all s':>8}{'evidence s':>12}{'share':>8}{'found':>7}{'ms each':>9}{'decoded':>9}")
    for recording in options.recordings:
        watch.reset()
        packets[0] = 0
        with tempfile.TemporaryDirectory() as out:
            jobs = replay.jobs_of(configuration, [recording], Path(out), annotate=False)
            begun_s = time.process_time()
            outcome = replay.replay(configuration, jobs, on_progress=lambda _at: None)
            total_s = time.process_time() - begun_s
        evidence_s, decoded = watch.spent["evidence"], packets[0]
        each_ms = 1000 * evidence_s / max(outcome.violations, 1)
        print(
            f"{recording.name:28}{total_s:8.2f}{evidence_s:12.2f}{evidence_s / total_s:8.1%}"
            f"{outcome.violations:7}{each_ms:9.0f}{decoded:9}",
            flush=True,
        )
        row = {"recording": recording.name, "all_s": total_s, "found": outcome.violations}
        found.append({**row, "evidence": evidence_s, "decoded": decoded})
    print(json.dumps({"benchmark": "evidence", "software": pipeline.SOFTWARE, "results": found}))


if __name__ == "__main__":
    main()
