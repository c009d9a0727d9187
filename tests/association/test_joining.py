"""Possible violations of several sources that are one event: joined once, whatever the order of the sources' words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.association import Carrier, Joiner, Settled, lon_lat
from detector.association.fusion import alone, together
from detector.geo.ellipse import SIGMAS_95
from detector.model import Means, Witness
from detector.timebase import NS_PER_S
from tests.association.noticing import (
    AIR,
    GROUND,
    ORIGIN,
    at,
    axes,
    bang,
    direction,
    due_s,
    felt,
    in_plane,
    record,
    seen,
)

HERE, FAR = (100.0, 200.0), (700.0, 400.0)
SOURCES = ("drone", "geophone", "mics", "pair", "second")


def joined(*noticed, sources=SOURCES):
    """Everything decided once every source has ended, each having said all it has to say in its turn."""
    joiner = Joiner(sources)
    for one in sorted(noticed, key=lambda one: (one.source_id, one.t_ns)):
        joiner.notice(one)
    found = [entry for source in sources for entry in joiner.end(source)]
    assert joiner.counters["late"] == 0
    return found


def ids(*noticed):
    return tuple(sorted(one.violation.violation_id for one in noticed))


def test_a_flash_its_bang_and_its_shock_are_one_event_by_three_means():
    flash, heard = seen(5.0, (104.0, 203.0)), bang(5.01, HERE)
    (one,) = joined(flash, heard, felt(5.0 + due_s(HERE, FAR), FAR))
    assert (one.violation_id, one.joined) == (heard.violation.violation_id, ids(flash))
    assert one.means == (Means.UAV, Means.ACOUSTIC, Means.SEISMIC)
    assert one.witnesses == (Witness("geophone", Means.SEISMIC, at(5.0 + due_s(HERE, FAR))),)
    assert (one.party, one.reviewer, one.run_id) == ("", "", "run")
    expected = together(alone(heard), flash)
    assert one.place.covariance_m2 == pytest.approx(expected.covariance_m2, abs=0.005)
    assert (one.place.lon_deg, one.place.lat_deg) == pytest.approx(expected.place, abs=5e-8)
    assert (one.t_ns, one.t_sigma_s) == (expected.t_ns, 0.01)
    assert 0 < one.misfit < 11
    assert "placed by mics; drone: 0.01 s and 5 m from there" in one.reason
    assert "geophone: 0.34 s after it, 0.35 ± 0.08 s expected" in one.reason


@pytest.mark.parametrize(
    "others",
    [
        [seen(5.2, HERE)],  # 5 standard deviations late
        [seen(5.0, (200.0, 200.0))],  # 100 m off
        [felt(5.9, FAR)],  # when no wave was due
        [direction(5.9, (0.0, 0.0), (90.0,))],  # another direction
        [bang(5.0, HERE, rule_id="another rule")],  # its own source's other word of it
    ],
)
def test_what_does_not_agree_is_joined_to_nothing(others):
    assert joined(bang(5.0, HERE), *others) == []


def test_what_was_judged_in_two_zones_is_joined_zone_by_zone():
    """Else what was seen in the one zone would be shown under the other, by the digits of ids."""

    def in_zones(make, **more):
        noticed = [make(5.0, HERE, subject=zone, **more) for zone in "abcdef"]
        return [replace(one, violation=replace(one.violation, zone_id=one.violation.subject)) for one in noticed]

    flashes, bangs = in_zones(seen), in_zones(bang)
    found = joined(*flashes, *bangs)
    wanted = {heard.violation.violation_id: ids(flash) for flash, heard in zip(flashes, bangs, strict=True)}
    assert {one.violation_id: one.joined for one in found} == wanted


def test_a_witness_supports_every_rule_and_zone_that_told_of_an_incident():
    bangs = [bang(5.0, HERE, rule_id=rule_id) for rule_id in ("anywhere", "series", "strip")]
    other = bang(9.0, FAR, rule_id="anywhere", subject="2")
    shock = felt(5.0 + due_s(HERE, FAR), FAR)
    found = joined(*bangs, other, shock)
    assert {one.violation_id for one in found} == {one.violation.violation_id for one in bangs}
    assert all(one.witnesses == (Witness("geophone", Means.SEISMIC, shock.t_ns),) for one in found)


def test_without_a_possible_violation_nothing_is_said():
    assert joined(felt(5.0, FAR), felt(5.0, HERE, source_id="pair")) == []
    assert joined(bang(5.0, HERE, violation=None), felt(5.0 + due_s(HERE, FAR), FAR)) == []
    assert joined(bang(5.0, HERE, violation=None), seen(5.0, HERE, violation=None)) == []


def test_what_a_rule_left_undecided_supports_and_makes_the_ellipse_smaller():
    flash = seen(5.0, HERE)
    (one,) = joined(flash, bang(5.0, HERE, violation=None))
    assert (one.violation_id, one.joined) == (flash.violation.violation_id, ())
    assert [witness.source_id for witness in one.witnesses] == ["mics"]
    assert np.linalg.det(axes(one.place.covariance_m2)) < 49.0 * 25.0


def test_a_direction_alone_is_joined_to_what_a_camera_placed():
    flash, due = seen(5.0, HERE, (900.0, 0.0, 900.0)), due_s(HERE, (0.0, 0.0), AIR)
    bearing = float(np.degrees(np.arctan2(*HERE)))
    own = record("pair", t_s=5.0 + due)
    (one,) = joined(flash, direction(5.0 + due, (0.0, 0.0), (bearing,), violation=own))
    assert (one.violation_id, one.joined) == (own.violation_id, ids(flash))
    assert one.means == (Means.UAV, Means.ACOUSTIC)
    assert np.linalg.det(axes(one.place.covariance_m2)) < 0.1 * 900.0**2
    (one,) = joined(flash, direction(5.0 + due, (0.0, 0.0), (bearing, bearing + 120.0)))
    assert [witness.source_id for witness in one.witnesses] == ["pair"]


def test_two_cameras_that_see_it_are_one_by_one_means():
    first, second = seen(5.0, HERE), seen(5.02, HERE, source_id="second")
    (one,) = joined(first, second)
    assert (one.violation_id, one.joined, one.means) == (*ids(first), ids(second), (Means.UAV,))


def test_of_two_flashes_the_one_that_agrees_is_joined():
    near, far = seen(5.0, HERE), seen(5.0, (160.0, 200.0), subject="2")
    (one,) = joined(near, far, bang(5.0, HERE))
    assert one.joined == ids(near)


def test_a_series_keeps_the_flashes_seen_of_it_each_once():
    series = record("mics", t_s=0.0)
    heard = [bang(3.0 * k, HERE, violation=series) for k in range(40)]
    flashes = [seen(3.0 * k, HERE, subject=str(k)) for k in (7, 20, 33)]
    again = seen(60.0 + 0.01, HERE, violation=flashes[1].violation)
    found = joined(*heard, *flashes, again)
    assert [(one.violation_id, one.joined) for one in found] == [(series.violation_id, ids(one)) for one in flashes]


def test_one_flash_record_of_many_lights_is_joined_once():
    series, lights = record("mics", t_s=0.0), record("drone", "flash", means=Means.UAV)
    heard = [bang(k, HERE, violation=series) for k in range(3)]
    flashes = [seen(k, HERE, violation=lights) for k in range(5)]
    (one,) = joined(*heard, *flashes)
    assert (one.violation_id, one.joined) == (series.violation_id, (lights.violation_id,))


def test_what_was_heard_before_a_gap_and_after_it_is_not_made_one_by_what_was_seen_meanwhile():
    """The network had a gap from 5 to 8 s: its rule has closed one series and begun another; the drone saw on."""
    before, after = record("mics", t_s=3.0), record("mics", subject="2", t_s=9.0)
    lights = record("drone", "flash", t_s=3.0, means=Means.UAV)
    heard = [bang(3.0, HERE, violation=before), bang(9.0, HERE, violation=after)]
    flashes = [seen(k, HERE, violation=lights) for k in (3.0, 6.0, 9.0)]
    (one,) = joined(*heard, *flashes)
    assert (one.violation_id, one.joined) == (before.violation_id, (lights.violation_id,))


def test_flashes_before_and_after_a_gap_of_the_drone_are_both_joined_into_the_series_that_went_on():
    series = record("mics", t_s=3.0)
    heard = [bang(k, HERE, violation=series) for k in (3.0, 6.0, 9.0)]
    flashes = [seen(3.0, HERE), seen(9.0, HERE, subject="2")]
    assert [one.joined for one in joined(*heard, *flashes)] == [ids(flashes[0]), ids(flashes[1])]


def test_one_of_a_badly_known_time_is_compared_with_all_that_its_time_allows():
    """A folder of pictures, one a second: its flash may be of the first bang, though another lies between the two."""
    first, between = bang(5.0, HERE), bang(6.0, (400.0, 0.0), subject="2")
    slow = seen(6.8, HERE, sigma_s=0.95)
    (one,) = joined(first, between, slow)
    assert (one.violation_id, one.joined) == (first.violation.violation_id, ids(slow))


def test_a_witness_supports_one_event_at_a_time_and_is_told_once_of_a_series():
    series = record("mics", t_s=3.0)
    heard = [
        bang(3.0, HERE, violation=series),
        bang(6.0, HERE, violation=series),
        bang(3.02, (400.0, 0.0), subject="2"),
    ]
    due = [felt(t + due_s(HERE, FAR), FAR) for t in (3.0, 6.0)]
    (one,) = joined(*heard, *due)
    assert (one.violation_id, one.joined) == (series.violation_id, ())
    assert one.means == (Means.ACOUSTIC, Means.SEISMIC)


def test_an_onset_supports_one_event_only_the_first_it_was_due_for():
    first, second = bang(5.0, HERE), bang(5.08, HERE, subject="2")
    due = due_s(HERE, FAR)
    for late_s in (0.0, 0.04, 0.08):
        assert len(joined(first, second, felt(5.0 + due + late_s, FAR))) == 1
    assert len(joined(first, second, felt(5.0 + due, FAR), felt(5.08 + due, FAR))) == 2


def test_what_lies_beyond_a_sensors_reach_is_not_listened_for():
    near = Carrier(GROUND.medium, 300.0)
    assert joined(bang(5.0, HERE), felt(5.0 + due_s(HERE, FAR), FAR, carrier=near)) == []


def test_what_comes_after_its_source_has_settled_beyond_it_is_counted_and_left_out():
    joiner = Joiner(("mics", "drone"))
    joiner.settle(Settled("mics", at(10.0)))
    joiner.notice(bang(5.0, HERE))
    joiner.notice(seen(5.0, HERE))
    assert joiner.counters["late"] == 1
    assert [*joiner.end("mics"), *joiner.end("drone")] == []


def test_it_is_said_as_soon_as_every_source_has_settled_beyond_it_and_not_before():
    joiner = Joiner(("mics", "drone", "geophone"))
    joiner.notice(seen(5.0, HERE))
    assert joiner.settle(Settled("drone", at(60.0))) == []
    joiner.notice(bang(5.0, HERE))
    assert joiner.settle(Settled("mics", at(20.0))) == []
    assert joiner.settle(Settled("geophone", at(5.0))) == []
    assert len(joiner.settle(Settled("geophone", at(9.0)))) == 1
    assert [entry for source in ("mics", "drone", "geophone") for entry in joiner.end(source)] == []


def scene(seed):
    """Events that some of three sources notice, with things that only one notices, and the truth."""
    random = np.random.default_rng(seed)
    series = record("mics", t_s=0.0)
    noticed, t_s = [], 1.0
    for k in range(12):
        t_s += float(random.choice([0.05, 0.4, 3.0, 20.0]))
        place = random.uniform(-300.0, 300.0, 2)
        if random.random() < 0.7:
            own = series if k % 3 == 0 else True
            noticed.append(
                bang(t_s + random.normal(0, 0.01), place + random.normal(0, 5, 2), violation=own, subject=str(k))
            )
        if random.random() < 0.7:
            sigma_s = float(random.choice([0.04, 0.04, 0.8]))
            seen_s = t_s + sigma_s * random.normal(0, 0.7)
            noticed.append(seen(seen_s, place + random.normal(0, 5, 2), sigma_s=sigma_s, subject=str(k)))
        if random.random() < 0.6:
            noticed.append(felt(t_s + due_s(place, FAR), FAR))
        if random.random() < 0.4:
            bearing = float(np.degrees(np.arctan2(*place)))
            noticed.append(direction(t_s + due_s(place, (0.0, 0.0), AIR), (0.0, 0.0), (bearing,)))
    return noticed


def played(noticed, random):
    """The same words in an order drawn at random, each source's own order kept, with what it has settled between."""
    waiting = {
        source: sorted((o for o in noticed if o.source_id == source), key=lambda o: o.t_ns) for source in SOURCES
    }
    joiner, found = Joiner(SOURCES), []
    while waiting:
        source = str(random.choice(list(waiting)))
        if not waiting[source]:
            del waiting[source]
            found += joiner.end(source)
            continue
        one = waiting[source].pop(0)
        joiner.notice(one)
        if random.random() < 0.5:
            longest_s = one.carrier.longest_s if one.carrier is not None else 0.0
            newest = waiting[source][0].t_ns if waiting[source] else one.t_ns
            found += joiner.settle(Settled(source, newest - round(longest_s * NS_PER_S)))
    assert joiner.counters["late"] == 0
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_in_which_the_sources_words_come_changes_nothing(seed):
    noticed, random = scene(seed), np.random.default_rng(seed)
    expected = joined(*noticed)
    for _ in range(4):
        assert played(noticed, random) == expected


