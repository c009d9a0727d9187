"""A picture of an aircraft's way through closed airspace: from above, and its height over time."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from detector.config.agreement_map import Shape
from detector.evidence.plot_area import GRID, INK, Picture, PlotArea, ticks
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.model import Series, Violation
from detector.timebase import NS_PER_S, iso_from_ns

_Point = tuple[int, int]

_TRACK, _INSIDE, _LIMIT = (150, 110, 40), (40, 40, 230), (90, 150, 230)
_WIDTH_PX, _PLAN_PX, _PROFILE_PX = 900, 620, 260


def passage_picture(
    violation: Violation, series: Series, zone: Shape, floor_m: float | None, ceiling_m: float | None
) -> Picture:
    """The zone, the positions that were told and the straight way between them; red: inside, as told.

    Args:
        violation: of which it is.
        series: with the channels lat_deg, lon_deg, alt_m, sigma_pos_m, sigma_alt_m first; at least 2 positions.
        zone: over which the airspace is closed.
        floor_m, ceiling_m: between which heights; None: without limit.

    Returns:
        BGR picture, shape (H, 900, 3) uint8.
    """
    lat, lon, height = series.values[:, :3].T
    inside = shapely.contains_xy(zone.geometry, lon, lat)
    inside &= ~(height <= (-np.inf if floor_m is None else floor_m))
    inside &= ~(height >= (np.inf if ceiling_m is None else ceiling_m))

    seconds = (series.t_ns - violation.t_start_ns) / NS_PER_S
    plan = _plan(violation, series, zone, inside)
    profile = _profile(series, seconds, inside, floor_m, ceiling_m)
    return np.concatenate((plan, profile), axis=0)


def _plan(violation: Violation, series: Series, zone: Shape, inside: NDArray[np.bool_]) -> Picture:
    """East and north from the zone's middle, one scale for both."""
    lon0, lat0 = zone.geometry.centroid.x, zone.geometry.centroid.y
    scale = [float(one) / 1000 for one in metres_per_degree(lat0)]
    segments = zone.segments
    ends = [((segments[:, k] - lon0) * scale[0], (segments[:, k + 1] - lat0) * scale[1]) for k in (0, 2)]
    east, north = wrapped_deg(series.values[:, 1] - lon0) * scale[0], (series.values[:, 0] - lat0) * scale[1]
    xs, ys = np.r_[ends[0][0], east], np.r_[ends[0][1], north]
    half = 0.55 * max(float(np.ptp(xs)), float(np.ptp(ys)) * 1.45, 0.2)
    middle = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    title = f"{violation.observation}   {iso_from_ns(violation.t_start_ns, 0)}"
    x_km, y_km = ((at - size, at + size) for at, size in zip(middle, (half, half / 1.45), strict=True))
    area = PlotArea((_WIDTH_PX, _PLAN_PX), x_km, y_km, title)
    for (x0, y0), (x1, y1) in zip(np.stack(ends[0], 1).tolist(), np.stack(ends[1], 1).tolist(), strict=True):
        cv2.line(area.picture, (area.x_px(x0), area.y_px(y0)), (area.x_px(x1), area.y_px(y1)), _LIMIT, 3)
    points = [(area.x_px(x), area.y_px(y)) for x, y in zip(east.tolist(), north.tolist(), strict=True)]
    sigmas = (series.values[:, 3] * 2.4477 / 1000).tolist()
    wide = (area.x1 - area.x0) / (2 * half)
    _draw_track(area, points, inside)
    peak = int(np.abs(series.t_ns - violation.t_peak_ns).argmin())
    cv2.circle(area.picture, points[peak], max(round(sigmas[peak] * wide), 2), INK, 1, cv2.LINE_AA)
    area.text("N", area.x1 - 20, area.y0 + 18)
    cv2.arrowedLine(area.picture, (area.x1 - 16, area.y0 + 52), (area.x1 - 16, area.y0 + 24), INK, 1, tipLength=0.4)
    area.x_axis(f"km east of the middle of {zone.shape_id}; red: inside as told; circle: 95 % of the clearest position")
    area.y_axis([(value, f"{value:g}") for value in ticks(*y_km)])
    area.frame()
    return area.picture


def _profile(
    series: Series,
    seconds: NDArray[np.float64],
    inside: NDArray[np.bool_],
    floor_m: float | None,
    ceiling_m: float | None,
) -> Picture:
    """Height over time with floor and ceiling."""
    height = series.values[:, 2]
    limits = [one for one in (floor_m, ceiling_m) if one is not None]
    known = np.r_[height[np.isfinite(height)], limits]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = max(0.15 * (high - low), 20.0)
    end_s = max(float(seconds[-1]), float(seconds[0]) + 1)
    area = PlotArea((_WIDTH_PX, _PROFILE_PX), (float(seconds[0]), end_s), (low - room, high + room), "height [m]")
    for value in limits:
        cv2.line(area.picture, (area.x0, area.y_px(value)), (area.x1, area.y_px(value)), _LIMIT, 2)
        area.text("floor" if value == floor_m else "ceiling", area.x1 - 52, area.y_px(value) - 5)
    points: list[_Point | None] = [
        (area.x_px(s), area.y_px(h)) if np.isfinite(h) else None
        for s, h in zip(seconds.tolist(), height.tolist(), strict=True)
    ]
    _draw_track(area, points, inside)
    if not np.isfinite(height).any():
        area.text("not known", (area.x0 + area.x1) // 2, (area.y0 + area.y1) // 2)
    area.x_axis("seconds from the first time inside")
    area.y_axis([(value, f"{value:g}") for value in ticks(low - room, high + room, 5)])
    area.frame()
    return area.picture


def _draw_track(area: PlotArea, points: Sequence[_Point | None], inside: NDArray[np.bool_]) -> None:
    for row, here in enumerate(points):
        before = points[row - 1] if row else None
        if here is None:
            continue
        colour = _INSIDE if inside[row] else _TRACK
        if before is not None:
            cv2.line(area.picture, before, here, _INSIDE if inside[row] and inside[row - 1] else GRID, 1, cv2.LINE_AA)
        cv2.circle(area.picture, here, 2, colour, -1, cv2.LINE_AA)
