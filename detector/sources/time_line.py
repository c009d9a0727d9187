"""From presentation time to UTC: one robust line through the time stamps of the telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.timebase import EARLIEST_NS

_JUMP_S = 1.0
_LONG_S = 60.0
_PAUSE_S = 10.0  # what is less may be telemetry that waited in the multiplexer
_STEADY_S, _STEADY_STAMPS = 3.0, 3


@dataclass(frozen=True, slots=True)
class TimeLine:
    """t_ns = offset_ns + pts_s * (1 + drift) * 1e9, and the steps that are passed.

    steps: from which presentation time on [s] it is how much later [ns]: the recorder paused, and its pictures' times
        did not. In the order of time.
    jitter_s: 1.48 * median absolute deviation of the stamps from the line. [s]
    outliers: indices of stamps farther than 1 s off the line: jumps, or time running backwards.
    """

    offset_ns: int
    drift: float = 0.0
    jitter_s: float = 0.0
    outliers: tuple[int, ...] = ()
    steps: tuple[tuple[float, int], ...] = ()

    def t_ns(self, pts_s: float) -> int:
        """UTC of a presentation time."""
        later_ns = sum(step_ns for from_s, step_ns in self.steps if pts_s >= from_s)
        return self.offset_ns + round(pts_s * 1e9) + round(pts_s * self.drift * 1e9) + later_ns


def through(pts_s: list[float], t_ns: list[int]) -> TimeLine:
    """The line most stamps agree with; a drift only where they span a minute. Both lists are of one length, not 0.

    It has steps where stamps go ahead by more than 10 s and are steady on either side.
    """
    origin = t_ns[len(t_ns) // 2] - round(pts_s[len(pts_s) // 2] * 1e9)
    pts = np.asarray(pts_s)
    off_s = np.asarray([(t - origin) / 1e9 for t in t_ns]) - pts
    steps = _steps(pts, off_s) if min(t_ns) >= EARLIEST_NS else ()
    for from_s, step_ns in steps:
        off_s[pts >= from_s] -= step_ns / 1e9
    middle = float(np.median(off_s))
    good = np.abs(off_s - middle) < _JUMP_S
    drift = 0.0
    kept = np.flatnonzero(good)
    if len(kept) >= 9 and pts[kept].max() - pts[kept].min() >= _LONG_S:
        third = len(kept) // 3
        first, last = kept[:third], kept[-third:]
        rise_s = float(np.median(off_s[last]) - np.median(off_s[first]))
        drift = float(np.clip(rise_s / float(np.median(pts[last]) - np.median(pts[first])), -1e-3, 1e-3))
    flat = off_s - drift * pts
    middle = float(np.median(flat[good])) if good.any() else middle
    jitter = 1.4826 * float(np.median(np.abs(flat[good] - middle))) if good.any() else 0.0
    outliers = tuple(int(i) for i in np.flatnonzero(np.abs(flat - middle) >= _JUMP_S))
    return TimeLine(origin + round(middle * 1e9), drift, jitter, outliers, steps)


def _steps(pts_s: NDArray[np.float64], off_s: NDArray[np.float64]) -> tuple[tuple[float, int], ...]:
    """Where each stretch of steady stamps begins that is later than the one before, and by how much. [s, ns]

    None where one is earlier: then a clock was wrong, and most stamps decide.
    """
    cuts = [0, *(np.flatnonzero(np.abs(np.diff(off_s)) >= _JUMP_S) + 1).tolist(), len(off_s)]
    steady = [
        (first, last)
        for first, last in ((first, end - 1) for first, end in pairwise(cuts))
        if last - first >= _STEADY_STAMPS and pts_s[last] - pts_s[first] >= _STEADY_S
    ]
    by_s = {float(pts_s[after]): float(off_s[after] - off_s[last]) for (_, last), (after, _) in pairwise(steady)}
    if any(step_s <= -_JUMP_S for step_s in by_s.values()):
        return ()
    return tuple((from_s, round(step_s * 1e9)) for from_s, step_s in by_s.items() if step_s > _PAUSE_S)
