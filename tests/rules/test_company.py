"""One vehicle is told once, though trees let one see two pieces of it; two vehicles are told twice."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest

from detector.model import State, Undecided, Violation
from tests.rules.scene_making import WEST_EAST, Mover, film, outcome, rule, square, straight

ZONE = square()
SPEED = 6.0


def told(movers, seconds=12.0, **settings):
    entries = outcome(rule("zone_entry", ZONE, **settings), film(movers, seconds))
    assert not any(isinstance(one, Undecided) for one in entries)
    return sorted(one.track_ids for one in entries if isinstance(one, Violation) and one.state is State.CLOSED)


def piece(track_id, offset, since=0.0, until=99.0, drift=0.0, speed=SPEED):
    def path(t):
        return (-50.0 + speed * t + offset[0] + drift * t, offset[1]) if since <= t < until else None

    return Mover(track_id, path, velocity=(speed + drift, 0.0))


@pytest.mark.parametrize(
    ("second", "once"),
    [
        (piece(2, (-4.0, 0.0)), True),  # the rear of it
        (piece(2, (3.0, 2.5)), True),  # its shadow
        (piece(2, (-4.0, 0.0), since=1.5), True),  # seen later only
        (piece(2, (-12.0, 0.0)), False),  # the next of a convoy
        (piece(2, (-30.0, 3.0), drift=5.0), False),  # one that overtakes
        (piece(2, (40.0, 3.0), speed=-SPEED), False),  # one that comes towards it
    ],
)
def test_what_drives_at_one_place_beside_another_is_a_part_of_it(second, once):
    assert told([piece(1, (0.0, 0.0)), second]) == ([(1, 2)] if once else [(1,), (2,)])


def test_people_who_walk_together_are_told_each():
    assert told([piece(i, (0.0, 2.0 * i), speed=1.5) for i in (1, 2)]) == [(1,), (2,)]


def test_a_part_goes_on_with_the_incident_of_the_whole_and_none_is_told_again():
    """The front is lost behind a tree for good; the rear drives on, 5 m behind."""
    front, rear = piece(1, (0.0, 0.0), until=5.0), piece(2, (-5.0, 0.0))
    assert told([front, rear]) == [(1, 2)]


def test_a_part_that_is_lost_is_not_what_comes_by_later():
    """A part that had no incident yet is no claim for another vehicle that shows near where it was lost."""
    whole, part = piece(1, (0.0, 0.0)), piece(2, (-4.0, 0.0), until=1.5)
    other = piece(3, (-20.0, 8.0), since=4.0, until=4.8)
    assert told([whole, part, other], min_time_s=2.0) == [(1, 2)]


def test_what_was_lost_beside_an_incident_is_no_claim_for_another_piece_of_it():
    """Too slow for parts to be told by their speed: its shadow has a track for a while, and later another one."""
    van = piece(1, (45.0, 0.0), speed=1.5)
    shadows = [
        piece(2, (43.0, 2.0), since=3.0, until=4.0, speed=1.5),
        piece(3, (43.0, 2.0), since=7.0, until=8.0, speed=1.5),
    ]
    assert told([van, *shadows], min_time_s=2.0) == [(1, 2, 3)]
    # Two that stand apart are two, and one that is seen again goes on.
    others = [
        piece(2, (43.0, 9.0), since=3.0, until=4.0, speed=1.5),
        piece(3, (43.0, 9.0), since=7.0, until=8.0, speed=1.5),
    ]
    assert told([van, *others], min_time_s=2.0) == [(1,), (2, 3)]


def test_two_that_part_are_two_from_then_on():
    """Side by side for 3 s as no two vehicles are, then one turns off."""
    turning = Mover(2, lambda t: (-50.0 + SPEED * t, -4.0 - max(t - 3.0, 0.0) * 5.0), velocity=(SPEED, 0.0))
    assert told([piece(1, (0.0, 0.0)), turning]) == [(1, 2), (2,)]


def still_shown(scenes, track_id, since, until):
    """The tracker still shows the track where it should be by now, undetected."""
    for index in range(since, until):
        tracks = scenes[index].tracks
        missed = tracks.missed.copy()
        missed[tracks.track_id.tolist().index(track_id)] = index - since + 1
        scenes[index] = changed(scenes[index], tracks=changed(tracks, missed=missed))
    return scenes


def test_a_track_that_begins_while_the_one_before_is_still_shown_is_the_same_mover():
    """Behind a pole for 0.2 s."""
    scenes = film([piece(1, (0.0, 0.0), until=4.5), piece(2, (0.0, 0.0), since=4.2)], 12.0)
    entries = outcome(rule("zone_entry", ZONE, min_time_s=2.0), still_shown(scenes, 1, 40, 45))
    closed = [one for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    assert [one.track_ids for one in closed] == [(1, 2)]
    assert closed[0].t_end_ns - closed[0].t_start_ns > 10e9


@pytest.mark.parametrize(("since", "until"), [(42, 45), (75, 78), (80, 83), (90, 93)])
def test_a_crossing_behind_a_pole_is_one_crossing(since, until):
    """Lost before the line, 2 m before it, on it, after it; each time it is there again as another track at once."""

    def part(track_id, first, last):
        path = lambda t: (0.0, 48.0 - SPEED * t) if first <= t < last else None  # noqa: E731
        return Mover(track_id, path, velocity=(0.0, -SPEED))

    scenes = film([part(1, 0.0, until / 10), part(2, (since + 2) / 10, 99.0)], 16.0)
    entries = outcome(rule("line_crossing", WEST_EAST), still_shown(scenes, 1, since, until))
    closed = [one for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    assert [one.track_ids for one in closed] == [(1, 2)]


def test_a_vehicle_that_stops_beside_its_shadow_stays_one():
    def braking(offset):
        return lambda t: (-50.0 + SPEED * min(t, 4.0) + 0.3 * t + offset, 0.0)

    assert told([Mover(1, braking(0.0)), Mover(2, braking(-3.0))], 30.0) == [(1, 2)]


def test_straight_ahead_alone_is_one():
    assert told([straight(1, (-50.0, 0.0), (SPEED, 0.0))]) == [(1,)]


def test_a_second_piece_is_not_told_before_it_is_known_whether_it_is_one():
    """It shows 1.2 s before its incident is due, and half of the time; the proof comes after that."""
    flickers = Mover(2, lambda t: (-54.0 + SPEED * t, 0.0) if t >= 2.0 and round(t * 10) % 4 < 2 else None)
    assert told([piece(1, (0.0, 0.0)), flickers], min_time_s=0.5) == [(1, 2)]


def test_what_was_not_known_to_be_a_part_at_the_end_is_told():
    ends = [piece(1, (0.0, 0.0)), piece(2, (-4.0, 0.0), since=10.8)]
    assert told(ends, seconds=11.6, min_time_s=0.5) == [(1,), (2,)]


def test_a_lost_track_that_is_there_again_takes_its_incident_back():
    """A lorry behind a tree; meanwhile a car shows 12 m off and is thought to be the lorry. Both drive on."""
    lorry = Mover(1, lambda t: (-50.0 + SPEED * t, 0.0) if t < 4.0 or t >= 5.2 else None, velocity=(SPEED, 0.0))
    car = piece(2, (0.0, 12.0), since=4.6, speed=SPEED)
    assert told([lorry, car]) == [(1,), (2,)]


@pytest.mark.parametrize(("behind_m", "speed", "count"), [(5.0, 6.0, 1), (14.0, 6.0, 2), (2.0, 1.4, 2)])
def test_two_pieces_of_one_vehicle_cross_once(behind_m, speed, count):
    """A lorry; two cars of a column; two who walk together."""
    pair = [straight(i, (0.0, 20.0 * speed / 4 + i * behind_m), (0.0, -speed)) for i in (0, 1)]
    entries = outcome(rule("line_crossing", WEST_EAST), film(pair, 20.0 * 6.0 / speed, sigma_m=1.0))
    closed = [one for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    assert len(closed) == count
