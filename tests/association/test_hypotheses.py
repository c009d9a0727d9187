"""The search against every combination tried one by one."""

from __future__ import annotations

import numpy as np
import pytest

from detector.association.hypotheses import Earlier, EvidenceConfig, Picks, clutter_per_s, repetitions, search, weight
from detector.association.multilateration import Huber, SourceHeight
from detector.association.nodes import spread_nodes
from detector.association.travel import travel
from tests import naive_association as naive
from tests.association.shooting import MEDIUM, POSITION_M, shot

CONFIG = EvidenceConfig()
FOUR = POSITION_M[:4]
HEIGHT = SourceHeight()
NODES = spread_nodes(FOUR, MEDIUM, 3000.0, float(FOUR[:, 2].mean()) - 10.0)


def picks_of(rows):
    rows = sorted(rows, key=lambda row: (row[1], row[0]))
    sensor = np.array([row[1] for row in rows])
    score = np.array([row[2] for row in rows])
    sigma, again = np.full(len(rows), CONFIG.path_sigma_s), np.full(len(rows), CONFIG.repeat_sigma_s)
    rate = 10.0 / score
    return Picks(sensor, np.array([row[0] for row in rows]), sigma, weight(sigma, rate), again, weight(again, rate))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_source_is_that_of_every_combination_tried(seed):
    random = np.random.default_rng(seed)
    place = random.uniform(-100, 450, 2)
    rows = shot(place, 1.0, random, heard=range(4), echoes=((0.12, 0.4),))
    rows += [(random.uniform(0.5, 2.5), int(random.integers(4)), 15.0) for _ in range(3)]
    picks = picks_of(rows)
    found = search(
        picks,
        np.arange(len(picks.t_s)),
        NODES,
        FOUR,
        MEDIUM,
        CONFIG,
        height=HEIGHT,
        huber=Huber(),
        least=5.0,
        min_sensors=4,
    )
    score, chosen = naive.best_explanation(picks, FOUR, MEDIUM, CONFIG, HEIGHT, Huber(), 4)
    assert tuple(found[0].picks) == chosen
    # The search's speed of sound is the mean one, the twin's place has its own estimate of it.
    assert found[0].score == pytest.approx(score, abs=0.6)
    assert np.hypot(*(found[0].place_m - place)) < 25


def test_repetitions_are_those_of_the_slow_twin():
    random = np.random.default_rng(4)
    delays = travel([120.0, 150.0, 10.0], FOUR, MEDIUM).time_s
    delays[2] = np.nan
    for trial in range(20):
        rows = shot((120.0, 150.0), 1.0, random, heard=range(4), path_s=0.01, echoes=((0.08, 0.5),))
        rows += [(random.uniform(0.5, 2.5), int(random.integers(4)), 15.0) for _ in range(6)]
        picks = picks_of(rows)
        found = repetitions(picks, np.arange(len(picks.t_s)), [Earlier(np.array([120.0, 150.0]), delays)], CONFIG)
        score, chosen = naive.same_pattern(picks, delays, CONFIG)
        if chosen is None:
            assert not found
            continue
        best = max(found, key=lambda one: one.score)
        assert best.score == pytest.approx(score, abs=1e-9)
        assert tuple(best.picks) == chosen
        assert best.repeats == 0, trial


def test_clutter_rises_after_a_trigger_and_dies_away():
    random = np.random.default_rng(1)
    since, scores = random.uniform(0.01, 2, 7), random.uniform(5, 50, 7)
    for rate in (0.0, 3.0):
        fast = clutter_per_s(CONFIG, rate, since, 20.0, scores)
        assert fast == pytest.approx(naive.clutter(CONFIG, rate, since, 20.0, scores))
    nothing = clutter_per_s(CONFIG, 0.0, np.zeros(0), CONFIG.usual_score, np.zeros(0))
    just_after = clutter_per_s(CONFIG, 0.0, np.array([0.01]), 10.0, np.array([100.0]))
    much_louder = clutter_per_s(CONFIG, 0.0, np.array([0.01]), 1000.0, np.array([100.0]))
    assert nothing == CONFIG.chance_per_s
    assert just_after > much_louder > nothing


def test_fewer_sensors_than_needed_explain_nothing():
    rows = shot((100.0, 100.0), 1.0, np.random.default_rng(0), heard=range(3))
    picks = picks_of(rows)
    assert not search(
        picks,
        np.arange(len(picks.t_s)),
        NODES,
        FOUR,
        MEDIUM,
        CONFIG,
        height=HEIGHT,
        huber=Huber(),
        least=5.0,
        min_sensors=4,
    )


def test_nodes_reach_as_far_as_asked_and_know_their_times():
    reach = np.hypot(*(NODES.place_m - FOUR[:, :2].mean(0)).T)
    assert 3000 <= reach.max() < 4500
    source = [*NODES.place_m[7], FOUR[:, 2].mean() - 10.0]
    expected = [naive.travel_s(source, sensor, MEDIUM.speed_m_s, MEDIUM.wind_m_s) for sensor in FOUR]
    assert NODES.travel_s[7] == pytest.approx(expected, abs=1e-9)
    # Every place among the sensors has a node nearer than the spacing says.
    random = np.random.default_rng(2)
    for place in random.uniform(-100, 500, (50, 2)):
        nearest = np.hypot(*(NODES.place_m - place).T).min()
        assert nearest / MEDIUM.speed_m_s <= NODES.spacing_s + 1e-9
