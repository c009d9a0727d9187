"""The sun: one direction for shading and for every shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sun:
    """Direction towards the sun, clockwise from north and above the horizon. [deg]"""

    azimuth_deg: float
    elevation_deg: float

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vector towards the sun, east, north, up."""
        azimuth, elevation = np.radians([self.azimuth_deg, self.elevation_deg])
        level = np.cos(elevation)
        return np.array([level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation)])

    def offset_m(self, height_m: float) -> NDArray[np.float64]:
        """How far from its foot the shadow of a point at a height falls, east and north. [m]"""
        toward = self.direction
        return np.asarray(-toward[:2] / toward[2] * height_m)

    def shadow(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 3) thrown onto the ground. shape (..., 3)"""
        toward = self.direction
        return np.asarray(points_m - points_m[..., 2:] / toward[2] * toward)


SUN = Sun(azimuth_deg=128.0, elevation_deg=43.0)
