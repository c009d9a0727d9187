"""Poses as they come: those that no aircraft can have flown to are left out, as of recordings."""

from __future__ import annotations

import numpy as np

from detector.geo import wgs84
from detector.geo.flown import flown_m
from detector.model import CameraPose
from detector.sources.jumps import SETTLED_S
from detector.sources.telemetry import Sample, Track

_KEPT = 1200


class FlownTrack(Track):
    """A track that grows. What lies further behind than 1,200 samples is forgotten.

    left_out: samples whose position was farther off than an aircraft flies. One counts again where the flight goes on
        there for 3 s: then the drone has been carried elsewhere. Recordings are judged knowing what follows
        (`without_jumps`): there the first three seconds of the new place count, too.
    """

    def __init__(self) -> None:
        super().__init__([])
        self.left_out = 0
        self._believed: tuple[int, np.ndarray] | None = None
        self._elsewhere: tuple[int, int, np.ndarray] | None = None  # since, newest, where

    def add(self, sample: Sample) -> None:
        """The next sample; one that is not newer than the last is passed over."""
        if sample.pose is None or (self._t_ns and sample.t_ns <= self._t_ns[-1]):
            return
        if not self._can_be(sample.t_ns, sample.pose):
            self.left_out += 1
            return
        self._t_ns.append(sample.t_ns)
        self._poses.append(sample.pose)
        if len(self._t_ns) > _KEPT:
            del self._t_ns[: _KEPT // 2], self._poses[: _KEPT // 2]

    def _can_be(self, t_ns: int, pose: CameraPose) -> bool:
        here = wgs84.ecef_from_geodetic(pose.lat_deg, pose.lon_deg, float(np.nan_to_num(pose.alt_m)))
        if self._believed is not None and not _reachable(self._believed, t_ns, here):
            away = self._elsewhere
            goes_on = away is not None and _reachable((away[1], away[2]), t_ns, here)
            since_ns = away[0] if away is not None and goes_on else t_ns
            self._elsewhere = (since_ns, t_ns, here)
            if t_ns - since_ns < SETTLED_S * 1e9:
                return False
        self._believed, self._elsewhere = (t_ns, here), None
        return True


def _reachable(before: tuple[int, np.ndarray], t_ns: int, here: np.ndarray) -> bool:
    return bool(np.linalg.norm(here - before[1]) <= flown_m((t_ns - before[0]) / 1e9))
