"""What is said once of a recording, beside what was found in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from detector.config.agreement_map import Shape
from detector.geo.wgs84 import ecef_from_geodetic
from detector.model import CoverageSlot
from detector.replay import source_id_of
from detector.sources.series import series_kind
from detector.sources.streams import remarks
from detector.sources.tracks import is_track_table

_SLIP_KM = 200.0  # no drone has come so far from what it watches


def say_remarks(console: Console, recordings: Iterable[tuple[str, Path]]) -> None:
    """A line for each. recordings: id and file of each source; sensor files and tables have no pictures."""
    for source_id, path in recordings:
        if source_id == source_id_of(path) and not path.stem.isascii():
            console.print(f"{source_id} is {path.name}", markup=False)
        if series_kind(path) is None and not is_track_table(path):
            for remark in remarks(path):
                console.print(f"{source_id}: {remark}", markup=False)


def never_in_view(slots: Iterable[CoverageSlot], zones: Sequence[Shape]) -> Iterator[str]:
    """Of feeds that saw ground, and never any zone of the map: that nothing was found there says nothing."""
    seen: dict[str, list[CoverageSlot]] = {}
    for slot in slots:
        if slot.footprint:
            seen.setdefault(slot.source_id, []).append(slot)
    for source_id, own in seen.items():
        if not zones or any(share > 0 for slot in own for share in slot.zone_share.values()):
            continue
        places = [ecef_from_geodetic(lat_deg, lon_deg, 0.0) for lon_deg, lat_deg in (slot.footprint[0] for slot in own)]
        far_km, nearest = min((_km(zone, places), zone.shape_id) for zone in zones)
        told = f"{source_id}: no zone of the map was ever in view; the nearest, {nearest}, is {far_km:.0f} km away"
        yield told + (": is a sign wrong, or a longitude the latitude?" if far_km > _SLIP_KM else "")


def _km(zone: Shape, places: Iterable[NDArray[np.float64]]) -> float:
    point = zone.geometry.representative_point()
    at_m = ecef_from_geodetic(point.y, point.x, 0.0)
    return min(math.dist(at_m, place) for place in places) / 1000