def test_the_scenes_of_that_test_hold_something_to_join():
    assert sum(len(joined(*scene(seed))) for seed in range(20)) > 80


def test_events_are_those_that_every_way_of_matching_pairs_gives():
    """The slow twin for two sources: of all one-to-one pairings the most pairs, then the least misfit."""
    random = np.random.default_rng(3)
    pairs = 0
    for _ in range(20):
        heard = [
            bang(float(t), random.uniform(0, 60, 2), subject=str(k)) for k, t in enumerate(random.uniform(0, 0.1, 3))
        ]
        flashes = [
            seen(float(t), random.uniform(0, 60, 2), subject=str(k)) for k, t in enumerate(random.uniform(0, 0.1, 3))
        ]
        best, chosen = (0, 0.0), set()
        for order in itertools.permutations(flashes):
            whole = [(b, f, together(alone(b), f)) for b, f in zip(heard, order, strict=True)]
            fits = [one for one in whole if one[2] is not None]
            rank = (-len(fits), sum(one[2].misfit for one in fits))
            if rank < best:
                best = rank
                chosen = {(b.violation.violation_id, f.violation.violation_id) for b, f, _ in fits}
        found = {(one.violation_id, *one.joined) for one in joined(*heard, *flashes)}
        assert found == chosen
        pairs += len(found)
    assert pairs > 15


