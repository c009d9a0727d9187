"""One feed: its source, its pipeline, its evidence and its health, as the entries the log will hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from detector import pipeline
from detector.association import Noticed, Settled
from detector.config import Configuration, Feed
from detector.config.agreement_map import AgreementMap
from detector.errors import SourceError
from detector.evidence import AnnotatedVideo, EvidenceRecorder
from detector.feed_health import FeedHealth
from detector.locate import Locator
from detector.log import EvidenceStore, LogWriter
from detector.model import BREAKS, CoverageSlot, EvidenceFile, Frame, Gap, Joined, RunEnd, State, Undecided, Violation
from detector.overlay import Overlay
from detector.sources import PacketRing, Source, open_source

_PROGRESS_EVERY_FRAMES = 25
# A dwell of an hour would hold an hour of packets: 180 s are 225 MB at 10 Mbit/s.
_LONGEST_HELD_S = 180.0
_LOOK_AHEAD_S = 5.0


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


Entry = Violation | Undecided | Gap | CoverageSlot | Kept | RunEnd | Noticed | Settled | Progress
"""What a source has to say; Noticed and Settled are for the joiner, Progress is for who waits, the rest for the log."""


@dataclass(frozen=True, slots=True)
class Job:
    """One feed to be played. `media` is resolved."""

    feed: Feed
    media: Path
    telemetry: Path | None
    out: Path
    annotate: bool

    @property
    def source_id(self) -> str:
        """The feed's name in the log."""
        return self.feed.id

    @property
    def recordings(self) -> tuple[Path, ...]:
        """What is played."""
        return (self.media,)

    @property
    def beside(self) -> tuple[Path, ...]:
        """What lies beside the recording and is read with it."""
        return () if self.telemetry is None else (self.telemetry,)


class Onlooker:
    """Sees a feed pass; what a running centre shows of it is made here. This one does nothing."""

    def passing(self, source: Source) -> Iterator[Frame | Gap]:
        """The source's items on their way to be judged."""
        yield from source

    def judged(self, event: pipeline.Judged, locator: Locator) -> None:
        """One frame that has been judged."""

    def amended(self) -> tuple[Configuration, str] | None:
        """A configuration whose rules are to be used from now on, and its run; None: go on as before."""
        return None


def append(log: LogWriter, entry: Entry | Joined, run_id: str) -> None:
    """Into the log, by what it is; what is not for the log is passed over."""
    match entry:
        case Violation(state=State.OPEN):
            log.opened(entry)
        case Violation():
            log.closed(entry)
        case Undecided():
            log.undecided(entry)
        case Joined():
            log.joined(entry)
        case Kept():
            log.evidence(entry.violation_id, entry.files)
        case Gap():
            log.gap(entry, run_id)
        case CoverageSlot():
            log.coverage(entry, run_id)
        case RunEnd():
            log.end(entry)


def play(configuration: Configuration, job: Job, run_id: str) -> Iterator[Entry]:
    """Everything the log has to say about one feed, in the order in which it becomes known.

    A recording that cannot be opened or read on is an incomplete RunEnd that says why: the other feeds are played
    all the same.

    Raises:
        LogError: evidence cannot be written.
    """
    feed = job.feed
    start_ns = feed.start or 0
    try:
        source = open_source(
            job.media,
            source_id=feed.id,
            start_ns=feed.start,
            telemetry=job.telemetry,
            telemetry_offset_s=feed.telemetry_offset_s,
            hfov_deg=feed.hfov_deg,
            fps=feed.fps,
        )
    except SourceError as error:
        yield RunEnd(run_id, feed.id, 0, False, start_ns, start_ns, str(error))
        return
    yield from watch(configuration, feed, source, job.out, run_id, annotate=job.annotate)


