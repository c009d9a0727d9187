"""What sources notice of events in a plane, put on the map."""

from __future__ import annotations

import numpy as np

from detector.association import Carrier, Noticed, air, ground, lon_lat
from detector.association.travel import travel
from detector.model import Means, Place, State, Violation
from detector.timebase import NS_PER_S

START_NS = 1_772_346_600 * NS_PER_S
ORIGIN = (16.4, 48.2)
AIR = Carrier(air(15.0), 3000.0)
GROUND = Carrier(ground(1800.0), 3000.0)


def at(t_s):
    return START_NS + round(t_s * NS_PER_S)


def on_map(place_m):
    lon_deg, lat_deg = lon_lat(place_m, ORIGIN).tolist()
    return lon_deg, lat_deg


def in_plane(place):
    """East and north of the plane's zero of a longitude and latitude. [m]"""
    scale = 111_320.0 * np.cos(np.radians(ORIGIN[1])), 111_195.0
    guess = (np.array(place) - ORIGIN) * scale
    for _ in range(5):
        guess = guess + (np.array(place) - on_map(guess)) * scale
    return guess


def record(source_id, kind="impulse", subject="1", t_s=0.0, means=Means.ACOUSTIC, rule_id="r"):
    """A possible violation that begins at this second."""
    return Violation(
        rule_id, kind, source_id, "something short", subject, State.OPEN, at(t_s), at(t_s) + 1, at(t_s), 1,
        Place(None, None, None, None), (means,), 1.0, run_id="run",
    )  # fmt: skip


def seen(t_s, place_m, covariance=(49.0, 0.0, 25.0), sigma_s=0.04, source_id="drone", violation=True, **more):
    """A flash; violation: True makes a record of its own for it."""
    if violation is True:
        violation = record(source_id, "flash", t_s=t_s, means=Means.UAV, **more)
    return Noticed(source_id, Means.UAV, violation, at(t_s), sigma_s, (on_map(place_m),), covariance)


def bang(t_s, place_m, covariance=(36.0, 5.0, 64.0), sigma_s=0.01, source_id="mics", violation=True, **more):
    """An incident that microphones have placed."""
    if violation is True:
        violation = record(source_id, "impulse", t_s=t_s, **more)
    return Noticed(source_id, Means.ACOUSTIC, violation, at(t_s), sigma_s, (on_map(place_m),), covariance)


def direction(t_s, observer_m, bearings_deg, sigma_deg=2.0, source_id="pair", violation=None):
    """An incident of which only the direction is known, or either of two; t_s: its first arrival."""
    return Noticed(
        source_id, Means.ACOUSTIC, violation, at(t_s), 0.05, observer=on_map(observer_m), bearings_deg=bearings_deg,
        bearing_sigma_deg=sigma_deg, carrier=AIR,
    )  # fmt: skip


def felt(t_s, observer_m, sigma_s=0.02, source_id="geophone", carrier=GROUND, means=Means.SEISMIC):
    """An onset at one sensor."""
    return Noticed(source_id, means, None, at(t_s), sigma_s, observer=on_map(observer_m), carrier=carrier)


def due_s(place_m, observer_m, carrier=GROUND):
    """How long the wave is under way. [s]"""
    return float(travel([*place_m, 0.0], [*observer_m, 0.0], carrier.medium).time_s)


def axes(covariance):
    xx, xy, yy = covariance
    return np.array([[xx, xy], [xy, yy]])
