"""THE ORDER: registration, detection, tracking, location, rules. Written once, for live feeds and recordings alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detector import __version__
from detector.allocator import keep_freed_memory
from detector.association import Carrier, Noticed
from detector.config import Configuration, Feed, Part, Registries, Settings, Source
from detector.detectors import (
    DETECTORS,
    ChangeDetector,
    Detector,
    DetectorBank,
    FlashDetector,
    Heeding,
    MotionDetector,
    SmokeDetector,
)
from detector.errors import Complaint, ConfigError, SourceError
from detector.locate import Locator
from detector.model import (
    BREAKS,
    Alignment,
    CameraPose,
    Detections,
    FixesOnDemand,
    Frame,
    Gap,
    GroundFixes,
    Joined,
    Kind,
    Means,
    Scene,
    TimeFrom,
    Tracks,
    Undecided,
    Violation,
)
from detector.outbox import SINKS
from detector.registration import REGISTRARS, FlowRegistrar, Registrar
from detector.rules import (
    AIR_RULES,
    ALL_RULES,
    GAP_RULES,
    HEARD_RULES,
    PLATFORM_RULES,
    RULES,
    AirRule,
    GapRule,
    HeardRule,
    PlatformRule,
    Rule,
    RuleContext,
)
from detector.tracking import TRACKERS, Hindsight, KalmanTracker, Tracker

AnyRule = TypeVar("AnyRule", HeardRule, PlatformRule, AirRule, GapRule)

SOFTWARE = f"trucewatch {__version__}"

# Frames that are judged by the rules while one comes in: once it is known that nothing more will be found out about
# them, those of 0.8 s are ready at once, and to judge them at once would cost as much as ten frames do.
_AT_ONCE, _MORE = 3, 4

REGISTRIES = Registries(
    registration=REGISTRARS,
    detectors=DETECTORS,
    tracking=TRACKERS,
    rules=ALL_RULES,
    outbox=SINKS,
    location=Locator.Config,
)


@dataclass(slots=True)
class Stages:
    """One feed's stages, each with its own state. The rules of a live feed may be exchanged between two frames."""

    registrar: Registrar
    detector: Detector
    tracker: Tracker
    locator: Locator
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One frame that has gone all the way.

    colour: makes its picture (BGR), where `run` was asked to keep pictures.
    """

    alignment: Alignment
    scene: Scene
    colour: Callable[[], NDArray[np.uint8]] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """What is still needed of a frame once the detectors have looked at it: not its picture."""

    source_id: str
    index: int
    t_ns: int
    size_px: tuple[int, int]
    pose: CameraPose | None
    time_known: bool
    alignment: Alignment
    colour: Callable[[], NDArray[np.uint8]] | None


Event = Judged | Gap | Violation | Undecided | Noticed | Joined


def default_stages(*, masks: bool = False) -> Stages:
    """The stages with their default settings and without rules: what `detect` runs.

    Args:
        masks: detections say which pixels move, too.
    """
    return Stages(
        FlowRegistrar(),
        DetectorBank([MotionDetector(masks=masks), FlashDetector(), SmokeDetector()]),
        KalmanTracker(),
        Locator(),
    )


def checked(configuration: Configuration) -> Configuration:
    """The same configuration, once every rule of every source that it judges has been made from it.

    Raises:
        ConfigError: settings that do not fit the map or one another, each with the line of its rule; a rule that is
            limited to sources which it cannot judge, or of which there is none; a rule on what no detector looks for;
            an elevation grid that is none.
    """
    settings = configuration.settings
    complaints: dict[str, Complaint] = {}
    try:
        Locator(configuration.location)
    except ConfigError as error:
        complaints |= {str(one): one for one in error.complaints}
    for part in configuration.rules:
        judged, what = judged_by(part.kind, settings)
        try:
            _look_for(part, configuration)
            for source in judged:
                context = _context(configuration, part, source.id, (source.means,), "")
                ALL_RULES[part.kind](part.config, context)
            # With recordings given on the command line, feeds need not be named: their rules are for whatever comes.
            named = settings.sources != settings.feeds
            wrong = sorted(set(part.feeds or ()) - {one.id for one in judged}) if named else []
            if wrong or not judged:
                told = f"; {wrong[0]!r} is none" if wrong else ", of which there is none"
                raise ValueError(f"rule {part.part_id!r}: kind {part.kind} is for {what}{told}")
        except ValueError as error:
            complaints[str(error)] = Complaint(str(configuration.path), part.line, str(error))
    if complaints:
        raise ConfigError(*complaints.values())
    return configuration


def _look_for(part: Part, configuration: Configuration) -> None:
    """Raises ValueError where no detector looks for what a rule is on: it would be silent for ever.

    Rules that are named as a detector are on what that finds, all others on pictures are on what moves.
    """
    needed = part.kind if part.kind in DETECTORS else "motion"
    found = {one.kind for one in configuration.detectors}
    if part.kind in RULES and needed not in found:
        told = f"looks for {needed}, and no detector does: `detectors:` has {', '.join(sorted(found)) or 'none'}"
        raise ValueError(f"rule {part.part_id!r}: kind {part.kind} {told}; add `- kind: {needed}` there")


def judged_by(kind: str, settings: Settings) -> tuple[tuple[Source, ...], str]:
    """The sources that a kind of rule can judge, and what they are in words."""
    feeds = settings.feeds or (Feed(id="any", media=""),)
    if kind in HEARD_RULES:
        return settings.sensors, "networks under `sensors:`"
    if kind in AIR_RULES:
        return settings.aircraft, "tracks under `aircraft:`"
    if kind in PLATFORM_RULES:
        return (*feeds, *settings.telemetry), "feeds, and vehicles under `telemetry:`"
    if kind in GAP_RULES:
        return (*feeds, *settings.sensors, *settings.telemetry, *settings.aircraft), "all sources"
    return feeds, "pictures"


def idle_rules(configuration: Configuration, settings: Settings) -> tuple[str, ...]:
    """Ids of the rules that judge none of these sources: they are for others, or for shapes in the picture of others.

    settings: the configuration's, with the sources that are played.
    """
    played = {one.id for one in settings.sources}
    return tuple(
        part.part_id
        for part in configuration.rules
        if not any(
            source.id in played and part.concerns(source.id) and _has_shapes(configuration, part, source.id)
            for source in judged_by(part.kind, settings)[0]
        )
    )


def _has_shapes(configuration: Configuration, part: Part, source_id: str) -> bool:
    """Whether one of the shapes that a rule names can be seen by a source; true of a rule that names none."""
    known = {**configuration.map.zones, **configuration.map.lines}
    named = [known[one] for key in ("zones", "lines") for one in getattr(part.config, key, ())]
    return not named or any(shape.feed in {None, source_id} for shape in named)


def stages_for(configuration: Configuration, source_id: str, means: Means, run_id: str) -> Stages:
    """Fresh stages for one feed, as the configuration asks for them."""
    registration, tracking = configuration.registration, configuration.tracking
    detectors = [DETECTORS[part.kind](part.config) for part in configuration.detectors]
    locator = Locator(configuration.location)
    for one in detectors:
        if isinstance(one, ChangeDetector):
            one.place(run_id, locator.height_m)

    return Stages(
        REGISTRARS[registration.kind](registration.config),
        DetectorBank(detectors),
        TRACKERS[tracking.kind](tracking.config),
        locator,
        rules_for(configuration, source_id, means, run_id, locator),
    )


def rules_for(
    configuration: Configuration, source_id: str, means: Means, run_id: str, locator: Locator
) -> tuple[Rule, ...]:
    """Fresh rules for one feed. locator: the one of its stages, which has seen the ground in view."""
    return tuple(
        RULES[part.kind](
            part.config,
            replace(_context(configuration, part, source_id, (means,), run_id), ground_in_view=locator.footprint),
        )
        for part in configuration.rules
        if part.kind in RULES and part.concerns(source_id)
    )


def heard_rules_for(
    configuration: Configuration,
    source_id: str,
    means: Means,
    run_id: str,
    origin: tuple[float, float] | None,
    carrier: Carrier | None,
) -> tuple[HeardRule, ...]:
    """Fresh rules for one network of sensors. origin, carrier: as RuleContext has them."""
    return _rules_for(HEARD_RULES, configuration, source_id, means, run_id, origin=origin, carrier=carrier)


def platform_rules_for(
    configuration: Configuration, source_id: str, means: Means, run_id: str
) -> tuple[PlatformRule, ...]:
    """Fresh rules for the telemetry of one vehicle or feed."""
    return _rules_for(PLATFORM_RULES, configuration, source_id, means, run_id)


def air_rules_for(configuration: Configuration, source_id: str, means: Means, run_id: str) -> tuple[AirRule, ...]:
    """Fresh rules for one source of tracks."""
    return _rules_for(AIR_RULES, configuration, source_id, means, run_id)


def gap_rules_for(configuration: Configuration, source_id: str, means: Means, run_id: str) -> tuple[GapRule, ...]:
    """Fresh rules for the gaps of one source."""
    return _rules_for(GAP_RULES, configuration, source_id, means, run_id)


def _rules_for(
    registry: Mapping[str, type[AnyRule]],
    configuration: Configuration,
    source_id: str,
    means: Means,
    run_id: str,
    *,
    origin: tuple[float, float] | None = None,
    carrier: Carrier | None = None,
) -> tuple[AnyRule, ...]:
    return tuple(
        registry[part.kind](
            part.config,
            replace(_context(configuration, part, source_id, (means,), run_id), origin=origin, carrier=carrier),
        )
        for part in configuration.rules
        if part.kind in registry and part.concerns(source_id)
    )


def _context(
    configuration: Configuration, part: Part, source_id: str, means: tuple[Means, ...], run_id: str
) -> RuleContext:
    return RuleContext(
        rule_id=part.part_id,
        source_id=source_id,
        map=configuration.map,
        config_sha256=configuration.sha256,
        software=SOFTWARE,
        run_id=run_id,
        means=means,
        time_zone=configuration.settings.time_zone,
    )


def run(source: Iterable[Frame | Gap], stages: Stages, *, pictures: bool = False) -> Iterator[Event]:
    """Everything that follows from one source, in the order of time.

    Args:
        source: frames and gaps.
        stages: with the state they are in.
        pictures: keep each frame's picture until it is judged: some 2 s of them, 750 MB at 4K and 30 frames a
            second.

    Yields:
        Judged for every frame, in order, some frames behind the newest one where the detector looks ahead; after it
        what the rules found in it; Gaps of the source as they come. An event still open at the end, or where a live
        feed breaks off, is closed, not lost; nothing is joined across the break. Where frames are passed over, and
        many are ready at once, the rules judge a few of them while each of the next frames comes in.

    Raises:
        SourceError: as the source does, once all that was read until then has been judged.
    """
    keep_freed_memory()
    held = _Held(stages)
    ready: deque[Iterator[Event]] = deque()  # what is said of frames about which nothing more will be found out
    between = False  # whether the last frame was passed over
    t_ns = 0

    def over() -> Iterator[Event]:
        """What was seen so far is all there is of it."""
        ready.extend(held.finish())
        yield from _first(len(ready), ready)
        for rule in stages.rules:
            yield from rule.finish(t_ns)

    failures: list[SourceError] = []
    broken = False
    for item in _until_it_fails(source, failures):
        if isinstance(item, Gap):
            if item.reason in BREAKS and not broken:
                yield from over()
                stages.registrar.reset()
                stages.detector.reset()
                stages.tracker.end_all()
                broken = True
            yield item
            continue
        broken = False
        alignment = stages.registrar.align(item)
        held.wait(item, alignment, item.colour if pictures else None)
        t_ns = item.t_ns
        ready.extend(held.ready(stages.detector.detect(item, alignment)))
        spread = alignment.glanced or between
        yield from _first(_AT_ONCE + len(ready) // _MORE if spread else len(ready), ready)
        between = alignment.glanced
    if not broken:
        yield from over()
    if failures:
        raise failures[0]


class _Held:
    """Frames between the detectors and the rules."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._heeding = stages.detector if isinstance(stages.detector, Heeding) else None
        self._waiting: dict[int, _Waiting] = {}
        self._undetected: deque[int] = deque()
        self._found: dict[int, Detections] = {}
        self._hindsight = Hindsight(stages.tracker.hindsight_s)

    def wait(self, frame: Frame, alignment: Alignment, colour: Callable[[], NDArray[np.uint8]] | None) -> None:
        """One frame more, before the detectors look at it."""
        time_known = frame.time_from is not TimeFrom.UNKNOWN
        self._waiting[frame.index] = _Waiting(
            frame.source_id, frame.index, frame.t_ns, frame.size_px, frame.pose, time_known, alignment, colour
        )
        self._undetected.append(frame.index)

    def ready(self, detected: Iterable[Detections]) -> Iterator[Iterator[Event]]:
        """Frames in which things were found, on to the tracker; what the rules will say of those that are known."""
        for detections in detected:
            index = self._undetected.popleft()
            if index != detections.index:
                raise RuntimeError(f"detector judged frame {detections.index} when frame {index} was next")
            self._found[index] = detections
            tracker = self._stages.tracker
            tracks = tracker.update(detections, self._waiting[index].alignment)
            ways = self._heeding.heed(tracks) if self._heeding is not None else None
            if ways is not None:
                tracker.learn(ways)
            yield from map(self._judged, self._hindsight.feed(tracks, tracker.unproven))

    def finish(self) -> Iterator[Iterator[Event]]:
        """The stream has ended: the same of the rest."""
        yield from self.ready(self._stages.detector.finish())
        yield from map(self._judged, self._hindsight.finish())

    def _judged(self, tracks: Tracks) -> Iterator[Event]:
        return _judge(self._waiting.pop(tracks.index), self._found.pop(tracks.index), tracks, self._stages)


