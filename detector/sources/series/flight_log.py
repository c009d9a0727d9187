"""What readers of flight logs have in common: many messages, each with fields, on the clock of an autopilot."""

from __future__ import annotations

import heapq
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.table_reader import TableReader
from detector.timebase import NS_PER_US

CLOCK_SIGMA_NS = 2e8
"""A receiver's message reaches the autopilot 0.1 to 0.3 s after the instant that it states. [ns]"""
_ROWS = 4096
_EARLIEST_US, LATEST_US = 1_000_000_000_000_000, 4_102_444_800_000_000
"""Dates are from 2001 to 2100: what is below counts from a start of something. [us]"""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """All records of one kind, one instance of it.

    t_us: since the autopilot's start, or whatever it counts from. shape (T,) int64 [us]
    values: shape (T, C)
    """

    channels: tuple[str, ...]
    t_us: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that is not there. t_start_us, t_end_us: by the autopilot's clock. [us]"""

    t_start_us: int
    t_end_us: int
    reason: GapReason
    detail: str


class FlightLog(TableReader):
    """Messages by the times of their pieces; what is not known of UTC counts from the start that was stated.

    UTC is what the satellite receiver said while it had a fix: the median difference to the autopilot's clock. Without
    one, the log begins at the start that the caller or the .json states, else in 1970, and `no_start` is counted.
    """

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 4,096 instants of one message at most.

        Raises:
            SourceError: what reads such logs is absent, or it is none.
        """
        self._begin()
        messages = [known for one in self._read() if (known := self._known(one)) is not None]
        newest_us = max((int(one.t_us[-1]) for one in messages), default=0)
        oldest_us = min((int(one.t_us.min()) for one in messages), default=0)
        offset_us = self._utc_minus_clock_us()
        if offset_us is None:
            self.counters["no_start"] += self._station.start_ns is None
            offset_ns = (self._station.start_ns or 0) - oldest_us * NS_PER_US
        else:
            offset_ns = offset_us * NS_PER_US
        yield from (self._at(gap, offset_ns) for gap in self._lost())
        pieces = [_pieces(one, offset_ns) for one in messages]
        for block in heapq.merge(*pieces, key=lambda one: (int(one.t_ns[0]), one.channels)):
            span_us = max(newest_us - oldest_us, 1)
            self.share = min(max((int(block.t_ns[-1]) - offset_ns) / NS_PER_US - oldest_us, 0) / span_us, 1.0)
            yield block

    def _known(self, message: Message) -> Message | None:
        """Without times that cannot be, and without the channels that never hold a number: what a vehicle does not
        have is in its log all the same."""
        rows = (message.t_us >= 0) & (message.t_us < LATEST_US)
        self.counters["rows_unreadable"] += int(np.count_nonzero(~rows))
        values = message.values[rows]
        held = np.flatnonzero(np.isfinite(values).any(axis=0)).tolist()
        if not held:
            return None
        return Message(tuple(message.channels[at] for at in held), message.t_us[rows], values[:, held])

    def _cut_at(self, size: int, whole: int) -> str:
        return f"{self._path}: it ends inside a message, at byte {size} (the last whole one ends at {whole})"

    @abstractmethod
    def _read(self) -> list[Message]:
        """All of it; raises SourceError."""

    @abstractmethod
    def _utc_minus_clock_us(self) -> int | None:
        """By the satellite receiver; None: it had no fix. [us]"""

    @abstractmethod
    def _lost(self) -> list[Lost]:
        """What is not there."""

    def _at(self, lost: Lost, offset_ns: int) -> Gap:
        start_ns, end_ns = (
            min(max(t_us, 0), LATEST_US) * NS_PER_US + offset_ns for t_us in (lost.t_start_us, lost.t_end_us)
        )
        detail = f"{self._path}: {lost.detail}"
        return Gap(self._source_id, start_ns, max(end_ns, start_ns + 1), lost.reason, detail)


def utc_minus_clock_us(utc_us: NDArray[np.int64], clock_us: NDArray[np.int64]) -> int | None:
    """Median difference, of those that are dates at all; None: none is. [us]"""
    known = (utc_us > _EARLIEST_US) & (utc_us < LATEST_US) & (clock_us >= 0) & (clock_us < LATEST_US)
    return int(np.median(utc_us[known] - clock_us[known])) if known.any() else None


def _pieces(message: Message, offset_ns: int) -> Iterator[Block]:
    t_ns = message.t_us * NS_PER_US + offset_ns
    for begin in range(0, len(t_ns), _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, len(t_ns)))
        yield Block(message.channels, t_ns[rows], message.values[rows], rows, "record")
