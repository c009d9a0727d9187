"""What a camera saw and what sensors heard, where both are one event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.association.travel import Medium
from detector.model import Incident, Means
from detector.timebase import NS_PER_S

Array = NDArray[np.float64]

# 0.99 quantile of chi-squared with three degrees of freedom (time and place), with two (time and direction).
_AGREE_PLACE, _AGREE_DIRECTION = 11.34, 9.21
_NEVER = 1e9


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something short that was seen and placed.

    t_ns, t_sigma_s: when; its standard deviation. [ns, UTC], [s]
    position_m, covariance_m2: x, y in the sensors' plane; xx, xy, yy. [m], [m2]
    """

    source_id: str
    t_ns: int
    t_sigma_s: float
    position_m: tuple[float, float]
    covariance_m2: tuple[float, float, float]
    means: Means = Means.UAV


@dataclass(frozen=True, slots=True)
class Joint:
    """One event by two means.

    position_m, covariance_m2: the product of both: smaller than either. misfit: chi-squared of their difference. [1]
    """

    sighting: Sighting
    incident: Incident
    t_ns: int
    position_m: tuple[float, float]
    covariance_m2: tuple[float, float, float]
    means: tuple[Means, ...]
    misfit: float


def join(
    sightings: list[Sighting], incidents: list[Incident], medium: Medium, *, heard_by: Means = Means.ACOUSTIC
) -> tuple[list[Joint], list[Sighting], list[Incident]]:
    """Sightings and incidents that agree in time and place, each in one pair at most, and what is left of both.

    Of all ways to pair them the one with the most pairs, and of these with the least misfit. Of an incident with two
    places, or two directions, the one that agrees counts: the camera tells which. Of one with a direction only, the
    time that sound needs from the sighting stands for the time, and the direction makes the ellipse narrower.

    Returns:
        Pairs by time; sightings and incidents left, in the order they came.
    """
    cost = np.full((len(sightings), len(incidents)), _NEVER)
    for row, sighting in enumerate(sightings):
        for column, incident in enumerate(incidents):
            found = _together(sighting, incident, medium, heard_by)
            cost[row, column] = _NEVER if found is None else found.misfit
    pairs = [
        (int(r), int(c))
        for r, c in zip(*scipy.optimize.linear_sum_assignment(cost), strict=True)
        if cost[r, c] < _NEVER
    ]
    joints = [_together(sightings[r], incidents[c], medium, heard_by) for r, c in pairs]
    rows, columns = {r for r, _ in pairs}, {c for _, c in pairs}
    return (
        sorted((one for one in joints if one is not None), key=lambda one: one.t_ns),
        [one for k, one in enumerate(sightings) if k not in rows],
        [one for k, one in enumerate(incidents) if k not in columns],
    )


def product(place_a: Array, covariance_a: Array, place_b: Array, covariance_b: Array) -> tuple[Array, Array]:
    """Mean and covariance of the product of two normal densities. shapes (2,), (2, 2)

    Valid for errors that have nothing to do with one another.
    """
    gain = covariance_a @ np.linalg.inv(covariance_a + covariance_b)
    return place_a + gain @ (place_b - place_a), covariance_a - gain @ covariance_a


def _together(sighting: Sighting, incident: Incident, medium: Medium, heard_by: Means) -> Joint | None:
    """The pair as one event, None where they do not agree."""
    places = incident.either_position_m or ((incident.position_m,) if incident.position_m is not None else ())
    if places:
        found = [_by_place(sighting, incident, np.array(one), heard_by) for one in places]
    else:
        either = incident.either_bearing_deg
        bearings = either or ((incident.bearing_deg,) if incident.bearing_deg is not None else ())
        found = [_by_direction(sighting, incident, one, medium, heard_by) for one in bearings]
    return min((one for one in found if one is not None), key=lambda one: one.misfit, default=None)


def _by_place(sighting: Sighting, incident: Incident, place: Array, heard_by: Means) -> Joint | None:
    seen, spread = np.array(sighting.position_m), _square(sighting.covariance_m2)
    # Of two places neither has an ellipse of its own: the sighting's stands for both, and is not made smaller.
    known = incident.covariance_m2
    own = _square(known) if known is not None else spread
    heard_sigma_s = (incident.t_sigma_ns or 0.0) / NS_PER_S
    variance = sighting.t_sigma_s**2 + heard_sigma_s**2
    late_s = (incident.t_ns - sighting.t_ns) / NS_PER_S
    offset = place - seen
    misfit = late_s**2 / variance + float(offset @ np.linalg.solve(spread + own, offset))
    if misfit > _AGREE_PLACE:
        return None
    joined, covariance = product(seen, spread, place, own) if known is not None else (seen, spread)
    share = sighting.t_sigma_s**2 / variance
    t_ns = sighting.t_ns + round(share * late_s * NS_PER_S)
    return _joint(sighting, incident, t_ns, joined, covariance, heard_by, misfit)


def _by_direction(
    sighting: Sighting, incident: Incident, bearing_deg: float, medium: Medium, heard_by: Means
) -> Joint | None:
    if incident.observer is None or incident.bearing_sigma_deg is None:
        return None
    seen, spread = np.array(sighting.position_m), _square(sighting.covariance_m2)
    away = seen - np.array(incident.observer)
    reach_m = float(np.hypot(*away))
    if reach_m == 0.0:
        return None
    aside = np.array([away[1], -away[0]]) / reach_m
    turned = (bearing_deg - np.degrees(np.arctan2(away[0], away[1])) + 180.0) % 360.0 - 180.0
    off_m = np.radians(turned) * reach_m
    sigma_m = np.radians(incident.bearing_sigma_deg) * reach_m
    delay_s = (incident.t_ns - sighting.t_ns) / NS_PER_S
    along = away / reach_m
    # The first sensor that heard it may stand on the near side of the middle: half of how long they took together.
    apart_s = 0.5 * (max(incident.arrivals_ns) - min(incident.arrivals_ns)) / NS_PER_S
    slow = np.hypot(medium.speed_sigma_m_s, medium.wind_sigma_m_s) / medium.speed_m_s
    range_m = np.sqrt(along @ spread @ along) + slow * reach_m
    variance = sighting.t_sigma_s**2 + apart_s**2 + (range_m / medium.speed_m_s) ** 2
    late_s = delay_s - reach_m / medium.speed_m_s
    misfit = late_s**2 / variance + off_m**2 / float(sigma_m**2 + aside @ spread @ aside)
    if misfit > _AGREE_DIRECTION:
        return None
    gain = spread @ aside / float(aside @ spread @ aside + sigma_m**2)
    covariance = spread - np.outer(gain, aside @ spread)
    return _joint(sighting, incident, sighting.t_ns, seen + gain * off_m, covariance, heard_by, float(misfit))


def _joint(
    sighting: Sighting, incident: Incident, t_ns: int, place: Array, covariance: Array, heard_by: Means, misfit: float
) -> Joint:
    return Joint(
        sighting,
        incident,
        t_ns,
        (float(place[0]), float(place[1])),
        (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        (sighting.means, heard_by),
        float(misfit),
    )


def _square(covariance: tuple[float, float, float]) -> Array:
    xx, xy, yy = covariance
    return np.array([[xx, xy], [xy, yy]])
