"""One event that several sensors noticed, or one reading that stands out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incident:
    """One event put together from the triggers of several sensors.

    t_ns: when it happened at its source (not when it was heard); where the distance is not known, when the first
        sensor heard it. [ns, UTC]
    t_sigma_ns: standard deviation of it; None where the distance is not known; of a sensor alone, of its onset.
        [ns]
    position_m: x (east), y (north) in the plane of the sensors' local coordinates; None where it could not be placed.
    covariance_m2: xx, xy, yy. [m2]; None where position_m is.
    either_position_m: two places of which nothing tells which; None where there is one, or none.
    bearing_deg: from `observer`, clockwise from north, where only a direction is known.
    bearing_sigma_deg: standard deviation of it, or of either of two. [deg]
    either_bearing_deg: two directions of which nothing tells which; None where there is one, or none.
    observer: x, y of the place the bearing starts from; None where the sensors' places are not known. [m]
    sensors: channels that noticed it, by arrival.
    arrivals_ns: when each of them did. [ns, UTC]
    residuals_s: arrival less what place, time and speed give, for each; NaN where there is no place. [s]
    score: logarithm of how much likelier one source is than chance; NaN where the sensors' places are not known. [nats]
        Of a reading ("level") -log10 of its probability by its own past.
    kind: "impulse", "level" and their like; what the triggers agree on.
    """

    source_id: str
    t_ns: int
    t_sigma_ns: float | None
    position_m: tuple[float, float] | None
    covariance_m2: tuple[float, float, float] | None
    either_position_m: tuple[tuple[float, float], tuple[float, float]] | None
    bearing_deg: float | None
    bearing_sigma_deg: float | None
    either_bearing_deg: tuple[float, float] | None
    observer: tuple[float, float] | None
    sensors: tuple[str, ...]
    arrivals_ns: tuple[int, ...]
    residuals_s: tuple[float, ...]
    score: float
    kind: str = "impulse"
