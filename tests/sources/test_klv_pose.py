"""The pose out of one telemetry set after another."""

from __future__ import annotations

import pytest

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
