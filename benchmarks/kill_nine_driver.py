"""What kill_nine.py kills: a replay, or a small generated run, that says on standard output what has been logged.

Each line is the SHA-256 of an entry's body, or the path of an evidence file, written after the call returned.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.log import EvidenceStore, LogWriter
from detector.log.canonical import canonical_json
from detector.log.chain import content_sha256
from detector.model import Gap, GapReason, Means, MediaFile, Place, Run, RunEnd, State, Violation

START_NS, S = 1_772_346_600_000_000_000, 1_000_000_000


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # no buffer of ours that a kill could empty


class ReportingWriter(LogWriter):
    """Says which entry is in the log, once the call that appended it has come back."""

    def _append(self, body: dict[str, Any]) -> bool:
        appended = super()._append(body)
        say(content_sha256(canonical_json(body)))
        return appended


def replayed(config: Path, media: Path | None, out: Path) -> None:
    """The real replay, with nothing changed but the writer that reports. media None: all that CONFIG names."""
    import cv2

    import detector.replay as recordings
    from detector import pipeline
    from detector.config import load

    cv2.setNumThreads(1)
    recordings.LogWriter = ReportingWriter  # type: ignore[attr-defined]
    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))
    jobs = recordings.jobs_of(configuration, [media] if media else [], out, annotate=False)
    recordings.replay(configuration, jobs, on_progress=lambda _at: None)


def generated(out: Path, count: int) -> None:
    """A run that does nothing but log: `count` violations with two evidence files each, gaps between."""
    run = Run("c" * 64, "trucewatch kill_nine", (MediaFile("north", "north.ts", "a" * 64, 4_000_000),))
    store, noise = EvidenceStore(out / "evidence"), random.Random(1)
    with ReportingWriter(out) as log:
        log.begin(run)
        for number in range(count):
            violation = _violation(number, run.run_id)
            log.opened(violation)
            files = [store.put(violation.violation_id, role, ".bin", noise.randbytes(200_000)) for role in ("a", "b")]
            log.evidence(violation.violation_id, files)
            log.closed(replace(violation, state=State.CLOSED, t_end_ns=violation.t_end_ns + S))
            log.gap(Gap("north", violation.t_end_ns, violation.t_end_ns + S, GapReason.DAMAGED), run.run_id)
        log.end(RunEnd(run.run_id, "north", 25 * count, True, START_NS, START_NS + count * S))


def _violation(number: int, run_id: str) -> Violation:
    start_ns = START_NS + number * 3 * S
    return Violation(
        "strip", "zone_entry", "north", "movement observed", f"track {number}", State.OPEN, start_ns, start_ns + S,
        start_ns, 1, Place(42.3, -99.5, (9.0, 1.5, 4.0), (320.0, 180.0)), (Means.UAV,), 0.99, run_id=run_id,
    )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "replay":
        replayed(Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3] else None, Path(sys.argv[4]))
    else:
        generated(Path(sys.argv[2]), int(sys.argv[3]))
