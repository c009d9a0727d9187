"""Telemetry whose clock was never set: it counts from 1970, and a start that was given tells when that was."""

from __future__ import annotations

from dataclasses import replace

from detector.model import Gap, GapReason
from detector.sources.survey import Survey
from detector.sources.time_line import TimeLine
from detector.timebase import EARLIEST_NS, iso_from_ns


def moved(found: Survey, lines: list[TimeLine | None], by_ns: int) -> list[TimeLine | None]:
    """The lines, and in place what the survey found, later by that much [ns]; what a clock that was set tells stays.

    lines: from presentation time to UTC, one for each segment of `found.video_pts_s` or more.
    """
    found.samples = [replace(one, t_ns=_moved(one.t_ns, by_ns)) for one in found.samples]
    found.told = [(_moved(t_ns, by_ns), values) for t_ns, values in found.told]
    return [
        line if line is None or line.t_ns(0.0) >= EARLIEST_NS else replace(line, offset_ns=line.offset_ns + by_ns)
        for line in lines
    ]


def moved_gap(source_id: str, t_ns: int, by_ns: int) -> Gap:
    """What is told of it before the first picture, which is at `t_ns`."""
    showed = iso_from_ns(t_ns - by_ns, 0)
    detail = f"the clock of its telemetry was never set and showed {showed} at the first picture, which the start dates"
    return Gap(source_id, t_ns, t_ns + 1, GapReason.CLOCK, detail)


def _moved(t_ns: int, by_ns: int) -> int:
    return t_ns if t_ns >= EARLIEST_NS else t_ns + by_ns
