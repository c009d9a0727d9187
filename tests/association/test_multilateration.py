"""Places from arrivals: exact ones come back, ellipses hold what they promise, and what cannot be told is not."""

from __future__ import annotations

import numpy as np
import pytest

from detector.association.multilateration import Huber, Outcome, SourceHeight, multilaterate
from detector.association.travel import Medium, air, travel
from tests import naive_association as naive

CALM = air(15.0)
LEVEL = SourceHeight(0.0, 0.0)
SQUARE = np.array([[0.0, 0, 5], [400, 0, 5], [400, 400, 5], [0, 400, 5]])


def heard(sensors, source, medium=CALM, t_s=100.0):
    """Arrivals of sound from x, y at the sensors' mean height."""
    height = np.mean(np.asarray(sensors)[:, 2])
    return t_s + travel([*source, height], sensors, medium).time_s


def located(sensors, arrivals, sigma_s=0.005, medium=CALM, height=LEVEL):
    return multilaterate(sensors, arrivals, sigma_s, medium, height=height)


@pytest.mark.parametrize("source", [(130.0, 220.0), (-300.0, 150.0), (200.0, 200.0), (0.0, 0.0), (399.0, 401.0)])
def test_exact_arrivals_give_the_exact_place_and_time(source):
    found = located(SQUARE, heard(SQUARE, source))
    assert found.outcome[0] == Outcome.PLACE
    assert found.place_m[0] == pytest.approx(source, abs=0.01)
    assert found.t_s[0] == pytest.approx(100.0, abs=1e-4)
    assert np.abs(found.residual_s).max() < 1e-4


def test_places_far_from_the_origin_keep_their_centimetres():
    shift = np.array([-11_450.0, 3_653.0, -92.0])
    found = located(SQUARE + shift, heard(SQUARE + shift, (-11_320.0, 3_873.0)))
    assert found.place_m[0] == pytest.approx((-11_320.0, 3_873.0), abs=0.01)


def test_one_echo_among_six_moves_the_place_by_less_than_its_ellipse():
    sensors = np.vstack([SQUARE, [[200, -150, 5], [-200, 250, 5]]])
    arrivals = heard(sensors, (130.0, 220.0))
    arrivals[2] += 0.3
    found = located(sensors, arrivals)
    assert found.place_m[0] == pytest.approx((130.0, 220.0), abs=5.0)
    assert found.residual_s[0, 2] == pytest.approx(0.3, abs=0.02)


def test_a_sensor_that_heard_nothing_is_left_out():
    arrivals = heard(SQUARE, (130.0, 220.0))
    both = np.stack([arrivals, arrivals])
    both[1, 0] = np.nan
    found = located(SQUARE, both)
    assert list(found.outcome) == [Outcome.PLACE, Outcome.PLACE]
    assert found.place_m[1] == pytest.approx((130.0, 220.0), abs=0.1)
    assert np.isnan(found.residual_s[1, 0])
    assert found.covariance_m2[1].trace() > found.covariance_m2[0].trace()


def test_answers_are_those_of_the_slow_twin():
    random = np.random.default_rng(8)
    medium = air(5.0, 4.0, 300.0)
    height, loss = SourceHeight(8.0, 5.0), Huber(1.2, 4.0)
    for _ in range(3):
        sensors = np.column_stack([random.uniform(-400, 400, (5, 2)), random.uniform(0, 20, 5)])
        arrivals = heard(sensors, random.uniform(-200, 200, 2), medium) + random.normal(0, 0.01, 5)
        arrivals[1] += 0.05
        fast = multilaterate(sensors, arrivals, 0.01, medium, height=height, huber=loss)
        slow = naive.place(sensors, arrivals, 0.01, medium, height, loss)
        # The medium is linearised around its mean: 0.05 and 0.3 m are what that leaves at 1 % of the speed.
        assert fast.misfit[0] == pytest.approx(slow.fun, abs=0.05)
        assert fast.place_m[0] == pytest.approx(slow.x[:2], abs=0.3)


@pytest.mark.parametrize("count", [4, 6])
def test_the_95_percent_ellipse_holds_the_place_in_93_to_97_of_100(count):
    random = np.random.default_rng(count)
    trials = 3000
    medium = air(15.0, 5.0, 200.0)
    angle = random.uniform(0, 2 * np.pi / count, (trials, 1)) + np.arange(count) * 2 * np.pi / count
    reach = random.uniform(200, 600, (trials, count))
    sensors = np.stack([reach * np.sin(angle), reach * np.cos(angle), random.uniform(0, 30, (trials, count))], -1)
    source = random.uniform(-200, 200, (trials, 2))
    arrivals = np.empty((trials, count))
    for k in range(trials):
        wind = np.asarray(medium.wind_m_s) + random.normal(0, medium.wind_sigma_m_s, 2)
        now = Medium(medium.speed_m_s + random.normal(0, medium.speed_sigma_m_s), tuple(wind))
        z = sensors[k, :, 2].mean() - 10.0 + random.normal(0, 10.0)
        arrivals[k] = travel([*source[k], z], sensors[k], now).time_s
    pick, clock = random.normal(0, 0.008, arrivals.shape), random.normal(0, 0.006, arrivals.shape)
    found = multilaterate(sensors, arrivals + pick + clock, 0.01, medium, height=SourceHeight(10.0, 10.0))
    placed = found.outcome == Outcome.PLACE
    assert placed.mean() > 0.97
    offset = (found.place_m - source)[placed]
    square = np.einsum("ni,ni->n", offset, np.linalg.solve(found.covariance_m2[placed], offset[..., None])[..., 0])
    assert 0.93 <= np.mean(square < -2 * np.log(0.05)) <= 0.97
    late = found.t_s[placed] / found.t_sigma_s[placed]
    assert 0.93 <= np.mean(np.abs(late) < 1.96) <= 0.97


