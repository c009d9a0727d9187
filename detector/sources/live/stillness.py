"""A sender that repeats one picture: to the eye a quiet place, in truth nobody is looking."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.model import Frame

# Re-encoding one and the same picture moves its grey values by so much at most; more at a keyframe, encoded anew.
_SAME = 6
_SAME_AT_A_KEYFRAME = 24
_SAME_MEAN = 2.0
_ROWS = 16


class RepeatedPictures:
    """Holds back pictures that repeat the one before: in them nothing can be told from the sender standing still.

    A camera's noise, however well compressed, or anything that moves, of whatever size, makes a new picture.

    since_ns: time of the first repetition; None while pictures change.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_ns = round(longest_s * 1e9)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last: Frame | None = None
        self._held: deque[Frame] = deque()
        self.since_ns: int | None = None

    @property
    def frozen(self) -> bool:
        """The picture has repeated itself for so long that it is no picture any more."""
        return (
            self.since_ns is not None and self._last is not None and self._last.t_ns - self.since_ns >= self._longest_ns
        )

    def feed(self, frame: Frame) -> list[Frame]:
        """The frames that may go on, in order: none while pictures repeat, and those held back once one differs.

        Those of a stretch that was `frozen` do not go on.
        """
        last, was_frozen = self._last, self.frozen
        if last is not None and _same(last.luma, frame.luma, at_a_keyframe=frame.keyframe):
            if self.since_ns is None:
                self.since_ns = frame.t_ns
            self._last = frame
            # One picture stands for all: a minute of them would not fit in memory.
            self._held.append(
                replace(frame, luma=self._held[0].luma, colour=self._held[0].colour) if self._held else frame
            )
            if self.frozen:
                self._held.clear()
            return []
        ready = [] if was_frozen else [*self._held]
        self._held.clear()
        self._last, self.since_ns = frame, None
        return [*ready, frame]

    def finish(self) -> list[Frame]:
        """Those still held back: the stream has ended before they were too many."""
        ready = [*self._held]
        self.reset()
        return ready


def _same(a: NDArray[np.uint8], b: NDArray[np.uint8], *, at_a_keyframe: bool) -> bool:
    if a.shape != b.shape:
        return False
    allowed = _SAME_AT_A_KEYFRAME if at_a_keyframe else _SAME
    if cv2.norm(np.ascontiguousarray(a[::_ROWS]), np.ascontiguousarray(b[::_ROWS]), cv2.NORM_INF) > allowed:
        return False
    if cv2.norm(a, b, cv2.NORM_INF) > allowed:
        return False
    return cv2.norm(a, b, cv2.NORM_L1) <= _SAME_MEAN * a.size
