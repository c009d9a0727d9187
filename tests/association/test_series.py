"""Forty impacts are one series of forty."""

from __future__ import annotations

import pytest

from detector.association.series import SeriesConfig, SeriesKeeper
from tests.association.incident_making import START_NS, incident

S = 1_000_000_000


def kept(incidents, config=None):
    keeper = SeriesKeeper(config)
    return [keeper.push(one) for one in incidents], keeper


def test_forty_impacts_at_one_place_are_one_series_of_forty():
    told, keeper = kept([incident(10 * k, (100.0 + k % 3, 200.0 - k % 5)) for k in range(40)])
    assert [one.number for one in told] == [1] * 40
    last = told[-1]
    assert (last.count, last.t_first_ns, last.t_last_ns) == (40, START_NS, START_NS + 390 * S)
    assert last.rate_per_s == pytest.approx(0.1)
    assert not last.uncountable
    assert keeper.finish() == [last]
    assert keeper.finish() == []


def test_one_alone_has_no_rate():
    told, _ = kept([incident(0, (1.0, 2.0))])
    assert told[0].rate_per_s is None
    assert told[0].count == 1


def test_two_places_are_two_series_though_they_alternate():
    told, _ = kept([incident(k, (0.0, 0.0) if k % 2 else (400.0, 0.0)) for k in range(10)])
    assert [one.number for one in told] == [1, 2] * 5
    assert [one.count for one in told[-2:]] == [5, 5]


def test_places_that_are_hardly_known_are_not_told_apart():
    told, _ = kept([incident(0, (0.0, 0.0), sigma_m=150.0), incident(1, (300.0, 0.0), sigma_m=150.0)])
    assert [one.number for one in told] == [1, 1]


def test_the_series_is_where_its_surest_incident_is():
    told, _ = kept(
        [incident(0, (0.0, 0.0), sigma_m=20.0), incident(1, (9.0, 0.0), sigma_m=5.0), incident(2, (30.0, 0.0))]
    )
    assert told[-1].surest.position_m == (9.0, 0.0)


def test_a_longer_pause_begins_a_new_one():
    told, keeper = kept([incident(0, (0.0, 0.0)), incident(119, (0.0, 0.0)), incident(240, (0.0, 0.0))])
    assert [one.number for one in told] == [1, 1, 2]
    assert [one.count for one in keeper.close(START_NS + 245 * S)] == [2]
    assert [one.count for one in keeper.finish()] == [1]


def test_above_the_limit_they_cannot_be_counted_and_stay_so():
    config = SeriesConfig(uncountable_per_s=5.0)
    fast, _ = kept([incident(0.15 * k, (0.0, 0.0)) for k in range(12)], config)
    assert [one.uncountable for one in fast] == [False] * 9 + [True] * 3
    slow, _ = kept([incident(0.25 * k, (0.0, 0.0)) for k in range(12)], config)
    assert not slow[-1].uncountable
    after, _ = kept([incident(0.15 * k, (0.0, 0.0)) for k in range(12)] + [incident(60.0, (0.0, 0.0))], config)
    assert after[-1].uncountable


def test_an_incident_that_comes_late_moves_the_first_and_not_the_last():
    told, _ = kept([incident(5, (0.0, 0.0)), incident(3, (0.0, 0.0))])
    assert (told[1].t_first_ns, told[1].t_last_ns) == (START_NS + 3 * S, START_NS + 5 * S)


def test_directions_and_either_places_make_series_of_their_own():
    mirror = ((0.0, 100.0), (0.0, -100.0))
    told, _ = kept(
        [
            incident(0, bearing=359.0),
            incident(1, bearing=2.0),
            incident(2, bearing=40.0),
            incident(3, bearings=(40.5, 139.0)),
            incident(4, either=mirror),
            incident(5, (0.0, -98.0)),
            incident(6, (0.0, 0.0), kind="level"),
        ]
    )
    assert [one.number for one in told] == [1, 1, 2, 2, 3, 3, 4]


def test_sensors_of_all_are_named():
    told, _ = kept([incident(0, (0.0, 0.0), sensors=("b", "a")), incident(1, (0.0, 0.0), sensors=("c", "a"))])
    assert told[-1].sensors == ("a", "b", "c")
