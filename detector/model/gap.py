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


@dataclass(frozen=True, slots=True)
class Gap:
    """A half-open stretch of time [t_start_ns, t_end_ns) in which something could not be seen.

    detail: one sentence for a person: what happened, where in the file. Never a credential.
    count: how many damaged packets, frames or sets the gap stands for.
    """

    source_id: str
    t_start_ns: int
    t_end_ns: int
    reason: GapReason
    detail: str = ""
    count: int = 1
