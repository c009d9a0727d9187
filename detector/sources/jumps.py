"""Positions that no aircraft can have flown to: satellite navigation that jumps and comes back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.geo import wgs84
from detector.geo.flown import flown_m
from detector.model import Gap, GapReason
from detector.sources.telemetry import Sample

_PATIENCE_S = 60.0
SETTLED_S = 3.0


def without_jumps(samples: list[Sample]) -> tuple[list[Sample], int]:
    """Samples whose position can be believed, and how many were left out.

    Consecutive positions further apart than 150 m/s and 15 m allow cut the flight into stretches. The longest one is
    believed, and going out from it in both directions every stretch that can be reached from the last one believed;
    one that cannot is left out, unless nothing has been believed for 60 s: then the drone has been carried elsewhere,
    or the recording was joined, and the new place counts. So it does where the flight goes on there for 3 s and more
    and does not come back.

    A jump of less than what the allowed speed covers between two sets is not seen: 30 m at 10 Hz, 165 m at 1 Hz.
    """
    placed = sorted((one for one in samples if one.pose is not None), key=lambda one: one.t_ns)
    if len(placed) < 3:
        return samples, 0
    t_s = np.array([one.t_ns for one in placed], np.float64) / 1e9
    positions = np.array([(one.pose.lat_deg, one.pose.lon_deg, one.pose.alt_m) for one in placed if one.pose])
    xyz_m = wgs84.ecef_from_geodetic(positions[:, 0], positions[:, 1], np.nan_to_num(positions[:, 2]))
    believed = believed_positions(t_s, xyz_m)
    out = {id(one) for one, good in zip(placed, believed, strict=True) if not good}
    return [one for one in samples if id(one) not in out], len(out)


def jumps_gap(source_id: str, t_ns: int, astray: int) -> Gap:
    """What is told of them before the first picture."""
    detail = f"{astray} telemetry positions are farther off than an aircraft flies; they were left out"
    return Gap(source_id, t_ns, t_ns + 1, GapReason.STALE_TELEMETRY, detail, astray)


def believed_positions(t_s: NDArray[np.float64], xyz_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which positions can be believed. t_s ascending, shape (N,) [s]; xyz_m shape (N, 3) [m]; result shape (N,)."""
    step_m = np.linalg.norm(np.diff(xyz_m, axis=0), axis=1)
    cuts = np.flatnonzero(step_m > flown_m(np.diff(t_s))) + 1
    starts, ends = np.r_[0, cuts], np.r_[cuts, len(t_s)]
    anchor = int(np.argmax(ends - starts))
    believed = np.zeros(len(t_s), np.bool_)
    believed[starts[anchor] : ends[anchor]] = True
    for order, near, far in ((range(anchor + 1, len(starts)), 0, -1), (range(anchor - 1, -1, -1), -1, 0)):
        last = ends[anchor] - 1 if near == 0 else starts[anchor]
        for stretch in order:
            inside = np.arange(starts[stretch], ends[stretch])
            apart_s = abs(t_s[inside[near]] - t_s[last])
            apart_m = np.linalg.norm(xyz_m[inside[near]] - xyz_m[last])
            if apart_m <= flown_m(apart_s) or apart_s > _PATIENCE_S:
                believed[inside] = True
                last = inside[far]
    within = np.flatnonzero(believed)
    for side in (slice(0, within[0]), slice(within[-1] + 1, len(t_s))):
        if len(t_s[side]) and t_s[side][-1] - t_s[side][0] >= SETTLED_S:
            elsewhere = believed_positions(t_s[side], xyz_m[side])
            if np.ptp(t_s[side][elsewhere]) >= SETTLED_S:
                believed[side] = elsewhere
    return believed
