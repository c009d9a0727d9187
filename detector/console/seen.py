"""When a place was in view, and what was flagged then: from the coverage ledger's outlines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from detector.console.finding import apart_m
from detector.geo.wgs84 import wrapped_deg
from detector.log import LoggedViolation
from detector.model import CoverageSlot, Place

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One feed during slots that follow one another, each of which had the place in view at some time.

    seeing_s: how long the feed was seeing in them; the place itself for as long at most. [s]
    outline: lon, lat of the ground seen in the first of them.
    found: what this feed flagged then, with its distance from the place; infinite where it has no place. [m]
    """

    source_id: str
    t_start_ns: int
    t_end_ns: int
    seeing_s: float
    outline: Outline
    found: tuple[tuple[LoggedViolation, float], ...] = ()


def looks(
    lon_deg: float, lat_deg: float, slots: Iterable[CoverageSlot], found: Sequence[LoggedViolation]
) -> list[Look]:
    """Every stretch of time in which the place was in view, newest first.

    A slot's outline is that of the largest connected piece of all ground seen in it, to about 1 m and without its holes
    (docs/log-format.md): the time is known to a slot's length, and what was seen beside that piece is not told.
    """
    joined: list[Look] = []
    last: dict[str, int] = {}  # position of each feed's newest
    for slot in sorted(slots, key=lambda slot: slot.t_start_ns):
        if not holds(slot.footprint, lon_deg, lat_deg):
            continue
        at = last.get(slot.source_id)
        before = joined[at] if at is not None else None
        if at is not None and before is not None and before.t_end_ns == slot.t_start_ns:
            seeing_s = before.seeing_s + slot.seeing_s
            joined[at] = Look(slot.source_id, before.t_start_ns, slot.t_end_ns, seeing_s, before.outline)
        else:
            last[slot.source_id] = len(joined)
            joined.append(Look(slot.source_id, slot.t_start_ns, slot.t_end_ns, slot.seeing_s, slot.footprint))
    here = Place(lat_deg, lon_deg, None, None)
    return [_with_found(look, here, found) for look in reversed(joined)]


def holds(outline: Outline, lon_deg: float, lat_deg: float) -> bool:
    """Whether the outline has the place inside or on its edge. Slow twin: tests/console/test_seen.py."""
    if len(outline) < 3:
        return False
    ring = np.asarray(outline)
    # Seen from the place, so that the 180th meridian is nothing special.
    east, north = wrapped_deg(ring[:, 0] - lon_deg), ring[:, 1] - lat_deg
    if east.min() > 0 or east.max() < 0 or north.min() > 0 or north.max() < 0:
        return False
    return bool(shapely.Polygon(np.stack([east, north], axis=1)).intersects(shapely.Point(0, 0)))


def _with_found(look: Look, here: Place, found: Sequence[LoggedViolation]) -> Look:
    own = [
        (one, apart_m(here, one.violation.place))
        for one in found
        if look.source_id in one.sources
        and one.violation.t_start_ns < look.t_end_ns
        and one.violation.t_end_ns >= look.t_start_ns
    ]
    nearest = tuple(sorted(own, key=lambda pair: pair[1]))
    return Look(look.source_id, look.t_start_ns, look.t_end_ns, look.seeing_s, look.outline, nearest)
