"""Range from the delay between light and sound."""

from __future__ import annotations

import numpy as np
import pytest

from detector.association.flash_to_bang import Heard, Seen, flash_to_bang
from detector.association.travel import Medium, air, travel

STILL = Medium(340.0)


def seen(bearing_deg, t_s=0.0, observer=(0.0, 0.0, 0.0), sigma_deg=0.5):
    return Seen(observer, bearing_deg, sigma_deg, t_s, 0.02)


def test_three_seconds_are_a_kilometre():
    found = flash_to_bang(seen(90.0), Heard((0.0, 0.0, 0.0), 3.0, 0.01), STILL)
    assert len(found) == 1
    assert found[0].range_m == pytest.approx(1020.0, abs=0.01)
    assert found[0].position_m == pytest.approx((1020.0, 0.0), abs=0.01)


def test_a_microphone_beside_the_ray_may_leave_two_places():
    source = np.array([0.0, 300.0, 0.0])
    microphone = (200.0, 500.0, 0.0)
    delay = float(travel(source, microphone, STILL).time_s)
    found = flash_to_bang(seen(0.0), Heard(microphone, delay, 0.01), STILL)
    assert [one.position_m[1] for one in found] == pytest.approx([300.0, 700.0], abs=0.01)


def test_a_delay_that_fits_no_place_on_the_ray_gives_none():
    assert flash_to_bang(seen(0.0), Heard((500.0, 100.0, 0.0), 1.0, 0.01), STILL) == []
    assert flash_to_bang(seen(0.0), Heard((0.0, 0.0, 0.0), -1.0, 0.01), STILL) == []


@pytest.mark.no_cover
def test_the_95_percent_ellipse_holds_the_place():
    random = np.random.default_rng(2)
    medium = air(15.0, 6.0, 200.0)
    source, microphone, camera = np.array([700.0, 900.0, 0.0]), (-150.0, 80.0, 0.0), (30.0, -40.0, 0.0)
    bearing = np.degrees(np.arctan2(source[0] - camera[0], source[1] - camera[1]))
    inside = []
    for _ in range(1500):
        wind = np.asarray(medium.wind_m_s) + random.normal(0, medium.wind_sigma_m_s, 2)
        now = Medium(medium.speed_m_s + random.normal(0, medium.speed_sigma_m_s), tuple(wind))
        t_s = float(travel(source, microphone, now).time_s)
        found = flash_to_bang(
            seen(bearing + random.normal(0, 0.5), random.normal(0, 0.02), camera),
            Heard(microphone, t_s + random.normal(0, 0.01), 0.01),
            medium,
        )
        xx, xy, yy = found[-1].covariance_m2
        offset = np.subtract(found[-1].position_m, source[:2])
        inside.append(offset @ np.linalg.solve([[xx, xy], [xy, yy]], offset) < -2 * np.log(0.05))
    assert 0.93 <= np.mean(inside) <= 0.97


def test_what_has_no_error_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        flash_to_bang(seen(0.0, sigma_deg=0.0), Heard((0.0, 0.0, 0.0), 1.0, 0.01), STILL)