def watch(
    configuration: Configuration,
    feed: Feed,
    source: Source,
    out: Path,
    run_id: str,
    *,
    annotate: bool = False,
    onlooker: Onlooker | None = None,
) -> Iterator[Entry]:
    """The same of a source that is open: a recording, or a live feed, which ends when it is stopped.

    Raises:
        LogError: evidence cannot be written.
    """
    onlooker = onlooker or Onlooker()
    evidence = configuration.settings.evidence
    stages = pipeline.stages_for(configuration, feed.id, feed.means, run_id)
    slowest_s = max((rule.opens_within_s for rule in stages.rules), default=0.0)
    held_s = min(evidence.pre_roll_s + slowest_s, _LONGEST_HELD_S)
    source.ring = PacketRing(held_s + _LOOK_AHEAD_S)  # the reader is ahead of what is judged
    recorder = EvidenceRecorder(source.ring, EvidenceStore(out / "evidence"), evidence, configuration.map, held_s)
    health = FeedHealth(feed.id, configuration.settings.coverage, configuration.map, stages.locator)
    end = RunEnd(run_id, feed.id, 0, False, feed.start or 0, feed.start or 0, "")

    def told(finding: Violation | Undecided | Noticed) -> Iterator[Entry]:
        if isinstance(finding, Violation):
            (recorder.opened if finding.state is State.OPEN else recorder.closed)(finding)
        yield finding

    try:
        annotated = annotated_file(out, feed.id) if annotate else None
        for event in _events(onlooker.passing(source), stages, annotated, configuration.map):
            match event:
                case pipeline.Judged(scene=scene):
                    amended = onlooker.amended()
                    if amended is not None:
                        configuration, run_id = amended
                        for rule in stages.rules:
                            for finding in rule.finish(scene.t_ns):
                                yield from told(finding)
                        yield from health.finish()
                        stages.rules = pipeline.rules_for(configuration, feed.id, feed.means, run_id, stages.locator)
                        health = FeedHealth(feed.id, configuration.settings.coverage, configuration.map, stages.locator)
                        recorder.draw_on(configuration.map)
                        end = replace(end, run_id=run_id)
                    onlooker.judged(event, stages.locator)
                    recorder.observe(scene)
                    yield from health.seen(scene, event.alignment.reason)
                    first_ns = end.t_start_ns if end.frames else scene.t_ns
                    end = replace(end, frames=end.frames + 1, t_start_ns=first_ns, t_end_ns=scene.t_ns)
                    if scene.index % _PROGRESS_EVERY_FRAMES == 0:
                        yield Settled(feed.id, scene.t_ns)
                        yield _progress(source, event)
                case Gap():
                    yield from health.gap(event)
                    if event.reason in BREAKS:  # everything is closed, and no more of it will come
                        yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.finish())
                case _:
                    yield from told(event)
            yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.ready())
        end = _end(source, run_id)
    except SourceError as error:
        end = replace(end, detail=str(error))
    yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.finish())
    yield from health.finish()
    yield end


def _events(
    items: Iterable[Frame | Gap], stages: pipeline.Stages, annotated: Path | None, agreement: AgreementMap
) -> Iterator[pipeline.Event]:
    """The pipeline's events; every judged picture is drawn as it passes, if that is wanted."""
    if annotated is None:
        yield from pipeline.run(items, stages)
        return
    overlay = Overlay(agreement)
    with AnnotatedVideo(annotated) as video:
        for event in pipeline.run(items, stages, pictures=True):
            if isinstance(event, pipeline.Judged) and event.colour is not None:
                video.write(overlay.draw(event.colour(), event.scene), event.scene.t_ns)
            yield event


def annotated_file(out: Path, source_id: str) -> Path:
    """Where the annotated video of a feed goes."""
    return out / f"{source_id}.mp4"


def _progress(source: Source, event: pipeline.Judged) -> Progress:
    scene = event.scene
    return Progress(scene.source_id, scene.index + 1, source.elapsed_s(scene.t_ns), source.duration_s)


def _end(source: Source, run_id: str) -> RunEnd:
    end = source.end
    if end is None:
        raise RuntimeError(f"{source.source_id}: the source has not ended")
    return RunEnd(run_id, source.source_id, end.frames, end.complete, end.t_start_ns, end.t_end_ns, end.detail)
