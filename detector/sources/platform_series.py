"""What a drone's telemetry says of the drone itself, as a sensor stream: nothing is left out that looks wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from detector.klv.items import Value
from detector.model import Series, read_only
from detector.sources.telemetry import Sample

_ITEMS = {
    "lat_deg": (13,),
    "lon_deg": (14,),
    "alt_m": (104, 75, 15),
    "speed_m_s": (56,),
    "airspeed_m_s": (8,),
    "platform_yaw_deg": (5,),
    "platform_roll_deg": (91, 7),
    "satellites": (123,),
}
"""Items of ST 0601 (EG 0104 is decoded to the same numbers); of several that a set has, the first counts."""


Sets = Sequence[tuple[int, Mapping[int, Value]]]
"""Time [ns UTC] and items by number."""


def series_of_sets(source_id: str, sets: Sets, *, all_channels: bool = False) -> Series | None:
    """Rows of the telemetry's sets in the order of time; of two at one time the first counts. None without a position.

    sets: in any order.
    all_channels: also those that no set has; of a live feed later sets may, and its channels stay the same.
    """
    told = {tag for _, values in sets for tag in values}
    used = {name: tags for name, tags in _ITEMS.items() if all_channels or not told.isdisjoint(tags)}
    rows = [(t_ns, [_number(values, tags) for tags in used.values()]) for t_ns, values in sets]
    return _series(source_id, tuple(used), rows)


def series_of_samples(source_id: str, samples: Sequence[Sample]) -> Series | None:
    """The same of a file beside the recording: positions only, for its angles are the camera's."""
    rows = []
    for one in samples:
        pose = one.pose
        place = one.place if pose is None else (pose.lat_deg, pose.lon_deg, pose.alt_m)
        if place is not None:
            rows.append((one.t_ns, list(place)))
    return _series(source_id, ("lat_deg", "lon_deg", "alt_m"), rows)


def _series(source_id: str, channels: tuple[str, ...], rows: list[tuple[int, list[float]]]) -> Series | None:
    if not rows or not {"lat_deg", "lon_deg"} <= set(channels):
        return None
    t_ns, first = np.unique(np.array([t_ns for t_ns, _ in rows], np.int64), return_index=True)
    values = np.array([rows[row][1] for row in first.tolist()], np.float64)
    nowhere = np.full((len(channels), 3), np.nan)
    return Series(source_id, read_only(t_ns), read_only(values), channels, ("",) * len(channels), read_only(nowhere))


def _number(values: Mapping[int, Value], tags: tuple[int, ...]) -> float:
    found = next((values[tag] for tag in tags if tag in values), None)
    return float(found) if isinstance(found, int | float) else np.nan
