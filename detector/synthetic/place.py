"""Where an invented scene lies on the Earth: a tangent plane with metres east, north and up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import wgs84

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """The tangent plane of a scene. Its ground is this plane: exact homographies need a plane, not an ellipsoid.

    Within 800 m of the origin the plane lies less than 6 cm above the surface of constant ellipsoid height.

    lat_deg, lon_deg: of the origin. [deg]
    ground_m: height of the ground above the ellipsoid at the origin. [m]
    geoid_m: invented separation, ellipsoid height = height above mean sea level + geoid_m. [m]
    """

    lat_deg: float
    lon_deg: float
    ground_m: float
    geoid_m: float

    @property
    def origin(self) -> tuple[float, float, float]:
        """Latitude, longitude, height above the ellipsoid."""
        return self.lat_deg, self.lon_deg, self.ground_m

    def geodetic(self, enu_m: ArrayLike) -> tuple[Array, Array, Array]:
        """Latitude [deg], longitude [deg] and height above the ellipsoid [m] of points. shape (..., 3)"""
        ecef = np.asarray(enu_m, np.float64) @ wgs84.enu_axes(self.lat_deg, self.lon_deg)
        return wgs84.geodetic_from_ecef(ecef + wgs84.ecef_from_geodetic(*self.origin))

    def lon_lat(self, east_north_m: ArrayLike) -> Array:
        """Longitude, latitude of points on the ground, as GeoJSON has them. shape (N, 2) -> (N, 2) [deg]"""
        flat = np.asarray(east_north_m, np.float64).reshape(-1, 2)
        lat, lon, _ = self.geodetic(np.column_stack([flat, np.zeros(len(flat))]))
        return np.column_stack([lon, lat])

    def axes_at(self, enu_m: ArrayLike) -> Array:
        """Rotation from the scene's axes to the ENU axes at a point: 0.009 deg a kilometre. shape (3, 3)"""
        lat, lon, _ = self.geodetic(enu_m)
        return np.asarray(wgs84.enu_axes(lat, lon) @ wgs84.enu_axes(self.lat_deg, self.lon_deg).T)


# Open grassland far from any border; every name on the map is invented.
VALE = Place(lat_deg=42.3, lon_deg=-99.5, ground_m=742.0, geoid_m=-24.0)
