"""How long each zone was watched, and why not in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from detector.model import CoverageSlot

IN_VIEW = 0.01
"""Least share of a zone that counts as being in view at all. [1]"""


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
        """Share of the period in which any of it, IN_VIEW or more, was in view. [1]"""
        seen_ns = sum(one.t_end_ns - one.t_start_ns for one in self.stretches if not one.why_not)
        return seen_ns / (self.stretches[-1].t_end_ns - self.stretches[0].t_start_ns)

    @property
    def not_watched(self) -> tuple[Stretch, ...]:
        """The stretches in which nothing of it was in view, those with the same reason joined."""
        joined: list[Stretch] = []
        for one in self.stretches:
            if not one.why_not:
                continue
            if joined and joined[-1].t_end_ns == one.t_start_ns and joined[-1].why_not == one.why_not:
                one = Stretch(joined.pop().t_start_ns, one.t_end_ns, 0.0, one.why_not)  # noqa: PLW2901
            joined.append(one)
        return tuple(joined)


def zones_watched(slots: Sequence[CoverageSlot]) -> list[ZoneWatch]:
    """Each zone that any slot names, in the order of their ids."""
    edges = sorted({edge for slot in slots for edge in (slot.t_start_ns, slot.t_end_ns)})
    zones = sorted({zone for slot in slots for zone in slot.zone_share})
    pieces = [(a, b, [s for s in slots if s.t_start_ns <= a < s.t_end_ns]) for a, b in pairwise(edges)]
    watches = []
    for zone in zones:
        stretches = tuple(_stretch(a, b, live, zone) for a, b, live in pieces)
        period = edges[-1] - edges[0]
        watched = sum(one.share * (one.t_end_ns - one.t_start_ns) for one in stretches) / period
        watches.append(ZoneWatch(zone, watched, stretches))
    return watches


def _stretch(start_ns: int, end_ns: int, live: list[CoverageSlot], zone: str) -> Stretch:
    share = max((slot.zone_share.get(zone, 0.0) for slot in live), default=0.0)
    return Stretch(start_ns, end_ns, share, "" if share >= IN_VIEW else _why(live))


def _why(live: list[CoverageSlot]) -> str:
    if not live:
        return "no source was running"
    if max(slot.seeing_s for slot in live) > max((s for slot in live for s in slot.lost_s.values()), default=0.0):
        return "out of view"
    lost = [(seconds, reason) for slot in live for reason, seconds in slot.lost_s.items()]
    return max(lost)[1].replace("_", " ") if lost else "out of view"
