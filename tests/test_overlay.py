"""Pictures drawn for people."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest
import shapely

from detector.config.agreement_map import AgreementMap, Shape
from detector.geo import wgs84
from detector.geo.projection import line_px, outline_px
from detector.locate import Locator
from detector.model import (
    CameraPose,
    Detections,
    GroundFixes,
    Kind,
    Means,
    Place,
    Scene,
    Sight,
    State,
    Tracks,
    Violation,
)
from detector.overlay import _FILL, _ZONE, Overlay, _tint, draw

ORIGIN = (45.0, 10.0, 0.0)
POSE = CameraPose(45.0, 10.0, 600.0, 25.0, -35.0, 0.0, 45.0, math.nan, ground_alt_m=0.0)


def lonlat(east_north: object) -> np.ndarray:
    metres = np.asarray(east_north, np.float64)
    lat, lon, _ = wgs84.geodetic_from_enu(np.concatenate([metres, 0 * metres[:, :1]], 1), ORIGIN)
    return np.stack([lon, lat], -1)


AGREEMENT = AgreementMap(
    zones={
        "strip": Shape(
            "strip",
            "Demilitarised strip",
            shapely.Polygon(lonlat([(-900, 500), (1500, 700), (1500, 1000), (-900, 800)])),
        ),
        "store": Shape(
            "store", "Storage site 3", shapely.Polygon(lonlat([(450, 1150), (700, 1150), (700, 1400), (450, 1400)]))
        ),
    },
    lines={"loc": Shape("loc", "Line of contact", shapely.LineString(lonlat([(-2000, 600), (300, 800), (3000, 900)])))},
)


def scene_of(
    width: int = 1280, pose: CameraPose | None = POSE, sight: Sight = Sight.SEEING, t_ns: int = 10**18
) -> Scene:
    k = width / 1280
    size = (width, width * 9 // 16)
    boxes = (
        np.array([[600, 330, 632, 350], [700, 300, 726, 318], [720, 292, 748, 312], [200, 500, 212, 524]]) * k
    ).astype(np.float32)
    centres = (boxes[:, :2] + boxes[:, 2:] - 1) / 2.0
    ids, ages = np.array([7, 12, 13, 99]), np.full(4, 20)
    tracks = Tracks(
        0, t_ns, ids, boxes, centres.astype(np.float64), np.array([[30.0, -4], [14, 3], [8, 8], [1, 1]]) * k,
        np.tile(np.eye(4), (4, 1, 1)), np.array([True, True, True, False]), ages, 0 * ages, sight,
    )  # fmt: skip
    flash = np.array([[900, 420, 916, 436]], np.float32) * k
    detections = Detections(
        0, t_ns, flash.astype(np.float32), np.ones(1, np.float32), np.array([Kind.FLASH.value]), sight
    )
    locator = Locator()
    return Scene(
        "north-1", 0, t_ns, size, sight, detections, locator.locate_points(flash, pose, size), tracks,
        locator.locate(tracks, pose, size), pose,
    )  # fmt: skip


def background(width: int = 1280) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(70, 150, (width * 9 // 16 // 40 + 1, width // 40 + 1, 3), dtype=np.uint8)
    fields = np.kron(coarse, np.ones((40, 40, 1), np.uint8))
    return np.ascontiguousarray(fields[: width * 9 // 16, :width])


@pytest.mark.parametrize("width", [640, 1280, 3840])
def test_a_new_picture_of_the_same_size_is_drawn_and_the_old_one_is_untouched(width: int) -> None:
    picture = background(width)
    picture.flags.writeable = False
    before = picture.copy()
    drawn = draw(picture, scene_of(width), AGREEMENT)
    assert drawn.shape == picture.shape
    np.testing.assert_array_equal(picture, before)
    assert (drawn != before).mean() > 0.05


def test_the_same_scene_is_drawn_the_same_twice() -> None:
    np.testing.assert_array_equal(draw(background(), scene_of(), AGREEMENT), draw(background(), scene_of(), AGREEMENT))


def test_a_tentative_track_is_not_drawn() -> None:
    drawn = draw(background(), scene_of())
    np.testing.assert_array_equal(drawn[495:530, 195:220], background()[495:530, 195:220])


def test_without_a_pose_only_picture_shapes_are_drawn() -> None:
    drawn = AgreementMap(zones={"gate": Shape("gate", "Gate", shapely.box(900, 500, 1000, 600), feed="north-1")})
    other = AgreementMap(zones={"gate": Shape("gate", "Gate", shapely.box(900, 500, 1000, 600), feed="south-2")})
    without = draw(background(), scene_of(pose=None), AGREEMENT)
    assert (draw(background(), scene_of(pose=None), drawn) != without).any()
    np.testing.assert_array_equal(draw(background(), scene_of(pose=None), other), without)


@pytest.mark.parametrize("sight", [Sight.BLIND, Sight.WARMING_UP])
def test_a_picture_from_which_nothing_follows_says_so_across_its_middle(sight: Sight) -> None:
    seeing, other = (draw(background(), scene_of(sight=s)) for s in (Sight.SEEING, sight))
    assert (seeing[350:370] != other[350:370]).mean() > 0.5


@pytest.mark.parametrize("pitch", [-90.0, -35.0, -3.0, 0.0, 30.0])
@pytest.mark.parametrize("yaw", [25.0, 205.0])
def test_any_attitude_can_be_drawn(pitch: float, yaw: float) -> None:
    pose = dataclasses.replace(POSE, pitch_deg=pitch, yaw_deg=yaw)
    assert draw(background(640), scene_of(640, pose), AGREEMENT).shape == (360, 640, 3)


def test_a_nan_pose_is_drawn_without_a_map() -> None:
    pose = dataclasses.replace(POSE, yaw_deg=math.nan)
    assert draw(background(640), scene_of(640, pose), AGREEMENT).shape == (360, 640, 3)


def empty(pose: CameraPose) -> Scene:
    """A picture in which nothing moves, and so nothing tells where the ground is but the telemetry."""
    when, size, nowhere = (0, 10**18, Sight.SEEING), (1280, 720), GroundFixes.nowhere(np.zeros(0, np.int64))
    return Scene(
        "north-1", 0, 10**18, size, Sight.SEEING, Detections.none(*when), nowhere, Tracks.none(*when), nowhere, pose
    )


def test_where_only_the_configuration_tells_the_ground_zones_are_drawn_in_every_picture() -> None:
    """They were drawn only while something moved."""
    not_told = dataclasses.replace(POSE, ground_alt_m=math.nan)
    told = Overlay(AGREEMENT).draw(background(), empty(POSE))
    without = Overlay(AGREEMENT).draw(background(), empty(not_told))
    configured = Locator(Locator.Config(ground_alt_m=0.0))
    drawn = Overlay(AGREEMENT, height_m=configured.height_m).draw(background(), empty(not_told))
    np.testing.assert_array_equal(drawn, told)
    assert (without != told).mean() > 0.05


def test_a_zone_behind_the_camera_is_not_in_the_picture() -> None:
    zone = lonlat([(-900, 500), (1500, 700), (1500, 1000), (-900, 800)])
    behind = dataclasses.replace(POSE, yaw_deg=205.0)
    assert len(outline_px(zone, 0.0, POSE, (1280, 720))) >= 3
    assert len(outline_px(zone, 0.0, behind, (1280, 720))) == 0
    assert len(line_px(zone, 0.0, behind, (1280, 720))) == 0


@pytest.mark.parametrize("east", [-4000, -40, 0, 300])
def test_an_area_is_tinted_as_if_the_whole_picture_were(east: int) -> None:
    """Against filling a copy of the whole picture; partly and wholly out of it, and with a hole."""
    picture = np.random.default_rng(2).integers(0, 256, (240, 320, 3), np.uint8)
    rings = [
        np.array([[east, -50], [east + 200, 60], [east + 90, 400]], np.int32),
        np.array([[east + 80, 60], [east + 120, 70], [east + 90, 120]], np.int32),
    ]
    whole = picture.copy()
    cv2.fillPoly(whole, rings, _ZONE)
    expected = cv2.addWeighted(whole, _FILL, picture, 1 - _FILL, 0)
    _tint(picture, rings)
    assert np.array_equal(picture, expected)


def test_a_zone_around_the_drone_is_cut_at_the_camera_and_fills_the_picture_below_the_horizon() -> None:
    zone = lonlat([(-9_000, -9_000), (9_000, -9_000), (9_000, 9_000), (-9_000, 9_000)])
    level = dataclasses.replace(POSE, pitch_deg=-5.0)
    polygon = shapely.Polygon(outline_px(zone, 0.0, level, (1280, 720)))
    assert polygon.is_valid
    assert polygon.contains(shapely.box(0, 420, 1279, 719))
    assert not polygon.contains(shapely.Point(640, 200))


def test_tails_stay_on_the_ground_and_end_when_time_goes_back() -> None:
    overlay = Overlay()
    first = overlay.draw(background(), scene_of())
    moved = scene_of(pose=dataclasses.replace(POSE, yaw_deg=27.0), t_ns=10**18 + 10**9)
    with_tail = overlay.draw(background(), moved)
    assert (with_tail != draw(background(), moved)).any()
    np.testing.assert_array_equal(overlay.draw(background(), scene_of()), first)


def test_nothing_to_draw_still_gives_time_and_source() -> None:
    scene = dataclasses.replace(
        scene_of(pose=None),
        tracks=Tracks.none(0, 0, Sight.SEEING),
        fixes=Locator().locate_points(np.zeros((0, 4)), None, (1280, 720)),
        detections=Detections.none(0, 0, Sight.SEEING),
        detection_fixes=Locator().locate_points(np.zeros((0, 4)), None, (1280, 720)),
    )
    assert (draw(background(), scene)[:60] != background()[:60]).any()


def about(observation: str, *track_ids: int) -> Violation:
    place = Place(None, None, None, None)
    return Violation(
        "strip-closed", "zone_entry", "cam", observation, "track 12", State.CLOSED, 0, 1, 0, 1, place, (Means.UAV,),
        1.0, track_ids, zone_id="strip",
    )  # fmt: skip


def changed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows and columns of the pixels that differ. shape (K, 2)"""
    return np.argwhere((one != other).any(axis=2))


