"""Small logs and the records in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from detector.log import EvidenceStore, LogWriter
from detector.model import (
    Action,
    Audit,
    CoverageSlot,
    Decision,
    Gap,
    GapReason,
    Joined,
    Means,
    MediaFile,
    Place,
    Run,
    RunEnd,
    Split,
    State,
    Undecided,
    Verdict,
    Violation,
    Witness,
)

T0 = 1_772_346_600_000_000_000
S = 1_000_000_000
RUN = Run("c" * 64, "trucewatch 0.1.0", (MediaFile("north", "north.ts", "a" * 64, 4_000_000),))
PLACE = Place(12.3456789, -30.1234567, (9.0, 1.5, 4.0), (640.0, 360.5))
OPENED = Violation(
    rule_id="strip-entry",
    rule_kind="zone_entry",
    source_id="north",
    observation="one mover inside the strip",
    subject="track 12",
    state=State.OPEN,
    t_start_ns=T0 + 10 * S,
    t_end_ns=T0 + 11 * S,
    t_peak_ns=T0 + 10 * S,
    count=1,
    place=PLACE,
    means=(Means.UAV, Means.CAMERA),
    confidence=0.998,
    track_ids=(12,),
    zone_id="strip",
    measures={"dwell_s": 1.0},
    config_sha256="c" * 64,
    software="trucewatch 0.1.0",
    run_id=RUN.run_id,
)
CLOSED = replace(OPENED, state=State.CLOSED, t_end_ns=T0 + 20 * S, measures={"dwell_s": 10.25})
GAP = Gap("north", T0 + 30 * S, T0 + 40 * S, GapReason.NO_TELEMETRY, "no packet since 14:02", 3)
SLOT = CoverageSlot(
    "north", T0, T0 + 60 * S, 50.0, {"no_telemetry": 10.0}, ((12.0, -30.0), (12.1, -30.0)), {"strip": 0.6}
)
END = RunEnd(RUN.run_id, "north", 1800, True, T0, T0 + 60 * S)
VERDICT = Verdict(OPENED.violation_id, "party A", "major Ö", Decision.REJECTED, "=1+1", T0 + 9000 * S)
AUDIT = Audit(T0 + 9001 * S, "ö", "party A", Action.EXPORT, "", "csv, 1 possible violation")
UNDECIDED = Undecided(
    "strip-entry", "zone_entry", "north", "track 13", T0, T0 + S, PLACE, "ellipse over the border", RUN.run_id
)

JOINED = Joined(
    OPENED.violation_id,
    (),
    "felt when it was due",
    T0 + 10 * S,
    witnesses=(Witness("geophone", Means.SEISMIC, T0 + 11 * S),),
    means=(Means.CAMERA, Means.UAV, Means.SEISMIC),
    place=PLACE,
    t_sigma_s=0.02,
    misfit=1.5,
    run_id=RUN.run_id,
)
SPLIT = Split(OPENED.violation_id, (), "a lorry", T0 + 9100 * S, "party A", "major Ö", witnesses=("geophone",))


def fill(folder: Path) -> Path:
    """A whole small run: a log with one entry of each kind, and its evidence. What is joined is split again."""
    store = EvidenceStore(folder / "evidence")
    with LogWriter(folder) as log:
        log.begin(RUN)
        log.opened(OPENED)
        files = [
            store.put(OPENED.violation_id, "snapshot", ".jpg", b"picture"),
            store.put(OPENED.violation_id, "track", ".json", b"{}"),
        ]
        log.evidence(OPENED.violation_id, files)
        log.undecided(UNDECIDED)
        log.closed(CLOSED)
        log.gap(GAP, RUN.run_id)
        log.coverage(SLOT, RUN.run_id)
        log.joined(JOINED)
        log.verdict(VERDICT)
        log.split(SPLIT)
        log.audit(AUDIT)
        log.end(END)
    return folder / "violations.sqlite"


@pytest.fixture
def small_log(tmp_path: Path) -> Path:
    """File of a log with one entry of each kind."""
    return fill(tmp_path / "out")


@pytest.fixture
def another_log(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the same log again in a folder of this name."""
    return lambda name: fill(tmp_path / name)
