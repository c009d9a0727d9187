"""Coverage, gaps and possible violations of each feed over one stretch of time, laid out in per mille of its width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.console.judging import gravity
from detector.log import LoggedViolation
from detector.log.watched import ZoneWatch, zones_watched
from detector.model import CoverageSlot, Gap
from detector.timebase import NS_PER_S

WIDTH = 1000.0
"""Of the drawing. The least that is drawn is one of these, so that a moment does not vanish."""

ABOUT_AS_MUCH = 0.01
"""Of a share seen. [1]"""

MOST_LANES = 6
LEAST_MARK = 10.0
"""Width that a mark takes however short it is."""

_STEPS_S = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    172800,
    345600,
    604800,
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch: where it lies, how strongly it is drawn (0 to 1), what it says, what it leads to."""

    x: float
    width: float
    strength: float
    kind: str
    text: str
    t_start_ns: int
    t_end_ns: int
    violation_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A feed, a sensor or a zone.

    share: of the time shown, how much was seen. [1]
    lanes: possible violations, so that none lies over another; `strength` is their gravity.
    """

    name: str
    kind: str
    share: float
    covered: tuple[Bar, ...]
    gaps: tuple[Bar, ...]
    lanes: tuple[tuple[Bar, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows over [since_ns, until_ns), with the marks of the time axis: position and time."""

    since_ns: int
    until_ns: int
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, int], ...]


def sheet(
    since_ns: int, until_ns: int, slots: Sequence[CoverageSlot], gaps: Sequence[Gap], found: Sequence[LoggedViolation]
) -> Sheet:
    """Lay out what falls into the time. `until_ns` > `since_ns`."""
    scale = _Scale(since_ns, until_ns)
    names = {slot.source_id for slot in slots} | {gap.source_id for gap in gaps}
    noticed = {record.source_id for one in found for record in one.records}
    names |= noticed - {name.partition("/")[0] for name in names if "/" in name}
    rows = []
    for name in sorted(names):
        own = [slot for slot in slots if slot.source_id == name]
        seen_s = sum(slot.seeing_s for slot in own)
        rows.append(
            Row(
                name,
                "sensor" if "/" in name else "feed",
                min(seen_s * NS_PER_S / (until_ns - since_ns), 1.0),
                scale.seen((slot.t_start_ns, slot.t_end_ns, _share(slot)) for slot in own),
                tuple(
                    scale.bar(gap.t_start_ns, gap.t_end_ns, 1.0, str(gap.reason), gap.detail)
                    for gap in gaps
                    if gap.source_id == name
                ),
                _lanes(_marks(scale, name, found, names)),
            )
        )
    rows += [_zone_row(scale, watch) for watch in zones_watched(slots, gaps)]
    return Sheet(since_ns, until_ns, tuple(rows), tuple(_ticks(scale)))


def span_of(watched: tuple[int, int] | None, found: Iterable[LoggedViolation]) -> tuple[int, int] | None:
    """From the first to the last thing that was logged; None if there is nothing. watched: of coverage and gaps."""
    times = [] if watched is None else [watched]
    times += [(one.violation.t_start_ns, one.violation.t_end_ns) for one in found]
    return (min(start for start, _ in times), max(end for _, end in times)) if times else None


class _Scale:
    def __init__(self, since_ns: int, until_ns: int) -> None:
        self.since_ns, self.until_ns = since_ns, until_ns

    def at(self, t_ns: int) -> float:
        share = (min(max(t_ns, self.since_ns), self.until_ns) - self.since_ns) / (self.until_ns - self.since_ns)
        return round(share * WIDTH, 2)

    def bar(self, t_start_ns: int, t_end_ns: int, strength: float, kind: str, text: str, violation_id: str = "") -> Bar:
        x = self.at(t_start_ns)
        width = max(round(self.at(t_end_ns) - x, 2), 1.0)
        return Bar(min(x, WIDTH - 1), width, round(strength, 3), kind, text, t_start_ns, t_end_ns, violation_id)

    def seen(self, stretches: Iterable[tuple[int, int, float]]) -> tuple[Bar, ...]:
        """Of times and shares. One bar for those that follow one another and saw about as much.

        So also, with their mean, for what is together no wider than the least that is drawn: a day is thousands.
        """
        least_ns = (self.until_ns - self.since_ns) / WIDTH
        joined: list[tuple[int, int, float]] = []
        for start_ns, end_ns, share in stretches:
            if joined and joined[-1][1] == start_ns:
                first_ns, _, before = joined[-1]
                narrow = end_ns - first_ns <= least_ns
                if narrow or abs(before - share) <= ABOUT_AS_MUCH:
                    weight = (end_ns - start_ns) / (end_ns - first_ns) if narrow else 0.0
                    joined[-1] = first_ns, end_ns, before + weight * (share - before)
                    continue
            joined.append((start_ns, end_ns, share))
        return tuple(self.bar(start_ns, end_ns, share, "seen", "") for start_ns, end_ns, share in joined)


def _share(slot: CoverageSlot) -> float:
    return min(slot.seeing_s * NS_PER_S / max(slot.t_end_ns - slot.t_start_ns, 1), 1.0)


def _marks(scale: _Scale, name: str, found: Sequence[LoggedViolation], names: set[str]) -> list[Bar]:
    """What this source noticed, also of what stands under another's record.

    A network's own incidents stand with the first of its sensors: the log has coverage of each, not of it.
    """
    network = name.partition("/")[0]
    first = "/" in name and name == min(one for one in names if one.startswith(f"{network}/"))
    return [
        scale.bar(v.t_start_ns, v.t_end_ns, gravity(one), v.rule_kind, v.observation, one.violation.violation_id)
        for one in found
        for v in (one.violation, *(record for record in one.records if record.source_id != one.violation.source_id))
        if v.source_id == name or (first and v.source_id == network)
    ]


def _lanes(marks: Sequence[Bar]) -> tuple[tuple[Bar, ...], ...]:
    """Each mark in the first lane that is free there; beyond MOST_LANES they share the last one."""
    lanes: list[list[Bar]] = []
    for mark in sorted(marks, key=lambda bar: bar.t_start_ns):
        free = next((lane for lane in lanes if lane[-1].x + max(lane[-1].width, LEAST_MARK) <= mark.x), None)
        if free is None and len(lanes) < MOST_LANES:
            lanes.append(free := [])
        (lanes[-1] if free is None else free).append(mark)
    return tuple(map(tuple, lanes))


def _zone_row(scale: _Scale, watch: ZoneWatch) -> Row:
    seen = scale.seen((one.t_start_ns, one.t_end_ns, one.share) for one in watch.stretches if not one.why_not)
    return Row(watch.zone_id, "zone", watch.watched_time, seen, (), ())


def _ticks(scale: _Scale) -> Iterable[tuple[float, int]]:
    span_s = (scale.until_ns - scale.since_ns) / NS_PER_S
    weeks = _STEPS_S[-1] << max(0, math.ceil(math.log2(span_s / 9 / _STEPS_S[-1])))
    step_ns = next((step for step in _STEPS_S if span_s / step <= 9), weeks) * NS_PER_S
    t_ns = -(-scale.since_ns // step_ns) * step_ns
    while t_ns <= scale.until_ns:
        yield scale.at(t_ns), t_ns
        t_ns += step_ns
