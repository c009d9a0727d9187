"""One vehicle's telemetry: what is carried from block to block."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.detectors.series.platform_config import PlatformConfig
from detector.detectors.series.platform_features import BEFORE, LONGEST_STEP_S, features_of, looks_of, measured
from detector.detectors.series.platform_roles import roles_of
from detector.geo.flown import flown_m
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.timebase import NS_PER_S, ns_from_seconds

Float = NDArray[np.float64]

_REFRESH = 10  # looks, on whole multiples since 1970: the baseline does not depend on how the stream was cut
_PIECE = 10  # looks: what goes on is told again after so many
_SWING = 95.0  # percentile of the past that is its usual swing
_PATIENCE_NS = 60 * NS_PER_S  # as sources/jumps.py has it
_LONGEST_STEP_NS = ns_from_seconds(LONGEST_STEP_S)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something is wrong with the platform during [t_ns, t_end_ns). score: times what is allowed."""

    name: str
    kind: str
    t_ns: int
    t_end_ns: int
    score: float


@dataclass(slots=True)
class _Course:
    """One feature's past, and the run of looks in which it stands out now.

    pending: values of a run that may yet prove too short. t_ns: start of what is not yet told. last_ns: its last look.
    """

    past: deque[float]
    pending: list[float]
    run: int = 0
    t_ns: int = 0
    last_ns: int = 0
    score: float = 0.0


