"""What `trucewatch inspect` shows of a table of aircraft positions."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detector.sources.tracks import TrackReport, TracksInspection
from detector.timebase import iso_from_ns

_MOST = 20


def show_tracks(console: Console, report: TracksInspection) -> None:
    """A table of the file, one of its aircraft, and whether it is good enough."""
    table = Table(title=escape(report.media), show_header=False)
    for name, text in _rows(report):
        if text:
            table.add_row(name, escape(text))
    console.print(table)
    console.print(_aircraft(report))
    if not report.why_not:
        console.print("[green]Good enough for rules on airspace.[/green]")
        return
    console.print("[yellow]Not good enough as it is:[/yellow]")
    for reason in report.why_not:
        console.print(f"  - {reason}", markup=False)


def _rows(report: TracksInspection) -> list[tuple[str, str]]:
    state = "complete" if report.complete else "INCOMPLETE"
    gaps = [f"{gap.reason}: {iso_from_ns(gap.t_start_ns, 3)} {gap.detail}" for gap in report.gaps[:_MOST]]
    more = [f"and {len(report.gaps) - _MOST} more"] if len(report.gaps) > _MOST else []
    return [
        ("kind", "aircraft positions"),
        ("positions", f"{report.positions} of {len(report.tracks)} aircraft, {state}"),
        ("starts", report.start),
        ("duration", f"{report.duration_s:.0f} s"),
        ("counted", ", ".join(f"{name}: {count}" for name, count in report.counters.items())),
        ("gaps", "\n".join([*gaps, *more])),
    ]


def _aircraft(report: TracksInspection) -> Table:
    table = Table("aircraft", "positions", "from", "to", "every", "height", "sigma", padding=(0, 0))
    for one in report.tracks[:_MOST]:
        table.add_row(*map(escape, _cells(one)))
    if len(report.tracks) > _MOST:
        table.add_row(f"and {len(report.tracks) - _MOST} more")
    return table


def _cells(one: TrackReport) -> list[str]:
    every = "" if one.interval_s is None else f"{one.interval_s:.3g} s"
    height = "" if one.lowest_m is None else f"{one.lowest_m:.0f}, {one.highest_m:.0f} m"
    return [
        one.aircraft,
        str(one.positions),
        one.start[11:19],
        one.end[11:19],
        every,
        height,
        f"{one.sigma_pos_m:.0f} m",
    ]
