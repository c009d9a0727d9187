"""Each rule: a hit, a miss, the border; and what holds for all of them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import shapely

from detector.association import Noticed
from detector.config.agreement_map import Shape
from detector.geo.wgs84 import wrapped_deg
from detector.model import Kind, Sight, State, Undecided, Violation
from detector.rules import RULES
from detector.timebase import ns_from_iso
from tests.rules.scene_making import (
    EAST_M,
    LON,
    T0,
    WEST_EAST,
    Mover,
    everything,
    film,
    line,
    lonlat,
    outcome,
    quiet_days,
    rule,
    scene,
    square,
    straight,
)

ZONE = square()
INTO = straight(1, (-200.0, 0.0), (10.0, 0.0))
ALWAYS = {"hours": ({"since": "00:00", "until": "00:00"},)}
TOGETHER = [straight(i, (-30.0 * i, 0.0), (5.0, 0.0)) for i in range(1, 5)]
HITS = {
    "zone_entry": (lambda: rule("zone_entry", ZONE), lambda **k: film([INTO], 20, **k)),
    "line_crossing": (
        lambda: rule("line_crossing", WEST_EAST),
        lambda **k: film([straight(1, (0.0, 60.0), (0.0, -10.0))], 20, **k),
    ),
    "dwell": (lambda: rule("dwell", ZONE, limit_s=5.0), lambda **k: film([INTO], 20, **k)),
    "curfew": (lambda: rule("curfew", ZONE, **ALWAYS), lambda **k: film([INTO], 20, **k)),
    "convoy": (lambda: rule("convoy"), lambda **k: film(TOGETHER, 20, **k)),
    "speed": (lambda: rule("speed", limit_m_s=6.0), lambda **k: film([INTO], 20, **k)),
    "flash": (
        lambda: rule("flash", ZONE),
        lambda **k: [scene(i, [], flashes=[(0.0, 0.0)] if i % 20 < 2 else [], **k) for i in range(200)],
    ),
    "smoke": (
        lambda: rule("smoke", ZONE),
        lambda **k: [scene(i, [], flashes=[(0.0, 0.0)] * (i % 3 == 0), kind=Kind.SMOKE, **k) for i in range(200)],
    ),
    "change": (
        lambda: rule("change", ZONE),
        lambda **k: [scene(i, [], flashes=[(0.0, 0.0)] * (i % 10 == 0), kind=Kind.CHANGE, **k) for i in range(200)],
    ),
    "unusual": (lambda: rule("unusual", memory=quiet_days()), lambda **k: film([INTO], 20, **k)),
}


def violations(entries, state=State.CLOSED):
    return [entry for entry in entries if isinstance(entry, Violation) and entry.state is state]


def undecided(entries):
    return [entry for entry in entries if isinstance(entry, Undecided)]


def test_every_rule_has_a_hit_here():
    assert set(HITS) == set(RULES)


@pytest.mark.parametrize("kind", HITS)
def test_a_hit_is_opened_once_and_closed_once_with_the_same_id(kind):
    make, scenes = HITS[kind]
    entries = outcome(make(), scenes())
    opened, closed = violations(entries, State.OPEN), violations(entries)
    assert len(opened) == len(closed) == 1
    assert opened[0].violation_id == closed[0].violation_id
    assert closed[0].t_start_ns <= closed[0].t_peak_ns < closed[0].t_end_ns + 1
    assert 0.95 <= closed[0].confidence <= 1.0
    assert closed[0].place.lat_deg is not None


@pytest.mark.parametrize("kind", HITS)
def test_the_same_scenes_give_the_same_entries(kind):
    make, scenes = HITS[kind]
    judge = make()
    first = outcome(judge, scenes())
    assert outcome(make(), scenes()) == first
    assert outcome(judge, scenes()) == first  # finish() leaves nothing behind


@pytest.mark.parametrize("kind", [kind for kind in HITS if kind not in ("flash", "smoke", "change")])
def test_a_tentative_track_is_never_judged(kind):
    make, scenes = HITS[kind]
    tentative = [
        dataclasses.replace(s, tracks=dataclasses.replace(s.tracks, confirmed=np.zeros(len(s.tracks), np.bool_)))
        for s in scenes()
    ]
    assert outcome(make(), tentative) == []


@pytest.mark.parametrize("kind", HITS)
@pytest.mark.parametrize("sight", [Sight.BLIND, Sight.WARMING_UP])
def test_a_blind_scene_says_nothing(kind, sight):
    make, scenes = HITS[kind]
    assert outcome(make(), scenes(sight=sight)) == []


@pytest.mark.parametrize("kind", [kind for kind in HITS if kind != "line_crossing"])
def test_an_event_is_never_joined_across_a_gap(kind):
    make, scenes = HITS[kind]
    whole = scenes()
    blind = [
        dataclasses.replace(s, sight=Sight.BLIND) if 150 <= i < 155 else s for i, s in enumerate(whole + whole[:0])
    ]
    closed = violations(outcome(make(), blind))
    t_blind_ns = T0 + 15 * 10**9
    assert all(v.t_end_ns <= t_blind_ns or v.t_start_ns >= t_blind_ns for v in closed)


def test_a_crossing_whose_two_sides_lie_on_two_sides_of_a_gap_is_none():
    make, scenes = HITS["line_crossing"]
    blind = [dataclasses.replace(s, sight=Sight.BLIND) if 40 <= i < 80 else s for i, s in enumerate(scenes())]
    assert violations(outcome(make(), blind)) == []


@pytest.mark.parametrize("kind", HITS)
def test_the_clock_going_back_breaks_the_event(kind):
    make, scenes = HITS[kind]
    back = [dataclasses.replace(s, t_ns=s.t_ns - 20 * 10**9 if i >= 150 else s.t_ns) for i, s in enumerate(scenes())]
    for v in violations(outcome(make(), back)):
        assert v.t_start_ns < v.t_end_ns


@pytest.mark.parametrize("kind", HITS)
def test_empty_scenes_and_fixes_that_are_nan_raise_nothing(kind):
    make, scenes = HITS[kind]
    assert outcome(make(), film([], 5)) == []
    nowhere = [Mover(1, lambda t: (math.nan, math.nan))]
    assert violations(outcome(make(), film(nowhere, 5))) == []
    assert outcome(make(), []) == []
    list(make().judge(scenes()[0]))


@pytest.mark.parametrize("kind", ["zone_entry", "dwell", "curfew"])
def test_a_mover_on_the_border_is_undecided_once(kind):
    make, _ = HITS[kind]
    entries = outcome(make(), film([straight(1, (-100.0, -50.0), (0.0, 5.0))], 12))
    assert len(entries) == 1
    assert isinstance(entries[0], Undecided)


def test_a_mover_that_follows_the_border_outside_is_nothing():
    entries = outcome(rule("zone_entry", ZONE), film([straight(1, (-120.0, -50.0), (0.0, 5.0))], 12))
    assert entries == []


def test_one_fix_that_jumps_into_the_zone_is_no_entry():
    jumping = Mover(1, lambda t: (0.0, 0.0) if round(t * 10) % 7 == 3 else (-150.0, 0.0))
    assert outcome(rule("zone_entry", ZONE), film([jumping], 20)) == []


@pytest.mark.parametrize("kind", ["zone_entry", "curfew", "line_crossing"])
def test_single_decided_fixes_among_undecidable_ones_are_none_in_a_row(kind):
    """One in twelve lies 3 standard deviations beyond the border, as noise has it; all others 1."""
    more = {"line_crossing": {}, "curfew": ALWAYS, "zone_entry": {}}[kind]
    shape, off_m = (WEST_EAST, 0.0) if kind == "line_crossing" else (ZONE, -100.0)

    def noisy(t_s):
        index = round(t_s * 10)
        return (0.0, -20.0) if index < 30 and kind == "line_crossing" else (0.0, off_m + (2.0, 6.0)[index % 12 == 0])

    entries = outcome(rule(kind, shape, **more), film([Mover(1, noisy)], 12))
    assert violations(entries) == []
    assert len(undecided(entries)) == 1


def test_a_mover_lost_and_found_again_is_one_incident():
    parked = [Mover(i + 1, lambda t, i=i: (0.3, 0.2 * i) if 5 * i <= t < 5 * i + 3 else None) for i in range(6)]
    closed = violations(outcome(rule("zone_entry", ZONE), film(parked, 32)))
    assert len(closed) == 1
    assert closed[0].track_ids == (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(("apart_m", "since_s", "incidents"), [(13.0, 1.0, 2), (13.0, 2.0, 1), (8.0, 1.0, 1)])
def test_who_was_seen_elsewhere_beside_a_mover_that_is_lost_is_another_one(apart_m, since_s, incidents):
    # Who leaves the picture at 2 s was told; who is believed at 3 s had been seen as a candidate since `since_s`.
    gone = Mover(1, lambda t: (0.0, 3.0 * t) if t < 2 else None)
    candidate = Mover(2, lambda t: (apart_m, 6.0) if since_s <= t < 3 else None, confirmed=False)
    believed = Mover(2, lambda t: (apart_m, 6.0) if t >= 3 else None, first_seen_s=since_s)
    told = violations(outcome(rule("zone_entry", ZONE, min_time_s=1.0), film([gone, candidate, believed], 8)))
    assert len(told) == incidents


def test_who_crosses_beside_a_mover_that_is_lost_beyond_the_line_has_not_crossed_twice():
    gone = Mover(1, lambda t: (0.0, -20.0) if t < 2 else None)
    candidate = Mover(2, lambda t: (0.0, 12.0) if t < 3 else None, confirmed=False)
    believed = Mover(2, lambda t: (0.0, 12.0) if t >= 3 else None, first_seen_s=0.0)
    across = rule("line_crossing", WEST_EAST, same_place_m=40.0)
    assert not violations(outcome(across, film([gone, candidate, believed], 8, sigma_m=1.0)))


def test_two_parts_of_one_vehicle_are_one_incident():
    front = Mover(1, lambda t: (0.3 * t, 0.0) if t < 9 else None)
    rear = Mover(2, lambda t: (0.3 * t - 4.0, 0.0) if t >= 6 else None)
    closed = violations(outcome(rule("dwell", ZONE, limit_s=6.0), film([front, rear], 30)))
    assert [v.track_ids for v in closed] == [(1, 2)]


def test_two_vehicles_side_by_side_are_two_incidents():
    pair = [straight(i, (0.0, 12.0 * i), (0.3, 0.0)) for i in (1, 2)]
    closed = violations(outcome(rule("dwell", ZONE, limit_s=6.0), film(pair, 30)))
    assert sorted(v.track_ids for v in closed) == [(1,), (2,)]


@pytest.mark.parametrize(("limit_s", "stays"), [(5.0, 0), (4.9, 1)])
def test_a_stay_of_exactly_the_limit_is_allowed(limit_s, stays):
    """51 scenes, a tenth of a second apart, in a zone that one may stay in for 5 s."""
    entries = outcome(rule("dwell", ZONE, limit_s=limit_s), film([straight(1, (0.0, 0.0), (1.0, 0.0))], 5.1))
    assert (len(violations(entries)), undecided(entries)) == (stays, [])


def test_the_hole_of_a_zone_is_outside():
    ring = square(half_m=100.0, hole_m=50.0)
    assert outcome(rule("zone_entry", ring), film([straight(1, (0.0, 0.0), (0.1, 0.0))], 5)) == []
    assert violations(outcome(rule("zone_entry", ring), film([straight(1, (75.0, 0.0), (0.1, 0.0))], 5)))


@pytest.mark.parametrize(
    ("direction", "count"),
    [("any", 1), ("southbound", 1), ("northbound", 0), ("left_to_right", 1), ("right_to_left", 0)],
)
def test_a_crossing_southward_has_its_direction(direction, count):
    scenes = film([straight(1, (0.0, 60.0), (0.0, -10.0))], 12)
    closed = violations(outcome(rule("line_crossing", WEST_EAST, direction=direction), scenes))
    assert len(closed) == count
    assert all(v.observation == 'line "Line of contact" crossed, southbound' for v in closed)


def test_a_track_that_flickers_at_a_line_is_no_crossing():
    noise = np.random.default_rng(1).normal(0, 2, 400)
    waiting = Mover(1, lambda t: (0.0, float(noise[round(t * 10)])))
    assert violations(outcome(rule("line_crossing", WEST_EAST), film([waiting], 30))) == []


def test_going_round_the_end_of_a_line_is_no_crossing():
    def path(t):
        angle = math.pi / 2 - t / 5
        return 200 + 60 * math.cos(angle), 60 * math.sin(angle)

    assert outcome(rule("line_crossing", WEST_EAST), film([Mover(1, path)], 15)) == []


@pytest.mark.parametrize(("east_m", "crossings", "doubts"), [(-6.0, 0, 0), (-1.0, 0, 1), (1.0, 0, 1), (6.0, 1, 0)])
def test_whether_it_went_round_the_end_is_undecided_within_the_ellipse(east_m, crossings, doubts):
    """2 m are 4.9 m of 95 %."""
    ends_here, past = line((0.0, 0.0), (100.0, 0.0)), straight(1, (east_m, -60.0), (0.0, 10.0))
    entries = outcome(rule("line_crossing", ends_here), film([past], 12))
    assert (len(violations(entries)), len(undecided(entries))) == (crossings, doubts)


def test_where_one_line_goes_on_from_another_there_is_no_end():
    west = Shape("west", "West", shapely.LineString([lonlat(-100.0, 0.0), lonlat(0.0, 0.0)]))
    entries = outcome(
        rule("line_crossing", line((0.0, 0.0), (100.0, 0.0)), west), film([straight(1, (1.0, -60.0), (0.0, 10.0))], 12)
    )
    assert (len(violations(entries)), undecided(entries)) == (1, [])


def beyond_180(scenes):
    """The same with the 180th meridian at the origin."""
    turn_deg = 180.0 - LON
    return [
        dataclasses.replace(s, fixes=dataclasses.replace(s.fixes, lon_deg=wrapped_deg(s.fixes.lon_deg + turn_deg)))
        for s in scenes
    ]


NORTH_OF_180 = Shape(  # 50 m west of the meridian
    "line", "Line", shapely.LineString([(180.0 - 50.0 / EAST_M, lonlat(0, y)[1]) for y in (-200.0, 200.0)])
)


def test_who_passes_the_180th_meridian_beside_a_line_has_not_crossed_it():
    film_there = beyond_180(film([straight(1, (-30.0, 0.0), (10.0, 0.0))], 10, sigma_m=1.0))
    assert film_there[0].fixes.lon_deg > 179
    assert film_there[-1].fixes.lon_deg < -179
    assert outcome(rule("line_crossing", NORTH_OF_180), film_there) == []


def test_a_crossing_that_began_beyond_the_180th_meridian_is_one_with_its_direction():
    film_there = beyond_180(film([straight(1, (60.0, 0.0), (-10.0, 0.0))], 16, sigma_m=1.0))
    (crossing,) = violations(outcome(rule("line_crossing", NORTH_OF_180), film_there))
    assert crossing.observation == 'line "Line" crossed, westbound'


def test_a_zone_cut_at_the_180th_meridian_is_one_stay():
    def part(west: float, east: float) -> shapely.Polygon:
        return shapely.box(west, lonlat(0, -100)[1], east, lonlat(0, 100)[1])

    wide = 100.0 / EAST_M
    zone = Shape("z", "Z", shapely.MultiPolygon([part(180.0 - wide, 180.0), part(-180.0, -180.0 + wide)]))
    (stay,) = violations(outcome(rule("zone_entry", zone), beyond_180(film([INTO], 40))))
    (at_home,) = violations(outcome(rule("zone_entry", ZONE), film([INTO], 40)))
    assert (stay.t_start_ns, stay.t_end_ns) == (at_home.t_start_ns, at_home.t_end_ns)


def test_a_shape_in_pixels_works_without_telemetry():
    zone = Shape("gate", "Gate", shapely.box(860, 440, 1060, 640), feed="cam")
    judge = rule("zone_entry", zone)
    assert not judge.needs_ground
    closed = violations(outcome(judge, film([INTO], 20, pose=None)))
    assert len(closed) == 1
    assert closed[0].place.lat_deg is None
    assert closed[0].place.xy_px is not None


def test_a_speed_near_the_limit_is_undecided():
    near = film([straight(1, (0.0, 0.0), (6.5, 0.0))], 8)
    entries = outcome(rule("speed", limit_m_s=6.0), near)
    assert violations(entries) == []
    assert len(undecided(entries)) == 1


def test_flashes_are_counted_into_one_incident():
    make, scenes = HITS["flash"]
    assert violations(outcome(make(), scenes()))[0].count == 10


def test_cars_that_meet_are_no_convoy():
    meeting = [
        straight(i, (-100 * math.cos(i), -100 * math.sin(i)), (8 * math.cos(i), 8 * math.sin(i))) for i in (1, 3, 5)
    ]
    assert outcome(rule("convoy"), film(meeting, 20)) == []


def test_a_curfew_begins_at_its_first_minute_and_ends_before_its_last():
    from datetime import UTC, datetime

    start = datetime.fromtimestamp(T0 // 10**9, UTC)
    now = f"{start:%H:%M}"
    later = f"{(start.hour + 1) % 24:02d}:00"
    assert violations(outcome(rule("curfew", hours=({"since": now, "until": later},)), film([INTO], 5)))
    assert outcome(rule("curfew", hours=({"since": later, "until": now},)), film([INTO], 5)) == []


@pytest.mark.parametrize(("utc", "quiet"), [("17:59:50", 0), ("18:00:10", 1), ("23:59:50", 1), ("00:00:10", 0)])
def test_a_day_may_end_at_24(utc, quiet):
    """As agreements write it: from 18:00 to 24:00."""
    later_ns = ns_from_iso(f"2026-10-25T{utc}Z") - T0
    there = [dataclasses.replace(one, t_ns=one.t_ns + later_ns) for one in film([INTO], 5)]
    hours = ({"since": "18:00", "until": "24:00"},)
    assert len(violations(outcome(rule("curfew", hours=hours), there))) == quiet


@pytest.mark.parametrize(
    ("utc", "quiet"),
    [("00:29:50", 0), ("00:30:10", 1), ("01:10:00", 0), ("01:29:50", 0), ("01:30:10", 1), ("02:00:10", 0)],
)
def test_quiet_hours_go_by_the_clock_on_the_wall_when_it_is_set_back(utc, quiet):
    """In Kyiv 3:00 to 4:00 is there twice on 2026-10-25: from 0:00 and from 1:00 UTC."""
    later_ns = ns_from_iso(f"2026-10-25T{utc}Z") - T0
    there = [dataclasses.replace(one, t_ns=one.t_ns + later_ns) for one in film([INTO], 5)]
    hours = ({"since": "03:30", "until": "04:00"},)
    assert len(violations(outcome(rule("curfew", time_zone="Europe/Kyiv", hours=hours), there))) == quiet


def test_no_hour_is_judged_of_a_recording_that_nobody_gave_a_time():
    """Counted from 1970, it would lie in the quiet hours of that night, or outside them, whatever it shows."""
    timeless = [dataclasses.replace(one, time_known=False) for one in film([INTO], 20)]
    for hours in ({"since": "22:00", "until": "05:00"}, {"since": "12:00", "until": "13:00"}):
        (entry,) = outcome(rule("curfew", hours=(hours,)), timeless)
        assert isinstance(entry, Undecided)
        assert entry.reason == "nobody said when the recording began, so no hour is known"
        (entry,) = outcome(rule("curfew", ZONE, hours=(hours,)), timeless)
        assert isinstance(entry, Undecided)


def test_every_rule_and_each_of_its_settings_is_documented():
    from detector.rules.reference import reference

    text = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    assert text == reference()
    for kind, rule_class in RULES.items():
        section = text.split(f"## {kind}\n")[1].split("\n## ")[0]
        for name in rule_class.Config.model_fields:
            assert f"`{name}`" in section, (kind, name)


def test_a_flash_in_a_frame_that_was_passed_over_for_motion_is_counted():
    scenes = [scene(i, [], flashes=[(0.0, 0.0)] if i == 11 else []) for i in range(40)]
    scenes = [
        dataclasses.replace(one, detections=dataclasses.replace(one.detections, judged=False)) if one.index % 2 else one
        for one in scenes
    ]
    assert [entry.count for entry in outcome(rule("flash", ZONE), scenes)] == [1, 1]


def test_each_flash_that_is_counted_is_noticed_with_its_record_its_place_and_the_time_since_the_frame_before():
    def lit(*frames, at_m=(0.0, 0.0)):
        return [scene(i, [], flashes=[at_m] if i in frames else []) for i in range(40)]

    entries = everything(rule("flash", ZONE), lit(5, 6, 15))  # two frames of one light, then another
    found = [one for one in entries if isinstance(one, Noticed)]
    opened = entries[0]
    assert [(one.t_ns - T0) / 1e9 for one in found] == [0.5, 1.5]
    assert {one.violation.violation_id for one in found} == {opened.violation_id}
    assert entries.index(opened) < entries.index(found[0])
    assert [one.t_sigma_s for one in found] == [0.1, 0.1]
    assert found[0].places == ((opened.place.lon_deg, opened.place.lat_deg),)
    assert found[0].covariance_m2 == (4.0, 0.0, 4.0)
    (doubtful,) = [
        one for one in everything(rule("flash", ZONE), lit(5, at_m=(100.0, 0.0))) if isinstance(one, Noticed)
    ]
    assert doubtful.violation is None
    for nothing in (lit(0), lit(5, at_m=(300.0, 0.0))):  # no frame before it; outside
        assert not any(isinstance(one, Noticed) for one in everything(rule("flash", ZONE), nothing))
    blind = [dataclasses.replace(one, pose=None) for one in lit(5)]
    assert not any(isinstance(one, Noticed) for one in everything(rule("flash"), blind))
    burning = [scene(i, [], flashes=[(0.0, 0.0)], kind=Kind.SMOKE) for i in range(40)]
    assert not any(isinstance(one, Noticed) for one in everything(rule("smoke", ZONE), burning))


def test_fire_counts_when_it_was_seen_for_long_enough():
    def burning(frames):
        return [scene(i, [], flashes=[(0.0, 0.0)] if i in frames else [], kind=Kind.SMOKE) for i in range(40)]

    assert outcome(rule("smoke", ZONE), burning({3})) == []
    (closed,) = violations(outcome(rule("smoke", ZONE), burning({3, 6, 9, 12})))
    assert closed.count == 1
    assert closed.t_end_ns - closed.t_start_ns == 900_000_001
    assert violations(outcome(rule("flash", ZONE), burning({3, 6, 9, 12}))) == []


def test_fire_on_the_border_is_undecided():
    scenes = [scene(i, [], flashes=[(100.0, 0.0)], kind=Kind.SMOKE) for i in range(40)]
    entries = outcome(rule("smoke", ZONE), scenes)
    assert violations(entries) == []
    assert len(undecided(entries)) == 1


def test_the_clearest_moment_is_the_first_without_doubt_and_not_the_deepest():
    """At 2 m of error 5 sigma are 10 m inside the border at 100 m: reached long before the middle of the zone."""
    (closed,) = violations(outcome(rule("zone_entry", ZONE), film([INTO], 20)))
    peak_s = (closed.t_peak_ns - T0) / 1e9
    assert 11.0 <= peak_s <= 11.2  # at 10 m/s from 200 m outside the middle
    assert closed.measures["margin_sigma"] == pytest.approx(5.0, abs=0.5)


def test_three_pieces_of_one_lorry_are_no_convoy():
    pieces = [straight(i, (-3.5 * i, 0.0), (5.0, 0.0)) for i in (1, 2, 3)]
    assert outcome(rule("convoy"), film(pieces, 20)) == []


@pytest.mark.parametrize("apart_m", [8.0, 15.0])
def test_a_column_that_drives_up_close_is_a_convoy(apart_m):
    cars = [straight(i, (-apart_m * i, 0.0), (5.0, 0.0)) for i in (1, 2, 3)]
    (convoy,) = violations(outcome(rule("convoy"), film(cars, 20)))
    assert convoy.track_ids == (1, 2, 3)
