"""Incidents as an associator gives them out."""

from __future__ import annotations

from detector.model import Incident
from detector.timebase import NS_PER_S

START_NS = 1_700_000_000 * NS_PER_S


def incident(
    t_s, place=None, *, sigma_m=10.0, either=None, bearing=None, bearings=None, kind="impulse", sensors=("a", "b")
):
    t_ns = START_NS + round(t_s * NS_PER_S)
    directed = bearing is not None or bearings is not None
    return Incident(
        source_id="mics",
        t_ns=t_ns,
        t_sigma_ns=None if directed else 1e7,
        position_m=place,
        covariance_m2=None if place is None else (sigma_m**2, 0.0, sigma_m**2),
        either_position_m=either,
        bearing_deg=bearing,
        bearing_sigma_deg=2.0 if directed else None,
        either_bearing_deg=bearings,
        observer=(0.0, 0.0),
        sensors=sensors,
        arrivals_ns=(t_ns, t_ns + NS_PER_S // 10),
        residuals_s=(0.0, 0.0),
        score=30.0,
        kind=kind,
    )
