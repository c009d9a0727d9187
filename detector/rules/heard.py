"""What rules on incidents that several sensors heard or felt have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.association import IncidentSeries, Noticed, SeriesConfig, SeriesKeeper, heard, lon_lat
from detector.config.agreement_map import Shape
from detector.geo.wgs84 import metres_per_degree
from detector.model import Incident, Means, Place, State, Undecided, Violation
from detector.rules.contract import OPTIONAL_ZONES_FIELD, RuleContext, Zones, chosen_shapes
from detector.rules.movers import quoted, straddles
from detector.rules.points import Points
from detector.rules.report import Peak, Reporter, place_on_map, probability_beyond
from detector.rules.sides import ShapeSet

_WORDS = {Means.SEISMIC: ("ground shock", "felt")}
_NOWHERE = Place(None, None, None, None)


class HeardSettings(BaseModel):
    """Settings of rules on incidents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zones: Zones = OPTIONAL_ZONES_FIELD
    without_place: Literal["undecided", "violation"] = Field(
        "undecided",
        description="What it is where only a direction is known, or where nothing tells at which of two places it was: "
        "`undecided`, or, of a rule without zones, a `violation` without a place.",
    )
    pause_s: float = Field(30.0, gt=0, le=86_400, description="After a longer pause it is another incident [s].")
    radius_m: float = Field(
        50.0,
        ge=0,
        le=10_000,
        description="So near to one another, they are of one place however small the ellipses [m].",
    )
    uncountable_per_s: float = Field(
        5.0, gt=0, le=100, description="Ten that follow one another faster than this can no longer be counted [1/s]."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.zones and self.without_place == "violation":
            raise ValueError("without_place: violation is for rules without zones: what has no place is in no zone")
        return self


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Where an incident belongs: met (of a zone, or anywhere), or undecidable, and then why."""

    zone: Shape | None
    why_not: str
    confidence: float


class Heard:
    """Incidents of one place that follow one another within `pause_s` are one, which counts them."""

    kind: ClassVar[str]
    hears: ClassVar[frozenset[str]] = frozenset({"impulse"})

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config, self.context = config, context
        self._report = Reporter(self.kind, context)
        self._zones = ShapeSet([one for one in chosen_shapes(config.zones, context) if one.feed is None])
        self._keepers: dict[tuple[str, bool], SeriesKeeper] = {}
        self._begun: dict[tuple[str, bool, int], _Begun] = {}

    @property
    def least(self) -> int:
        """So many incidents have to follow one another. [1]"""
        raise NotImplementedError

    def hear(self, incident: Incident) -> Iterator[Violation | Undecided | Noticed]:
        """Judge one incident."""
        for verdict in self._verdicts(incident):
            group = "" if verdict.zone is None else verdict.zone.shape_id, not verdict.why_not
            keeper = self._keepers.setdefault(group, self._keeper())
            series = keeper.push(incident)
            key = (*group, series.number)
            # Incidents may come out of order; a violation that is open keeps the start it was opened with.
            begun = self._begun.setdefault(key, _Begun(verdict, incident.t_ns))
            if series.surest is incident:
                begun.verdict = verdict
            if not begun.verdict.why_not and not begun.is_open and series.count >= self.least:
                begun.is_open = True
                yield self._violation(begun, series, State.OPEN)
            yield from self._noticed(incident, begun, series)

    def _noticed(self, incident: Incident, begun: _Begun, series: IncidentSeries) -> Iterator[Noticed]:
        """The incident for the joiner, unless too few have followed one another for this rule to say anything."""
        origin, carrier = self.context.origin, self.context.carrier
        if origin is None or carrier is None or not (begun.is_open or begun.verdict.why_not):
            return
        violation = self._violation(begun, series, State.OPEN) if begun.is_open else None
        noticed = heard(incident, origin, carrier, self.context.means[0], violation)
        if noticed is not None:
            yield noticed

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Close what has ended."""
        for group, keeper in self._keepers.items():
            for series in keeper.close(t_ns):
                yield from self._ended(group, series)

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open."""
        for group, keeper in self._keepers.items():
            for series in keeper.finish():
                yield from self._ended(group, series)
        self._keepers.clear()

    def _keeper(self) -> SeriesKeeper:
        config = self.config
        return SeriesKeeper(
            SeriesConfig(pause_s=config.pause_s, radius_m=config.radius_m, uncountable_per_s=config.uncountable_per_s)
        )

    def _ended(self, group: tuple[str, bool], series: IncidentSeries) -> Iterator[Violation | Undecided]:
        begun = self._begun.pop((*group, series.number))
        if begun.is_open:
            yield self._violation(begun, series, State.CLOSED)
        elif begun.verdict.why_not and series.count >= self.least:
            yield self._report.undecided(
                subject=self._subject(begun, series),
                t_start_ns=begun.t_start_ns,
                t_end_ns=series.t_last_ns + 1,
                place=self._place(series.surest),
                reason=f"{self._words(series)}: {begun.verdict.why_not}",
            )

    def _verdicts(self, incident: Incident) -> list[_Verdict]:
        """One for each zone that it may be in; one where the rule has none; none where it is decidedly outside."""
        if incident.position_m is None:
            where = without_place(incident, self.context.origin)
            return [_Verdict(None, "" if self.config.without_place == "violation" else where, 1.0)]
        if not self.config.zones:
            return [_Verdict(None, "", 1.0)]
        if self.context.origin is None:
            return [
                _Verdict(None, "its sensors' places are on no map: they need origin_lon_deg and origin_lat_deg", 1.0)
            ]
        judged = self._zones.inside(_point(incident, self.context.origin), np.zeros(1, np.int64))
        found = []
        for shape, decision, margin in zip(judged.shape, judged.decision, judged.margin, strict=True):
            if decision >= 0:
                zone = self._zones.shapes[int(shape)]
                why_not = "" if decision > 0 else straddles(zone)
                found.append(_Verdict(zone, why_not, probability_beyond(float(margin))))
        return found

    def _violation(self, begun: _Begun, series: IncidentSeries, state: State) -> Violation:
        surest, zone = series.surest, begun.verdict.zone
        measures = {"sensors": float(len(series.sensors)), "score_nats": surest.score}
        if surest.t_sigma_ns is not None:
            measures["t_sigma_s"] = surest.t_sigma_ns / 1e9
        if surest.position_m is not None and self.context.origin is None:
            measures |= {"east_m": surest.position_m[0], "north_m": surest.position_m[1]}
        if series.rate_per_s is not None:
            measures["rate_per_s"] = series.rate_per_s
        where = "" if surest.position_m is not None else f", {without_place(surest, self.context.origin)}"
        return self._report.violation(
            observation=f"{self._words(series)}{quoted(zone)}{where}",
            subject=self._subject(begun, series),
            state=state,
            t_start_ns=begun.t_start_ns,
            t_end_ns=series.t_last_ns + 1,
            peak=Peak(surest.score, begun.verdict.confidence, surest.t_ns, self._place(surest)),
            count=series.count,
            zone=zone,
            measures={name: value for name, value in measures.items() if np.isfinite(value)},
        )

    def _words(self, series: IncidentSeries) -> str:
        noun, noticed = _WORDS.get(self.context.means[0], ("impulse sound", "heard"))
        by = f"{noticed} by {len(series.sensors)} sensors"
        if series.count == 1:
            return f"{noun} {by}"
        if series.uncountable:
            return f"{noun}s too fast to be counted, at least {series.count}, {by}"
        return f"{series.count} {noun}s {by}"

    def _subject(self, begun: _Begun, series: IncidentSeries) -> str:
        zone = begun.verdict.zone
        return f"{self.kind} {series.number}, " + ("anywhere" if zone is None else f"zone {zone.shape_id}")

    def _place(self, incident: Incident) -> Place:
        if incident.position_m is None or incident.covariance_m2 is None or self.context.origin is None:
            return _NOWHERE
        lon_deg, lat_deg = lon_lat(incident.position_m, self.context.origin).tolist()
        xx, xy, yy = incident.covariance_m2
        return place_on_map(lat_deg, lon_deg, [xx, xy, xy, yy])


@dataclass(slots=True)
class _Begun:
    """A series that has begun, with the verdict on its surest incident."""

    verdict: _Verdict
    t_start_ns: int
    is_open: bool = False


def without_place(incident: Incident, origin: tuple[float, float] | None) -> str:
    """Where an incident without a place was, in words: either of two places, or a direction from its observer."""
    if incident.either_position_m is not None:
        one, other = (_at(place, origin) for place in incident.either_position_m)
        return f"either at {one} or at {other}: the sensors' places do not tell which"
    start = "" if incident.observer is None else f" from {_at(incident.observer, origin)}"
    spread = 1.96 * (incident.bearing_sigma_deg or 0.0)
    if incident.bearing_deg is not None:
        return f"bearing {incident.bearing_deg:03.0f} ± {spread:.0f} deg{start}, distance not known"
    if incident.either_bearing_deg is not None:
        first, second = incident.either_bearing_deg
        return f"bearing either {first:03.0f} or {second:03.0f} ± {spread:.0f} deg{start}, distance not known"
    return "its place is not known"


def _at(place_m: tuple[float, float], origin: tuple[float, float] | None) -> str:
    if origin is None:
        return f"{place_m[0]:.0f} m east, {place_m[1]:.0f} m north"
    lon_deg, lat_deg = lon_lat(place_m, origin).tolist()
    return f"{lat_deg:.5f}, {lon_deg:.5f}"


def _point(incident: Incident, origin: tuple[float, float]) -> Points:
    xy = lon_lat(np.array([incident.position_m], np.float64), origin)
    xx, xy_m2, yy = incident.covariance_m2 or (np.nan, np.nan, np.nan)
    scale = np.stack(metres_per_degree(xy[:, 1]), axis=1)
    return Points(xy, scale, np.array([[[xx, xy_m2], [xy_m2, yy]]]), np.full((1, 2), np.nan))
