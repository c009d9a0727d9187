"""How long a wave takes from its source to a sensor: sound in moving air, and waves in the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_KELVIN = 273.15
# Two points nearer than this are one place: the direction between them is not asked for.
_NEAR_M = 1e-6


@dataclass(frozen=True, slots=True)
class Medium:
    """What carries a wave: how fast, and how well that is known.

    speed_m_s: through the medium at rest. [m/s]
    wind_m_s: east and north components of the medium's own motion (where the wind blows *to*). [m/s]
    speed_sigma_m_s: standard deviation of the speed. [m/s]
    wind_sigma_m_s: standard deviation of each of the wind's components. [m/s]

    Raises:
        ValueError: the speed is not above 0, the wind is not slower than it, or a standard deviation is below 0.
    """

    speed_m_s: float
    wind_m_s: tuple[float, float] = (0.0, 0.0)
    speed_sigma_m_s: float = 0.0
    wind_sigma_m_s: float = 0.0

    def __post_init__(self) -> None:
        if not math.hypot(*self.wind_m_s) < self.speed_m_s:
            raise ValueError(f"speed_m_s={self.speed_m_s}, wind_m_s={self.wind_m_s}: allowed is a wind below the speed")
        if min(self.speed_sigma_m_s, self.wind_sigma_m_s) < 0:
            raise ValueError(f"{self}: standard deviations are 0 or more")


def sound_speed_m_s(temperature_c: float) -> float:
    """Speed of sound in still air. [m/s]

    Args:
        temperature_c: of the air. [deg C]

    Raises:
        ValueError: the temperature is not above -273.15.

    Valid from -20 to 50 deg C; dry air: at 20 deg C saturated air is 0.4 % faster (Cramer 1993, JASA 93, p. 2510),
    at 40 deg C 1.2 %.
    Source: ISO 9613-1:1993, 343.2 m/s at 20 deg C and the square root of the absolute temperature.
    """
    if not temperature_c > -_KELVIN:
        raise ValueError(f"temperature_c={temperature_c}: allowed is above -273.15")
    return 343.2 * math.sqrt((temperature_c + _KELVIN) / 293.15)


def air(
    temperature_c: float,
    wind_speed_m_s: float = 0.0,
    wind_from_deg: float = 0.0,
    *,
    temperature_sigma_k: float = 3.0,
    wind_sigma_m_s: float = 2.0,
) -> Medium:
    """The air as a weather report tells it.

    Args:
        temperature_c: of the air. [deg C]
        wind_speed_m_s, wind_from_deg: as reported: the direction it comes from, clockwise from north. [m/s, deg]
        temperature_sigma_k: standard deviation of the temperature along the paths; 3 K changes the speed by 0.5 %. [K]
        wind_sigma_m_s: of each component. [m/s]
    """
    speed, toward = sound_speed_m_s(temperature_c), math.radians(wind_from_deg + 180.0)
    return Medium(
        speed,
        (wind_speed_m_s * math.sin(toward), wind_speed_m_s * math.cos(toward)),
        speed * temperature_sigma_k / (2 * (temperature_c + _KELVIN)),
        wind_sigma_m_s,
    )


def ground(speed_m_s: float, sigma_share: float = 0.1) -> Medium:
    """The ground, where waves of one kind travel at one speed near the surface.

    Args:
        speed_m_s: some 300 to 800 in loose soil, 1,500 to 6,000 in rock for the first (P) wave. [m/s]
        sigma_share: standard deviation of the speed, as a share of it. [1]

    Source: Telford et al. 1990, Applied Geophysics, chapter 4.
    """
    return Medium(speed_m_s, speed_sigma_m_s=sigma_share * speed_m_s)


class Travel(NamedTuple):
    """Travel times and how they change with the source's place and with the medium.

    time_s: shape (...) [s]
    by_place: with the source's x, y, z. shape (..., 3) [s/m]
    by_medium: with the speed and the wind's east and north components. shape (..., 3) [s per m/s]
    """

    time_s: NDArray[np.float64]
    by_place: NDArray[np.float64]
    by_medium: NDArray[np.float64]


def travel(source_m: ArrayLike, sensor_m: ArrayLike, medium: Medium) -> Travel:
    """Travel times over straight paths, with their derivatives.

    Args:
        source_m: x east, y north, z up. shape (..., 3) [m]
        sensor_m: the same; the two broadcast. shape (..., 3) [m]

    The wave's front is a sphere of radius c t around a centre that the wind has carried from the source by w t, so
    that |s - x - w t| = c t. At the sensor itself the derivatives are 0.

    Valid for one speed and one wind over all paths: the wind's growth with height, which bends paths down the wind
    and leaves shadows up it, is not in it. Slow twin: tests/naive_association.py.
    """
    path = np.asarray(sensor_m, np.float64) - np.asarray(source_m, np.float64)
    wind = np.array([*medium.wind_m_s, 0.0])
    c2, along = medium.speed_m_s**2, path @ wind
    still = c2 - float(wind @ wind)
    time_s = (np.sqrt(along**2 + still * np.einsum("...i,...i->...", path, path)) - along) / still
    front = path - time_s[..., None] * wind
    radius = medium.speed_m_s * time_s
    towards = np.where(radius[..., None] > _NEAR_M, front / np.maximum(radius, _NEAR_M)[..., None], 0.0)
    slowness = 1.0 / (medium.speed_m_s + towards @ wind)
    by_wind = -(time_s * slowness)[..., None] * towards[..., :2]
    return Travel(
        time_s,
        -towards * slowness[..., None],
        np.concatenate([-(time_s * slowness)[..., None], by_wind], -1),
    )
