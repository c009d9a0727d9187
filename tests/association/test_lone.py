"""A sensor that stands alone."""

from __future__ import annotations

import numpy as np

from detector.association import LoneSensor, Sensors, heard
from detector.model import Means, Triggers
from detector.timebase import NS_PER_S
from tests.association.noticing import GROUND, ORIGIN


def triggers(*times_s, sigma_ns=2e7):
    count = len(times_s)
    t_ns = np.array([round(t * NS_PER_S) for t in times_s], np.int64)
    text = np.array(["z"] * count), np.array(["impulse"] * count)
    numbers = np.full(count, sigma_ns), np.full(count, 8.0), np.full(count, np.nan)
    return Triggers("geophone", text[0], t_ns, t_ns + 1, numbers[0], text[1], numbers[1], numbers[2])


def lone():
    return LoneSensor(Sensors(("z",), np.array([[3.0, 4.0, 0.0]])), GROUND, source_id="geophone")


def test_each_trigger_is_an_incident_of_this_sensor_alone_without_place_or_direction():
    (one,) = lone().push(triggers(5.0), 6 * NS_PER_S)
    assert (one.t_ns, one.t_sigma_ns, one.sensors, one.observer) == (5 * NS_PER_S, 2e7, ("z",), (3.0, 4.0))
    assert (one.position_m, one.either_position_m, one.bearing_deg, one.either_bearing_deg) == (None,) * 4
    noticed = heard(one, ORIGIN, GROUND, Means.SEISMIC, None)
    assert (noticed.t_ns, noticed.t_sigma_s, noticed.places, noticed.bearings_deg) == (5 * NS_PER_S, 0.02, (), ())


def test_they_come_in_the_order_of_time_however_they_are_cut():
    whole = lone()
    expected = [*whole.push(triggers(1.0, 2.0, 7.0), 5 * NS_PER_S), *whole.finish()]
    cut = lone()
    pieces = [
        cut.push(triggers(2.0), 0),
        cut.push(triggers(7.0, 1.0), 2 * NS_PER_S),
        cut.push(triggers(), 5 * NS_PER_S),
    ]
    found = [one for piece in pieces for one in piece] + cut.finish()
    assert [one.t_ns for one in found] == [one.t_ns for one in expected] == [k * NS_PER_S for k in (1, 2, 7)]
    assert cut.finish() == []


def test_an_onset_of_unknown_error_is_left_out():
    assert lone().push(triggers(5.0, sigma_ns=np.nan), 6 * NS_PER_S) == []


def test_it_has_settled_what_no_wave_is_still_under_way_from():
    one = lone()
    one.push(triggers(), 60 * NS_PER_S)
    assert one.settled_ns == 60 * NS_PER_S - round(1.5 * 3000.0 / 1800.0 * NS_PER_S)
