"""`trucewatch log`: read, check and hand on a violation log. DIR or the .sqlite file is the last argument."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen
from detector.cli.spared import spare
from detector.timebase import ns_from_iso

if TYPE_CHECKING:
    from detector.log.reader import LoggedRun, LoggedViolation, LogReader, Period

app = typer.Typer(no_args_is_help=True, help="Read, check and hand on a violation log.")

Log = Annotated[Path, typer.Argument(metavar="DIR", help="Output directory, or the .sqlite file in it.")]
Since = Annotated[str | None, typer.Option(help="From this time on, like 2026-03-01T06:30:00Z.")]
Until = Annotated[str | None, typer.Option(help="Before this time.")]
Rule = Annotated[str | None, typer.Option(help="Only this rule's id.")]
Source = Annotated[str | None, typer.Option(help="Only this source's id.")]
RunId = Annotated[str | None, typer.Option("--run", help="Only this run: its id or the start of it.")]


def _console() -> Console:
    return Screen(highlight=False, markup=False, soft_wrap=True)


def _period(
    since: str | None, until: str | None, source: str | None, run: str | None, rule: str | None = None
) -> Period:
    from detector.log.reader import Period

    try:
        limits = [ns_from_iso(text) if text is not None else None for text in (since, until)]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if limits[0] is not None and limits[1] is not None and limits[1] <= limits[0]:
        raise typer.BadParameter(f"{until} is not after --since {since}", param_hint="--until")
    return Period(limits[0], limits[1], source, rule, run)


def _runs(reader: LogReader, period: Period) -> list[LoggedRun]:
    """The runs that are asked for. A name that the log does not know is no empty answer, but a slip."""
    runs = reader.runs()
    chosen = [one for one in runs if one.run.run_id.startswith(period.run_id or "")]
    if period.run_id is not None and not chosen:
        known = ", ".join(one.run.run_id for one in runs) or "none"
        raise typer.BadParameter(f"the log has no run {period.run_id!r}; it has {known}", param_hint="--run")
    if period.source_id is not None and period.source_id not in (sources := reader.source_ids()):
        known = ", ".join(sources) or "none"
        raise typer.BadParameter(f"the log has no source {period.source_id!r}; it has {known}", param_hint="--source")
    return chosen


@app.command("list")
def list_(
    log: Log, since: Since = None, until: Until = None, rule: Rule = None, source: Source = None, run: RunId = None
) -> None:
    """Possible violations and how the runs ended. Example: `trucewatch log list --rule strip-entry out`"""
    from detector.cli.log_lines import judged_again, plain, undecided_lines
    from detector.log import open_reader

    period = _period(since, until, source, run, rule)
    with open_reader(log) as reader:
        runs = _runs(reader, period)
        found, undecided = reader.violations(period), reader.undecided(period)
        rules = reader.rule_ids() if rule is not None and not found and not undecided else ()
    console = _console()
    print_violations(found, console)
    if rules and rule not in rules:  # no slip for certain: the log does not hold the rules that found nothing
        console.print(plain(f"the log holds nothing by a rule {rule!r}; it does by {', '.join(rules)}"))
    for line in undecided_lines(undecided):
        console.print(line)
    for one in runs:
        console.print(plain(f"run {one.run.run_id}: {'complete' if one.complete else '; '.join(one.problems)}"))
    for source_id in judged_again(runs):
        console.print(
            plain(f"{source_id}: judged by several runs, each with rows of its own; --run ID shows those of one")
        )


def print_violations(found: Sequence[LoggedViolation], console: Console | None = None) -> None:
    """What `log list` and the demo show."""
    from detector.cli import log_lines

    log_lines.print_violations(found, console or _console())


@app.command()
def show(
    violation: Annotated[str, typer.Argument(metavar="ID", help="Start of its id, at least 4 digits.")], log: Log
) -> None:
    """Everything known about one possible violation. Example: `trucewatch log show 3f2a91c0 out`"""
    from detector.cli.log_lines import detail_lines
    from detector.log import open_reader

    with open_reader(log) as reader:
        try:
            one = reader.violation(violation)
        except LookupError as error:
            raise typer.BadParameter(str(error.args[0])) from None
        states = [(file, reader.evidence.problem(file)) for file in one.files]
        folder = reader.evidence.folder
    console = _console()
    for line in detail_lines(one, states, str(folder)):
        console.print(line)


@app.command()
def verify(
    log: Log, head: Annotated[str | None, typer.Option(help="Head hash that was kept from an earlier check.")] = None
) -> None:
    """Recompute every hash. Exit code 4 if anything was changed. Example: `trucewatch log verify out`"""
    from detector.cli.log_lines import plain
    from detector.log import verify_log

    try:
        report = verify_log(log, head)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    console = _console()
    for line in report.damage:
        console.print(plain(f"DAMAGED  {line}"))
    for line in report.warnings:
        console.print(plain(f"warning  {line}"))
    console.print(f"{report.entries} entries, {report.evidence_files} evidence files, head {report.head}")
    if report.since_head is not None:
        console.print(f"the kept head is in this log; {report.since_head} entries came after it")
    elif head is None:
        console.print("An end cut off, or a log rewritten as a whole, shows only against a head kept elsewhere: --head")
    if not report.intact:
        raise typer.Exit(ExitCode.LOG_DAMAGED)
    console.print("Everything is as it was logged.")


@app.command()
def copy(
    log: Log, to: Annotated[Path, typer.Argument(metavar="TO", help="Folder of the copy, new or an earlier one.")]
) -> None:
    """Copy entries, evidence and accounts, also while a centre runs. Again into the same folder: evidence that is new.

    Exit code 4 if evidence is not what was logged. Example: `trucewatch log copy out /mnt/kept`
    """
    from detector.cli.log_lines import plain
    from detector.log import copy_log

    copied = copy_log(log, to)
    console = _console()
    for problem in copied.problems:
        console.print(plain(f"DAMAGED  {problem}"))
    console.print(f"{copied.entries} entries, {copied.files} evidence files ({copied.new} new), head {copied.head}")
    if copied.problems:
        raise typer.Exit(ExitCode.LOG_DAMAGED)
    kept = shlex.quote(str(to))
    console.print(plain(f"Check the copy where it is kept: trucewatch log verify {kept} --head {copied.head}"))


@app.command()
def coverage(log: Log, since: Since = None, until: Until = None, source: Source = None, run: RunId = None) -> None:
    """How much of each zone was watched, when not, and why. Example: `trucewatch log coverage out`"""
    from detector.cli.log_lines import day, gap_lines, plain, reach_line, span, zone_lines
    from detector.log import open_reader
    from detector.log.watched import heard_to, listened, zones_watched
    from detector.timebase import ns_from_seconds, seconds

    period = _period(since, until, source, run)
    with open_reader(log) as reader:
        runs = _runs(reader, period)
        slots, gaps = reader.coverage(period), reader.gaps(period)
    console = _console()
    if not slots:
        today = ""
        console.print("no coverage was logged in this period")
    else:
        begins, ends = min(slot.t_start_ns for slot in slots), max(slot.t_end_ns for slot in slots)
        today, known = day(begins), ", ".join(sorted({slot.source_id for slot in slots}))
        console.print(plain(f"{today} {span(begins, ends, today)} UTC, {known}"))
    for watch in zones_watched(slots, gaps):
        for line in zone_lines(watch, console.width, today):
            console.print(line)
    for sensor, seconds_heard in listened(slots).items():
        console.print(plain(f"{sensor}: listened for {seconds(ns_from_seconds(seconds_heard))}"))
    reaches = heard_to(slots)
    for (sensor, channel), far_m in reaches.items():
        console.print(reach_line(sensor, channel, far_m))
    if reaches:
        console.print("  free ground, 20 dB less at ten times the distance; no wind, walls, hills or loss in the air")
    if any(slot.zone_share for slot in slots):
        console.print("  # 75 % or more of it in view, + 25 %, - less, . none")
    for line in gap_lines(gaps, today):
        console.print(line)
    for problem in dict.fromkeys(problem for one in runs for problem in one.problems):
        if source is None or problem.startswith(f"{source}: "):
            console.print(plain(problem))


@app.command()
def export(
    log: Log,
    form: Annotated[str, typer.Option("--format", help="csv, jsonl, geojson or kml.")] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
    since: Since = None,
    until: Until = None,
    rule: Rule = None,
    source: Source = None,
    run: RunId = None,
) -> None:
    """Hand the log on; the same log gives the same bytes. Example: `trucewatch log export --format kml out`"""
    from detector.errors import LogError
    from detector.log import open_reader
    from detector.log.export import FORMATS

    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r}: allowed are {', '.join(FORMATS)}", param_hint="--format")
    spare(out, "--out")
    period = _period(since, until, source, run, rule)
    with open_reader(log) as reader:
        _runs(reader, period)
        data = FORMATS[form](reader, period).encode()
    if out is None:
        typer.get_binary_stream("stdout").write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise LogError(f"{out}: cannot be written: {error.strerror}") from None
