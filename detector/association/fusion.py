"""What several sources noticed, where it is one event: its time, its place, its smaller ellipse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.association.noticed import LonLat, Noticed
from detector.association.travel import Medium, travel
from detector.geo import wgs84
from detector.timebase import NS_PER_S

Array = NDArray[np.float64]

# 0.99 quantiles of chi-squared: one degree of freedom (time, direction), two (place). Each has to agree by itself: a
# place that fits very well does not make up for a time that does not.
AGREE_ONE, AGREE_PLACE = 6.63, 9.21
# A time known no better than this agrees with too much to tell anything. [s]
MOST_SIGMA_S = 1.0
_NEVER = 1e9
# Where the same was judged in several zones, what was told of one zone belongs together: a misfit of next to nothing.
_OTHER_ZONE = 1e-3
# Between two places nearer than this there is no direction. [m]
_NEAR_M = 1e-3


@dataclass(frozen=True, slots=True)
class Fused:
    """One event from all that noticed it.

    t_ns, t_sigma_s, place, covariance_m2: of the event. [ns, UTC], [s], longitude and latitude [deg], [m2]
    noticed: by whom, in the order they were put together.
    misfit: chi-squared of all that was compared. [1]
    told: how well each fitted, in words.
    """

    t_ns: int
    t_sigma_s: float
    place: LonLat
    covariance_m2: tuple[float, float, float]
    noticed: tuple[Noticed, ...]
    misfit: float = 0.0
    told: tuple[str, ...] = ()


def alone(noticed: Noticed) -> Fused | None:
    """An event that one source has placed; None where it has no one place with an ellipse, or no time to speak of."""
    if len(noticed.places) != 1 or noticed.covariance_m2 is None or noticed.t_sigma_s > MOST_SIGMA_S:
        return None
    return Fused(noticed.t_ns, noticed.t_sigma_s, noticed.places[0], noticed.covariance_m2, (noticed,))


def together(event: Fused, noticed: Noticed) -> Fused | None:
    """The event with one source more, None where that does not agree with it in time and place (99 % each).

    By place: the product of both densities. Of two places, or two directions, the one that agrees counts: the event
    tells which; of two places neither has an ellipse of its own, and the event's stays as it is. By direction: the time
    that the wave needs from the event stands for the time, and the direction makes the ellipse narrower across it. By
    arrival alone: only the time is compared, and nothing becomes narrower: the ground's speed is known too badly.

    Valid for errors that have nothing to do with one another. Heights are left out: a wave comes along the ground.
    """
    if any(one.source_id == noticed.source_id for one in event.noticed):
        return None
    if noticed.places:
        found = [_by_place(event, noticed, place) for place in noticed.places]
    elif noticed.bearings_deg:
        found = [_by_arrival(event, noticed, bearing_deg) for bearing_deg in noticed.bearings_deg]
    else:
        found = [_by_arrival(event, noticed, None)]
    return min((one for one in found if one is not None), key=lambda one: one.misfit, default=None)


def paired(events: Sequence[Fused], noticed: Sequence[Noticed]) -> tuple[list[Fused], list[Noticed]]:
    """Events, each with one of `noticed` more where one agrees, each of these in one event at most; and what is left.

    Of all ways to pair them the one with the most pairs, and of these with the least misfit. What several rules or
    zones have told of one incident is one event: who supports it without a record of their own supports each of them.
    """
    found = [[together(event, one) for one in noticed] for event in events]
    cost = np.array(
        [
            [_NEVER if pair is None else _added(pair, event) for pair in row]
            for event, row in zip(events, found, strict=True)
        ]
    )
    cost = cost.reshape(len(events), len(noticed))
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    kept = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if cost[r, c] < _NEVER}
    now = [found[r][kept[r]] if r in kept else None for r in range(len(events))]
    supported = [(events[r], k) for r, k in kept.items() if noticed[k].violation is None]
    for r in [r for r in range(len(events)) if r not in kept]:
        of_it = [k for event, k in supported if _is_told_of(event, events[r])]
        now[r] = found[r][of_it[0]] if of_it else None
    taken = set(kept.values())
    return (
        [event if pair is None else pair for event, pair in zip(events, now, strict=True)],
        [one for k, one in enumerate(noticed) if k not in taken],
    )


def product(place_a: Array, covariance_a: Array, place_b: Array, covariance_b: Array) -> tuple[Array, Array]:
    """Mean and covariance of the product of two normal densities. shapes (2,), (2, 2)

    Valid for errors that have nothing to do with one another.
    """
    gain = covariance_a @ np.linalg.inv(covariance_a + covariance_b)
    return place_a + gain @ (place_b - place_a), covariance_a - gain @ covariance_a


def _added(pair: Fused, event: Fused) -> float:
    *before, last = pair.noticed
    zones = {one.violation.zone_id for one in before if one.violation is not None}
    elsewhere = last.violation is not None and last.violation.zone_id not in zones
    return pair.misfit - event.misfit + (_OTHER_ZONE if elsewhere else 0.0)


def _is_told_of(one: Fused, other: Fused) -> bool:
    """Whether both began with the same incident of a source."""
    first, second = one.noticed[0], other.noticed[0]
    return (first.source_id, first.t_ns, first.places) == (second.source_id, second.t_ns, second.places)


def _by_place(event: Fused, noticed: Noticed, place: LonLat) -> Fused | None:
    spread = square(event.covariance_m2)
    known = noticed.covariance_m2
    own = square(known) if known is not None else spread
    variance = event.t_sigma_s**2 + noticed.t_sigma_s**2
    late_s = (noticed.t_ns - event.t_ns) / NS_PER_S
    if noticed.t_sigma_s > MOST_SIGMA_S or late_s**2 > AGREE_ONE * variance:
        return None
    offset = offset_m(event.place, place)
    apart = float(offset @ np.linalg.solve(spread + own, offset))
    if apart > AGREE_PLACE:
        return None
    moved, covariance = product(np.zeros(2), spread, offset, own) if known is not None else (np.zeros(2), spread)
    share = event.t_sigma_s**2 / variance if variance > 0 else 0.5
    sigma_s = math.sqrt(share) * noticed.t_sigma_s
    misfit = (late_s**2 / variance if variance > 0 else 0.0) + apart
    told = f"{noticed.source_id}: {abs(late_s):.2f} s and {math.hypot(*offset):.0f} m from there"
    return _grown(event, noticed, round(share * late_s * NS_PER_S), sigma_s, moved, covariance, misfit, told)


def _by_arrival(event: Fused, noticed: Noticed, bearing_deg: float | None) -> Fused | None:
    if noticed.observer is None or noticed.carrier is None:
        return None
    spread = square(event.covariance_m2)
    away = offset_m(noticed.observer, event.place)
    expected_s, sigma_s = _travel_s(away, spread, noticed.carrier.medium)
    variance = event.t_sigma_s**2 + noticed.t_sigma_s**2 + sigma_s**2
    took_s = (noticed.t_ns - event.t_ns) / NS_PER_S
    misfit = (took_s - expected_s) ** 2 / variance
    if variance > MOST_SIGMA_S**2 or misfit > AGREE_ONE or took_s > noticed.carrier.longest_s:
        return None
    expected = f"{expected_s:.2f} ± {1.96 * math.sqrt(variance):.2f} s expected"
    told = f"{noticed.source_id}: {took_s:.2f} s after it, {expected}"
    reach_m = float(np.hypot(*away))
    if bearing_deg is None or noticed.bearing_sigma_deg is None or reach_m < _NEAR_M:
        return _grown(event, noticed, 0, event.t_sigma_s, np.zeros(2), spread, misfit, told)
    aside = np.array([away[1], -away[0]]) / reach_m
    turned = float(wgs84.wrapped_deg(bearing_deg - math.degrees(math.atan2(away[0], away[1]))))
    off_m, sigma_m = math.radians(turned) * reach_m, math.radians(noticed.bearing_sigma_deg) * reach_m
    across = off_m**2 / float(sigma_m**2 + aside @ spread @ aside)
    if across > AGREE_ONE:
        return None
    gain = spread @ aside / float(aside @ spread @ aside + sigma_m**2)
    covariance = spread - np.outer(gain, aside @ spread)
    told = f"{told}, {abs(turned):.1f} deg from its direction"
    return _grown(event, noticed, 0, event.t_sigma_s, gain * off_m, covariance, misfit + across, told)


def _travel_s(away_m: Array, spread_m2: Array, medium: Medium) -> tuple[float, float]:
    """From the event to an observer at the zero of the plane, and its standard deviation from place and medium. [s]"""
    time_s, by_place, by_medium = travel([*away_m, 0.0], np.zeros(3), medium)
    place, speed = by_place[:2], by_medium
    sigmas = np.array([medium.speed_sigma_m_s, medium.wind_sigma_m_s, medium.wind_sigma_m_s])
    return float(time_s), math.sqrt(float(place @ spread_m2 @ place + ((speed * sigmas) ** 2).sum()))


def _grown(
    event: Fused,
    noticed: Noticed,
    later_ns: int,
    t_sigma_s: float,
    moved_m: Array,
    covariance: Array,
    misfit: float,
    told: str,
) -> Fused:
    lat_deg, lon_deg, _ = wgs84.geodetic_from_enu([*moved_m, 0.0], (event.place[1], event.place[0], 0.0))
    return Fused(
        event.t_ns + later_ns,
        t_sigma_s,
        (float(lon_deg), float(lat_deg)) if moved_m.any() else event.place,
        (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        (*event.noticed, noticed),
        event.misfit + misfit,
        (*event.told, told),
    )


def offset_m(origin: LonLat, place: LonLat) -> Array:
    """East and north of a place from another. shape (2,) [m]"""
    return wgs84.enu_from_geodetic(place[1], place[0], 0.0, (origin[1], origin[0], 0.0))[:2]


def square(covariance: tuple[float, float, float]) -> Array:
    """The matrix of east-east, east-north, north-north. shape (2, 2)"""
    xx, xy, yy = covariance
    return np.array([[xx, xy], [xy, yy]])
