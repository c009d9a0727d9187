"""Coincidence in time only."""

from __future__ import annotations

import numpy as np

from detector.association.window import WindowAssociator, WindowConfig
from tests.association.shooting import START_NS, part, triggers

S = 1_000_000_000


def found(rows, config=WindowConfig(window_s=3.0)):  # noqa: B008 - frozen
    given = triggers(rows)
    associator = WindowAssociator(config)
    return associator.push(given, START_NS + 1000 * S) + associator.finish()


def test_three_sensors_within_the_window_are_one_incident_without_a_place():
    told = found([(10.0, 0, 5.0), (11.0, 1, 5.0), (12.9, 2, 5.0)])
    assert len(told) == 1
    assert told[0].t_ns == START_NS + 10 * S
    assert told[0].sensors == ("mic0", "mic1", "mic2")
    assert told[0].position_m is None
    assert told[0].bearing_deg is None


def test_two_sensors_or_three_too_far_apart_are_none():
    assert found([(10.0, 0, 5.0), (11.0, 1, 5.0), (11.5, 1, 5.0)]) == []
    assert found([(10.0, 0, 5.0), (11.0, 1, 5.0), (13.1, 2, 5.0)]) == []


def test_the_coda_is_no_second_incident_and_what_comes_after_a_pause_is():
    event = [(10.0, 0, 5.0), (10.5, 1, 5.0), (11.0, 2, 5.0)]
    coda = [(12.0 + k, k % 4, 5.0) for k in range(10)]
    after = [(t + 20.0, s, v) for t, s, v in event]
    assert len(found(event + coda)) == 1
    assert len(found(event + coda + after)) == 2


def test_incidents_are_the_same_however_the_triggers_are_cut():
    random = np.random.default_rng(3)
    given = triggers([(float(t), int(random.integers(4)), 5.0) for t in random.uniform(0, 300, 150)])
    whole = WindowAssociator(WindowConfig(window_s=2.0))
    expected = whole.push(given, START_NS + 400 * S) + whole.finish()
    assert len(expected) > 3
    cut, told = WindowAssociator(WindowConfig(window_s=2.0)), []
    edges = np.sort(random.integers(START_NS, START_NS + 300 * S, 60))
    for begin, end in zip([0, *edges], [*edges, START_NS + 400 * S], strict=True):
        rows = np.flatnonzero((given.t_ns >= begin) & (given.t_ns < end))
        told += cut.push(part(given, random.permutation(rows)), int(end))
    told += cut.finish()
    assert [(one.t_ns, one.sensors) for one in told] == [(one.t_ns, one.sensors) for one in expected]


def test_nothing_gives_nothing():
    assert found([]) == []
