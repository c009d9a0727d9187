"""What a connection hands over: packets as they arrive, and how it began and ended."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection stands. video: its stream, kept as the template of decoders and clips.

    each_packet_shows: of this codec each packet becomes a picture.
    """

    video: Any
    each_packet_shows: bool
    interval_ns: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """One packet, copied.

    arrival_ns: by the monotonic clock of this machine, and UTC by its system clock: arrived_ns.
    sent_ns: the sender's clock, UTC, where the protocol says it.
    size: of the data, also while that lies on the disk. [bytes]
    """

    arrival_ns: int
    arrived_ns: int
    is_video: bool
    key: bool
    corrupt: bool
    data: bytes
    pts: int | None
    dts: int | None
    time_base: Fraction
    sent_ns: int | None = None
    size: int = 0

    @property
    def shown_s(self) -> float | None:
        """Time of presentation, else of decoding. [s]"""
        stamp = self.pts if self.pts is not None else self.dts
        return None if stamp is None else float(stamp * self.time_base)

    @property
    def decoding_s(self) -> float | None:
        """Time of decoding, else of presentation. [s]"""
        stamp = self.dts if self.dts is not None else self.pts
        return None if stamp is None else float(stamp * self.time_base)


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many pictures were passed over: judging is slower than the stream."""

    pictures: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone, or could not be made. detail: why, without secrets."""

    detail: str


Item = Opened | Arrived | Skipped | Closed
