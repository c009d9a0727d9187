"""One stretch of watching: which cells of the ground were in view for how long, and what passed through them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ASTRIDE = 0.15  # a mover along a cell's edge stays in its cell until it is this share of a cell beyond

Cell = tuple[int, int]


class Passage(NamedTuple):
    """A mover in one cell, told by its first seconds there. Rounded, so that memory and present are the same.

    t_s: when it was told. [s UTC]
    seen_s: how long the cell had been in view in this stretch by then. [s]
    heading_deg: clockwise from north.
    """

    row: int
    col: int
    track_id: int
    t_s: int
    seen_s: float
    speed_m_s: float
    heading_deg: float
    size_m: float


@dataclass(slots=True)
class Stretch:
    """What one feed saw within one clock hour.

    seen_s: for each cell (row, column), how long it was in view. [s]
    """

    source_id: str
    run_id: str
    t_start_s: int
    t_end_s: int
    seen_s: dict[Cell, float] = field(default_factory=dict)
    passages: list[Passage] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from other stretches."""
        return self.source_id, self.t_start_s


@dataclass(frozen=True, slots=True)
class Mover:
    """One mover now. place: row and column as real numbers. velocity: east, north [m/s]."""

    track_id: int
    place: tuple[float, float]
    velocity: tuple[float, float]
    size_m: float


@dataclass(slots=True)
class _Sojourn:
    """A mover in its cell, so far."""

    cell: Cell
    t_first_ns: int
    t_last_ns: int
    hits: int = 0
    east: float = 0.0
    north: float = 0.0
    size: float = 0.0


class Watch:
    """The stretch that is going on.

    A mover that has been in a cell for `passage_s` and `min_hits` fixes is a passage, once a cell and stretch.
    """

    def __init__(self, source_id: str, run_id: str, t_ns: int, passage_s: float, min_hits: int) -> None:
        self.stretch = Stretch(source_id, run_id, t_ns // 10**9, t_ns // 10**9)
        self._counts: Counter[Cell] = Counter()
        self._passage_ns = round(passage_s * 1e9)
        self._min_hits = min_hits
        self._sojourns: dict[int, _Sojourn] = {}
        self._told: set[tuple[int, Cell]] = set()

    def see(self, t_ns: int, cells: NDArray[np.int64], seconds: float) -> None:
        """These cells (K, 2) were in view for so long, up to now."""
        self.stretch.t_end_s = max(self.stretch.t_end_s, t_ns // 10**9)
        seen_s = self.stretch.seen_s
        for cell in map(tuple, cells.tolist()):
            seen_s[cell] = seen_s.get(cell, 0.0) + seconds

    def move(self, t_ns: int, movers: Sequence[Mover]) -> list[tuple[Passage, int]]:
        """What is seen to move now; gives out the passages that are complete, each with its number in its cell."""
        told = (self._follow(t_ns, mover) for mover in movers)  # one after the other: the numbers count up
        return [(passage, self._counts[passage.row, passage.col]) for passage in told if passage is not None]

    def forget_lost(self, before_ns: int) -> None:
        """Movers last seen before this time are followed no longer."""
        self._sojourns = {track: one for track, one in self._sojourns.items() if one.t_last_ns >= before_ns}

    def finish(self) -> Stretch:
        """The whole stretch, rounded as it is remembered."""
        self.stretch.seen_s = {cell: round(seconds, 1) for cell, seconds in sorted(self.stretch.seen_s.items())}
        return self.stretch

    def _follow(self, t_ns: int, mover: Mover) -> Passage | None:
        stay = self._sojourns.get(mover.track_id)
        if stay is None or not _is_in(mover.place, stay.cell):
            cell = (math.floor(mover.place[0]), math.floor(mover.place[1]))
            stay = self._sojourns[mover.track_id] = _Sojourn(cell, t_ns, t_ns)
        stay.t_last_ns = t_ns
        if (mover.track_id, stay.cell) in self._told:
            return None
        stay.hits += 1
        stay.east += mover.velocity[0]
        stay.north += mover.velocity[1]
        stay.size += mover.size_m
        if stay.hits < self._min_hits or t_ns - stay.t_first_ns < self._passage_ns:
            return None
        self._told.add((mover.track_id, stay.cell))
        return self._tell(t_ns, mover.track_id, stay)

    def _tell(self, t_ns: int, track_id: int, stay: _Sojourn) -> Passage:
        east, north = stay.east / stay.hits, stay.north / stay.hits
        # A cell at the rim of the view counts from when its middle came into view; by now something was seen in it.
        seen_s = max(self.stretch.seen_s.get(stay.cell, 0.0), (t_ns - stay.t_first_ns) / 1e9)
        passage = Passage(
            *stay.cell,
            track_id,
            t_ns // 10**9,
            round(seen_s, 1),
            round(math.hypot(east, north), 2),
            round(math.degrees(math.atan2(east, north)) % 360.0, 1),
            round(stay.size / stay.hits, 2),
        )
        self.stretch.t_end_s = max(self.stretch.t_end_s, passage.t_s)
        self.stretch.passages.append(passage)
        self._counts[stay.cell] += 1
        return passage


def _is_in(place: tuple[float, float], cell: Cell) -> bool:
    return all(-_ASTRIDE <= here - low < 1 + _ASTRIDE for here, low in zip(place, cell, strict=True))
