"""Fewer pictures while judging is behind: what moves is still seen, and nothing goes unwatched."""

from __future__ import annotations

from detector.timebase import NS_PER_S

_APART_NS = (0, round(0.075 * NS_PER_S), round(0.15 * NS_PER_S))
"""Of what goes on, by how far judging is behind: all; ten to thirteen a second, of which the detectors give the answers
of 10 to 60; five to seven, which cost a third less again."""

_BEGINS = (1.0, 1.5)
_ENDS = (1 / 3, 1.0)
"""Each further step, in units of the wait at which the first begins."""


class Thinning:
    """Says of each picture whether it goes on. All of them are decoded; a picture passed over is not judged.

    after_s: how long pictures wait before it begins. [s]
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._step = 0
        self._last_ns: int | None = None

    @property
    def active(self) -> bool:
        """Whether it thins now."""
        return self._step > 0

    def goes_on(self, t_ns: int, waiting_s: float) -> bool:
        """Of the next picture: when it was taken, and how long the next one after it has been waiting."""
        while self._step < len(_BEGINS) and waiting_s > self._after_s * _BEGINS[self._step]:
            self._step += 1
        while self._step > 0 and waiting_s <= self._after_s * _ENDS[self._step - 1]:
            self._step -= 1
        if self._last_ns is not None and 0 <= t_ns - self._last_ns < _APART_NS[self._step]:
            return False
        self._last_ns = t_ns
        return True
