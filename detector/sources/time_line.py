"""From presentation time to UTC: one robust line through the time stamps of the telemetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_JUMP_S = 1.0
_LONG_S = 60.0


@dataclass(frozen=True, slots=True)
class TimeLine:
    """t_ns = offset_ns + pts_s * (1 + drift) * 1e9.

    jitter_s: 1.48 * median absolute deviation of the stamps from the line. [s]
    outliers: indices of stamps farther than 1 s off the line: jumps, or time running backwards.
    """

    offset_ns: int
    drift: float = 0.0
    jitter_s: float = 0.0
    outliers: tuple[int, ...] = ()

    def t_ns(self, pts_s: float) -> int:
        """UTC of a presentation time."""
        return self.offset_ns + round(pts_s * 1e9) + round(pts_s * self.drift * 1e9)


def through(pts_s: list[float], t_ns: list[int]) -> TimeLine:
    """The line most stamps agree with; a drift only where they span a minute. Both lists are of one length, not 0."""
    origin = t_ns[len(t_ns) // 2] - round(pts_s[len(pts_s) // 2] * 1e9)
    pts = np.asarray(pts_s)
    off_s = np.asarray([(t - origin) / 1e9 for t in t_ns]) - pts
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
    return TimeLine(origin + round(middle * 1e9), drift, jitter, outliers)
