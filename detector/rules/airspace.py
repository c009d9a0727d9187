"""Where a track was between its positions, and whether that was inside a piece of airspace, three-valued."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.geo.ellipse import SIGMAS_95
from detector.geo.flown import flown_m
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.model import Series
from detector.rules.points import Points
from detector.rules.sides import ShapeSet
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

SIGMAS_95_HEIGHT = 1.96
"""Half width of a 95 % interval, where SIGMAS_95 is of an ellipse. [sigma]"""
_STEP_M = 200.0
_MOST_STEPS = 100
_TURN_M_S2 = 3.0  # a bank of 17 degrees
_CLIMB_M_S2 = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A track at its positions and at steps of 200 m between them, in the order of time.

    fix: whether it is a position that was told, else one between two. shape (N,) bool
    begins: whether nothing joins it to the one before. shape (N,) bool
    xyz: longitude, latitude [deg], height [m]; the height is NaN where it is not known. shape (N, 3)
    sigma_m: standard deviation of each horizontal component, and of the height. shape (N, 2)
    """

    t_ns: NDArray[np.int64]
    fix: NDArray[np.bool_]
    begins: NDArray[np.bool_]
    xyz: Float
    sigma_m: Float

    def __len__(self) -> int:
        return len(self.t_ns)


def path_of(series: Series, before: Series | None, max_gap_s: float, fastest_m_s: float) -> Path:
    """What is known of a track between its positions: the straight way, and how far off it a turn may have been.

    Args:
        series: with the channels lat_deg, lon_deg, alt_m, sigma_pos_m, sigma_alt_m first; at least one row.
        before: its last position before, if any.
        max_gap_s: positions further apart are not joined. [s]
        fastest_m_s: nor are those that are further apart than such an aircraft flies. [m/s]

    With a turn of 3 m/s2 the way between positions T apart is off the straight one by up to 1.5 s (1 - s) T^2 m at the
    share s of T: 0.4 m at 1 s, 37 m at 10 s. That is added to the variance; for heights with 0.5 m/s2.
    Slow twin: tests/naive_tracks.py.
    """
    t_ns, told = series.t_ns, series.values[:, :5]
    if before is not None:
        t_ns, told = np.r_[before.t_ns[-1:], t_ns], np.concatenate((before.values[-1:, :5], told))
    apart_s = np.diff(t_ns) / NS_PER_S
    east, north = metres_per_degree(told[1:, 0])
    east_deg = wrapped_deg(np.diff(told[:, 1]))
    apart_m = np.hypot(east_deg * east, np.diff(told[:, 0]) * north)
    joined = (apart_s <= max_gap_s) & (apart_m <= flown_m(apart_s, fastest_m_s))
    steps = np.where(joined, np.clip(np.ceil(apart_m / _STEP_M), 1, _MOST_STEPS), 1).astype(np.int64)
    of = np.repeat(np.arange(len(steps)), steps)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(steps) - steps, steps) + 1) / steps[of]
    # A position that is not joined stands for itself: share 1.
    start, end = told[of], told[of + 1]
    lat = start[:, 0] + share * (end[:, 0] - start[:, 0])
    lon = wrapped_deg(start[:, 1] + share * east_deg[of])
    alt = np.where(share == 1, end[:, 2], start[:, 2] + share * (end[:, 2] - start[:, 2]))
    bow = share * (1 - share) * apart_s[of] ** 2 / 2
    sigma = np.sqrt(
        np.where(share == 1, end[:, 3], start[:, 3] + share * (end[:, 3] - start[:, 3])) ** 2 + (_TURN_M_S2 * bow) ** 2
    )
    sigma_alt = np.sqrt(
        np.where(share == 1, end[:, 4], start[:, 4] + share * (end[:, 4] - start[:, 4])) ** 2 + (_CLIMB_M_S2 * bow) ** 2
    )
    made = Path(
        t_ns[of] + np.rint(share * np.diff(t_ns)[of]).astype(np.int64),
        share == 1,
        ~joined[of],
        np.stack([lon, lat, alt], axis=1),
        np.stack([sigma, sigma_alt], axis=1),
    )
    if before is not None:
        return made
    first = told[:1]
    return Path(
        np.r_[t_ns[:1], made.t_ns],
        np.r_[True, made.fix],
        np.r_[True, made.begins],
        np.concatenate((first[:, [1, 0, 2]], made.xyz)),
        np.concatenate((first[:, 3:5], made.sigma_m)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Decision and margin of each point of a path for each zone. shape (Z, N)

    decision: +1 inside, -1 outside, 0 undecidable, by place and height together.
    margin: standard deviations from the nearest border, of place or height, positive inside; NaN: not known. [1]
    by_height: undecidable only because of the height.
    """

    decision: NDArray[np.int8]
    margin: Float
    by_height: NDArray[np.bool_]


def inside(path: Path, zones: ShapeSet, floor_m: float | None, ceiling_m: float | None) -> Inside:
    """Place and height of every point against every zone. Borders belong to the outside, floor and ceiling too."""
    shape = len(zones), len(path)
    level, upright = np.full(shape, -1, np.int8), np.full(shape, -np.inf)
    scale = np.stack(metres_per_degree(path.xyz[:, 1]), axis=1)
    covariance = path.sigma_m[:, 0, None, None] ** 2 * np.eye(2)
    points = Points(path.xyz[:, :2], scale, covariance, np.full((len(path), 2), np.nan))
    judged = zones.inside(points, np.arange(len(path)))
    level[judged.shape, judged.row] = judged.decision
    upright[judged.shape, judged.row] = judged.margin / SIGMAS_95
    height, sigma = path.xyz[:, 2], np.maximum(path.sigma_m[:, 1], 1e-3)
    above = np.full(len(path), np.inf) if floor_m is None else (height - floor_m) / sigma
    below = np.full(len(path), np.inf) if ceiling_m is None else (ceiling_m - height) / sigma
    vertical = np.minimum(above, below) / SIGMAS_95_HEIGHT
    known = np.isfinite(height) if floor_m is not None or ceiling_m is not None else np.ones(len(path), np.bool_)
    standing = np.where(~known, 0, np.where(vertical > 1, 1, np.where(vertical <= -1, -1, 0))).astype(np.int8)
    decision = np.minimum(level, standing)
    margin = np.where(known, np.minimum(upright, vertical), np.where(level < 0, upright, np.nan)) * SIGMAS_95
    return Inside(decision.astype(np.int8), margin, (level == 1) & (standing == 0))
