"""Presentation times that begin again in the middle: recordings joined end to end, a recorder that started anew.

Where they begin again is for the recorder to say: it may be later as well, and in a transport stream an earlier time
looks later by the 26.5 h after which its clock begins anew.
"""

from __future__ import annotations

import math
from collections import deque

_BACK_S = 1.0
_STEPS = 10.0
_AHEAD_S = 60.0  # a pause that is taken for a beginning does no harm: telemetry tells the time on either side of it


class Restarts:
    """How often the times of one stream, in decoding order, have begun again.

    That is: fallen back by more than a second, or, where a recording may begin, gone ahead by more than a minute and by
    ten times the step before: some cameras take a picture every few minutes.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last_s: float | None = None
        self._step_s = math.inf

    def feed(self, seconds: float | None, *, key: bool = True) -> int:
        """The segment, from 0, that the packet with this time belongs to.

        Args:
            seconds: None: the packet has no time. [s]
            key: a recording may begin with it.
        """
        if seconds is not None and self._last_s is not None:
            step_s = seconds - self._last_s
            self.count += step_s < -_BACK_S or (key and step_s > max(_AHEAD_S, _STEPS * self._step_s))
            self._step_s = step_s
        self._last_s = self._last_s if seconds is None else seconds
        return self.count


class PictureSegments:
    """Which segment a picture belongs to. Pictures leave the decoder some packets after they went in."""

    def __init__(self) -> None:
        self.index = 0
        self._packets = Restarts()
        self._latest_s = 0.0
        self._ahead: deque[tuple[float, float]] = deque()

    def feed(self, decoding_s: float | None, shown_s: float | None, *, key: bool) -> int:
        """The segment of the next packet: its times of decoding and of presentation [s], and if it is a keyframe."""
        before, segment = self._packets.count, self._packets.feed(decoding_s, key=key)
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
