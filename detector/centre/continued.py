"""Whether what is seen right after a restart is what was going on when the process before was killed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detector.association.fusion import offset_m, square
from detector.model import Gap, GapReason, Joined, Place, State, Violation
from detector.rules import GAP_RULES
from detector.timebase import NS_PER_S

_AWAY_NS = 60 * NS_PER_S
_AT_ONCE_NS = 3 * NS_PER_S
_CHI2_95 = 5.991
"""Of two degrees of freedom."""


class Continued:
    """Joins the two records of one event that a killed process has cut in two, where that can be told.

    It can of what stands still: the same rule, the same zone, there again within 3 s of the feed's return, after a
    minute at most, at a place that fits within the 95 % ellipses of both. And of a silence, which has no place, by its
    subject. It cannot of what moves: in the seconds between, it could be another; both records stay.
    """

    def __init__(self) -> None:
        self._broken_off: list[Violation] = []
        self._back_ns: dict[str, int] = {}

    def broke_off(self, violations: Iterable[Violation]) -> None:
        """These were open when the process of their source was killed."""
        for one in violations:
            self._back_ns.pop(one.source_id, None)
            self._broken_off.append(one)

    def gap(self, gap: Gap) -> None:
        """A gap as it was logged: when the feed was seen again."""
        if gap.reason is GapReason.NOT_RUNNING:
            self._back_ns[gap.source_id] = gap.t_end_ns

    def opened(self, violation: Violation) -> Joined | None:
        """What it is a part of, if any; each is continued once."""
        if violation.state is not State.OPEN:
            return None
        for before in self._broken_off:
            misfit = self._misfit(before, violation)
            if misfit is not None:
                self._broken_off.remove(before)
                return Joined(
                    before.violation_id,
                    (violation.violation_id,),
                    "the same before and after its process was killed: same rule, same place",
                    before.t_start_ns,
                    means=before.means,
                    place=before.place,
                    misfit=misfit,
                    run_id=violation.run_id,
                )
        return None

    def _misfit(self, before: Violation, after: Violation) -> float | None:
        """Chi-squared of their places; None: it cannot be told."""
        same = (before.source_id, before.rule_id, before.zone_id) == (after.source_id, after.rule_id, after.zone_id)
        if not same or not 0 <= after.t_start_ns - before.t_end_ns <= _AWAY_NS:
            return None
        if before.rule_kind in GAP_RULES:
            return 0.0 if before.subject == after.subject else None
        back_ns = self._back_ns.get(after.source_id)
        if back_ns is None or not 0 <= after.t_start_ns - back_ns <= _AT_ONCE_NS:
            return None
        misfit = _apart(before.place, after.place)
        return misfit if misfit <= _CHI2_95 else None


def _apart(one: Place, other: Place) -> float:
    """Chi-squared of the distance of two places; infinite where one of them is not known."""
    if one.lat_deg is None or one.lon_deg is None or one.covariance_m2 is None:
        return float("inf")
    if other.lat_deg is None or other.lon_deg is None or other.covariance_m2 is None:
        return float("inf")
    d_m = offset_m((one.lon_deg, one.lat_deg), (other.lon_deg, other.lat_deg))
    covariance = square(one.covariance_m2) + square(other.covariance_m2)
    if not np.linalg.det(covariance) > 0:
        return float("inf")
    return round(float(d_m @ np.linalg.solve(covariance, d_m)), 3)
