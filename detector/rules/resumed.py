"""Whether a mover that shows right after a time in which nothing could be judged is one that was followed before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.model import Joined, Violation
from detector.rules.points import Sighted
from detector.timebase import NS_PER_S

_AWAY_NS = 4 * NS_PER_S  # longer, and what brakes and turns may be anywhere
_AT_ONCE_NS = NS_PER_S  # later, and it may have come from elsewhere
_ACCELERATION_M_S2 = 1.0
_CHI2_95 = 9.488  # of four degrees of freedom: place and velocity
_CLEARLY = 6.0  # so much worse fits the second best: e^3 times less likely


@dataclass(frozen=True, slots=True, eq=False)
class _Broken:
    """An incident that the gap has closed, and its mover as last seen."""

    shape: int
    found: Sighted
    violation: Violation


class Resumed:
    """Says of an incident which one it goes on with, that a gap in the judging had closed.

    Nothing is joined across a gap inside an incident: both have their records, and an entry says that they are one.
    It is said where a mover at the same zone was lost at the gap, shows again within a second of its end and four of
    its beginning, where it was due and as fast: place and velocity within 95 % of what both fixes and 1 m/s2 leave
    open, and no other one that was lost fits nearly as well.

    Hit: a car before and after a cut of the picture, 0.4 s and 3 m on.   Miss: two cars of one column.
    """

    def __init__(self) -> None:
        self._broken: list[_Broken] = []
        self._back_ns: int | None = None

    def broke_off(self, shape: int, found: Sighted, violation: Violation) -> None:
        """The incident of this mover was closed since nothing could be judged."""
        self._back_ns = None
        self._broken.append(_Broken(shape, found, violation))

    def look(self, t_ns: int) -> None:
        """It can be judged again at this time."""
        if self._broken and self._back_ns is None:
            self._back_ns = t_ns
        self._broken = [one for one in self._broken if 0 <= t_ns - one.found.t_ns <= 2 * _AWAY_NS]

    def goes_on(self, shape: int, first: Sighted, now: Sighted, violation: Violation) -> Joined | None:
        """The one that an incident which opens continues, if any. first, now: its mover as it began, and at last."""
        if self._back_ns is None or first.t_ns - self._back_ns > _AT_ONCE_NS:
            return None
        fitting = sorted(
            (misfit, index)
            for index, one in enumerate(self._broken)
            if one.shape == shape and (misfit := _misfit(one.found, first, now)) <= _CHI2_95 + _CLEARLY
        )
        if not fitting or fitting[0][0] > _CHI2_95:
            return None
        if len(fitting) > 1 and fitting[1][0] - fitting[0][0] < _CLEARLY:
            return None
        misfit, index = fitting[0]
        before = self._broken.pop(index)
        away_s = (first.t_ns - before.found.t_ns) / NS_PER_S
        return Joined(
            before.violation.violation_id,
            (violation.violation_id,),
            f"the same before and after {away_s:.1f} s in which nothing could be judged: where it was due, and as fast",
            before.violation.t_start_ns,
            means=before.violation.means,
            misfit=round(misfit, 3),
            run_id=violation.run_id,
        )

    def clear(self) -> None:
        """Forget everything."""
        self._broken.clear()
        self._back_ns = None


def _misfit(before: Sighted, first: Sighted, now: Sighted) -> float:
    """Chi-squared of place and velocity, with four degrees of freedom; infinite where they cannot be compared."""
    away_s, until_s = (first.t_ns - before.t_ns) / NS_PER_S, (now.t_ns - before.t_ns) / NS_PER_S
    if not 0 < away_s <= _AWAY_NS / NS_PER_S:
        return float("inf")
    spread = np.eye(2) * _ACCELERATION_M_S2**2
    place = first.offset(before) - before.velocity * away_s
    about_place = before.covariance + first.covariance + before.velocity_covariance * away_s**2
    about_place = about_place + spread * (away_s**2 / 2) ** 2
    velocity = now.velocity - before.velocity
    about_velocity = before.velocity_covariance + now.velocity_covariance + spread * until_s**2
    both = _chi2(place, about_place) + _chi2(velocity, about_velocity)
    return both if np.isfinite(both) else float("inf")


def _chi2(offset: np.ndarray, covariance: np.ndarray) -> float:
    if not np.isfinite(covariance).all() or not np.linalg.det(covariance) > 0:
        return float("inf")
    return float(offset @ np.linalg.solve(covariance, offset))
