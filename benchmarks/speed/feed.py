"""One feed, from the packet to the log, with each of its sections counted beside the decode floor.

The real `replay` is run in this process; its source, stages and log are wrapped to be counted. For each frame of the
source one frame of the same file is decoded by PyAV alone, one thread and no copy of the Y plane: the floor. So both
are measured in the same moments, and their ratio is worth more than either (FACTS.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np

from detector import feed, pipeline, replay
from detector.config import Configuration
from detector.detectors import DETECTORS, DetectorBank
from detector.log import LogWriter
from detector.model import Frame
from detector.picture import level_at_most, shrunk
from detector.registration import REGISTRARS
from detector.tracking import TRACKERS

from .watch import Counted, Watch

WARM_UP_FRAMES = (
    100  # the first ten of the machine, and the detector's: for three seconds it looks whether the camera stands
)
VISION = ("shrink", "registration", "detectors", "tracking")
Slowed = Callable[[Any], None]
Turn = Callable[[], None]


@dataclass
class Pass:
    """One feed's CPU time by section, after the warm-up. [s]

    ratio: of everything from the packet to the log, without evidence, to decoding alone; whole: with evidence, which
        is paid for by the possible violation and not by the frame; vision: of decoding and the vision stages.
    """

    watch: Watch
    counted: int
    frames: int
    most_confirmed: int
    violations: int
    total: float = field(init=False)

    def __post_init__(self) -> None:
        named = sum(self.watch.spent.values())
        self.total = named - self.watch.spent["floor"] - self.evidence

    @property
    def floor(self) -> float:
        return self.watch.spent["floor"]

    @property
    def evidence(self) -> float:
        return self.watch.spent.get("evidence", 0.0)

    @property
    def ratio(self) -> float:
        return self.total / self.floor

    @property
    def whole(self) -> float:
        return (self.total + self.evidence) / self.floor

    @property
    def frame_ms(self) -> list[float]:
        """From the packet to the log, evidence clips left out, of each frame."""
        return [a + b for a, b in zip(self.watch.source_ms, self.watch.frame_without_evidence_ms, strict=True)]

    @property
    def vision(self) -> float:
        return 1 + sum(v for k, v in self.watch.spent.items() if k.partition(":")[0] in VISION) / self.floor

    def stages_ms(self) -> dict[str, float]:
        return {name: 1000 * spent / self.counted for name, spent in self.watch.spent.items()}


def decode_floor(path: Path) -> Iterator[np.ndarray]:
    """The Y planes as PyAV decodes them, one thread, no copy."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "NONE", 1
        for picture in container.decode(stream):
            plane = picture.planes[0]
            yield np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]


