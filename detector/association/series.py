"""Repeated incidents are one series: first, last, how many, how fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from detector.model import Incident
from detector.timebase import NS_PER_S, ns_from_seconds

# Places, or directions, farther apart than the 0.99 quantile of chi-squared (two degrees of freedom; one) are two.
_APART_PLACE, _APART_DIRECTION = 9.21, 6.63
_RATE_OVER = 10


class SeriesConfig(BaseModel):
    """When incidents are one series, and when they can no longer be counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pause_s: float = Field(120.0, gt=0, le=86_400, description="A longer pause ends a series. [s]")
    radius_m: float = Field(50.0, ge=0, le=10_000, description="Incidents so near to one another are of one place. [m]")
    uncountable_per_s: float = Field(
        5.0, gt=0, le=100, description="Ten that follow one another faster than this can no longer be counted. [1/s]"
    )


@dataclass(frozen=True, slots=True)
class IncidentSeries:
    """Incidents of one kind from one place, or one direction, that follow one another.

    number: from 1 in the order of their first incidents.
    t_first_ns, t_last_ns: of the incidents at their source. [ns, UTC]
    count: incidents told apart; a lower bound where `uncountable`.
    uncountable: they came, at some time, too fast to be counted.
    surest: the incident with the smallest ellipse; the series' place is its place. Errors of speed, clocks and walls
        are common to all, so that the mean of many is hardly surer.
    sensors: channels that noticed any of them, in the order of their names.
    """

    number: int
    t_first_ns: int
    t_last_ns: int
    count: int
    uncountable: bool
    surest: Incident
    sensors: tuple[str, ...]

    @property
    def rate_per_s(self) -> float | None:
        """Incidents a second from the first to the last; None of one alone. [1/s]"""
        span_s = (self.t_last_ns - self.t_first_ns) / NS_PER_S
        return (self.count - 1) / span_s if span_s > 0 else None


class SeriesKeeper:
    """Puts each incident into the series it belongs to, or begins one.

    Hit: forty impacts within ten minutes at one place: one series of forty.   Miss: two places 400 m apart, each well
    known: two series; a shot an hour later: a new one.
    """

    Config = SeriesConfig

    def __init__(self, config: SeriesConfig | None = None) -> None:
        self.config = config or SeriesConfig()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._number = 0
        self._open: list[tuple[IncidentSeries, list[int]]] = []

    def push(self, incident: Incident) -> IncidentSeries:
        """The series that the incident belongs to, with it. Incidents may be out of order by less than the pause."""
        pause_ns = ns_from_seconds(self.config.pause_s)
        for k, (series, times) in enumerate(self._open):
            in_time = series.t_first_ns - pause_ns <= incident.t_ns <= series.t_last_ns + pause_ns
            if in_time and series.surest.kind == incident.kind and self._same_place(series.surest, incident):
                times = sorted([*times, incident.t_ns])[-_RATE_OVER:]  # noqa: PLW2901
                grown = self._with(series, incident, times)
                self._open[k] = grown, times
                return grown
        self._number += 1
        sensors = tuple(sorted(incident.sensors))
        new = IncidentSeries(self._number, incident.t_ns, incident.t_ns, 1, False, incident, sensors)
        self._open.append((new, [incident.t_ns]))
        return new

    def close(self, now_ns: int) -> list[IncidentSeries]:
        """Series that have ended by now, by number; they take no more incidents."""
        until_ns = now_ns - ns_from_seconds(self.config.pause_s)
        ended = [one for one, _ in self._open if one.t_last_ns < until_ns]
        self._open = [(one, times) for one, times in self._open if one.t_last_ns >= until_ns]
        return ended

    def finish(self) -> list[IncidentSeries]:
        """The stream has ended: the series still open, by number."""
        ended = [one for one, _ in self._open]
        self.reset()
        return ended

    def _with(self, series: IncidentSeries, incident: Incident, times: list[int]) -> IncidentSeries:
        fast_ns = (_RATE_OVER - 1) * NS_PER_S / self.config.uncountable_per_s
        surer = _size(incident) < _size(series.surest)
        return replace(
            series,
            t_first_ns=min(series.t_first_ns, incident.t_ns),
            t_last_ns=max(series.t_last_ns, incident.t_ns),
            count=series.count + 1,
            uncountable=series.uncountable or (len(times) == _RATE_OVER and times[-1] - times[0] < fast_ns),
            surest=incident if surer else series.surest,
            sensors=tuple(sorted({*series.sensors, *incident.sensors})),
        )

    def _same_place(self, one: Incident, other: Incident) -> bool:
        """Two incidents may come from one place: their places, either of two, or their directions agree."""
        if _places(one) and _places(other):
            return any(self._near(a, one, b, other) for a in _places(one) for b in _places(other))
        if _bearings(one) and _bearings(other):
            return any(_same_way(a, one, b, other) for a in _bearings(one) for b in _bearings(other))
        return False

    def _near(self, a: tuple[float, float], one: Incident, b: tuple[float, float], other: Incident) -> bool:
        offset = np.subtract(a, b)
        if float(np.hypot(*offset)) <= self.config.radius_m:
            return True
        if one.covariance_m2 is None or other.covariance_m2 is None:
            return False
        xx, xy, yy = np.add(one.covariance_m2, other.covariance_m2)
        return float(offset @ np.linalg.solve([[xx, xy], [xy, yy]], offset)) <= _APART_PLACE


def _places(incident: Incident) -> tuple[tuple[float, float], ...]:
    return incident.either_position_m or ((incident.position_m,) if incident.position_m is not None else ())


def _bearings(incident: Incident) -> tuple[float, ...]:
    return incident.either_bearing_deg or ((incident.bearing_deg,) if incident.bearing_deg is not None else ())


def _same_way(a: float, one: Incident, b: float, other: Incident) -> bool:
    turned = (a - b + 180.0) % 360.0 - 180.0
    variance = (one.bearing_sigma_deg or 0.0) ** 2 + (other.bearing_sigma_deg or 0.0) ** 2
    return turned**2 <= _APART_DIRECTION * variance


def _size(incident: Incident) -> float:
    """Area of the ellipse, in squares of pi: what has none is larger than all. [m4]"""
    if incident.covariance_m2 is None:
        return float("inf")
    xx, xy, yy = incident.covariance_m2
    return xx * yy - xy * xy
