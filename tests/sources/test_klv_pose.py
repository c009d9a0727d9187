"""The pose out of one telemetry set after another."""

from __future__ import annotations

import pytest

from detector.model import Datum
from detector.sources.klv_pose import PoseBuilder

NADIR = {5: 90.0, 6: 0.0, 7: 0.0, 13: 42.3, 14: -99.5, 15: 900.0, 16: 40.0, 18: 0.0, 19: -90.0, 25: 740.0}


def test_a_sensor_roll_that_no_set_tells_is_taken_as_0_and_counted() -> None:
    builder = PoseBuilder()
    pose, missing = builder.add(0, NADIR)
    assert pose is not None
    assert (missing, builder.without_roll) == ((), 1)
    level, _ = PoseBuilder().add(0, NADIR | {20: 0.0})
    assert level == pose


def test_a_sensor_roll_that_is_told_seldom_is_carried_on_for_two_seconds() -> None:
    builder = PoseBuilder()
    for seconds, tells in ((0, True), (1, False), (2, False), (3, False)):
        builder.add(seconds * 1_000_000, NADIR | ({20: 5.0} if tells else {}))
    assert builder.without_roll == 1


@pytest.mark.parametrize("tag", [5, 13, 14, 15, 16, 18, 19])
def test_an_item_that_is_needed_is_named_where_it_is_missing(tag: int) -> None:
    pose, missing = PoseBuilder().add(0, {key: value for key, value in NADIR.items() if key != tag})
    assert pose is None
    assert len(missing) == 1
    assert str(tag) in missing[0]


def test_a_receiver_without_a_fix_writes_0_0_and_that_is_no_place() -> None:
    builder = PoseBuilder()
    pose, missing = builder.add(0, NADIR | {13: 0.0, 14: 0.0})
    assert pose is None
    assert missing == ("a fix: sensor latitude and longitude (13, 14) are 0",)
    for place in ({13: 0.0}, {14: 0.0}):
        assert builder.add(1, NADIR | place)[0] is not None


@pytest.mark.parametrize(
    ("told", "datum", "alt_m", "ground_m"),
    [
        ({75: 946.0}, Datum.MSL, 900.0, 740.0),  # the ground is told above mean sea level only
        ({75: 946.0, 78: 786.0}, Datum.ELLIPSOID, 946.0, 786.0),
        ({75: 945.0, 104: 946.0, 78: 786.0}, Datum.ELLIPSOID, 946.0, 786.0),
    ],
)
def test_of_several_heights_that_one_counts_of_which_the_ground_is_told_too(
    told: dict[int, float], datum: Datum, alt_m: float, ground_m: float
) -> None:
    pose, _ = PoseBuilder().add(0, NADIR | told)
    assert pose is not None
    assert (pose.datum, pose.alt_m, pose.ground_alt_m) == (datum, alt_m, ground_m)


def test_without_any_height_of_the_ground_the_first_height_counts() -> None:
    pose, _ = PoseBuilder().add(0, {key: value for key, value in NADIR.items() if key != 25} | {75: 946.0})
    assert pose is not None
    assert (pose.datum, pose.alt_m) == (Datum.ELLIPSOID, 946.0)


@pytest.mark.parametrize(("told", "hfov_deg"), [({}, 55.0), ({16: 0.0}, 55.0), ({16: 30.0}, 30.0)])
def test_a_stated_angle_of_view_counts_where_no_set_tells_one(told: dict[int, float], hfov_deg: float) -> None:
    sets = {key: value for key, value in NADIR.items() if key != 16} | told
    pose, missing = PoseBuilder(55.0).add(0, sets)
    assert missing == ()
    assert pose is not None
    assert pose.hfov_deg == hfov_deg
