"""A camera sees the flash, a microphone hears the bang: direction from the one, distance from the delay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.association.travel import Medium, travel

# The way along the camera's ray is looked through in so many steps, each of which holds one crossing at most.
_STEPS = 400
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """A flash in a camera's picture.

    observer_m: x, y, z of the camera. [m]
    bearing_deg: to the flash, clockwise from north. bearing_sigma_deg: standard deviation of it.
    t_s, t_sigma_s: when it was seen, from a zero common with the bang; light takes 3 us a kilometre: nothing.
    """

    observer_m: tuple[float, float, float]
    bearing_deg: float
    bearing_sigma_deg: float
    t_s: float
    t_sigma_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The bang at a microphone. sensor_m: x, y, z. [m] t_s, t_sigma_s: its onset. [s]"""

    sensor_m: tuple[float, float, float]
    t_s: float
    t_sigma_s: float


@dataclass(frozen=True, slots=True)
class FlashPlace:
    """position_m: x, y. covariance_m2: xx, xy, yy. [m2] range_m: from the camera. [m]"""

    position_m: tuple[float, float]
    covariance_m2: tuple[float, float, float]
    range_m: float


def flash_to_bang(seen: Seen, heard: Heard, medium: Medium, *, max_range_m: float = 20_000.0) -> list[FlashPlace]:
    """Places on the camera's ray from which sound takes the delay to the microphone, nearest first.

    Args:
        max_range_m: the ray is followed so far. [m]

    Returns:
        None where the delay fits no place; two where the ray enters and leaves the circle around a microphone that
        stands beside it; else one. The covariance has the errors of bearing, both times, speed and wind.

    Raises:
        ValueError: a standard deviation that is not above 0.

    Valid on level ground: the source is taken as high as the microphone. Where the ray only touches the circle, the
    delay tells nothing of the range, and the ellipse is as long as that.
    """
    if min(seen.bearing_sigma_deg, seen.t_sigma_s, heard.t_sigma_s) <= 0:
        raise ValueError("bearing_sigma_deg, t_sigma_s: allowed is above 0")
    delay_s = heard.t_s - seen.t_s
    bearing = math.radians(seen.bearing_deg)
    ray = np.array([math.sin(bearing), math.cos(bearing)])
    origin, sensor = np.array(seen.observer_m[:2]), np.array(heard.sensor_m)

    def ahead_s(range_m: NDArray[np.float64]) -> NDArray[np.float64]:
        source = np.column_stack([origin + range_m[:, None] * ray, np.full(len(range_m), sensor[2])])
        return travel(source, sensor, medium).time_s - delay_s

    steps = np.linspace(0.0, max_range_m, _STEPS + 1)
    # The time to the microphone first falls along the ray, then rises: both sides of the nearest place are looked at.
    nearest = float(np.clip((sensor[:2] - origin) @ ray, 0.0, max_range_m))
    steps = np.unique(np.append(steps, nearest))
    sign = ahead_s(steps) > 0
    places = []
    for k in np.flatnonzero(sign[1:] != sign[:-1]):
        low, high = float(steps[k]), float(steps[k + 1])
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if bool(ahead_s(np.array([middle]))[0] > 0) == bool(sign[k]):
                low = middle
            else:
                high = middle
        places.append(_place(seen, heard, medium, ray, low))
    return places


def _place(seen: Seen, heard: Heard, medium: Medium, ray: NDArray[np.float64], range_m: float) -> FlashPlace:
    """The place at this range, and its covariance from how bearing and delay change with it."""
    position = np.array(seen.observer_m[:2]) + range_m * ray
    _, by_place, by_medium = travel([*position, heard.sensor_m[2]], heard.sensor_m, medium)
    across = np.array([ray[1], -ray[0]]) / max(range_m, 1e-3)
    sigmas = np.array([medium.speed_sigma_m_s, medium.wind_sigma_m_s, medium.wind_sigma_m_s])
    delay_variance = seen.t_sigma_s**2 + heard.t_sigma_s**2 + float(((by_medium * sigmas) ** 2).sum())
    rows = np.stack([across / math.radians(seen.bearing_sigma_deg), by_place[:2] / math.sqrt(delay_variance)])
    covariance = np.linalg.inv(rows.T @ rows + 1e-12 * np.eye(2))
    return FlashPlace(
        (float(position[0]), float(position[1])),
        (float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        range_m,
    )
