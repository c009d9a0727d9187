"""Presentation times that begin again in the middle: recordings joined end to end, a recorder that started anew."""

from __future__ import annotations

from collections import deque

_BACK_S = 1.0


class Restarts:
    """How often the times of one stream, in decoding order, have begun again: fallen back by more than a second."""

    def __init__(self) -> None:
        self.count = 0
        self._last_s: float | None = None

    def feed(self, seconds: float | None) -> int:
        """The segment, from 0, that the packet with this time belongs to; None: the packet has no time. [s]"""
        if seconds is not None:
            if self._last_s is not None and seconds < self._last_s - _BACK_S:
                self.count += 1
            self._last_s = seconds
        return self.count


class PictureSegments:
    """Which segment a picture belongs to. Pictures leave the decoder some packets after they went in."""

    def __init__(self) -> None:
        self.index = 0
        self._packets = Restarts()
        self._latest_s = 0.0
        self._ahead: deque[tuple[float, float]] = deque()

    def feed(self, decoding_s: float | None, shown_s: float | None) -> int:
        """The segment of the next packet: its times of decoding and of presentation. [s]"""
        before, segment = self._packets.count, self._packets.feed(decoding_s)
        if shown_s is not None:
            if segment != before:
                self._ahead.append((self._latest_s, shown_s))
                self._latest_s = shown_s
            self._latest_s = max(self._latest_s, shown_s)
        return segment

    def of(self, shown_s: float) -> int:
        """The segment of the next picture out of the decoder: the new one once it is nearer to where that began."""
        if self._ahead:
            ended_s, began_s = self._ahead[0]
            if abs(shown_s - began_s) < abs(shown_s - ended_s):
                self._ahead.popleft()
                self.index += 1
        return self.index
