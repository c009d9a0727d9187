"""Telemetry and tracks as text."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detector.evidence.tables import telemetry_csv, track_json
from detector.model import FixesOnDemand, GroundFixes, Means, Place, Scene, State, Violation
from tests.rules.scene_making import POSE, T0, Mover, scene

PLACE = Place(None, None, None, None)


def violation(*track_ids: int) -> Violation:
    return Violation(
        "r", "speed", "cam", "o", "s", State.CLOSED, T0, T0 + 1, T0, 1, PLACE, (Means.UAV,), 1.0, track_ids
    )


def one(index: int = 0, **more: Any) -> Scene:
    return scene(index, [Mover(7, lambda t: (1 / 3, 2 / 3), velocity=(1 / 3, -2 / 3))], **more)


def tracks(scenes: list[Scene], *track_ids: int) -> list[dict[str, Any]]:
    document = json.loads(track_json(scenes, violation(*track_ids)))
    assert document["violation_id"] == violation(*track_ids).violation_id
    return list(document["tracks"])


def test_telemetry_is_one_row_a_frame_and_empty_where_there_is_none() -> None:
    first, second = csv.DictReader(io.StringIO(telemetry_csv([one(0), one(1, pose=None)]).decode()))
    assert first["time_utc"].endswith("Z")
    assert float(first["lat_deg"]) == POSE.lat_deg
    assert first["datum"] == "ellipsoid"
    assert (second["frame"], second["t_ns"], second["lat_deg"]) == ("1", str(T0 + 100_000_000), "")


def test_no_frames_are_a_head_line_and_no_points() -> None:
    assert telemetry_csv([]).decode().count("\n") == 1
    assert tracks([], 7) == [{"track_id": 7, "points": []}]


def test_numbers_are_rounded_so_that_they_are_the_same_text_everywhere() -> None:
    (track,) = tracks([one()], 7)
    (point,) = track["points"]
    assert point["velocity_m_s"] == [0.33, -0.67]
    assert point["covariance_m2"] == [4.0, 0.0, 4.0]
    assert point["xyxy_px"] == [955.3, 534.3, 965.3, 544.3]
    assert round(point["lat_deg"], 7) == point["lat_deg"]


def test_where_the_ground_is_not_known_there_is_only_the_picture() -> None:
    (track,) = tracks([one(pose=None)], 7)
    assert list(track["points"][0]) == ["frame", "t_ns", "xyxy_px"]


def test_a_speed_that_is_not_known_is_null_and_never_nan() -> None:
    whole = one()
    fixes = GroundFixes(
        **{name: getattr(whole.fixes, name) for name in GroundFixes.__slots__}
        | {"velocity_m_s": np.full((1, 2), np.nan)}
    )
    (track,) = tracks([replace(whole, fixes=fixes)], 7)
    assert track["points"][0]["velocity_m_s"] == [None, None]


def test_only_confirmed_positions_of_those_who_took_part_are_listed() -> None:
    at_once = scene(0, [Mover(1, lambda t: (0, 0)), Mover(2, lambda t: (5, 5)), Mover(3, lambda t: (9, 9), False)])
    listed = tracks([at_once], 1, 3)
    assert [(track["track_id"], len(track["points"])) for track in listed] == [(1, 1), (3, 0)]


def test_a_frame_that_was_passed_over_is_not_listed_and_nothing_is_placed_in_it() -> None:
    first, between = one(0), one(1)
    unseen = replace(
        between,
        detections=replace(between.detections, judged=False),
        fixes=FixesOnDemand(lambda: pytest.fail("placed for nobody")),
    )
    (track,) = tracks([first, unseen, one(2)], 7)
    assert [point["frame"] for point in track["points"]] == [0, 2]
    assert track_json([first], violation(7)).decode().count("\n") == 6 + len([first])  # a point a line


def test_an_incident_without_tracks_has_an_empty_list() -> None:
    assert tracks([one()]) == []
