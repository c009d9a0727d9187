"""From triggers to incidents: each shot once, at its place, however the triggers are cut, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.association.coincidence import AssociationConfig, Associator
from detector.association.sensors import Sensors
from detector.association.travel import travel
from detector.model import Triggers
from detector.timebase import NS_PER_S
from tests.association.shooting import MEDIUM, POSITION_M, SENSORS, START_NS, clutter, part, shot, triggers

HERE = (150.0, 180.0)
ECHOES = ((0.06, 0.5), (0.15, 0.3))


def associate(given, config=None, sensors=SENSORS):
    associator = Associator(sensors, MEDIUM, config)
    until_ns = int(given.t_ns[-1]) + 1 if len(given) else START_NS
    return associator.push(given, until_ns) + associator.finish(), associator


def off_m(incident, place=HERE):
    return float(np.hypot(*(np.array(incident.position_m) - place)))


def seconds(incident):
    return (incident.t_ns - START_NS) / NS_PER_S


def test_a_shot_heard_by_six_is_one_incident_at_its_place_and_second():
    random = np.random.default_rng(1)
    found, _ = associate(triggers(shot(HERE, 2.0, random, echoes=ECHOES)))
    assert len(found) == 1
    assert off_m(found[0]) < 10
    assert seconds(found[0]) == pytest.approx(2.0, abs=0.03)
    assert len(found[0].sensors) == 6
    assert list(found[0].arrivals_ns) == sorted(found[0].arrivals_ns)
    assert found[0].covariance_m2 is not None
    assert found[0].t_sigma_ns is not None
    assert max(np.abs(found[0].residuals_s)) < 0.05
    assert found[0].kind == "impulse"


@pytest.mark.parametrize("interval_s", [0.2, 0.5, 1.3])
def test_forty_shots_in_quick_succession_are_forty_incidents(interval_s):
    random = np.random.default_rng(2)
    rows = [
        row for k in range(40) for row in shot(HERE, 1.0 + k * interval_s, random, path_s=0.002, echoes=((0.06, 0.2),))
    ]
    found, _ = associate(triggers(rows))
    times = np.array([seconds(one) for one in found])
    missed = [k for k in range(40) if not np.any(np.abs(times - 1.0 - k * interval_s) < 0.03)]
    assert len(missed) <= 1
    assert len(found) <= 41
    assert sum(off_m(one) < 15 for one in found) >= 39


def test_two_shooters_at_once_are_told_apart():
    random = np.random.default_rng(3)
    there = (420.0, 330.0)
    rows = []
    for k in range(5):
        rows += shot(HERE, 1.0 + 1.7 * k, random, path_s=0.004) + shot(there, 1.3 + 1.7 * k, random, path_s=0.004)
    found, _ = associate(triggers(rows))
    assert len(found) == 10
    assert sum(off_m(one) < 15 for one in found) == 5
    assert sum(off_m(one, there) < 15 for one in found) == 5


@pytest.mark.parametrize(("deaf", "least_s", "most_s"), [(0, 0.05, 0.06), (1, 0.6, 0.7)])
def test_what_all_sensors_have_heard_is_given_out_soon_else_the_others_are_waited_for(deaf, least_s, most_s):
    rows = [row for row in shot(HERE, 2.0, np.random.default_rng(1)) if row[1] >= deaf]
    given = triggers(rows)
    associator = Associator(SENSORS, MEDIUM)
    last_ns = int(given.t_ns[-1])
    found = associator.push(given, last_ns + 1)
    waited_ns = 0
    while not found:
        waited_ns += 10_000_000
        found = associator.push(Triggers.none(""), last_ns + waited_ns)
    assert least_s <= waited_ns / NS_PER_S <= most_s + 0.01
    assert len(found[0].sensors) == 6 - deaf
    assert off_m(found[0]) < 15


def test_one_sensor_alone_gives_no_incident_however_often():
    random = np.random.default_rng(4)
    rows = [(float(t), 2, 90.0) for t in random.uniform(0, 60, 300)]
    found, associator = associate(triggers(rows))
    assert found == []
    assert associator.counters["unexplained"] == 300


@pytest.mark.no_cover
def test_noises_of_each_sensor_by_itself_give_no_incident_in_ten_minutes():
    random = np.random.default_rng(5)
    found, _ = associate(triggers(clutter(random, 600.0, 0.2)))
    assert found == []


def test_all_sensors_at_once_is_electrical_and_no_event():
    rows = [(5.0 + 0.0003 * sensor, sensor, 500.0) for sensor in range(6)]
    found, associator = associate(triggers(rows))
    assert found == []
    assert associator.counters["at_once"] == 1


def test_a_surge_in_the_middle_of_a_shot_takes_nothing_from_it():
    random = np.random.default_rng(6)
    rows = shot(HERE, 2.0, random) + [(2.55 + 0.0002 * sensor, sensor, 500.0) for sensor in range(6)]
    found, associator = associate(triggers(rows))
    assert associator.counters["at_once"] == 1
    assert len(found) == 1
    assert off_m(found[0]) < 10


def test_echoes_of_a_wall_are_not_incidents():
    random = np.random.default_rng(7)
    rows = []
    for k in range(10):
        rows += shot(HERE, 2.0 + 6 * k, random, echoes=((0.05, 0.6), (0.11, 0.4), (0.2, 0.25), (0.32, 0.2)))
    found, _ = associate(triggers(rows))
    assert len(found) == 10


def test_a_weaker_shot_that_three_sensors_heard_belongs_to_the_place_of_the_one_before():
    random = np.random.default_rng(8)
    rows = shot(HERE, 2.0, random, path_s=0.002) + shot(HERE, 4.0, random, path_s=0.002, heard=(0, 1, 4), score=25.0)
    found, _ = associate(triggers(rows))
    assert [len(one.sensors) for one in found] == [6, 3]
    assert found[1].position_m == found[0].position_m
    assert found[1].covariance_m2 == found[0].covariance_m2
    assert seconds(found[1]) == pytest.approx(4.0, abs=0.02)


def test_three_of_six_sensors_alone_make_no_incident():
    random = np.random.default_rng(8)
    found, _ = associate(triggers(shot(HERE, 2.0, random, heard=(0, 1, 4))))
    assert found == []


def test_with_two_sensors_either_of_two_directions_is_told():
    pair = Sensors(SENSORS.channels[:2], POSITION_M[:2])
    random = np.random.default_rng(9)
    found, _ = associate(triggers(shot((1500.0, 2000.0), 2.0, random, path_s=0.0, heard=(0, 1))), sensors=pair)
    assert len(found) == 1
    assert found[0].position_m is None
    assert found[0].bearing_deg is None
    true = np.degrees(np.arctan2(1500.0 - 210.0, 2000.0 - 15.0))
    assert min(abs(one - true) for one in found[0].either_bearing_deg) < 5
    assert found[0].bearing_sigma_deg > 0
    assert found[0].observer == pytest.approx((210.0, 15.0))
    assert found[0].t_sigma_ns is None


def test_two_sensors_whose_triggers_no_sound_could_join_make_none():
    pair = Sensors(SENSORS.channels[:2], POSITION_M[:2])
    found, _ = associate(triggers([(1.0, 0, 60.0), (3.2, 1, 60.0)]), sensors=pair)
    assert found == []


def test_sensors_on_a_line_tell_either_of_two_places():
    line = Sensors(("a", "b", "c", "d"), np.array([[0.0, 0, 5], [150, 0, 5], [310, 0, 5], [480, 0, 5]]))
    arrivals = 2.0 + travel([200.0, 140.0, 5.0 - 10.0], line.position_m, MEDIUM).time_s
    given = triggers([(t, k, 60.0) for k, t in enumerate(arrivals)])
    named = replace(given, channel=np.array([line.channels[int(name[3:])] for name in given.channel]))
    found, _ = associate(named, sensors=line)
    assert len(found) == 1
    assert found[0].position_m is None
    assert sorted(round(y) for _, y in found[0].either_position_m) == [-140, 140]


def stream(random):
    rows = clutter(random, 60.0, 0.5)
    for k in range(12):
        rows += shot(
            random.uniform(0, 400, 2), 2.0 + 4.5 * k, random, echoes=ECHOES, heard=sorted(random.permutation(6)[:5])
        )
    rows += [(31.0, sensor, 300.0) for sensor in range(6)]
    return triggers(rows)


@pytest.mark.parametrize("seed", range(2))
def test_incidents_are_the_same_however_the_triggers_are_cut(seed):
    random = np.random.default_rng(seed)
    given = stream(np.random.default_rng(20))
    whole, one = associate(given)
    assert len(whole) >= 11
    cut, two = [], Associator(SENSORS, MEDIUM)
    edges = np.sort(random.integers(given.t_ns[0], given.t_ns[-1] + 3 * NS_PER_S, 150))
    for begin, end in zip([0, *edges], [*edges, given.t_ns[-1] + 5 * NS_PER_S], strict=True):
        rows = np.flatnonzero((given.t_ns >= begin) & (given.t_ns < end))
        cut += two.push(part(given, random.permutation(rows)), int(end))
    cut += two.finish()
    assert cut == whole
    assert two.counters == one.counters


@pytest.mark.no_cover
def test_the_same_triggers_after_a_reset_give_the_same_incidents():
    given = stream(np.random.default_rng(21))
    associator = Associator(SENSORS, MEDIUM)
    until_ns = int(given.t_ns[-1]) + 1
    first = associator.push(given, until_ns) + associator.finish()
    associator.reset()
    assert associator.push(given, until_ns) + associator.finish() == first


def test_an_incident_is_there_within_a_second_of_its_last_trigger():
    random = np.random.default_rng(22)
    given = triggers(shot(HERE, 2.0, random))
    associator = Associator(SENSORS, MEDIUM)
    assert associator.push(given, int(given.t_ns[-1]) + 1) == []
    last_ns = int(given.t_ns[-1])
    assert len(associator.push(Triggers.none("mics"), last_ns + NS_PER_S)) == 1


def test_a_far_sensor_that_hears_it_after_it_was_told_makes_no_second_incident():
    far = np.vstack([POSITION_M, [[1400.0, 900.0, 20.0]]])
    sensors = Sensors((*SENSORS.channels, "mic6"), far)
    near = triggers(shot(HERE, 2.0, np.random.default_rng(23)))
    late_s = 2.0 + float(travel([*HERE, far[:, 2].mean() - 10.0], far[6], MEDIUM).time_s)
    assert late_s > (near.t_ns[-1] - START_NS) / NS_PER_S + 1.0
    last = replace(
        part(near, np.array([0])), channel=np.array(["mic6"]), t_ns=np.array([START_NS + round(late_s * 1e9)])
    )
    associator = Associator(sensors, MEDIUM)
    assert len(associator.push(near, last.t_ns[0])) == 1
    assert associator.push(last, last.t_ns[0] + 9 * NS_PER_S) + associator.finish() == []
    assert associator.counters["late_arrival"] == 1


def test_late_and_unknown_triggers_are_counted():
    random = np.random.default_rng(24)
    given = triggers(shot(HERE, 2.0, random))
    associator = Associator(Sensors(SENSORS.channels[:5], POSITION_M[:5]), MEDIUM)
    associator.push(given, START_NS + 10 * NS_PER_S)
    assert associator.counters["unknown"] == 1
    associator.push(part(given, np.array([0])), START_NS + 11 * NS_PER_S)
    assert associator.counters["late"] == 1


def test_triggers_without_a_score_or_an_error_are_counted_and_left_out():
    given = triggers(shot(HERE, 2.0, np.random.default_rng(24)))
    score, sigma_ns = given.score.copy(), given.sigma_ns.copy()
    score[0], score[1], sigma_ns[2] = np.nan, 0.0, np.inf
    found, associator = associate(replace(given, score=score, sigma_ns=sigma_ns))
    assert associator.counters["unusable"] == 3
    assert found == []


def test_nothing_in_gives_nothing_out():
    found, associator = associate(triggers([]))
    assert found == []
    assert associator.finish() == []


def test_memory_does_not_grow_with_the_stream():
    random = np.random.default_rng(25)
    associator = Associator(SENSORS, MEDIUM, AssociationConfig(repeat_s=5.0))
    sizes = []
    for k in range(20):
        rows = shot(HERE, k * 20.0, random) + [(t + k * 20.0, s, c) for t, s, c in clutter(random, 20.0, 1.0)]
        associator.push(triggers(rows), START_NS + (k + 1) * 20 * NS_PER_S)
        heard = sum(len(one) for one in associator._heard)
        sizes.append(len(associator._open) + len(associator._found) + len(associator._patterns) + heard)
    assert max(sizes[10:]) <= 2 * max(sizes[:5])
