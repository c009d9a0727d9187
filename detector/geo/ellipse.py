"""How sure a place is: 95 % ellipses, and on which side of a border it lies - or that this cannot be decided.

Borders are straight in longitude and latitude, as GeoJSON has them (RFC 7946). Around each fix degrees become metres
by the local linear scale, which keeps straight lines straight; so containment is exact, and distances to the border
are exact to second order in distance over the Earth's radius (1 mm at 100 m, 10 m at 10 km).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.special import owens_t

from detector.geo import wgs84
from detector.geo.region import Region, open_line

# Radius of the 95 % ellipse in standard deviations: the square root of the 0.95 quantile of chi-squared with two
# degrees of freedom, which is -2 ln 0.05.
SIGMAS_95 = float(np.sqrt(-2.0 * np.log(0.05)))
# Farther away than this the probability beyond the border is below 1e-15.
_FAR_SIGMAS = 8.5
# A fix cannot be better than a millimetre; this also keeps the whitening finite.
_FLOOR_M2 = 1e-6
# Nearer to a pole the local linear scale fails.
_POLAR_LAT_DEG = 89.9


class Side(StrEnum):
    """Where a fix lies, seen with its uncertainty."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNDECIDABLE = "undecidable"


class Ellipse(NamedTuple):
    """Ellipses that hold the true place with 95 % probability.

    semi_major_m, semi_minor_m: shape (M,) [m]
    bearing_deg: of the major axis, clockwise from true north, in [0, 180). shape (M,)
    """

    semi_major_m: NDArray[np.float64]
    semi_minor_m: NDArray[np.float64]
    bearing_deg: NDArray[np.float64]


class LineSides(NamedTuple):
    """Fixes beside a line.

    sigmas: distance to the line in standard deviations of the fix, positive left of the line as it is drawn. shape (M,)
    distance_m: the same in metres. shape (M,)
    side: "inside" for left, "outside" for right (the line itself belongs to the right), "undecidable" where the
        95 % ellipse touches the line. shape (M,) str
    abreast: the nearest point of the line is not one of its two ends: only then does a change of sign mean that
        the line itself was crossed, not its prolongation. shape (M,) bool
    """

    sigmas: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    side: NDArray[np.str_]
    abreast: NDArray[np.bool_]


def ellipse_95(covariance_m2: ArrayLike) -> Ellipse:
    """Axes and bearing of the 95 % ellipse of (east, north) covariances. shape (M, 2, 2); NaN passes through."""
    c = np.asarray(covariance_m2, np.float64).reshape(-1, 2, 2)
    ee, en, nn = c[:, 0, 0], c[:, 0, 1], c[:, 1, 1]
    mean, spread = 0.5 * (ee + nn), np.hypot(0.5 * (ee - nn), en)
    bearing = np.degrees(0.5 * np.arctan2(2 * en, nn - ee)) % 180.0
    return Ellipse(
        SIGMAS_95 * np.sqrt(mean + spread), SIGMAS_95 * np.sqrt(np.maximum(mean - spread, 0.0)), bearing % 180.0
    )


