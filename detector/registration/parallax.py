"""What is known of structure above the ground."""

from __future__ import annotations

import numpy as np

from detector.model import Parallax
from detector.picture.epipole import parallax
from detector.picture.homography import Fit, Float, apply

_LEAST_S = 0.25  # over a shorter time what is off the plane is noise
_KEEP_S = 1.5


class Structure:
    """Where it seems to move to and how fast, from registrations over at least a quarter of a second.

    An answer holds for 1.5 s: each new anchor needs a while before it can give the next.
    """

    def __init__(self) -> None:
        self._found: Parallax | None = None
        self._t_ns = 0

    def see(self, places: Float, anchors: Float, fitted: Fit, anchor_ns: int, t_ns: int) -> None:
        """One registration: points of a frame, where they were in the anchor, and the plane's anchor from frame."""
        seconds = (t_ns - anchor_ns) / 1e9
        off = ~fitted.inlier
        if seconds < _LEAST_S:
            return
        moved = (apply(fitted.matrix, places[off]) - anchors[off]) @ np.linalg.inv(fitted.matrix[:2, :2]).T
        found = parallax(places[off], moved, seconds)
        if found is not None:
            self._found, self._t_ns = found, t_ns

    def at(self, t_ns: int) -> Parallax | None:
        """What is known at a time; None where nothing is."""
        return self._found if t_ns - self._t_ns <= _KEEP_S * 1e9 else None
