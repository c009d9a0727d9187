"""The order: registration, detection, tracking, location, rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector import pipeline
from detector.config import load
from detector.errors import ConfigError
from detector.locate import Locator
from detector.model import (
    BREAKS,
    Alignment,
    Detections,
    Frame,
    Gap,
    GapReason,
    Means,
    Scene,
    Sight,
    TimeFrom,
    Tracks,
    Undecided,
    Violation,
)
from detector.rules import RULES

STILL = np.eye(3)
S = 1_000_000_000
CONFIGS = Path(__file__).parents[1] / "configs"


def frame(index: int) -> Frame:
    luma = np.zeros((20, 30), np.uint8)
    return Frame("cam", index, index * 40_000_000, luma, True, TimeFrom.START_PTS, None, lambda: np.zeros((20, 30, 3)))


@dataclass
class Journal:
    """Stages that write down who was asked, and a detector that lags behind by `lag` frames."""

    lag: int = 0
    skip: bool = False
    calls: list[str] = field(default_factory=list)
    waiting: list[Frame] = field(default_factory=list)
    hindsight_s: float = 0.0
    unproven: frozenset[int] = frozenset()

    def align(self, one: Frame) -> Alignment:
        self.calls.append(f"align {one.index}")
        return Alignment(one.index, one.t_ns, STILL, 0, 1.0, 0.0, Sight.SEEING)

    def detect(self, one: Frame, alignment: Alignment) -> list[Detections]:
        assert alignment.index == one.index
        self.calls.append(f"detect {one.index}")
        self.waiting.append(one)
        return [self._judge()] if len(self.waiting) > self.lag else []

    def finish(self) -> list[Detections]:
        return [self._judge() for _ in range(len(self.waiting))]

    def _judge(self) -> Detections:
        judged = self.waiting.pop(0)
        return Detections.none(judged.index + self.skip, judged.t_ns, Sight.SEEING)

    def update(self, detections: Detections, alignment: Alignment) -> Tracks:
        assert alignment.index == detections.index
        self.calls.append(f"track {detections.index}")
        return Tracks.none(detections.index, detections.t_ns, detections.sight)

    def reset(self) -> None:
        raise AssertionError("nobody asked for it")


class OneRule:
    """Says something of every second scene, and of the end."""

    needs_ground = False
    opens_within_s = 0.0

    def __init__(self) -> None:
        self.scenes: list[Scene] = []
        self.ended_ns: list[int] = []

    def judge(self, scene: Scene) -> Iterator[Violation | Undecided]:
        self.scenes.append(scene)
        if scene.index % 2:
            yield undecided(scene.t_ns)

    def finish(self, t_ns: int) -> Iterator[Violation | Undecided]:
        self.ended_ns.append(t_ns)
        yield undecided(t_ns)


def undecided(t_ns: int) -> Undecided:
    from detector.model import Place

    return Undecided("r", "speed", "cam", "track 1", t_ns, t_ns + 1, Place(None, None, None, None), "unclear")


def stages(journal: Any, *rules: Any) -> pipeline.Stages:
    return pipeline.Stages(journal, journal, journal, Locator(), rules)


@pytest.mark.parametrize("lag", [0, 1, 3, 10])
def test_every_frame_goes_all_the_way_once_and_in_order_however_far_the_detector_looks_ahead(lag: int) -> None:
    rule = OneRule()
    events = list(pipeline.run([frame(index) for index in range(6)], stages(Journal(lag), rule)))
    judged = [event for event in events if isinstance(event, pipeline.Judged)]
    assert [one.scene.index for one in judged] == list(range(6))
    assert [one.scene.index for one in judged] == [one.alignment.index for one in judged] == list(range(6))
    assert rule.scenes == [one.scene for one in judged]
    assert rule.ended_ns == [5 * 40_000_000]
    assert isinstance(events[-1], Undecided)  # an event that is open at the end is closed, not lost


def test_what_a_rule_finds_comes_right_after_the_picture_it_was_found_in() -> None:
    events = list(pipeline.run([frame(0), frame(1), frame(2)], stages(Journal(), OneRule())))
    assert [type(event).__name__ for event in events] == ["Judged", "Judged", "Undecided", "Judged", "Undecided"]


def test_gaps_of_the_source_pass_through_where_they_happen() -> None:
    gap = Gap("cam", 1, 2, GapReason.DAMAGED)
    events = list(pipeline.run([frame(0), gap, frame(1)], stages(Journal())))
    assert [type(event).__name__ for event in events] == ["Judged", "Gap", "Judged"]


class Forgetting(Journal):
    """Stages that may be told to forget, and write it down."""

    def reset(self) -> None:
        self.calls.append("reset")

    def end_all(self) -> None:
        self.calls.append("end all tracks")


@pytest.mark.parametrize("reason", sorted(BREAKS))
@pytest.mark.parametrize("lag", [0, 3])
def test_where_a_live_feed_breaks_off_everything_is_judged_closed_and_begun_anew(reason: GapReason, lag: int) -> None:
    rule, journal = OneRule(), Forgetting(lag)
    begins = Gap("cam", 120_000_000, 120_000_001, reason)
    goes_on = replace(begins, t_start_ns=120_000_001, t_end_ns=S, count=0)
    source = [frame(0), frame(1), frame(2), begins, goes_on, frame(3), frame(4)]
    events = list(pipeline.run(source, stages(journal, rule)))
    names = [type(event).__name__ for event in events]
    broken = names.index("Gap")
    assert [one.scene.index for one in events[:broken] if isinstance(one, pipeline.Judged)] == [0, 1, 2]
    assert names[broken - 1] == "Undecided", "the rule has said its last word before the gap"
    assert names[broken : broken + 2] == ["Gap", "Gap"]
    assert rule.ended_ns == [2 * 40_000_000, 4 * 40_000_000], "once, however long the gap goes on"
    resets = [number for number, call in enumerate(journal.calls) if call in {"reset", "end all tracks"}]
    assert len(resets) == 3
    assert journal.calls.index("track 2") < min(resets)
    assert max(resets) < journal.calls.index("align 3")


def test_a_feed_that_ends_while_it_is_lost_is_not_closed_twice() -> None:
    rule = OneRule()
    list(pipeline.run([frame(0), Gap("cam", 1, 2, GapReason.DISCONNECTED)], stages(Forgetting(), rule)))
    assert rule.ended_ns == [0]


def test_an_empty_source_only_ends() -> None:
    rule = OneRule()
    (end,) = pipeline.run([], stages(Journal(), rule))
    assert isinstance(end, Undecided)
    assert rule.ended_ns == [0]


def test_without_a_pose_every_fix_is_nowhere_and_the_scene_says_there_is_no_pose() -> None:
    (event,) = pipeline.run([frame(0)], stages(Journal()))
    assert isinstance(event, pipeline.Judged)
    assert event.scene.pose is None
    assert event.scene.size_px == (30, 20)
    assert len(event.scene.fixes) == len(event.scene.detection_fixes) == 0


def test_a_detector_that_loses_a_frame_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="judged frame 1 when frame 0 was next"):
        list(pipeline.run([frame(0)], stages(Journal(skip=True))))


def test_default_stages_are_fresh_each_time_and_have_no_rules() -> None:
    one, other = pipeline.default_stages(), pipeline.default_stages()
    assert one.rules == ()
    assert one.registrar is not other.registrar
    assert one.detector is not other.detector
    assert one.tracker is not other.tracker


def test_the_stages_of_a_feed_have_the_rules_that_name_it_or_all() -> None:
    configuration = load(CONFIGS / "demo.yaml", pipeline.REGISTRIES)
    first, *rest = configuration.rules
    limited = replace(configuration, rules=(replace(first, feeds=("north",)), *rest))
    of_pictures = [part for part in configuration.rules if part.kind in RULES]
    assert len(pipeline.stages_for(limited, "north", Means.UAV, "run").rules) == len(of_pictures)
    assert len(pipeline.stages_for(limited, "south", Means.UAV, "run").rules) == len(of_pictures) - 1


def test_the_rules_of_a_network_are_those_on_what_is_heard() -> None:
    configuration = load(CONFIGS / "demo.yaml", pipeline.REGISTRIES)
    (rule,) = pipeline.heard_rules_for(configuration, "microphones", Means.ACOUSTIC, "run", (-99.5, 42.3), None)
    assert (rule.context.rule_id, rule.context.origin) == ("silence-of-arms", (-99.5, 42.3))
    assert rule.context.means == (Means.ACOUSTIC,)


def test_settings_that_do_not_fit_the_map_are_complaints_with_their_line_each_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "version: 1\nfeeds:\n  - {id: a, media: a.ts}\n  - {id: b, media: b.ts}\nrules:\n"
        "  - id: closed\n    kind: zone_entry\n    zones: [stripe]\n"
        "  - id: line\n    kind: line_crossing\n    lines: [contact]\n"
    )
    with pytest.raises(ConfigError) as caught:
        pipeline.checked(load(path, pipeline.REGISTRIES))
    assert [complaint.line for complaint in caught.value.complaints] == [6, 9]
    assert "stripe" in str(caught.value)
    assert "contact" in str(caught.value)


def test_pictures_are_kept_only_where_they_are_asked_for() -> None:
    for pictures in (False, True):
        (event,) = pipeline.run([frame(0)], stages(Journal()), pictures=pictures)
        assert isinstance(event, pipeline.Judged)
        assert (event.colour is not None) is pictures


@dataclass
class Bursts(Journal):
    """Answers for 24 frames at once; two of three frames are passed over, if `passes`."""

    passes: bool = True

    def align(self, one: Frame) -> Alignment:
        return replace(super().align(one), glanced=self.passes and one.index % 3 != 0)

    def detect(self, one: Frame, alignment: Alignment) -> list[Detections]:
        self.waiting.append(one)
        return self.finish() if len(self.waiting) == 24 else []


def judged_by_frame(journal: Journal, count: int) -> list[int]:
    """How many frames had been judged when each frame was asked for, and at the end."""
    so_far, seen = [], 0

    def source() -> Iterator[Frame]:
        for index in range(count):
            so_far.append(seen)
            yield frame(index)

    for event in pipeline.run(source(), stages(journal)):
        seen += isinstance(event, pipeline.Judged)
    return [*so_far, seen]


def test_of_many_frames_that_are_ready_at_once_a_few_are_judged_while_each_one_comes_in() -> None:
    judged = judged_by_frame(Bursts(), 40)
    assert judged[:24] == [0] * 24
    assert np.diff(judged[23:40]).max() == 9
    assert judged[28:40] == [24] * 12  # a fifth of a second later all of them are
    assert judged[-1] == 40


def test_where_no_frame_is_passed_over_all_that_are_ready_are_judged_at_once() -> None:
    judged = judged_by_frame(Bursts(passes=False), 40)
    assert judged[23:25] == [0, 24]
    assert judged_by_frame(Journal(), 6) == list(range(7))


def test_what_is_ready_is_judged_before_a_feed_breaks_off() -> None:
    gap = Gap("cam", 24 * 40_000_000, S, GapReason.DISCONNECTED)
    rule = OneRule()
    with pytest.raises(AssertionError, match="nobody asked"):  # the journal's, once all is over
        list(pipeline.run([*(frame(index) for index in range(24)), gap], stages(Bursts(), rule)))
    assert [scene.index for scene in rule.scenes] == list(range(24))
    assert rule.ended_ns == [23 * 40_000_000]
