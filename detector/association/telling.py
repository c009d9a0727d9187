"""What is said of an incident: a place, either of two, a direction, either of two, or none of these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.association.multilateration import Outcome, Places
from detector.model import Incident
from detector.timebase import NS_PER_S


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


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
