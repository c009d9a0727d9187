"""One feed: its source, its pipeline, its evidence and its health, as the entries the log will hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from detector import pipeline
from detector.association import Noticed, Settled
from detector.config import Aircraft, Configuration, Feed, Vehicle
from detector.config.agreement_map import AgreementMap
from detector.errors import SourceError
from detector.evidence import AnnotatedVideo, EvidenceRecorder, StretchRecorder, telemetry_picture
from detector.feed_health import FeedHealth
from detector.log import EvidenceStore
from detector.model import CoverageSlot, EvidenceFile, Frame, Gap, RunEnd, State, Undecided, Violation
from detector.overlay import Overlay
from detector.platform_watch import PlatformWatch, TrustedFrames
from detector.sources import PacketRing, Source, open_source
from detector.sources.series import find_station

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


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file of a vehicle's telemetry, or of tracks of aircraft. `media` is resolved."""

    source: Vehicle | Aircraft
    media: Path
    out: Path

    @property
    def source_id(self) -> str:
        """Its name in the log."""
        return self.source.id

    @property
    def recordings(self) -> tuple[Path, ...]:
        """What is read."""
        return (self.media,)

    @property
    def beside(self) -> tuple[Path, ...]:
        """What lies beside it and is read with it."""
        station = find_station(self.media)
        return () if station is None else (station,)


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
    evidence = configuration.settings.evidence
    stages = pipeline.stages_for(configuration, feed.id, feed.means, run_id)
    slowest_s = max((rule.opens_within_s for rule in stages.rules), default=0.0)
    held_s = min(evidence.pre_roll_s + slowest_s, _LONGEST_HELD_S)
    source.ring = PacketRing(held_s + _LOOK_AHEAD_S)  # the reader is ahead of what is judged
    store = EvidenceStore(job.out / "evidence")
    recorder = EvidenceRecorder(source.ring, store, evidence, configuration.map, held_s)
    told = StretchRecorder(store, "samples", telemetry_picture)
    health = FeedHealth(feed.id, configuration.settings.coverage, configuration.map, stages.locator)
    platform_rules = pipeline.platform_rules_for(configuration, feed.id, feed.means, run_id)
    frames = TrustedFrames(
        source, lambda: source.telemetry if platform_rules else None, PlatformWatch(platform_rules), told
    )
    end = RunEnd(run_id, feed.id, 0, False, start_ns, start_ns, "")
    try:
        for event in _events(frames, stages, job, configuration.map):
            match event:
                case pipeline.Judged(scene=scene):
                    recorder.observe(scene)
                    yield from health.seen(scene, event.alignment.reason)
                    yield from kept(told.reached(scene.t_ns))
                    first_ns = end.t_start_ns if end.frames else scene.t_ns
                    end = replace(end, frames=end.frames + 1, t_start_ns=first_ns, t_end_ns=scene.t_ns)
                    if scene.index % _PROGRESS_EVERY_FRAMES == 0:
                        yield Settled(feed.id, scene.t_ns)
                        yield _progress(source, event)
                case Gap():
                    yield from health.gap(event)
                case Violation() | Undecided():
                    yield from _kept(event, recorder)
                case Noticed():
                    yield event
            for entry in frames.found():
                yield from _kept(entry, recorder)
            yield from kept(recorder.ready())
        end = _end(source, run_id)
    except SourceError as error:
        end = replace(end, detail=str(error))
    for entry in frames.finish():
        yield from _kept(entry, recorder)
    yield from kept(recorder.finish())
    yield from kept(told.finish())
    yield from health.finish()
    yield end


def _kept(entry: Violation | Undecided, recorder: EvidenceRecorder) -> Iterator[Entry]:
    """An entry of a rule, once its evidence is being kept."""
    if isinstance(entry, Violation):
        (recorder.opened if entry.state is State.OPEN else recorder.closed)(entry)
    yield entry


def kept(written: Iterable[tuple[str, list[EvidenceFile]]]) -> Iterator[Kept]:
    """Evidence that a recorder has written, as entries."""
    for violation_id, files in written:
        yield Kept(violation_id, tuple(files))


def _events(
    source: Iterable[Frame | Gap], stages: pipeline.Stages, job: Job, agreement: AgreementMap
) -> Iterator[pipeline.Event]:
    """The pipeline's events; every judged picture is drawn as it passes, if that is wanted."""
    if not job.annotate:
        yield from pipeline.run(source, stages)
        return
    overlay = Overlay(agreement)
    with AnnotatedVideo(annotated_file(job.out, job.feed.id)) as video:
        for event in pipeline.run(source, stages, pictures=True):
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
