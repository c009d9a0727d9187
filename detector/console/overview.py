"""One tile a feed: what the log says of it, and what it says of itself while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from detector.console.desk import Desk
from detector.console.judging import open_for
from detector.console.live import FeedState, state_of
from detector.live_file import live_sources, read_live
from detector.log import LoggedViolation
from detector.log.reader import Period
from detector.model import CoverageSlot, EvidenceFile, Gap, RunEnd
from detector.timebase import NS_PER_S

LOOK_BACK_NS = 3600 * NS_PER_S
"""Of the newest thing logged: a tile tells about the last hour."""


@dataclass(frozen=True, slots=True)
class Tile:
    """state: one of live, frozen, trouble, ended, quiet. why: one sentence, empty while all is well.

    seen: share of the newest slot in which it saw. [1] None without any.
    picture: violation and file of the newest snapshot; None without one.
    said: what the feed says of itself; empty unless it runs.
    """

    name: str
    kind: str
    state: str
    why: str
    newest_ns: int | None
    seen: float | None
    seen_s: float
    gaps: tuple[Gap, ...]
    count: int
    undecided: int
    picture: tuple[str, EvidenceFile] | None
    said: dict[str, Any]

    def number(self, name: str) -> float | None:
        """A number the feed says of itself."""
        value = self.said.get(name)
        return float(value) if isinstance(value, int | float) else None


def tiles(desk: Desk, party: str) -> list[Tile]:
    """All feeds, by name; the sensors of a network are one tile."""
    found = desk.book.violations()
    ends = {end.source_id: end for run in desk.book.runs() for end in run.ends}
    newest_ns = max((end.t_end_ns for end in ends.values()), default=0)
    newest_ns = max([newest_ns, *(one.violation.t_end_ns for one in found)])
    since = Period(newest_ns - LOOK_BACK_NS)
    slots, gaps = desk.book.coverage(since), desk.book.gaps(since)
    folder = desk.book.path.parent
    names = {slot.source_id.partition("/")[0] for slot in slots} | {gap.source_id.partition("/")[0] for gap in gaps}
    names |= {one.violation.source_id for one in found} | set(ends) | set(live_sources(folder))
    return [
        _tile(
            name,
            [slot for slot in slots if slot.source_id.partition("/")[0] == name],
            [gap for gap in gaps if gap.source_id.partition("/")[0] == name],
            [one for one in found if name in one.sources],
            ends.get(name),
            read_live(folder, name),
            desk.clock.now_ns(),
            party,
        )
        for name in sorted(names)
    ]


def _tile(
    name: str,
    slots: list[CoverageSlot],
    gaps: list[Gap],
    found: list[LoggedViolation],
    end: RunEnd | None,
    live: tuple[dict[str, Any], bytes] | None,
    now_ns: int,
    party: str,
) -> Tile:
    said = live[0] if live is not None else {}
    state, why = _state(said, end, now_ns)
    last = max(slots, key=lambda slot: slot.t_end_ns, default=None)
    seen = last.seeing_s * NS_PER_S / max(last.t_end_ns - last.t_start_ns, 1) if last is not None else None
    times = [slot.t_end_ns for slot in slots] + [one.violation.t_end_ns for one in found]
    pictures = [(one.violation.violation_id, file) for one in found for file in _own_pictures(one, name)]
    return Tile(
        name,
        "sensors" if any(slot.is_sensor for slot in slots) or said.get("kind") == "sensors" else "pictures",
        state,
        why,
        said.get("t_ns") or max(times, default=None),
        min(seen, 1.0) if seen is not None else None,
        sum(slot.seeing_s for slot in slots),
        tuple(sorted(gaps, key=lambda gap: gap.t_start_ns, reverse=True)[:3]),
        len(found),
        sum(open_for(one, party) for one in found),
        pictures[-1] if pictures else None,
        said,
    )


def _own_pictures(found: LoggedViolation, name: str) -> list[EvidenceFile]:
    """What this source itself saw or heard of it: of one that several noticed, the others' pictures are not its own."""
    folders = {record.violation_id for record in found.records if record.source_id == name}
    shown = [file for file in found.files if file.role in {"overlay", "spectrogram"}]
    return [file for file in shown if file.path.partition("/")[0] in folders]


def _state(said: dict[str, Any], end: RunEnd | None, now_ns: int) -> FeedState:
    if said:
        return state_of(said, now_ns)
    if end is None:
        return FeedState("quiet", "")
    return FeedState("ended", "") if end.complete else FeedState("trouble", end.detail)
