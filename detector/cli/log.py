"""`trucewatch log`: read, check and hand on a violation log. DIR or the .sqlite file is the last argument."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from detector.cli.exit_codes import ExitCode
from detector.timebase import iso_from_ns, ns_from_iso

if TYPE_CHECKING:
    from detector.log.reader import LoggedViolation, Period
    from detector.log.watched import ZoneWatch
    from detector.model import Place

app = typer.Typer(no_args_is_help=True, help="Read, check and hand on a violation log.")

Log = Annotated[Path, typer.Argument(metavar="DIR", help="Output directory, or the .sqlite file in it.")]
Since = Annotated[str | None, typer.Option(help="From this time on, like 2026-03-01T06:30:00Z.")]
Until = Annotated[str | None, typer.Option(help="Before this time.")]
Rule = Annotated[str | None, typer.Option(help="Only this rule's id.")]
Source = Annotated[str | None, typer.Option(help="Only this source's id.")]


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)


def _period(since: str | None, until: str | None, source: str | None = None, rule: str | None = None) -> Period:
    from detector.log.reader import Period

    try:
        limits = [ns_from_iso(text) if text is not None else None for text in (since, until)]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return Period(limits[0], limits[1], source, rule)


def _where(place: Place) -> str:
    from detector.log.export import radius_95_m

    if place.lat_deg is None or place.lon_deg is None:
        return f"pixel {place.xy_px[0]:.0f}, {place.xy_px[1]:.0f}" if place.xy_px is not None else "unknown"
    radius = radius_95_m(place)
    return f"{place.lat_deg:.6f}, {place.lon_deg:.6f}" + (f" ± {radius:.0f} m" if radius is not None else "")


@app.command("list")
def list_(log: Log, since: Since = None, until: Until = None, rule: Rule = None, source: Source = None) -> None:
    """Possible violations and how the runs ended. Example: `trucewatch log list --rule strip-entry out`"""
    from detector.log import open_reader

    with open_reader(log) as reader:
        found, runs = reader.violations(_period(since, until, source, rule)), reader.runs()
    console = _console()
    print_violations(found, console)
    for run in runs:
        console.print(f"run {run.run.run_id}: {'complete' if run.complete else '; '.join(run.problems)}")


def print_violations(found: Sequence[LoggedViolation], console: Console | None = None) -> None:
    """The table that `log list` and the demo show."""
    console = console or _console()
    digits = _digits([one.violation.violation_id for one in found])
    table = Table()
    for name in ("id", "start (UTC)", "s", "rule", "source", "what", "n", "where (95 %)", "state", "verdicts"):
        table.add_column(name, no_wrap=name == "id", overflow="fold")
    for one in found:
        v = one.violation
        verdicts = ", ".join(f"{verdict.party}: {verdict.verdict}" for verdict in one.verdicts)
        seconds = f"{(v.t_end_ns - v.t_start_ns) / 1e9:.1f}"
        start = iso_from_ns(v.t_start_ns, 1)
        cells = (v.violation_id[:digits], start, seconds, v.rule_id, v.source_id, v.observation, str(v.count))
        table.add_row(*cells, _where(v.place), str(v.state), verdicts)
    console.print(table)
    console.print(f"{len(found)} possible violations")


def _digits(ids: list[str]) -> int:
    """Shortest length, 8 or more, at which all ids differ."""
    return next(n for n in range(8, 33) if len({one[:n] for one in ids}) == len(ids) or n == 32)


@app.command()
def show(
    violation: Annotated[str, typer.Argument(metavar="ID", help="Start of its id, at least 4 digits.")], log: Log
) -> None:
    """Everything known about one possible violation. Example: `trucewatch log show 3f2a91c0 out`"""
    from detector.log import open_reader
    from detector.log.export import row

    with open_reader(log) as reader:
        try:
            one = reader.violation(violation)
        except LookupError as error:
            raise typer.BadParameter(str(error.args[0])) from None
        states = [(file, reader.evidence.problem(file)) for file in one.files]
        folder = reader.evidence.folder
    console = _console()
    for name, value in row(one).items():
        if name not in {"evidence", "verdicts"} and value is not None:
            console.print(f"{name:>14}  {value}")
    console.print(f"{'where (95 %)':>14}  {_where(one.violation.place)}")
    console.print(f"{'entries':>14}  {', '.join(map(str, one.entries))}")
    for file, problem in states:
        console.print(f"{file.role:>14}  {folder / file.path}  {problem or 'as logged'}")
    for verdict in one.history:
        who = f"{verdict.party} ({verdict.reviewer})"
        console.print(f"{'verdict':>14}  {iso_from_ns(verdict.t_ns, 0)} {who}: {verdict.verdict} {verdict.note}")


@app.command()
def verify(
    log: Log, head: Annotated[str | None, typer.Option(help="Head hash that was kept from an earlier check.")] = None
) -> None:
    """Recompute every hash. Exit code 4 if anything was changed. Example: `trucewatch log verify out`"""
    from detector.log import verify_log

    try:
        report = verify_log(log, head)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    console = _console()
    for line in report.damage:
        console.print(f"DAMAGED  {line}")
    for line in report.warnings:
        console.print(f"warning  {line}")
    console.print(f"{report.entries} entries, {report.evidence_files} evidence files, head {report.head}")
    if report.since_head is not None:
        console.print(f"the kept head is in this log; {report.since_head} entries came after it")
    elif head is None:
        console.print("An end cut off, or a log rewritten as a whole, shows only against a head kept elsewhere: --head")
    if not report.intact:
        raise typer.Exit(ExitCode.LOG_DAMAGED)
    console.print("Everything is as it was logged.")


@app.command()
def coverage(log: Log, since: Since = None, until: Until = None, source: Source = None) -> None:
    """How much of each zone was watched, when not, and why. Example: `trucewatch log coverage out`"""
    from detector.log import open_reader
    from detector.log.watched import zones_watched

    period = _period(since, until, source)
    with open_reader(log) as reader:
        slots, gaps = reader.coverage(period), reader.gaps(period)
    console = _console()
    if not slots:
        console.print("no coverage was logged in this period")
    for watch in zones_watched(slots):
        missing = [f"{_hours(one.t_start_ns, one.t_end_ns)}: {one.why_not}" for one in watch.not_watched]
        console.print(
            f"{watch.zone_id} watched {watch.watched:.0%} of the period"
            + "".join(f", not watched {m}" for m in missing)
        )
        first, last = watch.stretches[0].t_start_ns, watch.stretches[-1].t_end_ns
        console.print(f"  {iso_from_ns(first, 0)} |{_bar(watch)}| {iso_from_ns(last, 0)}")
    if slots:
        console.print("  # 75 % or more of it in view, + 25 %, - less, . none")
    for gap in gaps:
        console.print(
            f"gap {gap.source_id} {_hours(gap.t_start_ns, gap.t_end_ns)} {gap.reason} x{gap.count} {gap.detail}"
        )


def _hours(start_ns: int, end_ns: int) -> str:
    return f"{iso_from_ns(start_ns, 0)[11:19]}-{iso_from_ns(end_ns, 0)[11:19]}"


def _bar(watch: ZoneWatch, width: int = 60) -> str:
    first, last = watch.stretches[0].t_start_ns, watch.stretches[-1].t_end_ns
    cells = []
    for cell in range(width):
        t_ns = first + (last - first) * (2 * cell + 1) // (2 * width)
        share = next(one.share for one in watch.stretches if one.t_start_ns <= t_ns < one.t_end_ns)
        cells.append("#" if share >= 0.75 else "+" if share >= 0.25 else "-" if share >= 0.01 else ".")
    return "".join(cells)


@app.command()
def export(
    log: Log,
    form: Annotated[str, typer.Option("--format", help="csv, jsonl, geojson or kml.")] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
    since: Since = None,
    until: Until = None,
    rule: Rule = None,
    source: Source = None,
) -> None:
    """Hand the log on; the same log gives the same bytes. Example: `trucewatch log export --format kml out`"""
    from detector.log import open_reader
    from detector.log.export import FORMATS

    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r}: allowed are {', '.join(FORMATS)}", param_hint="--format")
    with open_reader(log) as reader:
        data = FORMATS[form](reader, _period(since, until, source, rule)).encode()
    if out is None:
        typer.get_binary_stream("stdout").write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise typer.BadParameter(f"{out}: cannot be written: {error.strerror}", param_hint="--out") from None
