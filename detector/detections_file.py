"""Raw detections and tracks of recordings as JSON Lines: what `trucewatch detect` writes.

One object a frame, then one for the end of each recording; see docs/user-guide.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from detector import pipeline
from detector.config import CoverageSettings
from detector.config.agreement_map import AgreementMap
from detector.detectors.series import LevelConfig
from detector.errors import LogError, SourceError
from detector.evidence import AnnotatedVideo, MaskFolder, MaskMaker
from detector.feed_health import FeedHealth
from detector.jsonl_file import gap_lines, interrupts_wait, write_line
from detector.model import CoverageSlot, Gap, GapReason, Scene
from detector.overlay import Overlay
from detector.replay import source_id_of
from detector.sources import open_source
from detector.sources.series import series_kind
from detector.sources.source import PROGRESS_EVERY_FRAMES, OnProgress
from detector.sources.tracks import is_track_table
from detector.tracks_file import TracksResult, detect_tracks
from detector.triggers_file import TriggersResult, detect_series

_GROUND_ONLY = {GapReason.NO_TELEMETRY, GapReason.STALE_TELEMETRY}  # pixels need no telemetry


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """What is known about the recordings beyond what they say. Units as in the names."""

    start_ns: int | None = None
    telemetry: Path | None = None
    telemetry_offset_s: float = 0.0
    hfov_deg: float | None = None
    fps: float | None = None
    annotate: Path | None = None
    masks: Path | None = None
    assume_utc: bool = False
    preset: str | None = None
    alarms_per_day: float = LevelConfig().alarms_per_day


@dataclass(frozen=True, slots=True)
class DetectResult:
    """One recording, in numbers. tracks: confirmed ones."""

    source_id: str
    frames: int
    tracks: int
    complete: bool
    detail: str

    @property
    def found(self) -> str:
        """In words."""
        return f"{self.frames} frames, confirmed tracks: {self.tracks}"


AnyResult = DetectResult | TriggersResult | TracksResult


def detect_to_file(
    media: Sequence[Path], out: Path, options: DetectOptions, on_progress: OnProgress
) -> list[AnyResult]:
    """Run the default stages over every recording, of pictures or of a sensor, and write what they found.

    A recording that cannot be opened gets its end line too, with complete false and the reason; so does one that is
    interrupted (KeyboardInterrupt), before the interrupt goes on.

    Raises:
        LogError: `out` or a mask cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8") as file:
            return [_detect(path, file, options, on_progress) for path in media]
    except OSError as error:
        raise LogError(f"{out}: cannot be written: {error.strerror}") from error


def _detect(path: Path, file: TextIO, options: DetectOptions, on_progress: OnProgress) -> AnyResult:
    if is_track_table(path):
        return detect_tracks(path, source_id_of(path), file, assume_utc=options.assume_utc)
    if series_kind(path) is None:
        return _detect_one(path, file, options, on_progress)
    return detect_series(
        path,
        source_id_of(path),
        file,
        on_progress,
        start_ns=options.start_ns,
        assume_utc=options.assume_utc,
        preset=options.preset,
        alarms_per_day=options.alarms_per_day,
    )


def _detect_one(path: Path, file: TextIO, options: DetectOptions, on_progress: OnProgress) -> DetectResult:
    source_id = source_id_of(path)
    stages = pipeline.default_stages(masks=options.masks is not None)
    health = FeedHealth(source_id, CoverageSettings(), AgreementMap.nothing(), stages.locator)
    track_ids, frames = set[int](), 0
    told: list[Gap | CoverageSlot] = []
    interrupt: KeyboardInterrupt | None = None
    folder = MaskFolder(options.masks / source_id) if options.masks is not None else None
    masks = MaskMaker()
    try:
        source = open_source(
            path,
            source_id=source_id,
            start_ns=options.start_ns,
            telemetry=options.telemetry,
            telemetry_offset_s=options.telemetry_offset_s,
            hfov_deg=options.hfov_deg,
            fps=options.fps,
        )
        with ExitStack() as stack:
            interrupted = stack.enter_context(interrupts_wait())
            video = stack.enter_context(AnnotatedVideo(options.annotate)) if options.annotate is not None else None
            overlay = Overlay(AgreementMap.nothing())
            for event in pipeline.run(source, stages, pictures=options.annotate is not None):
                if interrupted:
                    raise KeyboardInterrupt
                if isinstance(event, Gap):
                    told += health.gap(event)
                if not isinstance(event, pipeline.Judged):
                    continue
                scene = event.scene
                told += health.seen(scene, event.alignment.reason)
                frames += 1
                track_ids.update(scene.tracks.track_id[scene.tracks.confirmed].tolist())
                write_line(file, _frame_line(scene))
                if folder is not None:
                    mask = masks.mask(scene.detections, event.alignment, scene.size_px)
                    folder.write(scene.index, mask)
                if video is not None and event.colour is not None:
                    video.write(overlay.draw(event.colour(), scene), scene.t_ns)
                if frames % PROGRESS_EVERY_FRAMES == 1:
                    on_progress(source_id, frames, source.elapsed_s(scene.t_ns), source.duration_s)
        end = source.end
        complete, detail = (end.complete, end.detail) if end is not None else (False, "the reader did not end")
    except SourceError as error:
        complete, detail = False, str(error)
    except KeyboardInterrupt as error:
        complete, detail, interrupt = False, f"interrupted after {frames} frames", error
    told += health.finish()
    gaps = [item for item in told if isinstance(item, Gap) and item.reason not in _GROUND_ONLY]
    write_line(file, _end_line(source_id, frames, complete, detail, gaps))
    if interrupt is not None:
        raise interrupt
    return DetectResult(source_id, frames, len(track_ids), complete, detail)


def _frame_line(scene: Scene) -> dict[str, Any]:
    speeds = scene.fixes.speed_m_s
    detections = [
        {"xyxy": _rounded(box), "score": round(float(score), 4), "kind": str(kind)}
        for box, score, kind in zip(
            scene.detections.xyxy_px, scene.detections.score, scene.detections.kind, strict=True
        )
    ]
    tracks = [
        {
            "id": int(scene.tracks.track_id[row]),
            "xyxy": _rounded(scene.tracks.xyxy_px[row]),
            "confirmed": bool(scene.tracks.confirmed[row]),
            "speed_m_s": round(float(speeds[row]), 2) if np.isfinite(speeds[row]) else None,
        }
        for row in range(len(scene.tracks))
    ]
    return {
        "source": scene.source_id,
        "frame": scene.index,
        "t_ns": scene.t_ns,
        "sight": str(scene.sight),
        "detections": detections,
        "tracks": tracks,
    }


def _end_line(source_id: str, frames: int, complete: bool, detail: str, gaps: Sequence[Gap]) -> dict[str, Any]:
    end = {"end": True, "source": source_id, "frames": frames, "complete": complete}
    return {**end, "detail": detail, "gaps": gap_lines(gaps)}


def _rounded(box: NDArray[np.float32]) -> list[float]:
    return [round(float(value), 1) for value in box]
