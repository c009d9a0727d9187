"""What `trucewatch inspect` shows of a sensor file."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detector.cli.shown import MOST, first_lines, show
from detector.sources.series.inspection import ChannelReport, SeriesInspection


def show_series(console: Console, report: SeriesInspection) -> None:
    """A table of the file, one of its channels, and whether it is good enough."""
    show(console, report.media, _rows(report), _channels(report), report.why_not, "Good enough to be listened to.")


def _rows(report: SeriesInspection) -> list[tuple[str, str]]:
    state = "complete" if report.complete else "INCOMPLETE"
    return [
        ("kind", report.kind),
        ("samples", f"{report.samples} in {len(report.channels)} channels, {state}"),
        ("starts", report.start),
        ("duration", f"{report.duration_s:.3f} s, {report.lost_s:.3f} s of it in gaps"),
        ("clock", f"within {1000 * report.clock_sigma_s:g} ms (standard deviation)"),
        ("counted", ", ".join(f"{name}: {count}" for name, count in report.counters.items())),
        ("passed over, no numbers", ", ".join(report.passed_over)),
        ("gaps", first_lines(report.gaps, len(report.gaps))),
    ]


def _channels(report: SeriesInspection) -> Table:
    place = "x, y, z [m]" if report.local else "lon, lat, height"
    table = Table("channel", "rate", "samples", "mean, rms", "from, to", place, padding=(0, 0))
    for one in report.channels[:MOST]:
        table.add_row(*map(escape, _cells(one)))
    if len(report.channels) > MOST:
        table.add_row(f"and {len(report.channels) - MOST} more")
    return table


def _cells(one: ChannelReport) -> list[str]:
    rate = "irregular" if one.rate_hz is None else f"{one.rate_hz:.6g} Hz"
    samples = f"{one.samples}, {one.missing} missing" if one.missing else str(one.samples)
    middle, ends = (_pair(*pair) for pair in ((one.mean, one.rms), (one.lowest, one.highest)))
    unit = "" if one.unit in ("", "1") else f" {one.unit}"
    place = "" if one.position is None else ", ".join(f"{value:.6g}" for value in one.position if not math.isnan(value))
    return [one.name, rate, samples, middle and middle + unit, ends, place]


def _pair(first: float | None, second: float | None) -> str:
    return "" if first is None or second is None else f"{first:.3g}, {second:.3g}"
