"""One short event as one source noticed it: what is compared across sources."""

from __future__ import annotations

import math
from dataclasses import dataclass

from detector.association.sensors import lon_lat
from detector.association.travel import Medium
from detector.model import Incident, Means, Violation
from detector.timebase import NS_PER_S

LonLat = tuple[float, float]

# A place is sought within reach of the sensors, and may come out a little beyond.
BEYOND_REACH = 1.5


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries waves to a network of sensors, and how far it is listened. [m]"""

    medium: Medium
    reach_m: float

    @property
    def longest_s(self) -> float:
        """So long a wave is under way at most, against the wind and from a little beyond the reach. [s]"""
        return BEYOND_REACH * self.reach_m / (self.medium.speed_m_s - math.hypot(*self.medium.wind_m_s))


@dataclass(frozen=True, slots=True)
class Noticed:
    """A light seen, an incident heard by several sensors, an onset at one sensor alone.

    violation: the possible violation that counts it, as it was when this was noticed; None where it is in none: then
        it can only support what others have placed.
    t_ns, t_sigma_s: when it happened, with its standard deviation; without a place, when it arrived at `observer`.
        [ns, UTC], [s]
    places: longitude and latitude; one, or two of which nothing tells which; none where it only arrived. [deg]
    covariance_m2: east-east, east-north, north-north of the one place; None of two or none. [m2]
    observer: longitude and latitude of where it arrived, at height 0; None where it has a place. [deg]
    bearings_deg: directions from `observer`, clockwise from north; one, or two of which nothing tells which.
    bearing_sigma_deg: standard deviation of each of them. [deg]
    carrier: what carried it to `observer`.
    """

    source_id: str
    means: Means
    violation: Violation | None
    t_ns: int
    t_sigma_s: float
    places: tuple[LonLat, ...] = ()
    covariance_m2: tuple[float, float, float] | None = None
    observer: LonLat | None = None
    bearings_deg: tuple[float, ...] = ()
    bearing_sigma_deg: float | None = None
    carrier: Carrier | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A source has nothing more to say of events that happened before this time. [ns, UTC]"""

    source_id: str
    t_ns: int


def heard(
    incident: Incident, origin: LonLat, carrier: Carrier, means: Means, violation: Violation | None
) -> Noticed | None:
    """An incident of a network, or of a sensor alone, put on the map; None where it has neither place nor observer.

    Args:
        origin: longitude and latitude of the zero of the sensors' plane. [deg]
    """
    places = incident.either_position_m or ((incident.position_m,) if incident.position_m is not None else ())
    if places:
        return Noticed(
            incident.source_id,
            means,
            violation,
            incident.t_ns,
            (incident.t_sigma_ns or 0.0) / NS_PER_S,
            tuple(_on_map(place, origin) for place in places),
            incident.covariance_m2,
        )
    if incident.observer is None:
        return None
    # The first sensor that heard it may stand on the near side of the middle: half of how long they took together.
    apart_ns = 0.5 * (max(incident.arrivals_ns) - min(incident.arrivals_ns))
    one = (incident.bearing_deg,) if incident.bearing_deg is not None else ()
    return Noticed(
        incident.source_id,
        means,
        violation,
        incident.t_ns,
        max(apart_ns, incident.t_sigma_ns or 0.0) / NS_PER_S,
        observer=_on_map(incident.observer, origin),
        bearings_deg=incident.either_bearing_deg or one,
        bearing_sigma_deg=incident.bearing_sigma_deg,
        carrier=carrier,
    )


def _on_map(place_m: tuple[float, float], origin: LonLat) -> LonLat:
    lon_deg, lat_deg = lon_lat(place_m, origin).tolist()
    return lon_deg, lat_deg
