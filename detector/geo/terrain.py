"""The ground: a level surface or an elevation grid, and where rays meet it.

"Level" means constant height above the datum, so the surface curves with the Earth: 8 m at 10 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import wgs84
from detector.model import CameraPose, Datum

# A ray flatter than this against the surface (0.06 mrad) is tangent: its range is rounding noise.
_TANGENT = 6e-5
_HALF = 0.5 + 1e-9  # a place on the grid's border is on the grid, whatever the last bit says
_MARCH_SAMPLES = 1_000_000
_MARCH_STEPS = 20_000
_BISECTIONS = 32


class Hits(NamedTuple):
    """Where rays first meet the ground; NaN where they do not.

    range_m: along the ray, from the camera. shape (N,)
    lat_deg, lon_deg: shape (N,)
    alt_m: of the ground there, in the terrain's datum. shape (N,)
    normal_enu: unit normal of the ground in the local axes of that place, upwards. shape (N, 3)
    """

    range_m: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    alt_m: NDArray[np.float64]
    normal_enu: NDArray[np.float64]


class Terrain(Protocol):
    """What a ground must be able to say."""

    @property
    def datum(self) -> Datum:
        """What its heights are counted from."""
        ...

    def altitude(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
        """Height of the ground; NaN where unknown. shape (N,) [m in datum]"""
        ...

    def intersect(self, origin: tuple[float, float, float], rays_enu: ArrayLike, max_range_m: float = np.inf) -> Hits:
        """First meeting of rays with the ground; see `Hits`."""
        ...


@dataclass(frozen=True, slots=True)
class Plane:
    """Ground at one height above the datum everywhere.

    alt_m: NaN where it is not known; then nothing is ever hit. [m]
    """

    alt_m: float
    datum: Datum = Datum.ELLIPSOID

    def altitude(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
        """`alt_m` at every place (NaN at a NaN place). shape (N,) [m]"""
        return np.asarray(0.0 * (np.asarray(lat_deg, np.float64) + np.asarray(lon_deg, np.float64)) + self.alt_m)

    def intersect(self, origin: tuple[float, float, float], rays_enu: ArrayLike, max_range_m: float = np.inf) -> Hits:
        """Where rays meet the level surface.

        Args:
            origin: latitude, longitude, height of the camera in `datum`. [deg, deg, m]
            rays_enu: unit directions in the ENU axes there. shape (N, 3)
            max_range_m: farther hits count as none. [m]

        Returns:
            NaN for rays above the horizon or beyond max_range_m, and for all of them from a camera that is not
            above the surface.
        """
        origin_ecef = wgs84.ecef_from_geodetic(*origin)
        rays = _ecef_rays(origin, rays_enu)
        ranges = _range_to_level(origin_ecef, rays, self.alt_m)
        hits = _hits(origin_ecef, rays, np.where(ranges <= max_range_m, ranges, np.nan))
        # Newton leaves 1e-9 m; the surface's own height is exact.
        return hits._replace(alt_m=np.asarray(0.0 * hits.alt_m + self.alt_m))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Ground heights on a regular grid of latitudes and longitudes, bilinear between its points.

    south_deg, west_deg: of the first grid point. [deg]
    step_lat_deg, step_lon_deg: > 0. [deg]
    heights_m: row 0 is the southernmost; NaN = unknown, nothing is hit there. shape (rows, columns), each >= 2 [m]
    """

    south_deg: float
    west_deg: float
    step_lat_deg: float
    step_lon_deg: float
    heights_m: NDArray[np.float64]
    datum: Datum

    def __post_init__(self) -> None:
        if self.heights_m.ndim != 2 or min(self.heights_m.shape) < 2:
            raise ValueError(f"heights of shape {self.heights_m.shape}: at least 2 rows and 2 columns are needed")
        if not (self.step_lat_deg > 0 and self.step_lon_deg > 0):
            raise ValueError(f"steps {self.step_lat_deg}, {self.step_lon_deg} deg: both must be positive")
        if not np.isfinite(self.heights_m).any():
            raise ValueError("the elevation grid holds no height at all")

    def altitude(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
        """Height by bilinear interpolation; NaN outside the grid or beside an unknown point. shape (N,) [m]"""
        return self._surface(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))[0]

    def normals_enu(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
        """Unit normals of the ground, upwards, in local east-north-up. shape (N, 3)"""
        lat, lon = np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)
        _, per_row, per_column = self._surface(lat, lon)
        east_m, north_m = wgs84.metres_per_degree(lat)
        slope_e, slope_n = per_column / (self.step_lon_deg * east_m), per_row / (self.step_lat_deg * north_m)
        normal = np.stack([-slope_e, -slope_n, np.ones_like(slope_e)], -1)
        return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True))

    def intersect(self, origin: tuple[float, float, float], rays_enu: ArrayLike, max_range_m: float = np.inf) -> Hits:
        """Where rays first meet the ground, as `Plane.intersect`; NaN also where they leave the grid.

        Steps of half a grid cell between the levels of the highest and the lowest grid point, then bisection to
        1e-9 of a step: a crest narrower than half a cell can be missed, which bilinear ground hardly has.
        """
        origin_ecef = wgs84.ecef_from_geodetic(*origin)
        rays = _ecef_rays(origin, rays_enu)
        ranges = np.full(len(rays), np.nan)
        start, stop = self._stretch(origin, origin_ecef, rays, max_range_m)
        todo = np.flatnonzero(start < stop)
        if origin[2] > self._ground_below(origin) and len(todo):
            steps = self._steps(origin[0], float((stop - start)[todo].max()))
            for part in np.array_split(todo, -(-len(todo) * steps // _MARCH_SAMPLES)):
                ranges[part] = self._march(origin_ecef, rays[part], start[part], stop[part], steps)
        hits = _hits(origin_ecef, rays, ranges)
        return hits._replace(normal_enu=self.normals_enu(hits.lat_deg, hits.lon_deg))

    def _ground_below(self, origin: tuple[float, float, float]) -> float:
        """Height under the camera, or the lowest there is where the camera flies outside the grid."""
        ground = float(self.altitude(origin[0], origin[1]))
        return ground if np.isfinite(ground) else float(np.nanmin(self.heights_m)) - 1.0

    def _stretch(
        self,
        origin: tuple[float, float, float],
        origin_ecef: NDArray[np.float64],
        rays: NDArray[np.float64],
        max_range_m: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ranges between which a ray may meet the ground; a little is added to either end. shape (N,) each"""
        top, bottom = float(np.nanmax(self.heights_m)) + 0.1, float(np.nanmin(self.heights_m)) - 0.1
        across_m = self._diagonal_m() + self._distance_m(origin)
        farthest = min(max_range_m, across_m)
        start = _range_to_level(origin_ecef, rays, top) if origin[2] > top else 0.0 * rays[:, 0]
        floor = _range_to_level(origin_ecef, rays, bottom)
        stop = np.where(np.isfinite(floor), np.minimum(floor, farthest), farthest)
        return start, stop

    def _steps(self, lat_deg: float, length_m: float) -> int:
        """Number of samples on a stretch so that they lie half a cell apart."""
        east_m, north_m = wgs84.metres_per_degree(lat_deg)
        half_cell_m = 0.5 * float(min(self.step_lon_deg * east_m, self.step_lat_deg * north_m))
        return int(np.clip(np.ceil(length_m / half_cell_m) + 1, 2, _MARCH_STEPS))

    def _march(
        self,
        origin_ecef: NDArray[np.float64],
        rays: NDArray[np.float64],
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        steps: int,
    ) -> NDArray[np.float64]:
        """Range of the first sample pair above and below ground, refined by bisection. shape (N,)"""
        ranges = start[:, None] + (stop - start)[:, None] * np.linspace(0, 1, steps)
        clearance = self._clearance(origin_ecef, rays[:, None, :], ranges)
        falls = (clearance[:, :-1] > 0) & (clearance[:, 1:] <= 0)
        first = falls.argmax(1)
        rows = np.arange(len(rays))
        low, high = ranges[rows, first], ranges[rows, first + 1]
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            above = self._clearance(origin_ecef, rays, middle) > 0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(falls.any(1), high, np.nan)

    def _clearance(
        self, origin_ecef: NDArray[np.float64], rays: NDArray[np.float64], ranges: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Height of points on rays above the ground under them. [m]"""
        lat, lon, alt = wgs84.geodetic_from_ecef(origin_ecef + rays * ranges[..., None])
        return np.asarray(alt - self.altitude(lat, lon))

    def _surface(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Height [m] and its change per row and per column [m] at places."""
        rows, columns = self.heights_m.shape
        middle = self.west_deg + 0.5 * (columns - 1) * self.step_lon_deg
        column = 0.5 * (columns - 1) + wgs84.wrapped_deg(lon - middle) / self.step_lon_deg
        row = (lat - self.south_deg) / self.step_lat_deg
        outside = ~((np.abs(row / (rows - 1) - 0.5) <= _HALF) & (np.abs(column / (columns - 1) - 0.5) <= _HALF))
        row = np.clip(np.where(outside, 0.0, row), 0.0, rows - 1.0)
        column = np.clip(np.where(outside, 0.0, column), 0.0, columns - 1.0)
        r = np.minimum(row.astype(np.intp), rows - 2)
        c = np.minimum(column.astype(np.intp), columns - 2)
        v, u = row - r, column - c
        h = self.heights_m
        h00, h01, h10, h11 = h[r, c], h[r, c + 1], h[r + 1, c], h[r + 1, c + 1]
        south, north = h00 + u * (h01 - h00), h10 + u * (h11 - h10)
        height = np.where(outside, np.nan, south + v * (north - south))
        return height, north - south, (h01 - h00) * (1 - v) + (h11 - h10) * v

    def _diagonal_m(self) -> float:
        rows, columns = self.heights_m.shape
        north_deg, east_deg = (rows - 1) * self.step_lat_deg, (columns - 1) * self.step_lon_deg
        return float(np.hypot(north_deg, east_deg) * 111_700.0)

    def _distance_m(self, origin: tuple[float, float, float]) -> float:
        """Upper bound of the distance from the camera to the grid's south-west point. [m]"""
        away_deg = np.hypot(origin[0] - self.south_deg, wgs84.wrapped_deg(origin[1] - self.west_deg))
        return float(away_deg * 111_700.0 + abs(origin[2]))


def datum_problem(pose: CameraPose, terrain: Terrain) -> str | None:
    """One sentence where the heights of camera and ground are counted from different things, else None."""
    if pose.datum == terrain.datum:
        return None
    return (
        f"the camera's height is above {_DATUM_WORDS[pose.datum]}, the ground's above "
        f"{_DATUM_WORDS[terrain.datum]}: they cannot be compared"
    )


_DATUM_WORDS = {
    Datum.ELLIPSOID: "the WGS-84 ellipsoid",
    Datum.MSL: "mean sea level",
    Datum.TAKEOFF: "the take-off place",
}


def _ecef_rays(origin: tuple[float, float, float], rays_enu: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(np.asarray(rays_enu, np.float64).reshape(-1, 3) @ wgs84.enu_axes(origin[0], origin[1]))


def _range_to_level(origin: NDArray[np.float64], rays: NDArray[np.float64], alt_m: float) -> NDArray[np.float64]:
    """Range to the surface of constant height, from above; NaN where it is missed. shape (N,) [m]

    The ellipsoid with both half axes longer by alt_m differs from that surface by at most alt_m x 6e-6 (6 cm at
    10 km); two Newton steps on the exact height take this away.
    """
    axes = np.array([wgs84.SEMI_MAJOR_M, wgs84.SEMI_MAJOR_M, wgs84.SEMI_MINOR_M]) + alt_m
    p, q = origin / axes, rays / axes
    a, b, c = (q * q).sum(-1), q @ p, float(p @ p) - 1.0
    discriminant = b * b - a * c
    meets = (discriminant > 0) & (b < 0) & (c > 0)
    # c / (-b + root) is the smaller root without subtracting nearly equal numbers.
    ranges = np.where(meets, c / np.where(meets, -b + np.sqrt(np.where(meets, discriminant, 1.0)), 1.0), np.nan)
    for _ in range(2):
        lat, lon, alt = wgs84.geodetic_from_ecef(origin + rays * ranges[:, None])
        climb = np.einsum("ni,ni->n", rays, wgs84.up(lat, lon))
        ranges = ranges - (alt - alt_m) / np.where(climb < -_TANGENT, climb, np.nan)
    return np.where(ranges > 1e-6, ranges, np.nan)  # nearer is a camera lying on the ground


def _hits(origin: NDArray[np.float64], rays: NDArray[np.float64], ranges: NDArray[np.float64]) -> Hits:
    lat, lon, alt = wgs84.geodetic_from_ecef(origin + rays * ranges[:, None])
    up = np.where(np.isfinite(ranges)[:, None], (0.0, 0.0, 1.0), np.nan)
    return Hits(ranges, lat, lon, alt, up)
