"""One tile a feed: what the log says of it, and what it says of itself while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from detector.console.counts import Part
from detector.console.desk import Desk
from detector.console.lately import Lately
from detector.console.live import FeedState, state_of
from detector.live_file import live_sources, read_live
from detector.log.reader import Period
from detector.model import EvidenceFile, Gap, GapReason, RunEnd
from detector.timebase import NS_PER_S

LOOK_BACK_NS = 3600 * NS_PER_S
"""Of the newest thing logged: a tile tells about the last hour."""


@dataclass(frozen=True, slots=True)
class Tile:
    """now: its state is one of live, frozen, trouble, ended, quiet.

    seen: share of the newest slot in which it saw. [1] None without any.
    picture: violation and file of the newest snapshot; None without one, or while the feed shows its own.
    said: what the feed says of itself; empty unless it runs.
    """

    name: str
    kind: str
    now: FeedState
    newest_ns: int | None
    seen: float | None
    gaps: tuple[Gap, ...]
    count: int
    undecided: int
    picture: tuple[str, EvidenceFile] | None
    said: dict[str, Any]

    @property
    def last_gap(self) -> Gap | None:
        """The newest; of one that the warming up after it follows, the one that it warmed up from."""
        newest, *before = self.gaps or (None,)
        if newest is None or newest.reason is not GapReason.WARMING_UP or not before:
            return newest
        return before[0] if before[0] is not None and before[0].t_end_ns >= newest.t_start_ns else newest

    def number(self, name: str) -> float | None:
        """A number the feed says of itself."""
        value = self.said.get(name)
        return float(value) if isinstance(value, int | float) else None


def tiles(desk: Desk, party: str) -> list[Tile]:
    """All feeds, by name; the sensors of a network are one tile."""
    ends = {end.source_id: end for run in desk.book.runs() for end in run.ends}
    parts = {name: desk.counts.parts(name) for name in desk.counts.sources()}
    times = [end.t_end_ns for end in ends.values()] + [one.t_end_ns for some in parts.values() for one in some]
    times += [*(desk.book.span_ns() or ())][1:]  # a centre that runs has ended nothing, and may have flagged nothing
    lately = desk.lately.found(Period(max(times, default=0) - LOOK_BACK_NS))
    folder, now_ns = desk.book.path.parent, desk.clock.now_ns()
    return [
        _tile(
            name,
            lately.get(name, Lately()),
            parts.get(name, []),
            desk.counts.open_of(name, party),
            ends.get(name),
            read_live(folder, name),
            now_ns,
        )
        for name in sorted({*lately, *parts, *ends, *live_sources(folder)})
    ]


def _tile(
    name: str,
    lately: Lately,
    parts: list[Part],
    undecided: int,
    end: RunEnd | None,
    live: tuple[dict[str, Any], bytes] | None,
    now_ns: int,
) -> Tile:
    said = live[0] if live is not None else {}
    slot = lately.slot
    seen = slot.seeing_s * NS_PER_S / max(slot.t_end_ns - slot.t_start_ns, 1) if slot is not None else None
    times = ([] if slot is None else [slot.t_end_ns]) + [one.t_end_ns for one in parts]
    newest = max((one for one in parts if one.picture is not None), default=None) if not said else None
    return Tile(
        name,
        "sensors" if (slot is not None and slot.is_sensor) or said.get("kind") == "sensors" else "pictures",
        _state(said, end, now_ns),
        said.get("t_ns") or max(times, default=None),
        min(seen, 1.0) if seen is not None else None,
        tuple(lately.gaps),
        len(parts),
        undecided,
        (newest.violation_id, newest.picture) if newest is not None and newest.picture is not None else None,
        said,
    )


def _state(said: dict[str, Any], end: RunEnd | None, now_ns: int) -> FeedState:
    if said:
        return state_of(said, now_ns)
    if end is None:
        return FeedState("quiet", "")
    return FeedState("ended", "") if end.complete else FeedState("trouble", end.detail)