def test_the_joined_ellipse_holds_the_truth_and_is_smaller_than_any():
    """Each source errs as its ellipse and clock say: of 200 the joined 95 % ellipse holds the truth of 180 and more."""
    inside, joins, seeds = 0, 0, 200
    for seed in range(seeds):
        random = np.random.default_rng([seed, 35])
        place = random.uniform(-500.0, 500.0, 2)
        noticed = []
        for make, sigma_s, kind in ((bang, 0.01, "mics"), (seen, 0.04, "drone"), (seen, 0.04, "second")):
            root = random.normal(size=(2, 2)) * random.uniform(2.0, 12.0)
            spread = root @ root.T + 4.0 * np.eye(2)
            off_m = np.linalg.cholesky(spread) @ random.normal(size=2)
            covariance = float(spread[0, 0]), float(spread[0, 1]), float(spread[1, 1])
            t_s = 5.0 + sigma_s * random.normal()
            noticed.append(make(t_s, place + off_m, covariance, sigma_s, source_id=kind))
        due = due_s(place, FAR, GROUND) * (1 + 0.1 * random.normal())
        found = joined(*noticed, felt(5.0 + due, FAR))
        whole = [one for one in found if len(one.joined) == 2]
        joins += len(whole)
        for one in whole:
            offset = in_plane((one.place.lon_deg, one.place.lat_deg)) - place
            spread = axes(one.place.covariance_m2)
            inside += bool(offset @ np.linalg.solve(spread, offset) <= SIGMAS_95**2)
            for other in noticed:
                smaller = np.linalg.eigvalsh(axes(other.covariance_m2) - spread)
                assert (smaller > -0.02).all()  # rounded to 0.01 m2
    assert joins >= 0.93 * seeds  # each of two comparisons agrees in time and in place with 99 % each
    assert inside >= 0.9 * joins
    assert inside >= 0.85 * seeds


def test_a_record_on_another_map_place_is_compared_in_metres_everywhere():
    """Near the date line and far north: the same offsets, the same answer."""
    for lon_deg, lat_deg in ((179.9999, 0.0), (-179.9999, 64.0), (16.4, -48.2)):
        flash, heard = seen(5.0, HERE), bang(5.0, HERE)
        here = (lon_deg, lat_deg)
        near = lon_lat((6.0, 4.0), here).tolist()
        away = lon_lat((60.0, 4.0), here).tolist()
        for place, count in ((near, 1), (away, 0)):
            found = joined(replace(flash, places=(tuple(place),)), replace(heard, places=(here,)))
            assert len(found) == count
    assert ORIGIN == (16.4, 48.2)
