"""Whether anybody was looking: gaps, counters, and the coverage ledger of what ground was seen when."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from detector.model import CoverageSlot, Gap, GapReason, Sight
from detector.timebase import NS_PER_S, ns_from_seconds

M_PER_DEG = 111_195.0
"""Length of a degree on a sphere of 6371 km. [m] Shares of an area need no better: the error is in both areas."""

REASON_OF_SIGHT = {Sight.BLIND: GapReason.REGISTRATION, Sight.WARMING_UP: GapReason.WARMING_UP}

IN_VIEW = 0.01
"""Least share of a zone, or of the ground that was seen where that is smaller, that counts as in view at all. [1]"""

_LONG_NS = 86_400 * NS_PER_S  # of a gap


class Counters:
    """Counts of what was met, per source."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def add(self, source_id: str, name: str, count: int = 1) -> None:
        """Count `name` of `source_id` up."""
        self._counts.setdefault(source_id, Counter())[name] += count

    def of(self, source_id: str) -> dict[str, int]:
        """All counts of one source, in the order of their names."""
        return dict(sorted(self._counts.get(source_id, Counter()).items()))


class GapBook:
    """Merges gaps of one source and one reason that adjoin, so that one outage is one entry.

    join_within_s: gaps this close together are one. What lies between them then counts as not seen: the careful side.

    Feed it in the order of t_start_ns for each source and reason; it gives a merged gap out when the next one
    is too far away, or at the end. The first detail is kept, counts add up.
    """

    def __init__(self, join_within_s: float = 0.5) -> None:
        self._join_within_ns = ns_from_seconds(join_within_s)
        self._last: dict[tuple[str, GapReason], Gap] = {}

    def add(self, gap: Gap) -> list[Gap]:
        """Take a gap; returns those that nothing can adjoin any more (none or one)."""
        key = (gap.source_id, gap.reason)
        last = self._last.get(key)
        if last is None:
            self._last[key] = gap
            return []
        if last.t_start_ns - self._join_within_ns <= gap.t_start_ns <= last.t_end_ns + self._join_within_ns:
            start, end = min(last.t_start_ns, gap.t_start_ns), max(last.t_end_ns, gap.t_end_ns)
            self._last[key] = replace(last, t_start_ns=start, t_end_ns=end, count=last.count + gap.count)
            return []
        self._last[key] = gap
        return [last]

    def over(self, t_ns: int) -> list[Gap]:
        """Those that nothing which begins at `t_ns` or later can adjoin: a live feed does not wait for its end."""
        ended = [key for key, gap in self._last.items() if gap.t_end_ns + self._join_within_ns < t_ns]
        return [self._last.pop(key) for key in ended]

    def finish(self) -> list[Gap]:
        """What is left, in order of time. The book is empty afterwards."""
        rest = sorted(self._last.values(), key=lambda gap: (gap.t_start_ns, gap.t_end_ns, gap.source_id, gap.reason))
        self._last.clear()
        return rest


@dataclass(slots=True)
class _Slot:
    """A slot that is being filled. Times in ns."""

    start_ns: int
    end_ns: int
    seeing_ns: int = 0
    share_ns: dict[str, float] = field(default_factory=dict)
    lost: dict[GapReason, list[tuple[int, int]]] = field(default_factory=dict)
    outlines: list[BaseGeometry] = field(default_factory=list)


@dataclass(slots=True)
class _SourceBook:
    """State of one source: until when it has been told about, and the newest share of each zone in view."""

    told_ns: int
    slots: dict[int, _Slot] = field(default_factory=dict)
    emitted_ns: int = 0
    looked_ns: int | None = None
    outline: BaseGeometry | None = None
    share: dict[str, float] = field(default_factory=dict)


