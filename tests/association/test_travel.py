"""Speed of sound against published tables; travel times against the slow twin."""

from __future__ import annotations

import numpy as np
import pytest

from detector.association.travel import Medium, air, ground, sound_speed_m_s, travel
from tests.naive_association import travel_s


@pytest.mark.parametrize(("temperature_c", "speed"), [(-20, 318.9), (0, 331.3), (20, 343.2), (40, 354.7)])
def test_speed_of_sound_is_that_of_the_tables(temperature_c, speed):
    # CRC Handbook of Chemistry and Physics, dry air at 101.325 kPa; 0.2 m/s is the tables' own spread.
    assert sound_speed_m_s(temperature_c) == pytest.approx(speed, abs=0.2)


def test_wind_from_the_west_carries_sound_to_the_east():
    medium = air(20.0, 10.0, 270.0)
    assert medium.wind_m_s == pytest.approx((10.0, 0.0), abs=1e-12)
    downwind = travel([0, 0, 0], [353.2, 0, 0], medium).time_s
    upwind = travel([0, 0, 0], [-333.2, 0, 0], medium).time_s
    assert downwind == pytest.approx(1.0)
    assert upwind == pytest.approx(1.0)


def test_three_kelvin_change_the_speed_by_half_a_percent():
    medium = air(20.0, temperature_sigma_k=3.0)
    assert medium.speed_sigma_m_s == pytest.approx(sound_speed_m_s(23.0) - sound_speed_m_s(20.0), abs=0.01)


def test_ground_carries_at_its_own_speed():
    assert travel([0, 0, 0], [3000.0, 4000.0, 0], ground(2500.0)).time_s == pytest.approx(2.0)
    assert ground(2500.0, 0.2).speed_sigma_m_s == 500.0


def test_times_and_derivatives_are_those_of_the_slow_twin():
    random = np.random.default_rng(5)
    source, sensor = random.uniform(-2000, 2000, (40, 3)), random.uniform(-2000, 2000, (40, 3))
    medium = Medium(335.0, (9.0, -14.0))
    fast = travel(source, sensor, medium)

    def twin(k, source_k, speed=335.0, wind=(9.0, -14.0)):
        return travel_s(source_k, sensor[k], speed, wind)

    for k in range(40):
        assert fast.time_s[k] == pytest.approx(twin(k, source[k]), abs=1e-9)
        for axis in range(3):
            step = np.eye(3)[axis] * 0.01
            slope = (twin(k, source[k] + step) - twin(k, source[k] - step)) / 0.02
            assert fast.by_place[k, axis] == pytest.approx(slope, abs=1e-8)
        changes = [((335.01, (9.0, -14.0)), (334.99, (9.0, -14.0)))]
        changes += [((335.0, (9.01, -14.0)), (335.0, (8.99, -14.0))), ((335.0, (9.0, -13.99)), (335.0, (9.0, -14.01)))]
        for column, (up, down) in enumerate(changes):
            slope = (twin(k, source[k], *up) - twin(k, source[k], *down)) / 0.02
            assert fast.by_medium[k, column] == pytest.approx(slope, abs=1e-6)


def test_at_the_sensor_itself_the_time_is_nothing():
    here = travel([5.0, 6.0, 7.0], [5.0, 6.0, 7.0], air(10.0, 5.0, 90.0))
    assert here.time_s == 0.0
    assert np.all(here.by_place == 0.0)
    assert np.all(here.by_medium == 0.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Medium(0.0),
        lambda: Medium(340.0, (300.0, 200.0)),
        lambda: Medium(340.0, speed_sigma_m_s=-1.0),
        lambda: Medium(float("nan")),
        lambda: sound_speed_m_s(-300.0),
    ],
)
def test_a_medium_that_cannot_be_is_refused(make):
    with pytest.raises(ValueError, match=r"allowed|standard deviations"):
        make()
