"""`trucewatch detect`: raw detections, tracks and triggers; no rules, no configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen
from detector.cli.spared import spare


def detect(
    media: Annotated[
        list[Path], typer.Argument(help="Recordings, folders of pictures, sensor files, or aircraft positions.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="JSON Lines: one object a frame or trigger, then one for the end.")
    ],
    start: Annotated[
        str | None, typer.Option(help="UTC time of the first frame where the recording carries none, or 1970 (…Z).")
    ] = None,
    telemetry: Annotated[Path | None, typer.Option(help="Telemetry beside the recording: .srt or .csv.")] = None,
    telemetry_offset_s: Annotated[
        float, typer.Option(min=-60, max=60, help="Added to the telemetry's time [s].")
    ] = 0.0,
    hfov_deg: Annotated[
        float | None, typer.Option(min=0.1, max=179, help="Horizontal field of view where telemetry has none [deg].")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.001, max=1000, help="Frame rate of a folder of pictures [1/s].")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Also write a video (MP4) with what was found drawn in.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(help="Also write what moves as one black and white PNG a frame, DIR/SOURCE/000123.png."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Sensor files: seismic, acoustic, level, joint, platform, tone or kind; default: by channels and rate."
        ),
    ] = None,
    alarms_per_day: Annotated[
        float | None,
        typer.Option(
            min=1e-6, max=1e6, help="Sensor files, level: false alarms a channel may give a day.  [default: 0.4]"
        ),
    ] = None,
    utc: Annotated[bool, typer.Option("--utc", help="Sensor files: times without a zone are UTC.")] = False,
) -> None:
    """Detect and track what moves or flashes; in sensor files, find what stands out. No rules, no configuration needed.

    Example: `trucewatch detect flight.ts --out flight.jsonl --annotate flight.mp4`
    """
    import cv2

    from detector.cli.progress import FeedProgress
    from detector.cli.remarks import say_remarks
    from detector.detections_file import DetectOptions, detect_to_file
    from detector.detectors.series import CHOICES, LevelConfig
    from detector.replay import source_id_of
    from detector.sources.series import series_kind
    from detector.timebase import ns_from_iso

    cv2.setNumThreads(1)
    try:
        start_ns = None if start is None else ns_from_iso(start)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from None
    for option, value in (("--annotate", annotate), ("--telemetry", telemetry)):
        if value is not None and len(media) > 1:
            raise typer.BadParameter("this is for one recording at a time", param_hint=option)
    if preset is not None and preset not in CHOICES:
        raise typer.BadParameter(f"{preset!r} is none of {', '.join(CHOICES)}", param_hint="--preset")
    sensors = [path for path in media if series_kind(path) is not None]
    sensors_only = {"--preset": preset, "--alarms-per-day": alarms_per_day, "--utc": utc or None}
    _refuse(sensors_only, "this is for sensor files", fits=bool(sensors))
    budget = LevelConfig().alarms_per_day if alarms_per_day is None else alarms_per_day
    pictures_only = {"--annotate": annotate, "--masks": masks, "--telemetry": telemetry, "--fps": fps}
    told = "this is for pictures; a sensor file has none"
    _refuse({**pictures_only, "--hfov-deg": hfov_deg}, told, fits=len(sensors) < len(media))
    told = "this is for folders of pictures; a video's pictures have times of their own"
    _refuse({"--fps": fps}, told, fits=not all(path.is_file() for path in media))
    names = sorted(source_id_of(path) for path in media)
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"two have the same name: {', '.join(names)}", param_hint="media")
    inputs = media if telemetry is None else [*media, telemetry]
    spare(out, "--out", inputs)
    spare(annotate, "--annotate", inputs, outputs=[out])
    for path in media:
        spare(None if masks is None else masks / source_id_of(path), "--masks", media)
    options = DetectOptions(
        start_ns,
        telemetry,
        telemetry_offset_s,
        hfov_deg,
        fps,
        annotate,
        masks,
        assume_utc=utc,
        preset=preset,
        alarms_per_day=budget,
    )
    unit = "samples" if len(sensors) == len(media) else "frames"
    with FeedProgress(unit, after_s=2.0) as bars:
        results = detect_to_file(media, out, options, bars.update)
    console = Screen(highlight=False, soft_wrap=True)
    for result in results:
        state = "complete" if result.complete else f"INCOMPLETE: {result.detail}"
        console.print(f"{result.source_id}: {result.found}, {state}", markup=False)
    say_remarks(console, ((source_id_of(path), path) for path in media))
    console.print(f"written to {out}", markup=False)
    if not all(result.complete for result in results):
        raise typer.Exit(ExitCode.INCOMPLETE)


def _refuse(options: Mapping[str, object], told: str, *, fits: bool) -> None:
    """Options that were given and fit none of the media."""
    for option, given in options.items():
        if given is not None and not fits:
            raise typer.BadParameter(told, param_hint=option)
