"""When nobody was looking, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GapReason(StrEnum):
    """Why something was not seen."""

    WARMING_UP = "warming_up"  # the detector had not yet seen enough
    REGISTRATION = "registration"  # scene cut, fog, sea: the camera's motion could not be told
    NO_TELEMETRY = "no_telemetry"  # seen, but not placed on the ground: ground rules were off
    STALE_TELEMETRY = "stale_telemetry"  # the nearest telemetry sample was too old
    DAMAGED = "damaged"  # packets or frames could not be decoded
    MISSING = "missing"  # time in the recording with no frames
    CLOCK = "clock"  # time went back or jumped
    INCOMPLETE = "incomplete"  # the recording ends before it should
    DISCONNECTED = "disconnected"  # live: the connection was lost, or nothing came over it
    FROZEN = "frozen"  # live: the sender repeated one picture
    STREAM_CHANGED = "stream_changed"  # live: another size or codec in the middle
    SKIPPED = "skipped"  # live: analysis was slower than the stream
    NOT_RUNNING = "not_running"  # live: nothing watched this feed: the centre or its process was down


BREAKS = frozenset({GapReason.DISCONNECTED, GapReason.FROZEN, GapReason.STREAM_CHANGED, GapReason.NOT_RUNNING})
"""What comes after such a gap does not continue what came before it: no track is joined across it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A half-open stretch of time [t_start_ns, t_end_ns) in which something could not be seen.

    detail: one sentence for a person: what happened, where in the file. Never a credential.
    count: how many damaged packets, frames or sets the gap stands for; 0 where it goes on from one told before.
    """

    source_id: str
    t_start_ns: int
    t_end_ns: int
    reason: GapReason
    detail: str = ""
    count: int = 1
