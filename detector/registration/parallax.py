"""What is known of structure above the ground."""

from __future__ import annotations

from collections import deque

import numpy as np

from detector.model import Parallax
from detector.picture.epipole import directions, parallax
from detector.picture.homography import Fit, Float, apply

_LEAST_S = 0.25  # over a shorter time what is off the plane is noise
_KEEP_S = 1.5
_ALIKE = 0.9  # cosine between the lines of two answers
_ALIKE_SHARE = 0.6  # of the answers of the last 1.5 s
_LEAST_ANSWERS = 3


class Structure:
    """Where it seems to move to and how fast, from registrations over at least a quarter of a second.

    An answer holds for 1.5 s: each new anchor needs a while before it can give the next. It counts only where most of
    the answers before it say the same: points that merely scatter agree on some line, too, each time on another.
    """

    def __init__(self) -> None:
        self._found: Parallax | None = None
        self._t_ns = 0
        self._answers: deque[tuple[int, Parallax]] = deque()

    def see(self, places: Float, anchors: Float, fitted: Fit, anchor_ns: int, t_ns: int) -> None:
        """One registration: points of a frame, where they were in the anchor, and the plane's anchor from frame."""
        seconds = (t_ns - anchor_ns) / 1e9
        off = ~fitted.inlier
        if seconds < _LEAST_S:
            return
        moved = (apply(fitted.matrix, places[off]) - anchors[off]) @ np.linalg.inv(fitted.matrix[:2, :2]).T
        found = parallax(places[off], moved, seconds)
        while self._answers and t_ns - self._answers[0][0] > _KEEP_S * 1e9:
            self._answers.popleft()
        if found is None:
            return
        self._answers.append((t_ns, found))
        alike = [_alike(found, one, places[off]) for _, one in self._answers]
        if len(alike) >= _LEAST_ANSWERS and np.mean(alike) >= _ALIKE_SHARE:
            self._found, self._t_ns = found, t_ns

    def at(self, t_ns: int) -> Parallax | None:
        """What is known at a time; None where nothing is."""
        return self._found if t_ns - self._t_ns <= _KEEP_S * 1e9 else None


def _alike(one: Parallax, other: Parallax, places: Float) -> bool:
    cosine = np.sum(directions(one.epipole, places) * directions(other.epipole, places), axis=1)
    return bool(np.median(cosine) >= _ALIKE)