def outline_95(lat_deg: float, lon_deg: float, covariance_m2: ArrayLike, points: int = 36) -> NDArray[np.float64]:
    """Longitude and latitude of points on one 95 % ellipse, counter-clockwise, the first repeated. (points + 1, 2)"""
    angle = np.linspace(0.0, 2 * np.pi, points + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    metres = SIGMAS_95 * circle @ _cholesky(np.asarray(covariance_m2, np.float64).reshape(1, 2, 2))[0].T
    east_m, north_m = wgs84.metres_per_degree(lat_deg)
    return np.stack([lon_deg + metres[:, 0] / east_m, lat_deg + metres[:, 1] / north_m], -1)


def side_of_polygon(
    lat_deg: ArrayLike, lon_deg: ArrayLike, covariance_m2: ArrayLike, polygon: Region | shapely.Geometry | ArrayLike
) -> NDArray[np.str_]:
    """Whether fixes lie inside a polygon, outside, or so near its border that it cannot be decided.

    Undecidable means that the 95 % ellipse touches the border. The border belongs to the outside: a fix without
    any uncertainty exactly on it is outside.

    Args:
        lat_deg, lon_deg: shape (M,)
        covariance_m2: of (east, north). shape (M, 2, 2)
        polygon: a prepared `Region` (best where it is used again), a shapely (multi)polygon in lon/lat, or its outline
            as lon, lat. shape (N, 2)

    Returns:
        Values of `Side`, shape (M,). NaN fixes, and those within 0.1 deg of a pole, are undecidable.

    Raises:
        ValueError: not a polygon.
    """
    region, lat, lon, covariance = _given(lat_deg, lon_deg, covariance_m2, polygon)
    inside = region.contains(lat, lon)
    known = _known(lat, lon, covariance)
    away = np.full(len(lat), np.nan)
    start, end = _edges_in_sigmas(region, lat[known], lon[known], covariance[known])
    away[known] = np.sqrt(_nearest(start, end)[0].min(1))
    exact = np.trace(covariance, axis1=1, axis2=2) == 0
    decided = known & ((away > SIGMAS_95) | exact)
    return np.where(decided, np.where(inside, Side.INSIDE.value, Side.OUTSIDE.value), Side.UNDECIDABLE.value)


def probability_inside(
    lat_deg: ArrayLike, lon_deg: ArrayLike, covariance_m2: ArrayLike, polygon: Region | shapely.Geometry | ArrayLike
) -> NDArray[np.float64]:
    """Probability that the true place lies inside a polygon, exact for a Gaussian error.

    Arguments as for `side_of_polygon`. shape (M,) [1]; NaN where the fix is.

    In whitened axes the Gaussian integrates in polar coordinates to a sum over edges: an edge at distance h, seen
    from its foot between the tangents a and b, gives (atan b - atan a) / 2 pi - T(h, b) + T(h, a) with Owen's T.
    Error below 1e-12. Source: Owen 1956, Ann. Math. Stat. 27, p. 1075. Slow twin: tests/naive_geo.py.
    """
    region, lat, lon, covariance = _given(lat_deg, lon_deg, covariance_m2, polygon)
    known = _known(lat, lon, covariance)
    probability = np.where(known, region.contains(lat, lon).astype(np.float64), np.nan)
    start, end = _edges_in_sigmas(region, lat[known], lon[known], covariance[known])
    near = np.sqrt(_nearest(start, end)[0].min(1)) < _FAR_SIGMAS
    rows = np.flatnonzero(known)[near]
    probability[rows] = np.clip(_wedges(start[near], end[near]).sum(1), 0.0, 1.0)
    return probability


def side_of_line(lat_deg: ArrayLike, lon_deg: ArrayLike, covariance_m2: ArrayLike, lonlat: ArrayLike) -> LineSides:
    """Signed distance of fixes from a line of one or more segments, and which side they are on.

    Args:
        lat_deg, lon_deg: shape (M,)
        covariance_m2: of (east, north). shape (M, 2, 2)
        lonlat: the line's points. shape (N, 2), N >= 2

    Returns:
        See `LineSides`; NaN and "undecidable" for NaN fixes.

    Raises:
        ValueError: fewer than two different points.
    """
    line = open_line(lonlat)
    lat, lon, covariance = _fixes(lat_deg, lon_deg, covariance_m2)
    known = _known(lat, lon, covariance)
    sigmas, metres, abreast = np.full(len(lat), np.nan), np.full(len(lat), np.nan), np.zeros(len(lat), np.bool_)
    points = _offsets(line, lat[known], lon[known])
    metres[known], abreast[known] = _signed(points)
    sigmas[known], _ = _signed(_whitened(points, covariance[known]))
    exact = np.trace(covariance, axis1=1, axis2=2) == 0
    decided = known & ((np.abs(sigmas) > SIGMAS_95) | exact)
    names = np.where(sigmas > 0, Side.INSIDE.value, Side.OUTSIDE.value)
    return LineSides(sigmas, metres, np.where(decided, names, Side.UNDECIDABLE.value), abreast)


def _given(
    lat_deg: ArrayLike, lon_deg: ArrayLike, covariance_m2: ArrayLike, polygon: Region | shapely.Geometry | ArrayLike
) -> tuple[Region, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    region = polygon if isinstance(polygon, Region) else Region(polygon)
    return region, *_fixes(lat_deg, lon_deg, covariance_m2)


def _fixes(
    lat_deg: ArrayLike, lon_deg: ArrayLike, covariance_m2: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    lat, lon = np.asarray(lat_deg, np.float64).reshape(-1), np.asarray(lon_deg, np.float64).reshape(-1)
    return lat, lon, np.asarray(covariance_m2, np.float64).reshape(-1, 2, 2)


def _known(lat: NDArray[np.float64], lon: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(lat) < _POLAR_LAT_DEG) & np.isfinite(lon) & np.isfinite(covariance).all((1, 2)))


def _offsets(lonlat: NDArray[np.float64], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """East and north of K points from M fixes, the short way round as one piece. shape (M, K, 2) [m]"""
    turns = 360.0 * np.round((lonlat[:, 0].mean() - lon) / 360.0)
    east_m, north_m = wgs84.metres_per_degree(lat)
    east = (lonlat[None, :, 0] - (lon + turns)[:, None]) * east_m[:, None]
    return np.stack([east, (lonlat[None, :, 1] - lat[:, None]) * north_m[:, None]], -1)


def _cholesky(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower triangular L with L L^T = covariance + floor. shape (M, 2, 2)"""
    a = np.sqrt(np.maximum(covariance[:, 0, 0], 0.0) + _FLOOR_M2)
    b = covariance[:, 0, 1] / a
    c = np.sqrt(np.maximum(covariance[:, 1, 1] + _FLOOR_M2 - b * b, _FLOOR_M2))
    return np.stack([np.stack([a, 0 * a], -1), np.stack([b, c], -1)], -2)


def _whitened(points: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in standard deviations, in axes where the error is round. (M, K, 2) -> (M, K, 2)"""
    lower = _cholesky(covariance)
    first = points[..., 0] / lower[:, 0, 0][:, None]
    return np.stack([first, (points[..., 1] - lower[:, 1, 0][:, None] * first) / lower[:, 1, 1][:, None]], -1)


def _edges_in_sigmas(
    region: Region, lat: NDArray[np.float64], lon: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends of a region's edges, whitened around each fix. shape (M, K, 2) each"""
    both = _whitened(_offsets(region.edges.reshape(-1, 2), lat, lon), covariance)
    pairs = both.reshape(len(lat), len(region.edges), 2, 2)
    return pairs[:, :, 0], pairs[:, :, 1]


def _nearest(start: NDArray[np.float64], end: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared distance from the origin to segments, and where on each (0 start, 1 end) it is reached. (M, K) each"""
    along = end - start
    share = np.clip(-(start * along).sum(-1) / (along * along).sum(-1), 0.0, 1.0)
    nearest = start + share[..., None] * along
    return (nearest * nearest).sum(-1), share


def _wedges(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian mass between the origin and each edge, minus where the edge runs clockwise. shape (M, K)"""
    along = end - start
    along = along / np.linalg.norm(along, axis=-1, keepdims=True)
    height = start[..., 0] * along[..., 1] - start[..., 1] * along[..., 0]
    # A border through the fix itself: both terms cancel, and 1e-12 keeps the quotient finite.
    h = np.maximum(np.abs(height), 1e-12)
    a, b = (start * along).sum(-1) / h, (end * along).sum(-1) / h
    mass = (np.arctan(b) - np.arctan(a)) / (2 * np.pi) - owens_t(h, b) + owens_t(h, a)
    return np.asarray(np.where(height < 0, -mass, mass))


def _signed(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Signed distance of the origin from polylines (left positive), and whether it is abreast of them. (M,) each"""
    start, end = points[:, :-1], points[:, 1:]
    squared, share = _nearest(start, end)
    rows = np.arange(len(points))
    best = squared.argmin(1) if squared.size else np.zeros(0, np.intp)
    along = (end - start) / np.linalg.norm(end - start, axis=-1, keepdims=True)
    at = share[rows, best]
    # Nearest to a corner, the side is that of the mean direction of the two segments that meet there; taking
    # either one alone flips the sign in the wedge outside a sharp bend.
    before, after = np.maximum(best - 1, 0), np.minimum(best + 1, along.shape[1] - 1)
    other = np.where(at <= 0, before, np.where(at >= 1, after, best))
    direction = along[rows, best] + along[rows, other]
    corner = np.where((at >= 1)[:, None], end[rows, best], start[rows, best])
    cross = direction[:, 1] * corner[:, 0] - direction[:, 0] * corner[:, 1]
    beyond = ((best == 0) & (at <= 0)) | ((best == along.shape[1] - 1) & (at >= 1))
    return np.where(cross > 0, 1.0, -1.0) * np.sqrt(squared[rows, best]), ~beyond
