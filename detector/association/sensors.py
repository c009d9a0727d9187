"""Where the sensors stand that listen together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import wgs84
from detector.model import read_only


@dataclass(frozen=True, slots=True, eq=False)
class Sensors:
    """Sensors of one network in a plane of their own.

    channels: their names, as triggers have them. shape (S,)
    position_m: x east, y north, z up. shape (S, 3) [m]

    Raises:
        ValueError: a channel twice, shapes that do not fit, or a position that is not finite.
    """

    channels: tuple[str, ...]
    position_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        position = np.asarray(self.position_m, np.float64)
        if position.shape != (len(self.channels), 3) or not np.isfinite(position).all():
            raise ValueError(
                f"position_m: allowed are {len(self.channels)} finite rows of x, y, z, not {position.shape}"
            )
        twice = sorted({name for name in self.channels if self.channels.count(name) > 1})
        if twice:
            raise ValueError(f"channels: {', '.join(twice)} twice; each sensor needs a name of its own")
        object.__setattr__(self, "position_m", read_only(position.copy()))

    @classmethod
    def on_earth(cls, channels: tuple[str, ...], positions: ArrayLike, origin: tuple[float, float]) -> Sensors:
        """Sensors given by longitude, latitude and height. shape (S, 3) [deg, deg, m]

        Args:
            origin: longitude and latitude of the plane's zero; within some 50 km of the sensors. [deg]
        """
        lon_deg, lat_deg, height_m = np.asarray(positions, np.float64).reshape(-1, 3).T
        zero = wgs84.ecef_from_geodetic(origin[1], origin[0], 0.0)
        enu = (wgs84.ecef_from_geodetic(lat_deg, lon_deg, 0.0) - zero) @ wgs84.enu_axes(origin[1], origin[0]).T
        return cls(channels, np.column_stack([enu[:, :2], height_m]))
