"""A picture of what a vehicle told about itself around a disturbance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series import quantities_of
from detector.evidence.plot_area import Picture
from detector.evidence.record_section import Trace, record_section_picture
from detector.model import Series, Violation

_MOST = 20
_HEADINGS = ("yaw_deg", "platform_yaw_deg", "heading_deg", "course_deg")


def telemetry_picture(violation: Violation, series: Series) -> Picture:
    """What is judged (numbered j), then every channel that changes, at most 20, one under the other.

    Each is scaled to itself; red where the disturbance began and ended.

    Returns:
        BGR picture, shape (H, 900, 3) uint8.
    """
    look_t_ns, judged = quantities_of(series)
    of = np.minimum(np.searchsorted(look_t_ns, series.t_ns), len(look_t_ns) - 1)  # each second as long as it lasts
    rows = [(f"j {name}", _cut(values)[of]) for name, values in judged.items() if name not in series.channels]
    rows += [(name, series.values[:, column]) for column, name in enumerate(series.channels)]
    traces: list[Trace] = []
    for name, values in rows:
        known = np.isfinite(values)
        # Rows that only other instruments have are no gaps of this one.
        shown = known if known.mean() < 0.5 else np.ones(len(known), np.bool_)
        if shown.sum() > 1 and np.nanmax(values) > np.nanmin(values):
            drawn = (
                _unwrapped(values[shown]) if name in {"yaw_deg", "platform_yaw_deg", "heading_deg"} else values[shown]
            )
            traces.append(Trace(f"{len(traces) + 1:02d} {name}", series.t_ns[shown], drawn, violation.t_start_ns))
    title = f"telemetry of {violation.source_id} around the disturbance, j: what is judged"
    if not traces:  # nothing changes: a vehicle that stands, for a moment
        traces = [Trace(series.channels[0], series.t_ns, series.values[:, 0], violation.t_start_ns)]
    return record_section_picture(traces[:_MOST], violation.t_start_ns, title, until_ns=violation.t_end_ns)


def _cut(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the highest and lowest 2 %: one jump would flatten all that a drift shows."""
    known = values[np.isfinite(values)]
    return np.clip(values, *np.percentile(known, (2.0, 98.0))) if len(known) else values


def _unwrapped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A heading that passes north without a step."""
    known = np.isfinite(values)
    turned = values.copy()
    turned[known] = np.unwrap(values[known], period=360.0)
    return turned
