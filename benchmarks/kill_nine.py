"""kill -9 at random moments of a replay: the log opens, verifies, and holds every entry that was reported as logged.

    python benchmarks/kill_nine.py --times 200 [--seed S]

The moment is uniform over the measured duration of a run that is left alone, start-up included. A folder is killed
in up to KILLS_A_FOLDER times, then the run is let through to its end there: its export as JSON Lines must then be
byte-equal to that of a run that was never killed. What is tested is the death of the process, not of the machine.
"""

from __future__ import annotations

import json
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from detector.log import open_reader, verify_log
from detector.log.chain import content_sha256
from detector.log.evidence import PART
from detector.log.export import FORMATS
from detector.log.reader import Period

HERE = Path(__file__).resolve().parent
DRIVER = HERE / "kill_nine_driver.py"
KILLS_A_FOLDER = 6


@dataclass(frozen=True, slots=True)
class Workload:
    """A command that logs into the folder in place of OUT."""

    arguments: tuple[str, ...]

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        arguments = [str(out) if word == "OUT" else word for word in self.arguments]
        return subprocess.Popen([sys.executable, str(DRIVER), *arguments], stdout=subprocess.PIPE, cwd=HERE.parent)

    def run(self, out: Path) -> tuple[set[str], float]:
        """Let it through: what it reported, and how long it took. [s]"""
        began = time.monotonic()
        process = self.start(out)
        reported = set(process.communicate()[0].decode().split())
        if process.returncode != 0:
            raise SystemExit(f"an uninterrupted run into {out} ended with {process.returncode}")
        return reported, time.monotonic() - began

    def killed(self, out: Path, after_s: float) -> tuple[set[str], bool]:
        """Let it run that long, kill -9: what it had reported by then, and whether it was still there to be killed."""
        process = self.start(out)
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        said = process.communicate()[0].decode()
        return set(said.split()), process.returncode == -signal.SIGKILL


@dataclass(slots=True)
class Tally:
    """What came of it. `too_late`: the run had ended before its kill. `faults`: one sentence each; may hold nothing."""

    kills: int = 0
    too_late: int = 0
    states: Counter[str] = field(default_factory=Counter)
    leftovers: Counter[str] = field(default_factory=Counter)
    reported: int = 0
    completed: int = 0
    faults: list[str] = field(default_factory=list)


def export(out: Path) -> bytes:
    with open_reader(out) as reader:
        return FORMATS["jsonl"](reader, Period()).encode()


def check(out: Path, reported: set[str], tally: Tally) -> None:
    """After a kill: whatever was reported is there, and everything there is whole."""
    path = out / "violations.sqlite"
    if not path.exists():
        tally.states["no log yet"] += 1
        tally.faults += [f"{len(reported)} entries reported, but {path} does not exist"] if reported else []
        return
    tally.leftovers[PART] += len(list(out.rglob(f"*{PART}")))
    tally.leftovers["-wal with entries"] += int((wal := out / f"{path.name}-wal").exists() and wal.stat().st_size > 0)
    report = verify_log(out)
    tally.faults += report.damage
    tally.leftovers["evidence not yet logged"] += sum("no entry names it" in line for line in report.warnings)
    with open_reader(out) as reader:
        held = {content_sha256(item.body) for item in reader.entries()}
        violations, ended = reader.violations(), any(run.ends for run in reader.runs())
    tally.faults += [f"reported but not in the log: {missing}" for missing in sorted(reported - held)]
    tally.reported += len(reported)
    kept = "evidence kept" if any(one.files for one in violations) else "violations logged" if violations else "begun"
    tally.states["run was over" if ended else kept] += 1


def kill_often(workload: Workload, times: int, seed: int, folder: Path) -> Tally:
    """Kill `workload` so many times, in folders inside `folder`, and check each time."""
    moments, tally = random.Random(seed), Tally()
    _, duration_s = workload.run(folder / "whole")
    expected = export(folder / "whole")
    while tally.kills < times:
        out, reported = folder / f"killed{tally.kills}", set[str]()
        for _ in range(min(moments.randint(1, KILLS_A_FOLDER), times - tally.kills)):
            said, alive = workload.killed(out, moments.uniform(0.0, duration_s))
            reported |= said
            tally.kills += alive
            tally.too_late += not alive
            check(out, reported, tally)
        _, duration_s = workload.run(out)
        tally.completed += 1
        report = verify_log(out)
        tally.faults += [*report.damage, *report.warnings]
        if export(out) != expected:
            tally.faults.append(f"{out}: its export differs from that of a run that was not killed")
        if not tally.faults:
            shutil.rmtree(out)
    return tally


def replay_workload(folder: Path) -> Workload:
    """A real replay of four seconds of a generated feed with three possible violations."""
    media = folder / "events.ts"
    make = ("make", "events", "--size", "480x270", "--seconds", "4", "--out", str(media))
    subprocess.run(
        [sys.executable, "-m", "detector.synthetic", *make], check=True, stdout=subprocess.DEVNULL, cwd=HERE.parent
    )
    return Workload(("replay", str(HERE.parent / "configs" / "demo.yaml"), str(media), "OUT"))


def generated_workload(count: int) -> Workload:
    """A run that only logs, so that nearly every moment is one of writing."""
    return Workload(("generated", "OUT", str(count)))


def main(
    times: Annotated[int, typer.Option(min=1, help="How many kills.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 1,
    generated: Annotated[int, typer.Option(help="Kill a run that only logs this many violations; 0: a replay.")] = 0,
) -> None:
    """Kill, check, print a table and one JSON line. Exit code 1 if anything was lost or damaged."""
    folder = Path(tempfile.mkdtemp(prefix="kill_nine_"))
    began = time.monotonic()
    workload = generated_workload(generated) if generated else replay_workload(folder)
    tally = kill_often(workload, times, seed, folder)
    print(f"{'killed when':28} {'times':>5}")
    for state, count in sorted(tally.states.items()):
        print(f"{state:28} {count:5}")
    for name, count in sorted(tally.leftovers.items()):
        print(f"left behind: {name:28} {count:5}")
    for fault in tally.faults:
        print(f"FAULT  {fault}")
    result = {
        "benchmark": "kill_nine", "workload": "generated" if generated else "replay", "kills": tally.kills,
        "too_late": tally.too_late,
        "faults": len(tally.faults), "entries_reported": tally.reported, "states": dict(sorted(tally.states.items())),
        "left_behind": dict(sorted(tally.leftovers.items())), "runs_completed_after": tally.completed,
        "byte_equal_exports": not tally.faults, "seed": seed, "took_s": round(time.monotonic() - began),
        "python": platform.python_version(),
    }  # fmt: skip
    print(json.dumps(result))
    if tally.faults:
        raise SystemExit(f"kept for a look: {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(main)
