"""What a vehicle's telemetry says twice: quantities that agree while satellite navigation is sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.platform_roles import Roles, roles_of
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.model import Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

LONGEST_STEP_S = 3.5
"""Looks further apart are not compared. [s]"""
SLOW = 10
"""A slow drift shows in the sum of so many looks."""
BEFORE = SLOW + 1
"""So many looks before the first are needed for every feature."""
LEAST_MOVING = 4
"""Of fewer quantities all may honestly stand still."""
_MOVING_M_S = 3.0  # slower than this a course is noise
_G = 9.80665


@dataclass(frozen=True, slots=True)
class Feature:
    """One quantity that is judged against its own past.

    kind: what it is a sign of. worse: +1 when high, -1 when low, 0 when it leaves its usual value either way.
    least: a smaller change means nothing, in the feature's unit.
    hold: so many looks in a row have to stand out; None: as configured.
    """

    name: str
    kind: str
    worse: int
    least: float
    hold: int | None = None


def features_of(roles: Roles) -> tuple[Feature, ...]:
    """Those that the channels allow, in a fixed order."""
    has = roles.columns.keys()
    vector = {"north", "east"} <= has or {"speed", "course"} <= has
    wind = {"airspeed", "yaw"} <= has
    wanted = (
        (Feature("velocity", "disagreement", 1, 0.3), vector or "speed" in has),
        (Feature("drift", "disagreement", 1, 0.1), vector),
        # A jump changes the velocity twice, there and back.
        (Feature("acceleration", "jump", 1, 3.0, 2), True),
        (Feature("height", "disagreement", 0, 3.0), {"alt", "baro"} <= has),
        (Feature("heading", "disagreement", 0, 8.0), "yaw" in has),
        (Feature("turn", "disagreement", 1, 3.0), "yaw" in has),
        (Feature("bank", "disagreement", 1, 3.0), "roll" in has),
        (Feature("wind_east", "disagreement", 0, 0.5), wind),
        (Feature("wind_north", "disagreement", 0, 0.5), wind),
        (Feature("fix", "fix", 1, 0.25), True),
        (Feature("frozen", "link", 1, 0.25, 10), len(roles.moving) >= LEAST_MOVING),
    )
    made = [feature for feature, possible in wanted if possible and roles.placed]
    return (*made, *(Feature(one.name, "reception", one.worse, one.least) for one in roles.qualities))


def looks_of(
    t_ns: NDArray[np.int64], values: Float, roles: Roles
) -> tuple[NDArray[np.int64], NDArray[np.int64], Float]:
    """Of each second that has rows its last known values.

    Args:
        t_ns: increasing, at least one. shape (T,)
        values: shape (T, C)

    Returns:
        The seconds since 1970, shape (B,); the time of the last position in each (of its last row without one), shape
        (B,) [ns]; the values, NaN where the second has none. shape (B, C)
    """
    second = t_ns // NS_PER_S
    first = np.flatnonzero(np.diff(second, prepend=second[0] - 1))
    rows = np.arange(len(values))[:, None]
    newest = np.maximum.accumulate(np.where(np.isfinite(values), rows, -1), axis=0)
    last = np.append(first[1:], len(values)) - 1
    at = newest[last]
    known = at >= first[:, None]
    looks = np.where(known, values[np.maximum(at, 0), np.arange(values.shape[1])], np.nan)
    lat = roles.columns.get("lat")
    place = last if lat is None else np.where(known[:, lat], at[:, lat], last)
    return second[first], t_ns[place], looks


def quantities_of(series: Series) -> tuple[NDArray[np.int64], dict[str, Float]]:
    """What is judged of a whole series: times of its looks [ns], and every quantity at each. For pictures."""
    roles = roles_of(series.channels)
    _, look_t, looks = looks_of(series.t_ns, series.values, roles)
    return look_t, measured((look_t - look_t[-1]) / NS_PER_S, looks, roles)


def measured(t_s: Float, looks: Float, roles: Roles) -> dict[str, Float]:
    """Every feature of each look; NaN where it cannot be told.

    Args:
        t_s: time of each look's position (of its last row where it has none). shape (B,) [s]
        looks: last known value of each channel in each look. shape (B, C)

    Velocities are differences of positions; so is the course. `velocity` is off the told one, `drift` the same over ten
    looks, by direction. A turn that is flown is g tan(roll) / speed; for a vehicle that does not fly so, the difference
    has a wide baseline and says little, which is right. The wind, what is left of the velocity without that through the
    air, is blown by nobody who deceives a receiver: it tells also where position and told velocity lie together.
    `frozen` is 1 where nothing of what a flying vehicle tells has changed since the look before.
    """
    found = {one.name: looks[:, one.column] for one in roles.qualities}
    if not roles.placed:
        return found
    role = {name: looks[:, column] for name, column in roles.columns.items()}
    lat, lon = role["lat"], role["lon"]
    step_s = _since_last(t_s)
    step_s = np.where((step_s > 0) & (step_s <= LONGEST_STEP_S), step_s, np.nan)
    east_scale, north_scale = metres_per_degree(lat)
    east = wrapped_deg(_since_last(lon)) * east_scale / step_s
    north = _since_last(lat) * north_scale / step_s
    speed = np.hypot(east, north)
    found["acceleration"] = np.hypot(_since_last(east), _since_last(north)) / step_s
    lost = np.isnan(lat) | np.isnan(lon)
    found["fix"] = (lost | (role["fix"] < 2)).astype(np.float64) if "fix" in role else lost.astype(np.float64)
    if len(roles.moving) >= LEAST_MOVING:
        moving = looks[:, list(roles.moving)]
        same = np.all(np.isfinite(moving[1:]) & (moving[1:] == moving[:-1]), axis=1)
        found["frozen"] = np.concatenate(([np.nan], same))
    told = _told_velocity(role)
    if told is not None:
        off = np.stack([(east - _halfway(told[0])) * step_s, (north - _halfway(told[1])) * step_s])
        found["velocity"] = np.hypot(*off) / step_s
        found["drift"] = np.hypot(*_sum_of(off, SLOW)) / _sum_of(step_s, SLOW)
    elif "speed" in role:
        found["velocity"] = np.abs(speed - _halfway(role["speed"]))
    if {"airspeed", "yaw"} <= role.keys():
        yaw = np.radians(role["yaw"])
        found["wind_east"] = _mean_of(east - _halfway(role["airspeed"] * np.sin(yaw)), SLOW)
        found["wind_north"] = _mean_of(north - _halfway(role["airspeed"] * np.cos(yaw)), SLOW)
    if {"alt", "baro"} <= role.keys():
        found["height"] = role["alt"] - role["baro"]
    course = np.where(speed > _MOVING_M_S, np.degrees(np.arctan2(east, north)), np.nan)
    rate = wrapped_deg(_since_last(course)) / step_s
    if "yaw" in role:
        found["heading"] = wrapped_deg(course - role["yaw"])
        found["turn"] = np.abs(rate - wrapped_deg(_since_last(role["yaw"])) / step_s)
    if "roll" in role:
        flown = np.degrees(_G * np.tan(np.radians(np.clip(role["roll"], -80, 80))) / np.maximum(speed, _MOVING_M_S))
        found["bank"] = np.abs(rate - _halfway(flown))
    return found


def _told_velocity(role: dict[str, Float]) -> tuple[Float, Float] | None:
    """East and north as the receiver tells them; None where it tells no direction. [m/s]"""
    if {"north", "east"} <= role.keys():
        return role["east"], role["north"]
    if {"speed", "course"} <= role.keys():
        course = np.radians(role["course"])
        return role["speed"] * np.sin(course), role["speed"] * np.cos(course)
    return None


def _sum_of(values: Float, count: int) -> Float:
    """Of each value and the count - 1 before it, along the last axis; NaN where one of them is, or before the first."""
    padded = np.concatenate((np.full((*values.shape[:-1], count - 1), np.nan), values), axis=-1)
    summed: Float = np.lib.stride_tricks.sliding_window_view(padded, count, axis=-1).sum(axis=-1)
    return summed


def _mean_of(values: Float, count: int) -> Float:
    return _sum_of(values, count) / count


def _since_last(values: Float) -> Float:
    return np.diff(values, prepend=np.nan)


def _halfway(values: Float) -> Float:
    """Between each look and the one before: what a difference of positions is the mean of."""
    return values - 0.5 * _since_last(values)
