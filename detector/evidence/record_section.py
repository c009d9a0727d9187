"""A picture of what several sensors heard, one under the other, with their onsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.evidence.plot_area import INK, Picture, PlotArea
from detector.timebase import NS_PER_S, iso_from_ns

MISSING = (225, 225, 225)
_ONSET, _MOVEOUT = (60, 60, 255), (200, 130, 30)
_ROW_PX = 56
_LONGEST_NAME = 24


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What one sensor heard. t_ns, values: shape (T,); NaN = missing.

    onset_ns: None where it noticed nothing. distance_m: from the incident; None where that is not known.
    """

    name: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    onset_ns: int | None = None
    distance_m: float | None = None


def record_section_picture(
    traces: Sequence[Trace],
    origin_ns: int,
    title: str,
    speed_m_s: float | None = None,
    width_px: int = 900,
    *,
    until_ns: int | None = None,
) -> Picture:
    """Traces by distance, nearest on top (those without one last, by name), each scaled to itself.

    Args:
        traces: at least one with at least 2 samples.
        origin_ns: time 0: of the incident at its source.
        title: what is shown.
        speed_m_s: draws when a wave of this speed should have come to each.
        width_px: of the picture.
        until_ns: draws when it was over.


    Returns:
        BGR picture, shape (H, W, 3) uint8.

    Raises:
        ValueError: no trace, or one with fewer than 2 samples.
    """
    if not traces or min(len(one.t_ns) for one in traces) < 2:
        raise ValueError("at least one trace is needed, each of at least 2 samples")
    rows = sorted(traces, key=lambda one: (one.distance_m is None, one.distance_m or 0.0, one.name))
    start_s = (min(int(one.t_ns[0]) for one in rows) - origin_ns) / NS_PER_S
    end_s = (max(int(one.t_ns[-1]) for one in rows) - origin_ns) / NS_PER_S
    heading = f"{title}   {iso_from_ns(origin_ns, 3)}"
    names = [one.name[-_LONGEST_NAME:] for one in rows]
    size_px = (width_px, _ROW_PX * len(rows) + 80)
    left_px = 16 + 8 * max(len(name) for name in names)
    area = PlotArea(size_px, (start_s, end_s), (len(rows) - 0.5, -0.5), heading, left_px)
    for row, one in enumerate(rows):
        _draw(area, row, one, origin_ns)
        if speed_m_s and one.distance_m is not None:
            at = area.x_px(one.distance_m / speed_m_s)
            middle = area.y_px(row)
            cv2.line(area.picture, (at, middle - 22), (at, middle + 22), _MOVEOUT, 1)
        if one.onset_ns is not None:
            at, middle = area.x_px((one.onset_ns - origin_ns) / NS_PER_S), area.y_px(row)
            cv2.line(area.picture, (at, middle - 16), (at, middle + 16), _ONSET, 2)
    if until_ns is not None:
        area.mark((until_ns - origin_ns) / NS_PER_S, _ONSET)
    area.x_axis("seconds from the incident")
    area.y_axis([(row, name) for row, name in enumerate(names)])
    area.frame()
    return area.picture


def _draw(area: PlotArea, row: int, one: Trace, origin_ns: int) -> None:
    """A trace as the span between its lowest and highest value in each column; grey where all are missing."""
    middle, half = area.y_px(row), _ROW_PX // 2 - 4
    known = one.values[np.isfinite(one.values)]
    centre = float(np.median(known)) if len(known) else 0.0
    size = max(float(np.abs(known - centre).max(initial=0.0)), np.finfo(np.float64).tiny)
    left, right = (area.x_px((int(t) - origin_ns) / NS_PER_S) for t in (one.t_ns[0], one.t_ns[-1]))
    share = (one.t_ns - one.t_ns[0]) / max(int(one.t_ns[-1] - one.t_ns[0]), 1)
    at = np.rint(left + share * (right - left)).astype(np.int64)
    values = np.where(np.isfinite(one.values), (one.values - centre) / size, np.nan)
    first = np.flatnonzero(np.diff(at, prepend=at[0] - 1))
    lowest, highest = np.fmin.reduceat(values, first).tolist(), np.fmax.reduceat(values, first).tolist()
    before = middle
    for column, least, most in zip(at[first].tolist(), lowest, highest, strict=True):
        if np.isnan(least):
            cv2.line(area.picture, (column, middle - half), (column, middle + half), MISSING, 1)
            before = middle
            continue
        low, high = middle - round(least * half), middle - round(most * half)
        cv2.line(area.picture, (column, min(high, before)), (column, max(low, before)), INK, 1)
        before = round((low + high) / 2)
    if one.distance_m is not None:
        area.text(f"{one.distance_m:.0f} m", area.x1 - 64, middle - half + 8)
