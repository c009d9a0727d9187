"""How long each zone was watched, and why not in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from detector.model import CoverageSlot, Gap
from detector.timebase import NS_PER_S

MOMENT_NS = NS_PER_S
"""What is shorter is told only as a sum. [ns]"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Half-open time with one mean share of the zone in view; `why_not` is empty while some of it was."""

    t_start_ns: int
    t_end_ns: int
    share: float
    why_not: str


@dataclass(frozen=True, slots=True)
class ZoneWatch:
    """One zone over the whole period.

    watched: mean share of its area that was in view, over time; of several sources, the best one counts. [1]
    """

    zone_id: str
    watched: float
    stretches: tuple[Stretch, ...]

    @property
    def watched_time(self) -> float:
        """Share of the period in which it was in view, as the ledger counts it. [1]"""
        seen_ns = sum(one.t_end_ns - one.t_start_ns for one in self.stretches if not one.why_not)
        return seen_ns / (self.stretches[-1].t_end_ns - self.stretches[0].t_start_ns)

    @property
    def not_watched(self) -> tuple[Stretch, ...]:
        """The stretches in which nothing of it was in view, those with the same reason joined.

        A moment of less than MOMENT_NS beside another stretch is told with it.
        """
        joined: list[Stretch] = []
        for one in self.stretches:
            if not one.why_not:
                continue
            if joined and joined[-1].t_end_ns == one.t_start_ns:
                last = joined[-1]
                longer = max(last, one, key=lambda stretch: stretch.t_end_ns - stretch.t_start_ns)
                moment = min(last.t_end_ns - last.t_start_ns, one.t_end_ns - one.t_start_ns) < MOMENT_NS
                if moment or last.why_not == one.why_not:
                    joined[-1] = Stretch(last.t_start_ns, one.t_end_ns, 0.0, longer.why_not)
                    continue
            joined.append(one)
        return tuple(joined)


def zones_watched(slots: Sequence[CoverageSlot], gaps: Sequence[Gap] = ()) -> list[ZoneWatch]:
    """Each zone that any slot names, in the order of their ids.

    A slot tells only how much of a zone was in view on average; `gaps` tell when exactly within it nobody was looking.
    """
    slots = [slot for slot in slots if not slot.is_sensor]
    if not slots:
        return []
    looking = {slot.source_id for slot in slots}
    pieces = _pieces(slots, [gap for gap in gaps if gap.source_id in looking])
    seen_ns: Counter[int] = Counter()
    for piece in pieces:
        for number in piece.looking:
            seen_ns[number] += piece.t_end_ns - piece.t_start_ns
    # A slot's share is a mean over all of it; where a source looked only for a part, it saw more in that part.
    factor = {
        number: (slots[number].t_end_ns - slots[number].t_start_ns) / lasted_ns for number, lasted_ns in seen_ns.items()
    }
    told = {number for piece in pieces for number in piece.kept_from}
    watches = []
    for zone in sorted({zone for slot in slots for zone in slot.zone_share}):
        stretches = tuple(_stretch(piece, slots, factor, told, zone) for piece in pieces)
        period = pieces[-1].t_end_ns - pieces[0].t_start_ns
        watched = sum(one.share * (one.t_end_ns - one.t_start_ns) for one in stretches) / period
        watches.append(ZoneWatch(zone, watched, stretches))
    return watches


def listened(slots: Sequence[CoverageSlot]) -> dict[str, float]:
    """How long each sensor listened, in the order of their ids. [s]"""
    seconds: dict[str, float] = {}
    for slot in slots:
        if slot.is_sensor:
            seconds[slot.source_id] = seconds.get(slot.source_id, 0.0) + slot.seeing_s
    return dict(sorted(seconds.items()))


def heard_to(slots: Sequence[CoverageSlot]) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Least, middle and most of how far each sensor's channel would have heard the stated source over the slots. [m]"""
    found: dict[tuple[str, str], list[float]] = {}
    for slot in slots:
        for name, far_m in slot.reach_m.items():
            found.setdefault((slot.source_id, name), []).append(far_m)
    return {key: (min(all_m), median(all_m), max(all_m)) for key, all_m in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Half-open time in which neither a slot nor a gap begins or ends.

    looking: the slots (by position) of sources that looked. kept_from: those of sources in a gap. lost: its reasons.
    """

    t_start_ns: int
    t_end_ns: int
    looking: tuple[int, ...]
    kept_from: tuple[int, ...]
    lost: tuple[str, ...]


def _pieces(slots: Sequence[CoverageSlot], gaps: Sequence[Gap]) -> list[_Piece]:
    first_ns, last_ns = min(slot.t_start_ns for slot in slots), max(slot.t_end_ns for slot in slots)
    cut = [gap for gap in gaps if gap.t_start_ns < last_ns and gap.t_end_ns > first_ns]
    edges = {edge for slot in slots for edge in (slot.t_start_ns, slot.t_end_ns)}
    edges |= {min(max(edge, first_ns), last_ns) for gap in cut for edge in (gap.t_start_ns, gap.t_end_ns)}
    live, open_gaps = _Live(slots), _Live(cut)
    pieces = []
    for start_ns, end_ns in pairwise(sorted(edges)):
        going_on = [cut[number] for number in open_gaps.at(start_ns)]
        blind = {gap.source_id for gap in going_on}
        numbers = live.at(start_ns)
        looking = tuple(number for number in numbers if slots[number].source_id not in blind)
        kept_from = tuple(number for number in numbers if slots[number].source_id in blind)
        lost = tuple(sorted({str(gap.reason) for gap in going_on})) if numbers else ()
        pieces.append(_Piece(start_ns, end_ns, looking, kept_from, lost))
    return pieces


class _Live:
    """Which of many half-open stretches go on at a time that only grows; by position, in the order of their start."""

    def __init__(self, items: Sequence[CoverageSlot] | Sequence[Gap]) -> None:
        self._items = items
        self._coming = sorted(range(len(items)), key=lambda number: items[number].t_start_ns, reverse=True)
        self._now: list[int] = []

    def at(self, t_ns: int) -> list[int]:
        while self._coming and self._items[self._coming[-1]].t_start_ns <= t_ns:
            self._now.append(self._coming.pop())
        self._now = [number for number in self._now if self._items[number].t_end_ns > t_ns]
        return self._now


def _stretch(
    piece: _Piece, slots: Sequence[CoverageSlot], factor: Mapping[int, float], told: Set[int], zone: str
) -> Stretch:
    share = max((slots[n].zone_share.get(zone, 0.0) * factor[n] for n in piece.looking), default=0.0)
    why_not = "" if share > 0 else _why(piece, slots, told)
    return Stretch(piece.t_start_ns, piece.t_end_ns, min(share, 1.0), why_not)


def _why(piece: _Piece, slots: Sequence[CoverageSlot], told: Set[int]) -> str:
    looking = [slots[number] for number in piece.looking]
    if not looking:
        return piece.lost[0].replace("_", " ") if piece.lost else "no source was running"
    if not told.isdisjoint(piece.looking):
        return "out of view"  # what the slot lost lies in its gaps
    if max(slot.seeing_s for slot in looking) > max((s for slot in looking for s in slot.lost_s.values()), default=0.0):
        return "out of view"
    lost = [(seconds, reason) for slot in looking for reason, seconds in slot.lost_s.items()]
    return max(lost)[1].replace("_", " ") if lost else "out of view"