def _until_it_fails(source: Iterable[Frame | Gap], failures: list[SourceError]) -> Iterator[Frame | Gap]:
    """What can be read; what stopped it is put aside until all that was read has been judged."""
    try:
        yield from source
    except SourceError as error:
        failures.append(error)


def _first(count: int, ready: deque[Iterator[Event]]) -> Iterator[Event]:
    """What is said of the first so many of these frames, or of all if there are fewer."""
    for _ in range(min(count, len(ready))):
        yield from ready.popleft()


def _judge(frame: _Waiting, detections: Detections, tracks: Tracks, stages: Stages) -> Iterator[Event]:
    scene = Scene(
        source_id=frame.source_id,
        index=frame.index,
        t_ns=frame.t_ns,
        size_px=frame.size_px,
        sight=detections.sight,
        detections=detections,
        detection_fixes=FixesOnDemand(partial(_trackless, detections, frame.pose, frame.size_px, stages.locator)),
        tracks=tracks,
        fixes=FixesOnDemand(partial(stages.locator.locate, tracks, frame.pose, frame.size_px)),
        pose=frame.pose,
        time_known=frame.time_known,
    )
    yield Judged(frame.alignment, scene, frame.colour)
    for rule in stages.rules:
        yield from rule.judge(scene)


def _trackless(
    detections: Detections, pose: CameraPose | None, size_px: tuple[int, int], locator: Locator
) -> GroundFixes:
    """Places of the detections that no track stands for; a mover's own has no use and costs as much as its track's."""
    fixes = GroundFixes.nowhere(np.full(len(detections), -1, np.int64))
    rows = np.flatnonzero(detections.kind != Kind.MOTION.value)
    if not len(rows):
        return fixes
    return fixes.with_rows(rows, locator.locate_points(detections.xyxy_px[rows], pose, size_px))
