"""A mover on both sides of a gap has a record on each, and an entry that says they are one, where that can be told."""

from __future__ import annotations

import numpy as np
import pytest

from detector.log.grouping import Grouping
from detector.model import Joined, Sight, State, Violation
from detector.rules.points import Points
from detector.rules.resumed import Resumed
from tests.rules.scene_making import FPS, Mover, film, outcome, rule, scene, square

ZONE = square()
SPEED = 6.0


def drives(track_id, offset=(0.0, 0.0), since=0.0, until=99.0, turned=0.0, speed=SPEED):
    def path(t):
        return (-50.0 + speed * t + offset[0], offset[1]) if since <= t < until else None

    velocity = (speed * np.cos(turned), speed * np.sin(turned))
    return Mover(track_id, path, velocity=velocity)


def told(movers, gap=(4.0, 5.0), seconds=12.0, sigma_m=1.0):
    """What the log has of a film in which nothing can be judged for a while."""
    scenes = [
        scene(i, movers, sigma_m=sigma_m, sight=Sight.BLIND if gap[0] <= i / FPS < gap[1] else Sight.SEEING)
        for i in range(round(seconds * FPS))
    ]
    entries = outcome(rule("zone_entry", ZONE), scenes)
    closed = [one for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    joined = [one for one in entries if isinstance(one, Joined)]
    return entries, closed, joined


def test_a_car_before_and_after_a_cut_has_two_records_which_are_one():
    entries, closed, joined = told([drives(1, until=4.0), drives(2, since=5.0)])
    assert [one.track_ids for one in closed] == [(1,), (2,)]
    assert [(one.violation_id, one.joined) for one in joined] == [(closed[0].violation_id, (closed[1].violation_id,))]
    assert joined[0].reason.startswith("the same before and after 1.1 s in which nothing could be judged")
    opened = [getattr(one, "state", None) for one in entries]
    assert opened.index(None) == 3  # opened, closed, opened, and only then joined
    assert joined[0].run_id == "run"


def test_twice_cut_it_is_one_all_the_same():
    first, second, third = drives(1, until=3.0), drives(2, since=3.5, until=7.0), drives(3, since=7.5)
    scenes = [
        scene(i, [first, second, third], sight=Sight.BLIND if 30 <= i < 35 or 70 <= i < 75 else Sight.SEEING)
        for i in range(120)
    ]
    entries = outcome(rule("zone_entry", ZONE), scenes)
    grouping = Grouping()
    for seq, one in enumerate(entries):
        if isinstance(one, Joined):
            grouping.take(seq, one)
    ids = [one.violation_id for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    assert len(ids) == 3
    assert list(grouping.groups(ids)) == [ids[0]]


@pytest.mark.parametrize(
    "after",
    [
        drives(2, since=5.0, offset=(25.0, 0.0)),  # not where it was due
        drives(2, since=5.0, offset=(60.0, 0.0), speed=-SPEED),  # there, on its way back
        drives(2, since=6.5),  # later than at once
    ],
)
def test_what_is_elsewhere_or_otherwise_fast_or_late_stays_another(after):
    _, closed, joined = told([drives(1, until=4.0), after])
    assert len(closed) == 2
    assert joined == []


def test_after_a_long_gap_nothing_is_said():
    assert told([drives(1, until=4.0), drives(2, since=8.5)], gap=(4.0, 8.5), seconds=14.0)[2] == []


def test_of_two_in_a_column_it_cannot_be_told_which_is_which():
    movers = [drives(1, until=4.0), drives(2, (-10.0, 0.0), until=4.0), drives(3, (-5.0, 0.0), since=5.0)]
    assert told(movers, sigma_m=4.0)[2] == []


def test_nothing_is_remembered_from_one_recording_to_the_next():
    judge = rule("zone_entry", ZONE)
    list(outcome(judge, film([drives(1, until=4.0)], 4.0)))
    assert not any(isinstance(one, Joined) for one in outcome(judge, film([drives(2, since=4.2)], 12.0)[42:]))


def sighted(t_s, east_m, speed, *, spread=1.0):
    one = Points(
        np.array([[east_m, 0.0]]), np.ones((1, 2)), np.eye(2)[None] * spread, np.array([[speed, 0.0]]),
        velocity_covariance=np.eye(2)[None],
    )  # fmt: skip
    return one.at(0, round(t_s * 1e9))


def test_what_is_not_known_is_not_joined():
    violation = told([drives(1)])[1][0]
    for spread in (np.nan, 0.0):
        resumed = Resumed()
        resumed.broke_off(0, sighted(0.0, 0.0, 5.0, spread=spread), violation)
        resumed.look(round(1e9))
        first = sighted(1.0, 5.0, 5.0, spread=spread)
        assert (resumed.goes_on(0, first, first, violation) is None) == bool(np.isnan(spread))
