"""A picture of one sensor's readings around what stood out."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.evidence.plot_area import INK, Picture, PlotArea, ticks
from detector.timebase import NS_PER_S, iso_from_ns

_NOTICED = (60, 60, 255)
_MARGIN = 0.05
# An axis in the longest unit that leaves several of them: seconds each, name.
_UNITS = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))


def readings_picture(
    t_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    noticed_ns: int,
    title: str,
    unit: str,
    size_px: tuple[int, int] = (900, 320),
) -> Picture:
    """Readings over time, with a line where something was noticed; what is missing leaves a hole.

    Args:
        t_ns, values: at least 2 samples, NaN = missing. shape (T,)
        noticed_ns: time 0.
        title: what is shown.
        unit: of the values; empty if it has none.
        size_px: width, height.

    Returns:
        BGR picture, shape (H, W, 3) uint8.

    Raises:
        ValueError: fewer than 2 samples.
    """
    if len(t_ns) < 2:
        raise ValueError(f"at least 2 samples are needed, not {len(t_ns)}")
    seconds = (t_ns - noticed_ns) / NS_PER_S
    span_s = float(seconds[-1] - seconds[0])
    scale_s, axis = next(((size, name) for size, name in _UNITS if span_s >= 3 * size), (1.0, "seconds"))
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    margin = _MARGIN * (high - low) or max(abs(high), 1.0) * _MARGIN
    y = low - margin, high + margin
    area = PlotArea(
        size_px, (seconds[0] / scale_s, seconds[-1] / scale_s), y, f"{title}   {iso_from_ns(noticed_ns, 3)}"
    )
    area.mark(0.0, _NOTICED)
    places = [
        (area.x_px(s / scale_s), area.y_px(v) if np.isfinite(v) else None) for s, v in zip(seconds, values, strict=True)
    ]
    for (x0, y0), (x1, y1) in pairwise(places):
        if y0 is not None and y1 is not None:
            cv2.line(area.picture, (x0, y0), (x1, y1), INK, 1, cv2.LINE_AA)
    for x0, y0 in places:
        if y0 is not None:
            cv2.circle(area.picture, (x0, y0), 1, INK, -1)
    area.x_axis(f"{axis} from when it was noticed")
    area.y_axis([(value, f"{value:g}") for value in ticks(*y)])
    if unit:
        area.text(f"[{unit}]", area.x0 + 6, area.y0 + 14)
    area.frame()
    return area.picture