def test_sensors_on_a_line_tell_two_places():
    line = np.array([[-300.0, 0, 5], [-50, 0, 5], [120, 0, 5], [310, 0, 5]])
    found = located(line, heard(line, (40.0, 180.0)))
    assert found.outcome[0] == Outcome.TWO_PLACES
    both = sorted([tuple(found.place_m[0]), tuple(found.other_place_m[0])], key=lambda place: place[1])
    assert both[0] == pytest.approx((40.0, -180.0), abs=0.1)
    assert both[1] == pytest.approx((40.0, 180.0), abs=0.1)


def test_far_away_only_the_direction_is_told():
    small = SQUARE * [0.1, 0.1, 1.0]
    found = located(small, heard(small, (6000.0, 8000.0)))
    assert found.outcome[0] == Outcome.DIRECTION
    assert found.bearing_deg[0] == pytest.approx(np.degrees(np.arctan2(5980, 7980)), abs=2.0)
    assert found.observer_m[0] == pytest.approx((20.0, 20.0))
    assert np.isnan(found.place_m).all()
    assert np.isnan(found.covariance_m2).all()


def test_far_away_and_on_a_line_two_directions_are_told():
    line = np.array([[-30.0, 0, 5], [0, 0, 5], [30, 0, 5]])
    found = located(line, heard(line, (6000.0, 8000.0)))
    assert found.outcome[0] == Outcome.TWO_DIRECTIONS
    assert sorted([found.bearing_deg[0], found.other_bearing_deg[0]]) == pytest.approx([36.87, 143.13], abs=2.0)


@pytest.mark.parametrize("medium", [CALM, air(15.0, 12.0, 250.0)])
def test_two_sensors_tell_two_directions_and_never_a_side(medium):
    pair = np.array([[0.0, 0, 5], [100, 0, 5]])
    found = located(pair, heard(pair, (2050.0, 3464.0), medium), medium=medium)
    assert found.outcome[0] == Outcome.TWO_DIRECTIONS
    # With wind the sides are no mirror images: the true one is among them, from 60 deg off the line through both.
    told = [found.bearing_deg[0], found.other_bearing_deg[0]]
    assert min(abs(one - 30.0) for one in told) < 0.5
    assert 0 < found.bearing_sigma_deg[0] < 10
    if medium is CALM:
        assert sorted(told) == pytest.approx([30.0, 150.0], abs=0.5)


def test_two_sensors_in_line_with_the_source_tell_one_direction():
    pair = np.array([[0.0, 0, 5], [100, 0, 5]])
    found = located(pair, heard(pair, (4000.0, 0.0)))
    assert found.outcome[0] == Outcome.DIRECTION
    assert found.bearing_deg[0] == pytest.approx(90.0)
    assert np.isnan(found.other_bearing_deg[0])


def test_the_direction_from_two_sensors_is_as_sure_as_it_says():
    random = np.random.default_rng(3)
    pair = np.array([[0.0, 0, 5], [100, 0, 5]])
    arrivals = heard(pair, (2050.0, 3464.0)) + random.normal(0, 0.005, (4000, 2))
    found = located(pair, arrivals, medium=Medium(CALM.speed_m_s))
    nearest = np.where(found.bearing_deg < 90, found.bearing_deg, found.other_bearing_deg)
    assert 0.93 <= np.mean(np.abs(nearest - 30.0) < 1.96 * found.bearing_sigma_deg) <= 0.97


def test_what_cannot_be_one_source_or_has_no_geometry_tells_nothing():
    pair = np.array([[0.0, 0, 5], [100, 0, 5]])
    too_far_apart = located(pair, [[0.0, 1.0]])
    one_alone = located(SQUARE, [[1.0, np.nan, np.nan, np.nan]])
    nobody = located(SQUARE, [[np.nan] * 4])
    all_in_one_place = located(np.zeros((4, 3)), [[0.0, 0.0, 0.0, 0.0]])
    for found in (too_far_apart, one_alone, nobody, all_in_one_place):
        assert found.outcome[0] == Outcome.NOTHING
        assert np.isnan(found.place_m).all()
        assert np.isnan(found.bearing_deg).all()


def test_no_incidents_give_no_places():
    assert len(located(SQUARE, np.zeros((0, 4))).outcome) == 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="allowed are"):
        located(SQUARE, [[1.0, 2.0]])
    with pytest.raises(ValueError, match="above 0"):
        located(SQUARE, heard(SQUARE, (1.0, 2.0)), sigma_s=0.0)


def test_an_incident_is_placed_the_same_alone_and_among_others():
    random = np.random.default_rng(11)
    arrivals = np.array([heard(SQUARE, source) for source in random.uniform(-100, 500, (700, 2))])
    arrivals += random.normal(0, 0.01, arrivals.shape)
    together = located(SQUARE, arrivals)
    for k in (0, 1, 511, 512, 699):
        alone = located(SQUARE, arrivals[k])
        assert alone.place_m[0] == pytest.approx(together.place_m[k], abs=1e-6)
        assert alone.outcome[0] == together.outcome[k]