def test_the_movers_that_the_picture_is_evidence_of_stand_out_and_the_others_do_not() -> None:
    """Track 12 has the box 700..726, 300..318; track 7 is far to its left."""
    plain = draw(background(), scene_of())
    none, one = (draw(background(), scene_of(), subject=about("movement observed", *ids)) for ids in ((), (12,)))
    places = changed(one, none)
    assert len(places) > 20
    assert places[:, 1].min() > 640
    words = changed(none, plain)  # what is observed stands in words under the captions
    assert len(words) > 200
    assert words[:, 0].max() < 120


def test_an_observation_that_the_letters_cannot_write_is_told_by_its_rule_and_zone() -> None:
    told = draw(background(), scene_of(), subject=about('movement observed inside zone "Pásmo č. 3"'))
    np.testing.assert_array_equal(told, draw(background(), scene_of(), subject=about("zone entry strip")))


def test_in_a_narrow_picture_the_captions_are_broken_and_end_before_the_arrow() -> None:
    """Portrait: what lies right of the captions is the arrow alone, whatever is told."""
    scene = dataclasses.replace(scene_of(), size_px=(480, 854))
    picture = np.full((854, 480, 3), 120, np.uint8)
    words = about('movement faster than 15 m/s observed inside zone "Southern road corridor"')
    told, untold = draw(picture, scene, subject=words), draw(picture, scene)
    lines = changed(told, untold)
    assert lines[:, 1].max() < 480 - 70
    assert lines[:, 0].max() - lines[:, 0].min() > 40  # more than one line
    aside = slice(480 - 70, None)
    np.testing.assert_array_equal(told[:, aside], untold[:, aside])


def test_a_zone_that_fills_the_picture_is_named_in_its_corner() -> None:
    wide = lonlat([(-9_000, -9_000), (9_000, -9_000), (9_000, 9_000), (-9_000, 9_000)])
    hole = lonlat([(-2_000, -2_000), (2_000, -2_000), (2_000, 2_000), (-2_000, 2_000)])
    corner = (slice(690, 720), slice(1100, 1280))
    steep = scene_of(pose=dataclasses.replace(POSE, pitch_deg=-85.0))

    def drawn(name: str, *holes: np.ndarray) -> np.ndarray:
        zone = Shape("z", name, shapely.Polygon(wide, holes))
        return draw(background(), steep, AgreementMap(zones={"z": zone}))[corner]

    assert (drawn("Demilitarised strip") != drawn("Storage site")).any()
    np.testing.assert_array_equal(drawn("Demilitarised strip", hole), drawn("Storage site", hole))
