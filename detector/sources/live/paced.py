"""A recording played at its own rate: for the centre it is a feed like any other, only that it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from detector.model import Frame, Gap, Series
from detector.sources.live.state import State
from detector.sources.packet_ring import PacketRing
from detector.sources.source import Source, SourceEnd
from detector.timebase import NS_PER_S

# Time that recordings leave out is not waited for.
_LONGEST_WAIT_S = 2.0


class Paced:
    """Hands a source's frames on when they are due. What is too late is not waited for, and nothing is left out.

    media: how it is named; state and the rest: as of LiveVideo.
    """

    def __init__(self, source: Source, media: str) -> None:
        self.media, self._source = media, source
        self.source_id, self.duration_s = source.source_id, source.duration_s
        self.state, self.state_why, self.since_ns = State.CONNECTING, "", time.time_ns()
        self.alive_ns = time.time_ns()
        self.counters: dict[str, int] = {}
        self._stop = threading.Event()
        self.end: SourceEnd | None = None
        self._due: tuple[int, int] | None = None  # a frame's time, and when it was due

    @property
    def ring(self) -> PacketRing | None:
        """The source's own."""
        return self._source.ring

    @ring.setter
    def ring(self, ring: PacketRing | None) -> None:
        self._source.ring = ring

    @property
    def telemetry(self) -> Series | None:
        """All of the recording."""
        return self._source.telemetry

    def stop(self) -> None:
        """Come to an end now."""
        self._stop.set()

    def elapsed_s(self, t_ns: int) -> float:
        """Seconds from the recording's start."""
        return self._source.elapsed_s(t_ns)

    @property
    def lag_s(self) -> float | None:
        """How late the newest frame that was handed on is; None before the first. [s]"""
        return None if self._due is None else max(0.0, (time.monotonic_ns() - self._due[1]) / NS_PER_S)

    def __iter__(self) -> Iterator[Frame | Gap]:
        """From the recording's start.

        Raises:
            SourceError: as the source does.
        """
        self.end = None
        self.state, self.since_ns = State.RUNNING, time.time_ns()
        first_ns = frames = t_ns = 0
        for item in self._source:
            if isinstance(item, Frame):
                self._wait_for(item.t_ns)
                t_ns, frames = item.t_ns, frames + 1
                first_ns = first_ns if frames > 1 else t_ns
            if self._stop.is_set():
                self.end = SourceEnd(frames, False, "stopped before its end", first_ns, t_ns)
                break
            yield item
        self.end = self.end or self._source.end
        why = "stopped before its end" if self._stop.is_set() else "played to its end"
        self.state, self.state_why, self.since_ns = State.ENDED, why, time.time_ns()

    def _wait_for(self, t_ns: int) -> None:
        now_ns = time.monotonic_ns()
        due_ns = now_ns if self._due is None else self._due[1] + t_ns - self._due[0]
        if abs(due_ns - now_ns) > _LONGEST_WAIT_S * NS_PER_S and due_ns > now_ns:
            due_ns = now_ns
        self._due = (t_ns, due_ns)
        while due_ns > time.monotonic_ns() and not self._stop.wait(
            min(0.25, (due_ns - time.monotonic_ns()) / NS_PER_S)
        ):
            self.alive_ns = time.time_ns()
        self.alive_ns = time.time_ns()
