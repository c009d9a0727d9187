"""A picture of the time in which a sensor was silent, and why."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from detector.evidence.plot_area import Picture, PlotArea
from detector.model import Gap, Violation
from detector.timebase import NS_PER_S, iso_from_ns

_BAR, _SILENT, _ROW_PX = (120, 120, 120), (40, 40, 230), 40


def silence_picture(violation: Violation, gaps: Sequence[Gap]) -> Picture:
    """Each reason's gaps as bars over time; red lines where the silence began and ended.

    Returns:
        BGR picture, shape (H, 900, 3) uint8.
    """
    reasons = sorted({str(gap.reason) for gap in gaps}) or ["missing"]
    length_s = (violation.t_end_ns - violation.t_start_ns) / NS_PER_S
    room_s = max(0.25 * length_s, 1.0)
    title = f"{violation.observation[:90]}   {iso_from_ns(violation.t_start_ns, 0)}"
    size_px = (900, _ROW_PX * len(reasons) + 90)
    area = PlotArea(size_px, (-room_s, length_s + room_s), (len(reasons) - 0.5, -0.5), title, 130)
    for gap in gaps:
        left, right = (
            area.x_px(min(max((t_ns - violation.t_start_ns) / NS_PER_S, -room_s), length_s + room_s))
            for t_ns in (gap.t_start_ns, gap.t_end_ns)
        )
        middle = area.y_px(reasons.index(str(gap.reason)))
        cv2.rectangle(area.picture, (left, middle - 10), (max(right, left + 1), middle + 10), _BAR, -1)
    area.mark(0.0, _SILENT)
    area.mark(length_s, _SILENT)
    area.x_axis("seconds from its beginning")
    area.y_axis([(row, reason.replace("_", " ")) for row, reason in enumerate(reasons)])
    area.frame()
    return area.picture