class PlatformStretch:
    """Looks at one stream, second after second."""

    def __init__(self, config: PlatformConfig, channels: tuple[str, ...]) -> None:
        self._config, self._roles = config, roles_of(channels)
        self._features = features_of(self._roles)
        self._holds = [one.hold or config.hold for one in self._features]
        count = len(self._features)
        self._courses = [_Course(deque(maxlen=config.history), []) for _ in range(count)]
        self._worse = np.array([one.worse for one in self._features])
        self._least = np.array([one.least for one in self._features])
        self._middle, self._swing = np.full(count, np.nan), np.full(count, np.nan)
        self._refreshed: int | None = None
        self._open_t, self._open = np.zeros(0, np.int64), np.zeros((0, len(channels)))
        self._before_t, self._before = np.zeros(BEFORE, np.int64), np.full((BEFORE, len(channels)), np.nan)
        self._last_row_ns: int | None = None
        self._last_look_ns: int | None = None
        self._place: tuple[int, float, float] | None = None
        self._left: tuple[int, float, float] | None = None  # the last place before a jump, until it is back there
        self.since_ns: int | None = None  # the first row, until `told_warm`
        self.warm_ns: int | None = None  # the first look that was judged
        self._told_warm = False

    @property
    def disturbed_by(self) -> set[str]:
        """Kinds of signs that have lasted for long enough and still do; "jump" until it is back, or a minute."""
        lasting = zip(self._features, self._courses, self._holds, strict=True)
        kinds = {feature.kind for feature, course, hold in lasting if course.run >= hold}
        return kinds | ({"jump"} if self._left is not None else set())

    @property
    def last_ns(self) -> int:
        """Of the newest row; there has been one."""
        assert self._last_row_ns is not None
        return self._last_row_ns

    @property
    def settled_ns(self) -> int:
        """No sign that began before this is still to be told."""
        return self.last_ns - (_PIECE + self._config.hold + 2) * NS_PER_S

    def told_warm(self) -> None:
        """The time before the first look that was judged has been told."""
        self.since_ns, self._told_warm = None, True

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Sign]:
        """Take rows, at least one; the signs that are certain now."""
        values = self._without_nowhere(values)
        if self.since_ns is None and not self._told_warm:
            self.since_ns = int(t_ns[0])
        found = [*self._holes(t_ns), *self._jumps(t_ns, values)]
        self._last_row_ns = int(t_ns[-1])
        t_ns, values = np.concatenate((self._open_t, t_ns)), np.concatenate((self._open, values))
        whole = int(np.searchsorted(t_ns, t_ns[-1] // NS_PER_S * NS_PER_S))
        self._open_t, self._open = t_ns[whole:], values[whole:]
        return found + self._looks(t_ns[:whole], values[:whole])

    def finish(self) -> list[Sign]:
        """The stream has ended: its last second, and what was still going on."""
        found = self._looks(self._open_t, self._open)
        self._open_t, self._open = self._open_t[:0], self._open[:0]
        for at in range(len(self._courses)):
            found += self._over(at)
        return found

    def _without_nowhere(self, values: Float) -> Float:
        """0, 0 is what receivers say that have no fix."""
        if not self._roles.placed:
            return values
        place = [self._roles.columns["lat"], self._roles.columns["lon"]]
        values = values.copy()
        values[(values[:, place] == 0).all(axis=1)[:, None] & np.isin(np.arange(values.shape[1]), place)] = np.nan
        return values

    def _holes(self, t_ns: NDArray[np.int64]) -> list[Sign]:
        before = t_ns[:1] if self._last_row_ns is None else np.array([self._last_row_ns])
        times = np.concatenate((before, t_ns))
        limit_ns = ns_from_seconds(self._config.link_s)
        return [
            Sign("link", "link", int(times[at]), int(times[at + 1]), float(times[at + 1] - times[at]) / limit_ns)
            for at in np.flatnonzero(np.diff(times) > limit_ns).tolist()
        ]

    def _jumps(self, t_ns: NDArray[np.int64], values: Float) -> list[Sign]:
        """Steps from one position to the next that nothing can have flown."""
        if not self._roles.placed:
            return []
        lat, lon = (values[:, self._roles.columns[role]] for role in ("lat", "lon"))
        known = np.isfinite(lat) & np.isfinite(lon)
        t_ns, lat, lon = t_ns[known], lat[known], lon[known]
        if not len(t_ns):
            return []
        if self._place is not None:
            last_ns, last_lat, last_lon = self._place
            t_ns, lat, lon = np.r_[last_ns, t_ns], np.r_[last_lat, lat], np.r_[last_lon, lon]
        self._place = int(t_ns[-1]), float(lat[-1]), float(lon[-1])
        beyond = _beyond_reach(t_ns[:-1], lat[:-1], lon[:-1], t_ns[1:], lat[1:], lon[1:])
        if self._left is not None or (beyond > 1).any():
            for at in range(1, len(t_ns)):
                self._trust(beyond[at - 1] > 1, (t_ns[at - 1], lat[at - 1], lon[at - 1]), (t_ns[at], lat[at], lon[at]))
        return [
            Sign("position", "jump", int(t_ns[at + 1]), int(t_ns[at + 1]) + 1, float(beyond[at]))
            for at in np.flatnonzero(beyond > 1).tolist()
        ]

    def _trust(self, jumped: bool, before: tuple[int, float, float], now: tuple[int, float, float]) -> None:
        """A jump leaves the last place; the next may lead back to where it can have flown. After a minute all counts.

        As sources/jumps.py has it: between two jumps all is believed or nothing.
        """
        if self._left is None:
            self._left = before if jumped else None
        elif now[0] - self._left[0] > _PATIENCE_NS or (jumped and _beyond_reach(*self._left, *now) <= 1):
            self._left = None

    def _looks(self, t_ns: NDArray[np.int64], values: Float) -> list[Sign]:
        """Whole seconds, each judged by the baseline of its ten."""
        if not len(t_ns):
            return []
        numbers, look_t, looks = looks_of(t_ns, values, self._roles)
        times, rows = np.concatenate((self._before_t, look_t)), np.concatenate((self._before, looks))
        self._before_t, self._before = times[-BEFORE:], rows[-BEFORE:]
        # Seconds since 1970 would lose what lies below 0.2 us.
        quantities = measured((times - times[-1]) / NS_PER_S, rows, self._roles)
        judged = np.stack([quantities[one.name][BEFORE:] for one in self._features], axis=1)
        found: list[Sign] = []
        for group in np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers // _REFRESH)) + 1):
            if self._refreshed != numbers[group[0]] // _REFRESH:
                self._refresh()
                self._refreshed = int(numbers[group[0]]) // _REFRESH
            found += self._judge(numbers[group] * NS_PER_S, judged[group])
        return found

    def _refresh(self) -> None:
        for at, course in enumerate(self._courses):
            if len(course.past) < self._config.learn:
                self._middle[at] = self._swing[at] = np.nan
                continue
            past = np.array(course.past)
            self._middle[at] = np.median(past)
            self._swing[at] = np.percentile(self._off(past, at), _SWING)

    def _off(self, values: Float, at: int) -> Float:
        """How far values are off their middle, in the direction that is worse."""
        off: Float = values - self._middle[at]
        return np.abs(off) if self._worse[at] == 0 else float(self._worse[at]) * off

    def _judge(self, start_ns: NDArray[np.int64], values: Float) -> list[Sign]:
        off = values - self._middle
        off = np.where(self._worse == 0, np.abs(off), self._worse * off)
        score = off / np.maximum(self._swing, self._least)
        found: list[Sign] = []
        hot = score >= self._config.factor
        if self.warm_ns is None and np.isfinite(score).any():
            self.warm_ns = int(start_ns[np.isfinite(score).any(axis=1).argmax()])
        for row, t_ns in enumerate(start_ns.tolist()):
            if self._last_look_ns is not None and t_ns - self._last_look_ns > _LONGEST_STEP_NS:
                for at in range(len(self._courses)):
                    found += self._over(at)
            self._last_look_ns = t_ns
            for at, course in enumerate(self._courses):
                value = float(values[row, at])
                if hot[row, at]:
                    found += self._goes_on(at, t_ns, value, float(score[row, at]))
                    continue
                found += self._over(at)
                if np.isfinite(value):
                    course.past.append(value)
        return found

    def _goes_on(self, at: int, t_ns: int, value: float, score: float) -> list[Sign]:
        course, hold = self._courses[at], self._holds[at]
        if course.run == 0:
            course.t_ns = t_ns
        course.run, course.last_ns, course.score = course.run + 1, t_ns, max(course.score, score)
        if course.run < hold:
            course.pending.append(value)
            return []
        course.pending.clear()
        told = self._told(at, t_ns) if (course.run - hold) % _PIECE == 0 else []
        if course.run >= self._config.relearn:
            told += self._over(at)
            course.past.clear()
        return told

    def _told(self, at: int, t_ns: int) -> list[Sign]:
        """From what is not yet told to the end of the look that began at t_ns."""
        course, feature = self._courses[at], self._features[at]
        sign = Sign(feature.name, feature.kind, course.t_ns, t_ns + NS_PER_S, course.score)
        course.t_ns, course.score = t_ns + NS_PER_S, 0.0
        return [sign]

    def _over(self, at: int) -> list[Sign]:
        """The run has ended: tell the rest of it, or, if it was too short, take it as usual."""
        course = self._courses[at]
        if not course.run:
            return []
        told: list[Sign] = []
        if course.run < self._holds[at]:
            course.past.extend(course.pending)
        elif course.last_ns >= course.t_ns:
            told = self._told(at, course.last_ns)
        course.pending.clear()
        course.run, course.score = 0, 0.0
        return told


def _beyond_reach(
    t0_ns: ArrayLike, lat0: ArrayLike, lon0: ArrayLike, t1_ns: ArrayLike, lat1: ArrayLike, lon1: ArrayLike
) -> Float:
    """Distance of two places in that which can be flown between their times. All broadcast. [1]"""
    east, north = metres_per_degree(lat1)
    step_m = np.hypot(wrapped_deg(np.subtract(lon1, lon0)) * east, np.subtract(lat1, lat0) * north)
    return np.asarray(step_m / flown_m(np.subtract(t1_ns, t0_ns) / NS_PER_S))