class _Measured:
    """Wraps what `replay` makes for one feed."""

    def __init__(self, path: Path, slowed: Slowed | None, turn: Turn | None) -> None:
        self.path, self.watch, self.slowed, self.turn = path, Watch(), slowed, turn
        self.frames = self.counted = self.most_confirmed = 0
        self.spent_at_end: dict[str, float] = {}

    def open_source(self, *arguments: Any, **named: Any) -> Any:
        source = _OPEN_SOURCE(*arguments, **named)
        whole = type(source)
        # A subclass and not a wrapper: the feed sets attributes of its source.
        source.__class__ = type(whole.__name__, (whole,), {"__iter__": lambda one: self.stepped(whole.__iter__(one))})
        return source

    def stepped(self, items: Iterator[Any]) -> Iterator[Any]:
        floor = decode_floor(self.path)
        named_before = evidence_before = 0.0
        returned = None
        while True:
            start = time.process_time()
            if returned is not None and self.counted:
                named = sum(self.watch.spent.values()) - self.watch.spent["floor"] - self.watch.spent["source"]
                evidence = self.watch.spent.get("evidence", 0.0)
                spent = start - returned
                # What no section counts is the pipeline's own: generators, queues, records.
                self.watch.spent["between"] = self.watch.spent.get("between", 0.0) + spent - (named - named_before)
                self.watch.frame_ms.append(1000 * spent)
                self.watch.frame_without_evidence_ms.append(1000 * (spent - evidence + evidence_before))
            if self.frames == WARM_UP_FRAMES:
                self.watch.reset()
            if self.turn is not None:
                self.turn()
                start = time.process_time()
            item = next(items, None)
            now = self.watch.add("source", start)
            if item is None:
                self.spent_at_end = dict(self.watch.spent)
                return
            if isinstance(item, Frame):
                self.frames += 1
                self.counted += self.frames > WARM_UP_FRAMES
                next(floor)
                decoded = self.watch.add("floor", now)
                self.watch.source_ms.append(1000 * (now - start))
                self.watch.floor_ms.append(1000 * (decoded - now))
            spent_now = self.watch.spent
            named_before = sum(spent_now.values()) - spent_now.get("floor", 0.0) - spent_now["source"]
            evidence_before = spent_now.get("evidence", 0.0)
            returned = time.process_time()
            yield item

    def stages_for(self, configuration: Configuration, *arguments: Any) -> pipeline.Stages:
        made = _STAGES_FOR(configuration, *arguments)
        watch, registration, tracking = self.watch, configuration.registration, configuration.tracking
        registrar = REGISTRARS[registration.kind](registration.config)
        align = watch.timed("registration", registrar.align)

        def align_shrunk(frame: Frame) -> Any:
            # Every stage shares the halved pictures of a frame; made here, they are nobody's own cost.
            start = time.process_time()
            shrunk(frame, level_at_most(frame.size_px, 480))
            watch.add("shrink", start)
            return align(frame)

        bank = DetectorBank(
            [
                Counted(DETECTORS[part.kind](part.config), watch, f"detectors:{part.kind}", "detect", "finish")
                for part in configuration.detectors
            ]
        )
        tracker = TRACKERS[tracking.kind](tracking.config)
        update = watch.timed("tracking", tracker.update)

        def updated(*parts: Any) -> Any:
            tracks = update(*parts)
            self.most_confirmed = max(self.most_confirmed, int(tracks.confirmed.sum()))
            if self.slowed is not None:
                start = time.process_time()
                self.slowed(self)
                watch.add("planted", start)
            return tracks

        counted_registrar, counted_tracker = Counted(registrar, watch, ""), Counted(tracker, watch, "")
        counted_registrar.align, counted_tracker.update = align_shrunk, updated
        return pipeline.Stages(
            counted_registrar,
            bank,
            counted_tracker,
            Counted(made.locator, watch, "location", "locate", "locate_points"),
            tuple(Counted(rule, watch, "rules", "judge", "finish") for rule in made.rules),
        )

    def recorder(self, *arguments: Any) -> Any:
        methods = ("observe", "opened", "closed", "ready")
        return Counted(_RECORDER(*arguments), self.watch, "evidence", *methods)

    def health(self, source_id: str, settings: Any, agreement: Any, locator: Any) -> Any:
        return Counted(_HEALTH(source_id, settings, agreement, locator._inner), self.watch, "health", "seen", "gap")

    def writer(self, path: Path) -> LogWriter:
        log = LogWriter(path)
        for name in ("opened", "closed", "undecided", "evidence", "gap", "coverage"):
            setattr(log, name, self.watch.timed("log", getattr(log, name)))
        return log


_OPEN_SOURCE, _STAGES_FOR = feed.open_source, pipeline.stages_for
_RECORDER, _HEALTH = feed.EvidenceRecorder, feed.FeedHealth


def measure(
    path: Path, configuration: Configuration, out: Path, slowed: Slowed | None = None, turn: Turn | None = None
) -> Pass:
    """Replay one recording into a log in `out`, an absent or empty folder.

    Args:
        slowed: called once for each judged frame, and counted: a planted regression.
        turn: called before each frame, and not counted: waits until it is this process's turn.
    """
    taken = _Measured(path, slowed, turn)
    jobs = replay.jobs_of(configuration, [path], out, annotate=False)
    with ExitStack() as stack:
        for module, name, wrapped in (
            (feed, "open_source", taken.open_source),
            (feed, "EvidenceRecorder", taken.recorder),
            (feed, "FeedHealth", taken.health),
            (pipeline, "stages_for", taken.stages_for),
            (replay, "LogWriter", taken.writer),
        ):
            stack.enter_context(patch.object(module, name, wrapped))
        outcome = replay.replay(configuration, jobs, on_progress=lambda _at: None)
    if not outcome.complete:
        raise RuntimeError(f"{path}: not read to its end")
    taken.watch.spent = taken.spent_at_end
    return Pass(taken.watch, taken.counted, taken.frames, taken.most_confirmed, outcome.violations)
