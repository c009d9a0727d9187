"""Rule level: readings of one channel, each for itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from detector.association import Alone, Sensors, lon_lat
from detector.config.agreement_map import AgreementMap, Shape
from detector.model import Incident, Means, State, Triggers, Undecided, Violation
from detector.rules import HEARD_RULES, RuleContext
from detector.rules.level import Level
from detector.timebase import NS_PER_S

ORIGIN = (16.4, 48.2)
RING = lon_lat([(-100.0, -100.0), (100.0, -100.0), (100.0, 100.0), (-100.0, 100.0)], ORIGIN)
MAP = AgreementMap(zones={"depot": Shape("depot", "the depot", Polygon(RING))}, lines={})
CONTEXT = RuleContext("readings", "posts", MAP, means=(Means.TELEMETRY,), origin=ORIGIN)
PLACES_M = np.array([[0.0, 0.0, 5.0], [100.0, 0.0, 5.0], [100.5, 0.0, 5.0]])  # inside, on the border, outside


def incidents(*events: tuple[str, float, float], placed: bool = True) -> list[Incident]:
    """channel, time [s], -log10 p of each."""
    names, times_s, p_log10 = (np.array(one) for one in zip(*events, strict=True))
    t_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
    ones = np.ones(len(t_ns))
    triggers = Triggers("posts/a", names, t_ns, t_ns + 1, ones, np.full(len(t_ns), "level"), ones, p_log10)
    sensors = Sensors(("in", "border", "out"), PLACES_M) if placed else None
    return Alone(sensors, source_id="posts").push(triggers, 0)


def judged(found: list[Incident], context: RuleContext = CONTEXT, **config) -> list[Violation | Undecided]:
    rule = Level(Level.Config(**config), context)
    return [told for one in found for told in rule.hear(one)] + list(rule.finish())


def test_what_follows_within_the_pause_is_one_incident_that_counts_it():
    opened, closed = judged(incidents(("in", 0, 4.0), ("in", 50, 6.0), ("in", 100, 5.0)), pause_s=60)
    assert (opened.state, opened.count, closed.state, closed.count) == (State.OPEN, 1, State.CLOSED, 3)
    assert opened.violation_id == closed.violation_id
    assert closed.t_peak_ns == 50 * NS_PER_S
    assert closed.measures == {"p_log10": 6.0}
    assert closed.observation == "readings of in unlike its own past, noticed 3 times"


def test_after_a_longer_pause_and_on_another_channel_it_is_another():
    told = judged(incidents(("in", 0, 4.0), ("out", 10, 4.0), ("in", 61, 5.0)), pause_s=60)
    assert len({one.violation_id for one in told}) == 3
    assert [one.state for one in told].count(State.CLOSED) == 3


def test_time_that_passes_closes_it_once():
    rule = Level(Level.Config(pause_s=60), CONTEXT)
    (opened,) = rule.hear(incidents(("in", 0, 4.0))[0])
    assert list(rule.pass_time(60 * NS_PER_S)) == []
    (closed,) = rule.pass_time(61 * NS_PER_S)
    assert (closed.violation_id, closed.state) == (opened.violation_id, State.CLOSED)
    assert list(rule.finish()) == []


@pytest.mark.parametrize(("channel", "count"), [("in", 2), ("out", 0)])
def test_a_sensor_in_the_zone_is_met_and_one_outside_is_not(channel, count):
    told = judged(incidents((channel, 0, 4.0)), zones=("depot",))
    assert [type(one) for one in told] == [Violation] * count
    assert all(one.zone_id == "depot" for one in told)


def test_a_sensor_on_the_border_or_without_a_place_is_undecided():
    (on_border,) = judged(incidents(("border", 0, 4.0)), zones=("depot",))
    assert isinstance(on_border, Undecided)
    assert "straddles" in on_border.reason
    (nowhere,) = judged(incidents(("in", 0, 4.0), placed=False), zones=("depot",))
    assert nowhere.reason == "reading of in unlike its own past: where its sensor stands is not known"
    (no_map,) = judged(incidents(("in", 0, 4.0)), replace(CONTEXT, origin=None), zones=("depot",))
    assert "is on no map" in no_map.reason


def test_rules_are_told_only_what_they_hear():
    assert {kind: sorted(rule.hears) for kind, rule in HEARD_RULES.items()} == {
        "impulse": ["impulse"],
        "series": ["impulse"],
        "level": ["level"],
    }