class CoverageLedger:
    """What ground was seen in each slot of time, for one or more sources.

    Slots lie on whole multiples of `slot_s` since 1970; the first and the last of a source are cut to what it told.

    slot_s: length of a slot. [s]
    zones: id -> area in longitude, latitude [deg]; may be empty. Across the 180th meridian cut there.
    look_every_s: how often the outline is compared with the zones; in between its share is taken to stay. [s]
    """

    def __init__(self, slot_s: float, zones: Mapping[str, BaseGeometry], look_every_s: float = 0.5) -> None:
        if not slot_s > 0:
            raise ValueError(f"slot_s={slot_s}: allowed is more than 0 s")
        self._slot_ns = ns_from_seconds(slot_s)
        self._look_every_ns = ns_from_seconds(look_every_s)
        self._origin = _origin(zones)
        self._zones = {zone_id: self._metres(zone) for zone_id, zone in zones.items()}
        self._sources: dict[str, _SourceBook] = {}
        # The same array comes again for every frame until the camera's outline is worked out anew.
        self._last_footprint: NDArray[np.float64] | None = None
        self._last_outline: BaseGeometry | None = None

    def seen(
        self,
        t_ns: int,
        source_id: str,
        dt_s: float,
        footprint: NDArray[np.float64] | None,
        sight: Sight,
        why_not: GapReason | None = None,
    ) -> list[CoverageSlot]:
        """One frame: the source looked during [t_ns, t_ns + dt_s).

        Args:
            footprint: lon, lat of the outline of the ground in view; None if it is not placed. shape (N, 2) [deg]
            sight: only SEEING with a footprint counts as seen.
            why_not: why it does not count; else it follows from `sight`, or is NO_TELEMETRY. A frame that counts
                is not touched by it.

        Returns:
            Slots that are over: nothing told later can change them. Log them.

        A time that was told about already is not counted twice.
        """
        book = self._sources.setdefault(source_id, _SourceBook(t_ns))
        start_ns, end_ns = max(t_ns, book.told_ns), t_ns + ns_from_seconds(dt_s)
        if end_ns > start_ns:
            outline = self._placed(footprint) if sight is Sight.SEEING else None
            if outline is None:
                self._lose(book, start_ns, end_ns, why_not or REASON_OF_SIGHT.get(sight, GapReason.NO_TELEMETRY))
                book.looked_ns = None
            else:
                self._look(book, start_ns, outline)
                self._see(book, start_ns, end_ns)
            book.told_ns = end_ns
        return self._over(source_id, book, book.told_ns - self._slot_ns)

    def gap(self, gap: Gap) -> None:
        """Time in which nothing could be seen. The same time told twice for one reason counts once.

        What of it lies in slots that were given out already is left to the Gap's own entry; so are all slots but the
        first and the last of one longer than a day: between two flights, or a clock's 1970 and today, may lie years.
        """
        book = self._sources.setdefault(gap.source_id, _SourceBook(gap.t_start_ns))
        start_ns = max(gap.t_start_ns, book.emitted_ns)
        if gap.t_end_ns - start_ns > _LONG_NS:
            self._lose(book, start_ns, (start_ns // self._slot_ns + 1) * self._slot_ns, gap.reason)
            self._lose(book, (gap.t_end_ns - 1) // self._slot_ns * self._slot_ns, gap.t_end_ns, gap.reason)
            book.told_ns = max(book.told_ns, gap.t_end_ns)
        elif gap.t_end_ns > start_ns:
            self._lose(book, start_ns, gap.t_end_ns, gap.reason)
            book.told_ns = max(book.told_ns, gap.t_end_ns)

    def listened(self, t_start_ns: int, t_end_ns: int, source_id: str) -> None:
        """A sensor that has no picture listened during [t_start_ns, t_end_ns). Its slots are given out at the end."""
        self._see(self._sources.setdefault(source_id, _SourceBook(t_start_ns)), t_start_ns, t_end_ns)

    def passed(self, t_ns: int) -> Iterator[CoverageSlot]:
        """The slots of all sources that end at `t_ns` or before: nothing told later can change them."""
        for source_id in sorted(self._sources):
            yield from self._over(source_id, self._sources[source_id], t_ns)

    def finish(self) -> Iterator[CoverageSlot]:
        """The slots that are left, in the order of sources' ids and of time. The ledger is empty afterwards."""
        for source_id in sorted(self._sources):
            yield from self._over(source_id, self._sources[source_id], None)
        self._sources.clear()

    def _look(self, book: _SourceBook, t_ns: int, outline: BaseGeometry) -> None:
        if book.looked_ns is not None and t_ns - book.looked_ns < self._look_every_ns:
            return
        book.looked_ns = t_ns
        book.outline = outline
        inside = {zone_id: outline.intersection(zone).area / zone.area for zone_id, zone in self._zones.items()}
        book.share = {zone_id: share for zone_id, share in inside.items() if share > 0}
        for slot, _, _ in self._split(book, t_ns, t_ns + 1):
            slot.outlines.append(outline)

    def _see(self, book: _SourceBook, start_ns: int, end_ns: int) -> None:
        for slot, since_ns, until_ns in self._split(book, start_ns, end_ns):
            slot.seeing_ns += until_ns - since_ns
            if not slot.outlines and book.outline is not None:
                slot.outlines.append(book.outline)
            for zone_id, share in book.share.items():
                slot.share_ns[zone_id] = slot.share_ns.get(zone_id, 0.0) + share * (until_ns - since_ns)

    def _lose(self, book: _SourceBook, start_ns: int, end_ns: int, reason: GapReason) -> None:
        for slot, since_ns, until_ns in self._split(book, start_ns, end_ns):
            slot.lost.setdefault(reason, []).append((since_ns, until_ns))

    def _split(self, book: _SourceBook, start_ns: int, end_ns: int) -> Iterator[tuple[_Slot, int, int]]:
        """The slots that [start_ns, end_ns) falls into, each with its part of it; slots are made as needed."""
        for number in range(start_ns // self._slot_ns, -(-end_ns // self._slot_ns)):
            first_ns, last_ns = number * self._slot_ns, (number + 1) * self._slot_ns
            since_ns, until_ns = max(start_ns, first_ns), min(end_ns, last_ns)
            slot = book.slots.setdefault(number, _Slot(since_ns, until_ns))
            slot.start_ns, slot.end_ns = min(slot.start_ns, since_ns), max(slot.end_ns, until_ns)
            yield slot, since_ns, until_ns

    def _over(self, source_id: str, book: _SourceBook, until_ns: int | None) -> list[CoverageSlot]:
        """Give out the slots whose end is at or before until_ns; all of them if None."""
        numbers = [n for n in sorted(book.slots) if until_ns is None or (n + 1) * self._slot_ns <= until_ns]
        if numbers:
            book.emitted_ns = (numbers[-1] + 1) * self._slot_ns
        return [self._slot(source_id, book.slots.pop(number)) for number in numbers]

    def _slot(self, source_id: str, slot: _Slot) -> CoverageSlot:
        seen = shapely.union_all(slot.outlines)
        return CoverageSlot(
            source_id,
            slot.start_ns,
            slot.end_ns,
            round(slot.seeing_ns / NS_PER_S, 3),
            {str(reason): round(_union_ns(slot.lost[reason]) / NS_PER_S, 3) for reason in sorted(slot.lost)},
            self._outline(seen),
            {zone_id: self._share(slot, zone_id, seen.area) for zone_id in sorted(self._zones)},
        )

    def _share(self, slot: _Slot, zone_id: str, seen_m2: float) -> float:
        """Mean share of a zone in view; 0 where that is next to nothing, of the zone and of what was seen.

        Of a zone of a hundred square kilometres no picture shows a hundredth, however long it is flown over.
        """
        share_ns = slot.share_ns.get(zone_id, 0.0)
        least = IN_VIEW * min(1.0, seen_m2 / self._zones[zone_id].area)
        if not share_ns or share_ns < least * slot.seeing_ns:
            return 0.0
        share = share_ns / (slot.end_ns - slot.start_ns)
        return round(share, max(3, 1 - math.floor(math.log10(share))))

    def _placed(self, footprint: NDArray[np.float64] | None) -> BaseGeometry | None:
        if footprint is None or footprint is not self._last_footprint:
            self._last_footprint, self._last_outline = footprint, self._made(footprint)
        return self._last_outline

    def _made(self, footprint: NDArray[np.float64] | None) -> BaseGeometry | None:
        if footprint is None or len(footprint) < 3 or not np.isfinite(footprint).all():
            return None
        if self._origin is None:
            self._origin = (float(footprint[0, 0]), float(footprint[0, 1]))
        outline = self._metres(Polygon(footprint))
        return outline if outline.area > 0 else None

    def _metres(self, lonlat: BaseGeometry) -> BaseGeometry:
        """Local east, north [m] about the origin, mended where it crosses itself."""
        lon0, lat0 = self._origin or (0.0, 0.0)
        scale = np.array([M_PER_DEG * math.cos(math.radians(lat0)), M_PER_DEG])

        def metres(points: NDArray[np.float64]) -> NDArray[np.float64]:
            offset = points - (lon0, lat0)
            short_way = np.where(np.abs(offset) > 180.0, offset - np.copysign(360.0, offset), offset)
            return np.asarray(short_way * scale)

        placed = shapely.transform(lonlat, metres)
        return placed if placed.is_valid else placed.buffer(0)

    def _outline(self, seen: BaseGeometry) -> tuple[tuple[float, float], ...]:
        """Outer ring of the largest connected piece of all that was seen, to about 1 m; holes are not kept."""
        parts = shapely.get_parts(seen.simplify(1.0))
        pieces = [piece for piece in parts if piece.geom_type == "Polygon" and piece.area > 0]
        if not pieces:
            return ()
        largest = max(pieces, key=lambda piece: (piece.area, piece.bounds)).normalize()
        lon0, lat0 = self._origin or (0.0, 0.0)
        scale = np.array([M_PER_DEG * math.cos(math.radians(lat0)), M_PER_DEG])
        ring = np.asarray(largest.exterior.coords)[:-1] / scale + (lon0, lat0)
        return tuple((round(float(lon), 6), round(float(lat), 6)) for lon, lat in ring)


def _origin(zones: Mapping[str, BaseGeometry]) -> tuple[float, float] | None:
    if not zones:
        return None
    west, south, east, north = shapely.total_bounds(np.array(list(zones.values()), dtype=object))
    if east - west > 180:
        lon_deg = shapely.get_coordinates(list(zones.values()))[:, 0] % 360.0
        west, east = lon_deg.min(), lon_deg.max()
    return float(west + east) / 2, float(south + north) / 2


def _union_ns(intervals: list[tuple[int, int]]) -> int:
    """Length of the union of half-open intervals."""
    total, reached = 0, None
    for start, end in sorted(intervals):
        since = start if reached is None else max(start, reached)
        if end > since:
            total += end - since
            reached = end
    return total
