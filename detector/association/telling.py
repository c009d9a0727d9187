"""What is said of an incident: a place, either of two, a direction, either of two, or none of these."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.association.multilateration import Outcome, Places
from detector.geo.ellipse import ellipse_95
from detector.model import Incident
from detector.timebase import NS_PER_S, iso_from_ns


def incident_of(
    source_id: str,
    places: Places,
    zero_ns: int,
    *,
    sensors: tuple[str, ...],
    arrivals_ns: tuple[int, ...],
    heard: NDArray[np.int64],
    score: float,
    kind: str,
) -> Incident:
    """The first of `places` as a record; its times count from `zero_ns`, its sensors are named by arrival.

    Args:
        sensors, arrivals_ns, heard: names, arrivals and indices of the sensors that heard it, in the same order.
    """
    order = sorted(range(len(heard)), key=lambda k: (arrivals_ns[k], sensors[k]))
    outcome = places.outcome[0]
    has_place = outcome == Outcome.PLACE
    either = _pair(places.place_m[0]), _pair(places.other_place_m[0])
    bearing, other = float(places.bearing_deg[0]), float(places.other_bearing_deg[0])
    timed = bool(np.isfinite(places.t_s[0]))
    xx, xy, _, yy = places.covariance_m2[0].ravel().tolist()
    return Incident(
        source_id=source_id,
        t_ns=zero_ns + round(float(places.t_s[0]) * NS_PER_S) if timed else min(arrivals_ns),
        t_sigma_ns=float(places.t_sigma_s[0]) * NS_PER_S if timed else None,
        position_m=either[0] if has_place else None,
        covariance_m2=(xx, xy, yy) if has_place else None,
        either_position_m=either if outcome == Outcome.TWO_PLACES else None,
        bearing_deg=bearing if outcome == Outcome.DIRECTION else None,
        bearing_sigma_deg=float(places.bearing_sigma_deg[0]) if np.isfinite(bearing) else None,
        either_bearing_deg=(bearing, other) if outcome == Outcome.TWO_DIRECTIONS else None,
        observer=_pair(places.observer_m[0]),
        sensors=tuple(sensors[k] for k in order),
        arrivals_ns=tuple(arrivals_ns[k] for k in order),
        residuals_s=tuple(float(places.residual_s[0, heard[k]]) for k in order),
        score=score,
        kind=kind,
    )


def placeless(
    source_id: str,
    sensors: tuple[str, ...],
    arrivals_ns: tuple[int, ...],
    kind: str,
    *,
    t_sigma_ns: float | None = None,
    observer: tuple[float, float] | None = None,
    score: float = math.nan,
) -> Incident:
    """An incident of which only the arrivals are known; the sensors by arrival."""
    return Incident(
        source_id=source_id,
        t_ns=arrivals_ns[0],
        t_sigma_ns=t_sigma_ns,
        position_m=None,
        covariance_m2=None,
        either_position_m=None,
        bearing_deg=None,
        bearing_sigma_deg=None,
        either_bearing_deg=None,
        observer=observer,
        sensors=sensors,
        arrivals_ns=arrivals_ns,
        residuals_s=(math.nan,) * len(sensors),
        score=score,
        kind=kind,
    )


def again(before: Incident, now: Incident, t_ns: int) -> Incident:
    """A repetition that too few sensors heard for a place of its own: it came from where the one before came from."""
    return replace(
        now,
        t_ns=t_ns,
        t_sigma_ns=before.t_sigma_ns,
        position_m=before.position_m,
        covariance_m2=before.covariance_m2,
        either_position_m=before.either_position_m,
        bearing_deg=before.bearing_deg,
        bearing_sigma_deg=before.bearing_sigma_deg,
        either_bearing_deg=before.either_bearing_deg,
        observer=before.observer,
    )


def sentence(incident: Incident) -> str:
    """What happened, for a person: place and ellipse, or direction, the second, and which sensors."""
    by = f"{incident.kind} noticed by {len(incident.sensors)} sensors ({', '.join(incident.sensors)})"
    if incident.t_sigma_ns is None:
        when = f"first noticed {iso_from_ns(incident.t_ns, 2)}"
    else:
        when = f"{iso_from_ns(incident.t_ns, 2)} ± {1.96 * incident.t_sigma_ns / NS_PER_S:.2f} s"
    return f"{by}, {when}, {_where(incident)}."


def _where(incident: Incident) -> str:
    if incident.position_m is not None and incident.covariance_m2 is not None:
        xx, xy, yy = incident.covariance_m2
        major, minor, bearing = (float(one[0]) for one in ellipse_95([[xx, xy], [xy, yy]]))
        ellipse = f"95 % ellipse ± {major:.0f} m along {bearing:03.0f} deg, ± {minor:.0f} m across"
        return f"{_at(incident.position_m)}, {ellipse}"
    if incident.either_position_m is not None:
        one, other = incident.either_position_m
        return f"either {_at(one)} or {_at(other)}; the sensors' places do not tell which"
    spread = 1.96 * (incident.bearing_sigma_deg or 0.0)
    start = "" if incident.observer is None else f" from {_at(incident.observer)}"
    if incident.bearing_deg is not None:
        return f"direction {incident.bearing_deg:03.0f} ± {spread:.0f} deg{start}, distance not known"
    if incident.either_bearing_deg is not None:
        first, second = incident.either_bearing_deg
        return f"direction either {first:03.0f} or {second:03.0f} ± {spread:.0f} deg{start}, distance not known"
    return "place not known"


def _at(place_m: tuple[float, float]) -> str:
    return f"{place_m[0]:.0f} m east, {place_m[1]:.0f} m north"


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
