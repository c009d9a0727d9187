"""What every source is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from detector.model import Frame, Gap, Series
from detector.sources.packet_ring import PacketRing

OnProgress = Callable[[str, int, float, float | None], None]
"""Told from time to time whose it is, how many frames or samples were read, and how far they reach of how much. [s]"""

PROGRESS_EVERY_FRAMES = 25


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """How reading ended. detail: where and why it is incomplete, empty otherwise. [t_start_ns, t_end_ns) half-open."""

    frames: int
    complete: bool
    detail: str
    t_start_ns: int
    t_end_ns: int
    counters: dict[str, int] = field(default_factory=dict)


class Source(Protocol):
    """Frames and gaps in the order of time. A second iteration gives the same.

    end: None until an iteration has ended.
    ring: set it before iterating to keep the original packets for clips.
    duration_s: as far as it is known before reading. [s]
    """

    source_id: str
    end: SourceEnd | None
    ring: PacketRing | None
    duration_s: float | None

    @property
    def telemetry(self) -> Series | None:
        """What the drone says of itself, as it says it, in the order of time; None where it never told its position.

        All of a recording, the newest stretch of a live feed.
        """
        ...

    def __iter__(self) -> Iterator[Frame | Gap]:
        """Begin from the start."""
        ...

    def elapsed_s(self, t_ns: int) -> float:
        """Seconds from the recording's start to `t_ns`."""
        ...
