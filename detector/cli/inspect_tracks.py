"""What `trucewatch inspect` shows of a table of aircraft positions."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detector.cli.shown import MOST, first_lines, show
from detector.sources.tracks import TrackReport, TracksInspection
from detector.timebase import iso_from_ns


def show_tracks(console: Console, report: TracksInspection) -> None:
    """A table of the file, one of its aircraft, and whether it is good enough."""
    praise = "Good enough for rules on airspace."
    show(console, report.media, _rows(report), _aircraft(report), report.why_not, praise)


def _rows(report: TracksInspection) -> list[tuple[str, str]]:
    state = "complete" if report.complete else "INCOMPLETE"
    gaps = [f"{gap.reason}: {iso_from_ns(gap.t_start_ns, 3)} {gap.detail}" for gap in report.gaps[:MOST]]
    return [
        ("kind", "aircraft positions"),
        ("positions", f"{report.positions} of {len(report.tracks)} aircraft, {state}"),
        ("starts", report.start),
        ("duration", f"{report.duration_s:.0f} s"),
        ("counted", ", ".join(f"{name}: {count}" for name, count in report.counters.items())),
        ("passed over", ", ".join(report.passed_over)),
        ("gaps", first_lines(gaps, len(report.gaps))),
    ]


def _aircraft(report: TracksInspection) -> Table:
    table = Table("aircraft", "positions", "from", "to", "every", "height", "sigma", padding=(0, 0))
    for one in report.tracks[:MOST]:
        table.add_row(*map(escape, _cells(one)))
    if len(report.tracks) > MOST:
        table.add_row(f"and {len(report.tracks) - MOST} more")
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
