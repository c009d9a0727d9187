"""The table of goals says what was measured, and what was not."""

from __future__ import annotations

from typing import Any

import goal_table
import goals
import pytest
from score import summary

from detector.synthetic import SCENES


def line(results: dict[str, Any], about: str) -> str:
    return next(one for one in goal_table.table(goals.GOALS, results) if one.startswith(f"| {about}"))


def frames(camera: str, ratios: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {
            "size": size,
            "camera": camera,
            "ratio": ratio,
            "vision_ratio": 1.2,
            "whole_ratio": 2.0,
            "p50_ms": 1.0,
            "p99_ms": 4.0,
            "feeds_a_core": 4,
        }
        for size, ratio in zip(goals.SIZES, ratios, strict=True)
    ]


def test_without_data_every_line_says_that_it_was_not_measured() -> None:
    assert all(one.endswith("| - | not measured |") for one in goal_table.table(goals.GOALS, {})[2:])
    assert len(goal_table.table(goals.GOALS, {})) == len(goals.GOALS) + 2


def test_a_goal_of_several_numbers_is_met_by_all_of_them_or_not_at_all() -> None:
    good = line({"frames": {"results": frames("moving", (1.6, 1.4, 1.3))}}, "moving camera")
    found = "1.60 / 1.40 / 1.30 (vision alone 1.20, 1.20, 1.20; with the evidence of a dozen at once 2.00, 2.00, 2.00)"
    assert good.endswith(f"| {found} | ok |")
    assert line({"frames": {"results": frames("moving", (1.6, 1.41, 1.3))}}, "moving camera").endswith("| **short** |")
    assert line({"frames": {"results": frames("moving", (1.6, 1.4, 1.3))[:2]}}, "moving camera").endswith(
        "not measured |"
    )


def test_the_ring_is_not_counted_as_memory_of_the_detector() -> None:
    results = {"results": frames("moving", (1.6, 1.4, 1.3)), "memory_mb": {}}
    results["memory_mb"] = {"1080p": {"first": 119.0, "further": 29.0, "ring": 10.0}}
    assert line({"frames": results}, "moving 1080p30").endswith("| 4.0; 119 / 29 MB, of it ring 10 | ok |")
    results["memory_mb"] = {"1080p": {"first": 119.0, "further": 31.0, "ring": 10.0}}
    assert line({"frames": results}, "moving 1080p30").endswith("| **short** |")


def test_a_clip_that_was_left_out_leaves_its_line_unmeasured() -> None:
    row = {"clip": "truck4_1", "recall": 0.7}
    assert line({"score": {"clips": {"real": [row]}}}, "real, moving").endswith("not measured |")
    every = [{"clip": name, "recall": goal} for name, goal in goals.TARGETS.items()]
    assert line({"score": {"clips": {"real": every}}}, "real, moving").endswith("| 0.60, 0.90, 0.90, 0.70, 0.80 | ok |")
    every[2]["recall"] = 0.89
    assert line({"score": {"clips": {"real": every}}}, "real, moving").endswith("| **short** |")


def test_false_flashes_are_counted_over_everything_that_has_none() -> None:
    clips: dict[str, list[dict[str, Any]]] = {name: [] for name in ("synthetic", "own", "masks")}
    clips["flashes"] = [{"found": 19, "of": 20, "false": 0, "hours": 0.2}]
    clips["static"] = [{"flash": 1, "hours": 0.3}]
    clips["negatives"] = [{"flash": 0, "smoke": 0, "change": 0, "confirmed_tracks": 0, "minutes": 30, "hours": 0.5}]
    sums = summary(clips)
    assert sums["flashes"]["recall"] == pytest.approx(0.95)
    assert sums["flashes"]["false_an_hour"] == pytest.approx(1.0)
    assert line({"score": {"summary": sums}}, "flashes").endswith("| 0.95 (19 of 20) / 1 (1 in 60 min) | ok |")


def test_the_page_keeps_what_stands_around_the_table() -> None:
    begin = goal_table.begin("goals")
    page = f"above\n{begin}\nold\n{goal_table.END}\nbelow\n"
    once = goal_table.written(page, ["new"], "goals")
    assert once == f"above\n{begin}\n\nnew\n\n{goal_table.END}\nbelow\n"
    assert goal_table.written(once, ["new"], "goals") == once
    with pytest.raises(ValueError, match="both markers"):
        goal_table.written("no markers", ["new"], "goals")


def test_the_page_has_its_markers() -> None:
    assert goal_table.written(goals.PAGE.read_text("utf-8"), ["x"], "goals")


def test_every_scene_that_is_scored_is_one_of_the_generators() -> None:
    from scoring import generated

    assert set(generated.OBJECTS) | set(generated.NEGATIVES) <= set(SCENES)
