"""Rules on what several sensors heard: met, not met, undecidable; series that are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from shapely.geometry import Polygon

from detector.association import Carrier, Noticed, air, lon_lat
from detector.config.agreement_map import AgreementMap, Shape
from detector.model import Incident, Means, State, Undecided, Violation
from detector.rules import HEARD_RULES, RuleContext
from detector.timebase import NS_PER_S

ORIGIN = (16.4, 48.2)
RING = lon_lat([(-200.0, -100.0), (200.0, -100.0), (200.0, 100.0), (-200.0, 100.0)], ORIGIN)
PICTURE = Polygon([(0, 0), (9, 0), (9, 9)])
MAP = AgreementMap(
    zones={"strip": Shape("strip", "the strip", Polygon(RING)), "view": Shape("view", "v", PICTURE, feed="cam")},
    lines={},
)
PLACED = Incident(
    source_id="mics",
    t_ns=0,
    t_sigma_ns=5e6,
    position_m=(0.0, 0.0),
    covariance_m2=(25.0, 5.0, 16.0),
    either_position_m=None,
    bearing_deg=None,
    bearing_sigma_deg=None,
    either_bearing_deg=None,
    observer=(0.0, 0.0),
    sensors=("a", "b", "c", "d"),
    arrivals_ns=(1, 2, 3, 4),
    residuals_s=(0.0, 0.0, 0.0, 0.0),
    score=30.0,
)  # fmt: skip


def at(t_s: float, place_m: tuple[float, float] = (0.0, 0.0), **more: Any) -> Incident:
    return replace(PLACED, t_ns=round(t_s * NS_PER_S), position_m=place_m, **more)


def rule(
    kind: str = "impulse",
    means: Means = Means.ACOUSTIC,
    origin: Any = ORIGIN,
    carrier: Carrier | None = None,
    **settings: Any,
) -> Any:
    made = HEARD_RULES[kind]
    context = RuleContext("r", "mics", MAP, means=(means,), origin=origin, run_id="run", carrier=carrier)
    return made(made.Config(**settings), context)


def judged(one: Any, *incidents: Incident) -> list[Violation | Undecided | Noticed]:
    found = [entry for incident in incidents for entry in one.hear(incident)]
    return [*found, *one.finish()]


@pytest.mark.parametrize("kind", HEARD_RULES)
def test_an_unknown_zone_is_refused_with_those_that_are_known(kind: str) -> None:
    with pytest.raises(ValueError, match="there is no zone 'stripe' on the map; allowed are strip"):
        rule(kind, zones=["stripe"])


@pytest.mark.parametrize(
    ("place", "expected"),
    [((0.0, 0.0), Violation), ((0.0, 95.0), Undecided), ((0.0, 105.0), Undecided), ((0.0, 100.0), Undecided)],
)
def test_inside_and_on_the_border(place: tuple[float, float], expected: type) -> None:
    entries = judged(rule(zones=["strip"]), at(1.0, place))
    assert {type(entry) for entry in entries} == {expected}
    assert entries[-1].rule_id == "r"


@pytest.mark.parametrize("place", [(0.0, 150.0), (900.0, 0.0)])
def test_outside_nothing_is_said(place: tuple[float, float]) -> None:
    assert judged(rule(zones=["strip"]), at(1.0, place)) == []


def test_an_incident_is_opened_once_and_closed_once_under_one_id() -> None:
    opened, closed = judged(rule(zones=["strip"]), at(1.0), at(3.0, (4.0, 3.0)), at(2.0))
    assert (opened.state, closed.state) == (State.OPEN, State.CLOSED)
    assert opened.violation_id == closed.violation_id
    assert (opened.count, closed.count) == (1, 3)
    assert closed.t_end_ns == 3 * NS_PER_S + 1
    assert opened.observation == 'impulse sound heard by 4 sensors inside zone "the strip"'
    assert closed.observation == '3 impulse sounds heard by 4 sensors inside zone "the strip"'
    assert (closed.zone_id, closed.confidence) == ("strip", 1.0)


def test_one_that_comes_late_does_not_change_the_id() -> None:
    opened, closed = judged(rule(), at(3.0), at(2.0))
    assert opened.violation_id == closed.violation_id


def test_time_passes_and_closes_what_is_over() -> None:
    one = rule(pause_s=10)
    assert len(list(one.hear(at(1.0)))) == 1
    assert list(one.pass_time(10 * NS_PER_S)) == []
    (closed,) = one.pass_time(12 * NS_PER_S)
    assert closed.state is State.CLOSED
    (again,) = one.hear(at(30.0))
    assert again.violation_id != closed.violation_id
    assert len(list(one.finish())) == 1
    assert list(one.finish()) == []


def test_two_places_are_two_incidents() -> None:
    entries = judged(rule(), at(1.0, (0.0, 0.0)), at(2.0, (400.0, 0.0)))
    assert len({entry.violation_id for entry in entries}) == 2


def test_a_series_needs_so_many_and_what_is_too_fast_is_a_lower_bound() -> None:
    assert judged(rule("series", min_count=4), *(at(float(k)) for k in range(3))) == []
    opened, closed = judged(rule("series", min_count=4), *(at(float(k)) for k in range(40)))
    assert (opened.count, closed.count) == (4, 40)
    assert closed.measures["rate_per_s"] == pytest.approx(1.0, abs=0.001)
    *_, fast = judged(rule("series", min_count=4), *(at(0.1 * k) for k in range(30)))
    assert fast.observation.startswith("impulse sounds too fast to be counted, at least 30, heard by 4 sensors")


def test_what_is_felt_is_told_as_such() -> None:
    opened, _ = judged(rule(means=Means.SEISMIC), at(1.0))
    assert opened.observation == "ground shock felt by 4 sensors"
    assert opened.means == (Means.SEISMIC,)


BEARING = replace(PLACED, position_m=None, covariance_m2=None, t_sigma_ns=None, bearing_deg=45.0, bearing_sigma_deg=2.0)
EITHER = replace(PLACED, position_m=None, covariance_m2=None, either_position_m=((0.0, 300.0), (0.0, -300.0)))
SIDES = replace(BEARING, bearing_deg=None, either_bearing_deg=(10.0, 170.0))
NOTHING = replace(BEARING, bearing_deg=None, bearing_sigma_deg=None, observer=None)


@pytest.mark.parametrize(
    ("incident", "words"),
    [
        (BEARING, "bearing 045 ± 4 deg from 48.20000, 16.40000, distance not known"),
        (SIDES, "bearing either 010 or 170 ± 4 deg from 48.20000, 16.40000, distance not known"),
        (EITHER, "either at 48.20270, 16.40000 or at 48.19730, 16.40000: the sensors' places do not tell which"),
        (NOTHING, "its place is not known"),
    ],
)
def test_without_a_place_it_is_undecided_in_words_or_a_violation_if_the_rule_says_so(
    incident: Incident, words: str
) -> None:
    for settings in ({}, {"zones": ["strip"]}):
        (undecided,) = judged(rule(**settings), incident)
        assert isinstance(undecided, Undecided)
        assert undecided.reason == f"impulse sound heard by 4 sensors: {words}"
    opened, closed = judged(rule(without_place="violation"), incident)
    assert opened.place == closed.place
    assert opened.place.lat_deg is None
    assert opened.observation == f"impulse sound heard by 4 sensors, {words}"


def test_a_violation_without_a_place_cannot_be_of_a_zone() -> None:
    with pytest.raises(ValidationError, match="what has no place is in no zone"):
        HEARD_RULES["impulse"].Config(zones=("strip",), without_place="violation")  # type: ignore[attr-defined]


def test_on_no_map_it_is_placed_in_the_sensors_plane_and_no_zone_is_decided() -> None:
    opened, _ = judged(rule(origin=None), at(1.0, (12.0, 34.0)))
    assert (opened.measures["east_m"], opened.measures["north_m"]) == (12.0, 34.0)
    (undecided,) = judged(rule(origin=None, zones=["strip"]), at(1.0))
    assert "origin_lon_deg" in undecided.reason


def test_the_place_on_the_map_is_the_surest_incidents() -> None:
    wide = at(1.0, (30.0, 0.0), covariance_m2=(900.0, 0.0, 900.0))
    *_, closed = judged(rule(), wide, at(2.0, (0.0, 0.0)))
    lon_deg, lat_deg = lon_lat((0.0, 0.0), ORIGIN)
    assert (closed.place.lat_deg, closed.place.lon_deg) == pytest.approx((lat_deg, lon_deg), abs=1e-7)
    assert closed.place.covariance_m2 == (25.0, 5.0, 16.0)
    assert np.isfinite(closed.measures["t_sigma_s"])


CARRIER = Carrier(air(15.0), 3000.0)


def noticed(one: Any, *incidents: Incident) -> list[Noticed]:
    return [entry for entry in judged(one, *incidents) if isinstance(entry, Noticed)]


def test_each_incident_that_is_counted_is_noticed_with_its_record() -> None:
    entries = judged(rule(carrier=CARRIER), at(1.0), at(3.0, (4.0, 3.0)))
    opened, first, second, _ = entries
    assert isinstance(opened, Violation)
    for one, t_s, place_m in ((first, 1.0, (0.0, 0.0)), (second, 3.0, (4.0, 3.0))):
        assert isinstance(one, Noticed)
        assert one.violation is not None
        assert one.violation.violation_id == opened.violation_id
        assert (one.t_ns, one.t_sigma_s, one.covariance_m2) == (t_s * NS_PER_S, 0.005, (25.0, 5.0, 16.0))
        assert one.places[0] == pytest.approx(tuple(lon_lat(place_m, ORIGIN)))


def test_what_is_undecided_is_noticed_without_a_record_and_what_is_outside_is_not() -> None:
    (border,) = noticed(rule(zones=["strip"], carrier=CARRIER), at(1.0, (0.0, 99.0)))
    assert border.violation is None
    assert noticed(rule(zones=["strip"], carrier=CARRIER), at(1.0, (0.0, 150.0))) == []
    (directed,) = noticed(rule(carrier=CARRIER), BEARING)
    assert (directed.violation, directed.bearings_deg, directed.bearing_sigma_deg) == (None, (45.0,), 2.0)
    assert directed.observer == pytest.approx(ORIGIN)
    (either,) = noticed(rule(carrier=CARRIER), EITHER)
    assert (len(either.places), either.covariance_m2) == (2, None)
    assert noticed(rule(carrier=CARRIER), NOTHING) == []


def test_of_a_series_incidents_are_noticed_from_the_one_on_that_makes_it_one() -> None:
    found = noticed(rule("series", min_count=4, carrier=CARRIER), *(at(float(k)) for k in range(6)))
    assert [one.t_ns // NS_PER_S for one in found] == [3, 4, 5]


def test_without_a_map_nothing_is_noticed() -> None:
    assert noticed(rule(origin=None, carrier=CARRIER), at(1.0)) == []
