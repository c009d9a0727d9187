"""One feed: its source, its pipeline, its evidence and its health, as the entries the log will hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from detector import pipeline
from detector.association import Noticed, Settled
from detector.config import Aircraft, Configuration, Feed, Vehicle, beside
from detector.config.agreement_map import AgreementMap
from detector.errors import SourceError
from detector.evidence import AnnotatedVideo, EvidenceRecorder, StretchRecorder, telemetry_picture
from detector.feed_health import FeedHealth
from detector.locate import Locator
from detector.log import EvidenceStore, LogWriter
from detector.model import BREAKS, CoverageSlot, EvidenceFile, Frame, Gap, Joined, RunEnd, State, Undecided, Violation
from detector.overlay import Overlay
from detector.platform_watch import PlatformWatch, TrustedFrames
from detector.sources import PacketRing, Source, open_source
from detector.sources.series import find_station
from detector.sources.sidecar import find_sidecar
from detector.sources.source import PROGRESS_EVERY_FRAMES

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
    """How far a feed has come. waits_for: of live sensors, why nothing comes; empty while it does."""

    source_id: str
    frames: int
    done_s: float
    total_s: float | None
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """A gap of a live feed as far as it has come. The log has it once it is over, as one; rules hear of it at once."""

    gap: Gap


Entry = Violation | Undecided | Joined | Gap | CoverageSlot | Kept | RunEnd | Noticed | Settled | GoesOn | Progress
"""What a source has to say.

Noticed and Settled are for the joiner, GoesOn for rules on gaps, Progress for who waits, the rest for the log.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One feed to be played. `media` is resolved. grid: elevation of the ground, where a file tells it."""

    feed: Feed
    media: Path
    telemetry: Path | None
    out: Path
    annotate: bool
    grid: Path | None

    @classmethod
    def of(cls, configuration: Configuration, feed: Feed, out: Path, *, annotate: bool = False) -> Job:
        """A feed of a configuration that is a recording, evidence into `out`."""
        telemetry = None if feed.telemetry is None else beside(configuration.path, feed.telemetry)
        media = beside(configuration.path, feed.media)
        return cls(feed, media, telemetry, out, annotate, configuration.location.grid)

    @property
    def source(self) -> Feed:
        """What it is in the configuration."""
        return self.feed

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
        """What is read with the recording: telemetry, named or found beside it, and the elevation grid."""
        files = (self.telemetry or find_sidecar(self.media), self.grid)
        return tuple(file for file in files if file is not None)


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file of a vehicle's telemetry, or of tracks of aircraft. `media` is resolved."""

    source: Vehicle | Aircraft
    media: Path
    out: Path

    @classmethod
    def of(cls, configuration: Configuration, source: Vehicle | Aircraft, out: Path) -> FileJob:
        """A source of a configuration, evidence into `out`."""
        return cls(source, beside(configuration.path, source.media), out)

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


class Onlooker:
    """Sees a feed pass; what a running centre shows of it is made here. This one does nothing."""

    def passing(self, source: Source) -> Iterator[Frame | Gap]:
        """The source's items on their way to be judged."""
        yield from source

    def judged(self, event: pipeline.Judged, locator: Locator) -> None:
        """One frame that has been judged."""

    def amended(self) -> tuple[Configuration, str] | None:
        """The next configuration whose rules are to be used from now on, and its run; None: go on as before."""
        return None


def append(log: LogWriter, entry: Entry, run_id: str) -> None:
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
    feed, start_ns = job.feed, job.feed.start or 0
    try:
        source = open_recording(job)
    except SourceError as error:
        yield RunEnd(run_id, feed.id, 0, False, start_ns, start_ns, str(error))
        return
    yield from watch(configuration, feed, source, job.out, run_id, annotate=job.annotate)


def open_recording(job: Job) -> Source:
    """The recording with what lies beside it. Raises SourceError."""
    feed = job.feed
    return open_source(
        job.media,
        source_id=feed.id,
        start_ns=feed.start,
        telemetry=job.telemetry,
        telemetry_offset_s=feed.telemetry_offset_s,
        hfov_deg=feed.hfov_deg,
        fps=feed.fps,
    )


def watch(
    configuration: Configuration,
    feed: Feed,
    source: Source,
    out: Path,
    run_id: str,
    *,
    annotate: bool = False,
    onlooker: Onlooker | None = None,
    growing: Path | None = None,
) -> Iterator[Entry]:
    """The same of a source that is open: a recording, or a live feed, which ends when it is stopped.

    growing: folder of clips that are not finished, where what passes does not come again.

    Raises:
        LogError: evidence cannot be written.
    """
    watched = _Watched(configuration, feed, source, out, run_id, onlooker or Onlooker(), growing)
    try:
        yield from watched.course(annotated_file(out, feed.id) if annotate else None)
    except SourceError as error:
        watched.end = replace(watched.end, detail=str(error))
    yield from watched.finish()


