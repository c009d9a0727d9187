"""Fewer pictures while judging is behind: ten a second are enough to see what moves, and nothing goes unwatched."""

from __future__ import annotations

from detector.timebase import NS_PER_S

_APART_NS = round(0.075 * NS_PER_S)
"""Of what goes on: ten to thirteen pictures a second, of which the detectors give the answers of 10 to 60."""

_CAUGHT_UP = 1 / 3
"""Of the lag at which it began: where it ends."""


class Thinning:
    """Says of each picture whether it goes on. All of them are decoded; a picture passed over is not judged.

    after_s: how long pictures wait before it begins. [s]
    active: whether it thins now.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self.active = False
        self._last_ns: int | None = None

    def goes_on(self, t_ns: int, waiting_s: float) -> bool:
        """Of the next picture: when it was taken, and how long the next one after it has been waiting."""
        self.active = waiting_s > self._after_s * (_CAUGHT_UP if self.active else 1.0)
        near = self._last_ns is not None and 0 <= t_ns - self._last_ns < _APART_NS
        if self.active and near:
            return False
        self._last_ns = t_ns
        return True
