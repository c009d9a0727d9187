"""The camera's pose out of the items of ST 0601 or EG 0104 sets."""

from __future__ import annotations

import math
from collections.abc import Mapping

from detector.geo import attitude
from detector.klv import eg0104
from detector.klv.items import Value
from detector.klv.st0601_table import ITEMS
from detector.model import CameraPose, Datum
from detector.timebase import LATEST_NS

# Encoders send items that change slowly less often: a value is carried on for this long.
_CARRY_US = 2_000_000
NO_HFOV = "horizontal field of view (16)"
_HFOV, _RELATIVE_ROLL = 16, 20
# Height of the sensor, what it counts from, and that of the frame's centre counted from the same.
_HEIGHTS = ((104, Datum.ELLIPSOID, 78), (75, Datum.ELLIPSOID, 78), (15, Datum.MSL, 25))
_NO_FIX = "a fix: sensor latitude and longitude (13, 14) are 0"
_NEEDED: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("sensor latitude (13)", (13,)),
    ("sensor longitude (14)", (14,)),
    ("sensor height (104, 75 or 15)", (104, 75, 15)),
    (NO_HFOV, (_HFOV,)),
)
_AXIS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("platform heading (5)", (5,)),
    ("platform pitch (90 or 6)", (90, 6)),
    ("platform roll (91 or 7)", (91, 7)),
    ("sensor relative azimuth (18)", (18,)),
    ("sensor relative elevation (19)", (19,)),
)


def stamp_ns(values: Mapping[int, Value]) -> int | None:
    """The set's own time (tag 2) [ns UTC]; None without one. 0 and years after 2199 are no times but faults."""
    stamp_us = values.get(2)
    return stamp_us * 1000 if isinstance(stamp_us, int) and 0 < stamp_us * 1000 <= LATEST_NS else None


class PoseBuilder:
    """Takes sets in the order of time; carries slow items on.

    hfov_deg: horizontal angle of view where no set tells it, or 0. [deg]
    without_roll: poses whose sensor's roll nothing tells. It is taken as 0, for most gimbals hold it there: 1 deg of it
        moves a place at the picture's border by 0.6 to 1 % of its range (for 40 to 60 deg of view).
    """

    def __init__(self, hfov_deg: float | None = None) -> None:
        self.hfov_deg = hfov_deg
        self._latest: dict[int, tuple[int, float]] = {}
        self.without_roll = 0

    def add(self, t_us: int, values: Mapping[int, Value]) -> tuple[CameraPose | None, tuple[str, ...]]:
        """The pose at this set, or None; and the names of needed items that are missing.

        0, 0 is the place that encoders write while their receiver has no fix. Of several heights the first counts
        above which the ground's is told, too.
        """
        for tag, value in values.items():
            if isinstance(value, int | float):
                self._latest[tag] = (t_us, float(value))
        now = {
            tag: value
            for tag, (when_us, value) in self._latest.items()
            if abs(t_us - when_us) <= _CARRY_US and not math.isnan(value)
        }
        if self.hfov_deg is not None and not now.get(_HFOV):
            now[_HFOV] = self.hfov_deg
        direct = eg0104.AXIS_AZIMUTH in now and eg0104.AXIS_ELEVATION in now
        needed = _NEEDED if direct else _NEEDED + _AXIS
        missing = tuple(name for name, tags in needed if not any(tag in now for tag in tags))
        if now.get(13) == now.get(14) == 0:
            missing += (_NO_FIX,)
        if missing:
            return None, missing
        self.without_roll += (eg0104.AXIS_ROLL if direct else _RELATIVE_ROLL) not in now
        return _pose(now, direct=direct), ()


def _pose(now: Mapping[int, float], *, direct: bool) -> CameraPose:
    told = [choice for choice in _HEIGHTS if choice[0] in now]
    height, datum, ground = next((choice for choice in told if choice[2] in now), told[0])
    if direct:
        axis = (now[eg0104.AXIS_AZIMUTH] % 360.0, now[eg0104.AXIS_ELEVATION], now.get(eg0104.AXIS_ROLL, 0.0))
    else:
        platform = (now[5], now.get(90, now.get(6, 0.0)), now.get(91, now.get(7, 0.0)))
        relative = (now[18], now[19], now.get(_RELATIVE_ROLL, 0.0))
        yaw, pitch, roll = attitude.axis_from_platform(platform, relative)
        axis = (float(yaw), float(pitch), float(roll))
    return CameraPose(
        now[13], now[14], now[height], *axis, now[_HFOV], now.get(17, math.nan),
        datum=datum, ground_alt_m=now.get(ground, math.nan),
    )  # fmt: skip


def name_of(tag: int) -> str:
    """Name and number of a tag, for people."""
    return f"{ITEMS[tag].name} ({tag})" if tag in ITEMS else f"tag {tag}"
