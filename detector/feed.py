"""One feed: its source, its pipeline, its evidence and its health, as the entries the log will hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from detector import pipeline
from detector.config import Configuration, Feed
from detector.evidence import AnnotatedVideo, EvidenceRecorder
from detector.feed_health import FeedHealth
from detector.log import EvidenceStore
from detector.model import CoverageSlot, EvidenceFile, Gap, RunEnd, State, Undecided, Violation
from detector.overlay import Overlay
from detector.sources import PacketRing, Source, open_source

_PROGRESS_EVERY_FRAMES = 25


@dataclass(frozen=True, slots=True)
class Kept:
    """Evidence that is on the disk."""

    violation_id: str
    files: tuple[EvidenceFile, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a feed has come."""

    source_id: str
    frames: int
    done_s: float
    total_s: float | None


Entry = Violation | Undecided | Gap | CoverageSlot | Kept | RunEnd | Progress


@dataclass(frozen=True, slots=True)
class Job:
    """One feed to be played. `media` is resolved."""

    feed: Feed
    media: Path
    telemetry: Path | None
    out: Path
    annotate: bool


def play(configuration: Configuration, job: Job, run_id: str) -> Iterator[Entry]:
    """Everything the log has to say about one feed, in the order in which it becomes known.

    Raises:
        SourceError: the recording cannot be opened.
        LogError: evidence cannot be written.
    """
    feed = job.feed
    source = open_source(
        job.media,
        source_id=feed.id,
        start_ns=feed.start,
        telemetry=job.telemetry,
        telemetry_offset_s=feed.telemetry_offset_s,
        hfov_deg=feed.hfov_deg,
        fps=feed.fps,
    )
    evidence = configuration.settings.evidence
    source.ring = PacketRing(evidence.pre_roll_s + 5.0)
    stages = pipeline.stages_for(configuration, feed.id, feed.means, run_id)
    recorder = EvidenceRecorder(source.ring, EvidenceStore(job.out / "evidence"), evidence, configuration.map)
    health = FeedHealth(feed.id, configuration.settings.coverage, configuration.map, stages.locator)
    with ExitStack() as stack:
        video = stack.enter_context(AnnotatedVideo(job.out / f"{feed.id}.mp4")) if job.annotate else None
        overlay = Overlay(configuration.map)
        for event in pipeline.run(source, stages):
            match event:
                case pipeline.Judged():
                    recorder.observe(event.scene)
                    yield from health.seen(event.scene, event.alignment.reason)
                    if video is not None:
                        video.write(overlay.draw(event.frame.colour(), event.scene), event.scene.t_ns)
                    if event.scene.index % _PROGRESS_EVERY_FRAMES == 0:
                        yield _progress(source, event)
                case Gap():
                    yield from health.gap(event)
                case Violation(state=State.OPEN):
                    recorder.opened(event)
                    yield event
                case Violation():
                    recorder.closed(event)
                    yield event
                case Undecided():
                    yield event
            yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.ready())
    yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.finish())
    yield from health.finish()
    yield _end(source, run_id)


def _progress(source: Source, event: pipeline.Judged) -> Progress:
    scene = event.scene
    return Progress(scene.source_id, scene.index + 1, source.elapsed_s(scene.t_ns), source.duration_s)


def _end(source: Source, run_id: str) -> RunEnd:
    end = source.end
    if end is None:
        raise RuntimeError(f"{source.source_id}: the source has not ended")
    return RunEnd(run_id, source.source_id, end.frames, end.complete, end.t_start_ns, end.t_end_ns, end.detail)
