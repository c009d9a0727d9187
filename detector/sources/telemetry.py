"""Poses over time, and the pose of a frame between two of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace

from detector.geo import attitude
from detector.model import CameraPose

_MAX_AGE_S = 2.0
# Steeper than this yaw and roll turn into one another: interpolate the rotation, not the angles.
_STEEP_DEG = 80.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The telemetry at one instant. pose: None where something needed is missing.

    place: latitude, longitude [deg] and height [m], where they are told without a pose.
    """

    t_ns: int
    pose: CameraPose | None
    place: tuple[float, float, float] | None = None


class Track:
    """Samples in the order of time; of two at one time the first counts."""

    def __init__(self, samples: list[Sample]) -> None:
        by_time: dict[int, CameraPose] = {}
        for sample in samples:
            if sample.pose is not None:
                by_time.setdefault(sample.t_ns, sample.pose)
        self._t_ns = sorted(by_time)
        self._poses = [by_time[t_ns] for t_ns in self._t_ns]

    @property
    def t_ns(self) -> list[int]:
        """Times of the poses, ascending. [ns UTC]"""
        return self._t_ns

    def __len__(self) -> int:
        return len(self._t_ns)

    def pose_at(self, t_ns: int, aspect: float) -> CameraPose | None:
        """Pose at a time, with `age_s` to the nearest sample; None farther than 2 s from any.

        Args:
            t_ns: UTC.
            aspect: width over height of the picture, for a vertical angle of view that the telemetry lacks.
        """
        after = bisect_left(self._t_ns, t_ns)
        nearest = min(
            (i for i in (after - 1, after) if 0 <= i < len(self._t_ns)),
            key=lambda i: abs(self._t_ns[i] - t_ns),
            default=None,
        )
        if nearest is None:
            return None
        age_s = abs(self._t_ns[nearest] - t_ns) / 1e9
        if age_s > _MAX_AGE_S:
            return None
        if 0 < after < len(self._t_ns) and self._t_ns[after] - self._t_ns[after - 1] <= 2e9 * _MAX_AGE_S:
            share = (t_ns - self._t_ns[after - 1]) / (self._t_ns[after] - self._t_ns[after - 1])
            pose = _between(self._poses[after - 1], self._poses[after], share, age_s)
        else:
            pose = replace(self._poses[nearest], age_s=age_s)
        return pose if pose.vfov_deg == pose.vfov_deg else replace(pose, vfov_deg=vfov_from(pose.hfov_deg, aspect))


def vfov_from(hfov_deg: float, aspect: float) -> float:
    """Vertical angle of view of square pixels. [deg]"""
    return math.degrees(2 * math.atan(math.tan(math.radians(hfov_deg) / 2) / aspect))


def _between(a: CameraPose, b: CameraPose, share: float, age_s: float) -> CameraPose:
    if a.datum != b.datum:
        return replace(a if share < 0.5 else b, age_s=age_s)
    if abs(a.pitch_deg) > _STEEP_DEG or abs(b.pitch_deg) > _STEEP_DEG:
        ypr = attitude.between((a.yaw_deg, a.pitch_deg, a.roll_deg), (b.yaw_deg, b.pitch_deg, b.roll_deg), share)
        yaw, pitch, roll = (float(angle) for angle in ypr)
    else:
        yaw = _angle(a.yaw_deg, b.yaw_deg, share) % 360.0
        pitch, roll = a.pitch_deg + share * (b.pitch_deg - a.pitch_deg), _angle(a.roll_deg, b.roll_deg, share)
    return replace(
        a,
        lat_deg=a.lat_deg + share * (b.lat_deg - a.lat_deg),
        lon_deg=(_angle(a.lon_deg, b.lon_deg, share) + 180.0) % 360.0 - 180.0,
        alt_m=a.alt_m + share * (b.alt_m - a.alt_m),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        hfov_deg=a.hfov_deg + share * (b.hfov_deg - a.hfov_deg),
        vfov_deg=a.vfov_deg + share * (b.vfov_deg - a.vfov_deg),
        age_s=age_s,
        ground_alt_m=a.ground_alt_m + share * (b.ground_alt_m - a.ground_alt_m),
    )


def _angle(a_deg: float, b_deg: float, share: float) -> float:
    return a_deg + share * ((b_deg - a_deg + 180.0) % 360.0 - 180.0)
