"""`trucewatch replay`: the main job."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from detector.model import Gap, RunEnd


def replay(
    config: Annotated[Path, typer.Argument(help="Configuration (YAML): the agreement's map and rules.")],
    media: Annotated[
        list[Path] | None,
        typer.Argument(help="Recordings or folders of pictures; without any, the feeds and sensors that CONFIG names."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for violations.sqlite and evidence/.")] = Path("out"),
    annotate: Annotated[bool, typer.Option(help="Also write OUT/FEED.mp4 with what was found drawn in.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Feeds played at once, each in its own process.")] = 1,
    fail_on_violation: Annotated[
        bool, typer.Option("--fail-on-violation", help="Exit with 1 if any possible violation was flagged.")
    ] = False,
) -> None:
    """Replay recordings against an agreement: a log of possible violations with evidence, and of what was not seen.

    The same recordings and configuration give the same log, byte for byte; repeating a run adds nothing to it.

    Example: `trucewatch replay configs/agreement.example.yaml flight.ts --out out --annotate`
    """
    import cv2

    from detector import pipeline
    from detector import replay as recordings
    from detector.cli.log_lines import judged_again
    from detector.cli.progress import FeedProgress
    from detector.cli.remarks import never_in_view, say_remarks
    from detector.config import load
    from detector.log import open_reader
    from detector.log.reader import Period

    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; a folder is needed, new or of an earlier run", param_hint="--out")
    cv2.setNumThreads(1)  # a second thread costs 5-10 % more CPU for no gain
    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))
    work = recordings.jobs_of(configuration, media or [], out, annotate=annotate)
    with FeedProgress() as bars:
        outcome = recordings.replay(
            configuration,
            work,
            processes=jobs,
            on_progress=lambda at: bars.update(at.source_id, at.frames, at.done_s, at.total_s),
        )
    console = Screen(highlight=False, soft_wrap=True)
    recorded_s = sum(end.t_end_ns - end.t_start_ns for end in outcome.ends) / 1e9
    settings = configuration.settings
    units = dict.fromkeys((one.id for one in settings.aircraft), "positions")
    units |= dict.fromkeys([*(one.id for one in settings.sensors), *(one.id for one in settings.telemetry)], "samples")
    amounts = {"frames": 0, "samples": 0, "positions": 0}
    for end in outcome.ends:
        amounts[units.get(end.source_id, "frames")] += end.frames
    read = ", ".join(f"{amount} {unit}" for unit, amount in amounts.items() if amount or unit == "frames")
    console.print(
        f"{read}, {recorded_s:.1f} s of recording in {bars.elapsed_s:.1f} s"
        f" ({recorded_s / bars.elapsed_s:.1f}x real time)"
    )
    plural, log = "" if outcome.violations == 1 else "s", shlex.quote(str(out))
    console.print(f"{outcome.violations} possible violation{plural}. See them: trucewatch log list {log}", markup=False)
    idle = recordings.idle_rules(configuration, work)
    if idle:
        played = ", ".join(sorted(end.source_id for end in outcome.ends))
        told = f"Rules for other sources, which judged nothing of {played}: {', '.join(idle)}"
        console.print(told, markup=False)
    say_remarks(console, ((job.source_id, path) for job in work for path in job.recordings))
    _say_timeless(console, outcome.ends)
    with open_reader(out) as reader:
        again = set(judged_again(reader.runs())) & {end.source_id for end in outcome.ends}
        this_run = Period(run_id=outcome.run_id)
        gaps, slots = reader.gaps(this_run), reader.coverage(this_run)
    for told in never_in_view(slots, configuration.map.ground_zones):
        console.print(told, markup=False)
    _say_gaps(console, gaps, log)
    if again:
        this = f"trucewatch log list --run {outcome.run_id} {log}"
        console.print(
            f"The log holds other runs of {', '.join(sorted(again))}, too; this one alone: {this}", markup=False
        )
    for end in outcome.ends:
        if not end.complete:
            console.print(f"INCOMPLETE {end.source_id}: {end.detail}", markup=False)
    if not outcome.complete:
        raise typer.Exit(ExitCode.INCOMPLETE)
    if fail_on_violation and outcome.violations:
        raise typer.Exit(ExitCode.FLAGGED)


def _say_gaps(console: Console, gaps: Sequence[Gap], log: str) -> None:
    """What is to be known of the clocks, and how long was lost to what. log: as a shell takes it."""
    from detector.cli.log_lines import clock_notes, gap_sums

    for note in clock_notes(gaps):
        console.print(note, markup=False)
    sums = gap_sums(gaps)
    if sums:
        console.print(f"Gaps: {'; '.join(sums)}. More: trucewatch log coverage {log}", markup=False)


def _say_timeless(console: Console, ends: Iterable[RunEnd]) -> None:
    """Which recordings have no time of their own, nor one that was given."""
    from detector.timebase import EARLIEST_NS

    timeless = [end.source_id for end in ends if end.frames and end.t_start_ns < EARLIEST_NS]
    if timeless:
        told = f"Nobody said when {', '.join(sorted(timeless))} began: times count from 1970, and hours are not judged."
        console.print(f"{told} Say it with `start:`, under `feeds:` or `sensors:`", markup=False)
