"""A picture of what a vehicle told about itself around a disturbance."""

from __future__ import annotations

import numpy as np

from detector.evidence.plot_area import Picture
from detector.evidence.record_section import Trace, record_section_picture
from detector.model import Series, Violation

_MOST = 16


def telemetry_picture(violation: Violation, series: Series) -> Picture:
    """Every channel that changes, at most 16, one under the other, each scaled to itself; a mark where it began.

    Returns:
        BGR picture, shape (H, 900, 3) uint8.
    """
    span = np.fmax.reduce(series.values) - np.fmin.reduce(series.values)  # NaN where nothing is known
    changing = np.flatnonzero(span > 0).tolist()
    columns = (changing or list(range(len(series.channels))))[:_MOST]
    inside = series.t_ns >= violation.t_start_ns
    begun_ns = int(series.t_ns[inside][0]) if inside.any() else violation.t_start_ns
    traces = []
    for row, column in enumerate(columns):
        known = np.isfinite(series.values[:, column])
        # Rows that only other instruments have are no gaps of this one.
        rows = known if known.mean() < 0.5 else np.ones(len(known), np.bool_)
        if rows.sum() > 1:
            name = f"{row + 1:02d} {series.channels[column]}"
            traces.append(Trace(name, series.t_ns[rows], series.values[rows, column], begun_ns))
    return record_section_picture(traces, violation.t_start_ns, violation.observation)
