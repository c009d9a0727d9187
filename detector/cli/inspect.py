"""`trucewatch inspect`: what is in a recording, and is it good enough."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detector.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.table import Table

    from detector.sources.inspection import Inspection


def inspect(
    media: Annotated[
        str,
        typer.Argument(
            help="Video, folder of pictures, .bin/.klv of telemetry alone, sensor file, aircraft positions, or the "
            "address of a live feed."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    utc: Annotated[bool, typer.Option("--utc", help="Sensor files: times without a zone are UTC.")] = False,
    telemetry: Annotated[Path | None, typer.Option(help="Telemetry of another name: .srt or .csv.")] = None,
    hfov_deg: Annotated[
        float | None,
        typer.Option(min=0.1, max=179, help="Horizontal field of view where telemetry has none [deg]."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Live feeds: look for so long.")] = 10.0,
) -> None:
    """Show what a recording or a live feed holds, and whether it is good enough for ground rules or to be listened to.

    Example: trucewatch inspect flight.ts
    """

    from detector.addresses import in_unicode, is_address, scheme_of
    from detector.cli.inspect_series import show_series
    from detector.cli.inspect_tracks import show_tracks
    from detector.cli.progress import FeedProgress
    from detector.cli.screen import Screen
    from detector.sources.inspection import inspect_live, inspect_media
    from detector.sources.series import series_kind
    from detector.sources.series.inspection import SeriesInspection, inspect_series
    from detector.sources.tracks import TracksInspection, is_track_table, read_tracks

    report: Inspection | SeriesInspection | TracksInspection
    path = Path(media)
    if is_address(media):
        try:
            scheme_of(media)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="MEDIA") from None
        report = inspect_live(media, seconds, hfov_deg=hfov_deg)
    elif is_track_table(path):
        report = read_tracks(path, assume_utc=utc)
    elif series_kind(path) is None:
        with FeedProgress(after_s=2.0) as bars:
            report = inspect_media(path, telemetry=telemetry, hfov_deg=hfov_deg, on_progress=bars.update)
    else:
        report = inspect_series(path, assume_utc=utc)
    if as_json:
        typer.echo(in_unicode(json.dumps(_finite(asdict(report)), ensure_ascii=False, allow_nan=False)))
    elif isinstance(report, SeriesInspection):
        show_series(Screen(highlight=False), report)
    elif isinstance(report, TracksInspection):
        show_tracks(Screen(highlight=False), report)
    else:
        console = Screen()
        console.print(_table(report))
        _say_verdict(console, report)
    if not report.complete:
        typer.echo(f"INCOMPLETE: {report.detail}", err=True)
        raise typer.Exit(ExitCode.INCOMPLETE)


def _finite(value: Any) -> Any:
    """The same with null for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(report: Inspection) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(report.media), show_header=False)
    for name, text in _rows(report):
        if text:
            table.add_row(name, escape(text))
    return table


def _rows(report: Inspection) -> list[tuple[str, str]]:
    from detector.cli.shown import first_lines

    regular = {True: "constant", False: "variable", None: ""}[report.constant_rate]
    return [
        ("streams", "\n".join(_stream(one) for one in report.streams)),
        ("frames", f"{report.frames}, {'complete' if report.complete else 'INCOMPLETE'}" if report.frames else ""),
        ("frame rate", f"{report.frame_rate:.3f} per s, {regular}" if report.frame_rate else ""),
        ("duration", f"{report.duration_s:.3f} s" if report.duration_s else ""),
        ("starts", _starts(report)),
        ("telemetry", _telemetry(report)),
        ("telemetry rate", f"{report.telemetry_rate:.2f} per s" if report.telemetry_rate else ""),
        ("offset, UTC minus pts", f"{report.offset_s:.6f} s" if report.offset_s is not None else ""),
        ("jitter", f"{1000 * report.jitter_s:.2f} ms" if report.jitter_s is not None else ""),
        ("set minus picture", f"{1000 * report.telemetry_lag_s:.1f} ms" if report.telemetry_lag_s is not None else ""),
        ("telemetry out of step", _step(report)),
        ("frames with a pose", f"{report.poses} of {report.frames}" if report.frames else ""),
        ("missing items", _counts(report.missing)),
        ("checksum failures", str(report.counters.get("klv_checksum_wrong", 0)) if report.telemetry else ""),
        ("unknown items", _counts(report.unknown_tags)),
        ("security", report.security),
        ("counted", _counts(report.counters)),
        ("corners as told", "  ".join(f"{lat:.5f} {lon:.5f}" for lon, lat in report.corners)),
        ("footprint centre", f"{report.centre[1]:.6f} {report.centre[0]:.6f}" if report.centre else ""),
        ("gaps", first_lines(report.gaps, len(report.gaps))),
    ]


def _stream(one: dict[str, Any]) -> str:
    told = [str(one[key]) for key in ("index", "type", "codec", "size", "pixels") if key in one]
    if "watched" in one:
        told.append("(watched)" if one["watched"] else "(not watched)")
    if "turned_deg" in one:
        by = f"{one['turned_deg']} deg counter-clockwise"
        told.append(f"(players turn it by {by}; zones in pixels are drawn in it as it is stored)")
    return " ".join(told)


def _starts(report: Inspection) -> str:
    if report.time_from == "unknown" and report.offset_s is not None:
        return f"not known: the clock of its telemetry shows {report.start[:4]} and was never set: say it with `start:`"
    if report.time_from == "unknown":
        return "not known: times count from 1970 until `start:` of the feed says when it began"
    return f"{report.start} (time from {report.time_from})" if report.start else ""


def _telemetry(report: Inspection) -> str:
    inside = [f"{', '.join(report.telemetry)}: {report.telemetry_sets} sets"] if report.telemetry else []
    beside = [f"beside it: {report.telemetry_beside}"] if report.telemetry_beside else []
    return "; ".join([*inside, *beside]) or "none"


def _step(report: Inspection) -> str:
    if report.out_of_step_s is None:
        return f"not measurable: {report.out_of_step_why}" if report.out_of_step_why else ""
    return f"add {report.out_of_step_s:+.2f} s to its time (likeness {report.out_of_step_confidence:.2f} of 1)"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _say_verdict(console: Any, report: Inspection) -> None:
    if report.verdict:
        console.print("[green]Good enough for ground rules.[/green]")
        return
    console.print("[yellow]Not good enough for ground rules:[/yellow]")
    for reason in report.why_not:
        console.print(f"  - {reason}", markup=False)
