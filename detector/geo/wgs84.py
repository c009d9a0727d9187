"""WGS-84: geodetic, earth-centred (ECEF) and local east-north-up (ENU) coordinates, closed form, vectorised.

Heights are above the ellipsoid. Heights above mean sea level may be passed where only differences over some
kilometres matter: 50 m of geoid change a length by 8 parts in a million.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
E2 = FLATTENING * (2 - FLATTENING)
SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)


def ecef_from_geodetic(lat_deg: ArrayLike, lon_deg: ArrayLike, alt_m: ArrayLike) -> NDArray[np.float64]:
    """Earth-centred x, y, z. The three broadcast. shape (..., 3) [m]"""
    lat, lon = np.radians(np.asarray(lat_deg, np.float64)), np.radians(np.asarray(lon_deg, np.float64))
    alt = np.asarray(alt_m, np.float64)
    n = SEMI_MAJOR_M / np.sqrt(1 - E2 * np.sin(lat) ** 2)
    x, y = (n + alt) * np.cos(lat) * np.cos(lon), (n + alt) * np.cos(lat) * np.sin(lon)
    return np.stack(np.broadcast_arrays(x, y, (n * (1 - E2) + alt) * np.sin(lat)), -1)


def geodetic_from_ecef(
    ecef_m: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Latitude [deg], longitude in (-180, 180] [deg] and height above the ellipsoid [m] of x, y, z. shape (..., 3)

    Valid outside the ellipsoid's evolute, 43 km around the centre. At a pole the longitude is 0.
    Source: Vermeille 2002, J. Geodesy 76, p. 451: closed form, better than 1e-9 m near the surface.
    """
    e = np.asarray(ecef_m, np.float64)
    x, y, z = e[..., 0], e[..., 1], e[..., 2]
    e4 = E2 * E2
    axis = np.hypot(x, y)
    p, q = (axis / SEMI_MAJOR_M) ** 2, (1 - E2) * (z / SEMI_MAJOR_M) ** 2
    r = (p + q - e4) / 6
    s = e4 * p * q / (4 * r**3)
    t = np.cbrt(1 + s + np.sqrt(s * (2 + s)))
    u = r * (1 + t + 1 / t)
    v = np.sqrt(u * u + e4 * q)
    w = E2 * (u + v - q) / (2 * v)
    k = np.sqrt(u + v + w * w) - w
    d = k * axis / (k + E2)
    lat = np.arctan2(z, d)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), (k + E2 - 1) / k * np.hypot(d, z)


def enu_axes(lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
    """ENU from ECEF as a rotation: its rows are the local east, north and up. shape (..., 3, 3)"""
    lat, lon = np.radians(np.asarray(lat_deg, np.float64)), np.radians(np.asarray(lon_deg, np.float64))
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    rows = (
        (-sin_lon, cos_lon, 0.0 * (lat + lon)),
        (-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat),
        (cos_lat * cos_lon, cos_lat * sin_lon, sin_lat),
    )
    axes = np.empty((*np.broadcast_shapes(lat.shape, lon.shape), 3, 3))  # a third of the time of np.stack
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            axes[..., i, j] = value
    return axes


def up(lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
    """The last row of `enu_axes` alone. shape (..., 3)"""
    lat, lon = np.radians(np.asarray(lat_deg, np.float64)), np.radians(np.asarray(lon_deg, np.float64))
    out = np.empty((*np.broadcast_shapes(lat.shape, lon.shape), 3))  # as in `enu_axes`
    out[..., 0], out[..., 1], out[..., 2] = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    return out


def enu_from_geodetic(
    lat_deg: ArrayLike, lon_deg: ArrayLike, alt_m: ArrayLike, origin: tuple[float, float, float]
) -> NDArray[np.float64]:
    """East, north, up of places seen from `origin` (lat [deg], lon [deg], height [m]). shape (..., 3) [m]"""
    offset = ecef_from_geodetic(lat_deg, lon_deg, alt_m) - ecef_from_geodetic(*origin)
    return np.asarray(offset @ enu_axes(origin[0], origin[1]).T)


def geodetic_from_enu(
    enu_m: ArrayLike, origin: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Latitude [deg], longitude [deg], height [m] of east, north, up from `origin`. shape (..., 3)"""
    ecef = ecef_from_geodetic(*origin) + np.asarray(enu_m, np.float64) @ enu_axes(origin[0], origin[1])
    return geodetic_from_ecef(ecef)


def metres_per_degree(lat_deg: ArrayLike, alt_m: ArrayLike = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Length of a degree of longitude (east) and of latitude (north) at a latitude. [m/deg]

    The local linear scale: from the radii of curvature, exact for small differences.
    """
    lat, alt = np.radians(np.asarray(lat_deg, np.float64)), np.asarray(alt_m, np.float64)
    w2 = 1 - E2 * np.sin(lat) ** 2
    east = (SEMI_MAJOR_M / np.sqrt(w2) + alt) * np.cos(lat)
    north = SEMI_MAJOR_M * (1 - E2) / w2**1.5 + alt
    return np.radians(east), np.radians(north)


def wrapped_deg(difference_deg: ArrayLike) -> NDArray[np.float64]:
    """A difference of longitudes (or headings) as the short way round, in [-180, 180). [deg]"""
    return (np.asarray(difference_deg, np.float64) + 180.0) % 360.0 - 180.0