class _Watched:
    """What is kept of one feed while it passes. end: as far as it has come."""

    def __init__(
        self,
        configuration: Configuration,
        feed: Feed,
        source: Source,
        out: Path,
        run_id: str,
        onlooker: Onlooker,
        growing: Path | None,
    ) -> None:
        self._configuration, self._feed, self._source, self._onlooker = configuration, feed, source, onlooker
        evidence = configuration.settings.evidence
        self._stages = pipeline.stages_for(configuration, feed.id, feed.means, run_id)
        slowest_s = max((rule.opens_within_s for rule in self._stages.rules), default=0.0)
        held_s = min(evidence.pre_roll_s + slowest_s, _LONGEST_HELD_S)
        source.ring = PacketRing(held_s + _LOOK_AHEAD_S)  # the reader is ahead of what is judged
        store = EvidenceStore(out / "evidence")
        self._recorder = EvidenceRecorder(source.ring, store, evidence, configuration.map, held_s, growing)
        self._told = StretchRecorder(store, "samples", telemetry_picture)
        self._health = self._new_health()
        platform = PlatformWatch(pipeline.platform_rules_for(configuration, feed.id, feed.means, run_id))
        self._frames = TrustedFrames(onlooker.passing(source), lambda: source.telemetry, platform, self._told)
        start_ns = feed.start or 0
        self.end = RunEnd(run_id, feed.id, 0, False, start_ns, start_ns, "")
        self._was_amended = False

    def course(self, annotated: Path | None) -> Iterator[Entry]:
        """To the end of the source. Raises SourceError where it cannot be read on."""
        for event in _events(self._frames, self._stages, annotated, self._configuration.map):
            match event:
                case pipeline.Judged():
                    yield from self._judged(event)
                case Gap():
                    yield from self._health.gap(event)
                    if event.reason in BREAKS:  # everything is closed, and no more of it will come
                        yield from kept(self._recorder.finish())
                        yield GoesOn(event)
                case Violation() | Undecided() | Joined():
                    yield from self._found(event)
                case Noticed():
                    yield event
            yield from self._found(*self._frames.found())
            yield from kept(self._recorder.ready())
        whole = _end(self._source, self.end.run_id)
        if self._was_amended:
            whole = replace(whole, frames=self.end.frames, t_start_ns=self.end.t_start_ns)
        self.end = whole

    def finish(self) -> Iterator[Entry]:
        """What is left when nothing more comes."""
        yield from self._found(*self._frames.finish())
        yield from kept(self._recorder.finish())
        yield from kept(self._told.finish())
        yield from self._health.finish()
        while (amended := self._onlooker.amended()) is not None:  # after the last picture: that run saw nothing
            yield self.end
            self.end = replace(self.end, run_id=amended[1], frames=0, t_start_ns=self.end.t_end_ns)
        yield self.end

    def _judged(self, event: pipeline.Judged) -> Iterator[Entry]:
        scene = event.scene
        while (amended := self._onlooker.amended()) is not None:
            yield from self._amend(*amended, scene.t_ns)
        self._onlooker.judged(event, self._stages.locator)
        self._recorder.observe(scene)
        yield from self._health.seen(scene, event.alignment.reason)
        yield from kept(self._told.reached(scene.t_ns))
        first_ns = self.end.t_start_ns if self.end.frames else scene.t_ns
        self.end = replace(self.end, frames=self.end.frames + 1, t_start_ns=first_ns, t_end_ns=scene.t_ns)
        if scene.index % PROGRESS_EVERY_FRAMES == 0:
            yield Settled(self._feed.id, scene.t_ns)
            yield _progress(self._source, event)

    def _amend(self, configuration: Configuration, run_id: str, t_ns: int) -> Iterator[Entry]:
        """Other rules and another map from here on; what is open under the old ones is closed."""
        feed, stages = self._feed, self._stages
        for rule in stages.rules:
            yield from self._found(*rule.finish(t_ns))
        yield from self._health.finish()
        self._configuration = configuration
        stages.rules = pipeline.rules_for(configuration, feed.id, feed.means, run_id, stages.locator)
        self._frames.judge_by(pipeline.platform_rules_for(configuration, feed.id, feed.means, run_id))
        self._health = self._new_health()
        self._recorder.draw_on(configuration.map)
        yield replace(self.end, complete=True)  # that run was not cut off, another one goes on
        self.end, self._was_amended = RunEnd(run_id, feed.id, 0, False, t_ns, t_ns), True

    def _found(self, *entries: Violation | Undecided | Joined) -> Iterator[Entry]:
        """Entries of rules, once their evidence is being kept."""
        for entry in entries:
            if isinstance(entry, Violation):
                (self._recorder.opened if entry.state is State.OPEN else self._recorder.closed)(entry)
            yield entry

    def _new_health(self) -> FeedHealth:
        coverage, agreement = self._configuration.settings.coverage, self._configuration.map
        return FeedHealth(self._feed.id, coverage, agreement, self._stages.locator)


def kept(written: Iterable[tuple[str, list[EvidenceFile]]]) -> Iterator[Kept]:
    """Evidence that a recorder has written, as entries."""
    for violation_id, files in written:
        yield Kept(violation_id, tuple(files))


def _events(
    items: Iterable[Frame | Gap], stages: pipeline.Stages, annotated: Path | None, agreement: AgreementMap
) -> Iterator[pipeline.Event]:
    """The pipeline's events; every judged picture is drawn as it passes, if that is wanted."""
    if annotated is None:
        yield from pipeline.run(items, stages)
        return
    overlay = Overlay(agreement, height_m=stages.locator.height_m)
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
