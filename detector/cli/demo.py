"""`trucewatch demo`: the main job on a sample feed, from nothing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen

_HERE = Path(__file__).resolve().parents[2]


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the log and its evidence.")] = Path("out/demo"),
    annotate: Annotated[bool, typer.Option(help="Also write the feed with what was found drawn in.")] = False,
) -> None:
    """Replay the sample feed, its microphones and its geophone (invented place, known truth); show what was found.

    Example: `trucewatch demo --out out/demo --annotate`
    """
    from detector.cli.log import print_violations
    from detector.cli.replay import replay
    from detector.errors import SourceError
    from detector.log import open_reader
    from detector.report.against_truth import compare, load_truth, one_each

    config, truth = _HERE / "configs" / "demo.yaml", _HERE / "sample_feeds" / "demo.truth.json.gz"
    streams = [_HERE / "sample_feeds" / name / "truth.json" for name in ("demo-sound", "demo-ground")]
    for needed in (config, truth, *streams):
        if not needed.exists():
            raise SourceError(
                f"{needed} is not here: the demo needs a checkout of the repository, not only the package"
            )
    replay(config, None, out, annotate)
    console = Screen(highlight=False, soft_wrap=True)
    with open_reader(out) as reader:
        violations = reader.violations()
    print_violations(violations)
    known = load_truth(truth)
    events = one_each([*known["events"], *(event for one in streams for event in load_truth(one)["events"])])
    comparison = compare([logged.violation for logged in violations], events, frames=known["frames"])
    console.print(f"Held against the known truth: {comparison}.")
    for event in comparison.missed:
        console.print(f"  missed: {event['kind']} {event.get('zone') or event.get('line') or ''}")
    for event, means in comparison.lacking:
        console.print(f"  not noticed by {', '.join(means)}: {event['kind']} {event['zone']}")
    for violation in comparison.without_cause:
        console.print(f"  without cause: {violation.observation}")
    log, by = shlex.quote(str(out)), shlex.quote(str(config))
    console.print(f"\nThe log       {out}/violations.sqlite   (trucewatch log list {log})")
    console.print(f"Its evidence  {out}/evidence/           (clips, snapshots, telemetry, tracks; sound)")
    console.print(f"Not seen      trucewatch log coverage {log}")
    console.print(f"Untouched?    trucewatch log verify {log}")
    console.print(f"In a browser  trucewatch console {log} --config {by} --demo")
    if comparison.missed or comparison.without_cause or comparison.lacking:
        raise typer.Exit(ExitCode.FLAGGED)
