"""Readings that leave what they have shown before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from detector.association import lon_lat
from detector.config.agreement_map import Shape
from detector.geo.wgs84 import metres_per_degree
from detector.model import Incident, Place, State, Undecided, Violation
from detector.rules.contract import OPTIONAL_ZONES_FIELD, RuleContext, Zones, chosen_shapes
from detector.rules.movers import quoted, straddles
from detector.rules.points import Points
from detector.rules.report import Peak, Reporter, place_on_map
from detector.rules.sides import ShapeSet
from detector.timebase import ns_from_seconds

_NOWHERE = Place(None, None, None, None)


class Level:
    """A sensor's reading goes where it has not been: a value, a level or a course that is rare in its own past.

    How rare it has to be follows from the network's `alarms_per_day`. One sensor is enough, and each is judged by
    itself; what follows within `pause_s` on the same channel is the same incident, which counts it. Where it was is
    the sensor's place, taken as stated. The border of a zone belongs to the outside; with `zones`, a sensor whose
    place is not known is undecided.

    Hit: a radiation reading that was never so high in weeks; a depot's power drawn at another height all night.
    Miss: the daily rise and fall of a temperature, once it was seen; a drift so slow that each value is near the last.
    """

    kind = "level"
    hears: ClassVar[frozenset[str]] = frozenset({"level"})

    class Config(BaseModel):
        """Settings of readings."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        zones: Zones = OPTIONAL_ZONES_FIELD
        pause_s: float = Field(
            86_400.0, gt=0, le=604_800, description="After a longer pause it is another incident of the channel [s]."
        )

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config, self.context = config, context
        self._report = Reporter(self.kind, context)
        self._zones = ShapeSet([one for one in chosen_shapes(config.zones, context) if one.feed is None])
        self._pause_ns = ns_from_seconds(config.pause_s)
        self._going_on: dict[tuple[str, str], _GoingOn] = {}

    def hear(self, incident: Incident) -> Iterator[Violation | Undecided]:
        """Judge one reading. What it begins is OPEN at once."""
        for zone, why_not in self._verdicts(incident):
            key = incident.sensors[0], "" if zone is None else zone.shape_id
            known = self._going_on.get(key)
            if known is not None and incident.t_ns - known.t_last_ns > self._pause_ns:
                yield self._ended(self._going_on.pop(key))
                known = None
            if known is not None:
                known.add(incident)
                continue
            begun = self._going_on[key] = _GoingOn(incident.sensors[0], zone, why_not, incident, incident.t_ns)
            if not why_not:
                yield self._violation(begun, State.OPEN)

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Close what has ended."""
        for key in [key for key, one in self._going_on.items() if t_ns - one.t_last_ns > self._pause_ns]:
            yield self._ended(self._going_on.pop(key))

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open."""
        for one in self._going_on.values():
            yield self._ended(one)
        self._going_on.clear()

    def _verdicts(self, incident: Incident) -> list[tuple[Shape | None, str]]:
        """The zones that the sensor stands in, or none if the rule has none; and why that is not known."""
        if not self.config.zones:
            return [(None, "")]
        origin = self.context.origin
        if incident.position_m is None:
            return [(None, "where its sensor stands is not known")]
        if origin is None:
            return [(None, "its sensor's place is on no map: it needs origin_lon_deg and origin_lat_deg")]
        xy = lon_lat(np.array([incident.position_m]), origin)
        scale = np.stack(metres_per_degree(xy[:, 1]), axis=1)
        here = Points(xy, scale, np.zeros((1, 2, 2)), np.full((1, 2), np.nan))
        judged = self._zones.inside(here, np.zeros(1, np.int64))
        pairs = zip(judged.shape.tolist(), judged.decision.tolist(), strict=True)
        found = [(self._zones.shapes[shape], decision) for shape, decision in pairs if decision >= 0]
        return [(zone, "" if decision > 0 else straddles(zone)) for zone, decision in found]

    def _ended(self, one: _GoingOn) -> Violation | Undecided:
        if not one.why_not:
            return self._violation(one, State.CLOSED)
        return self._report.undecided(
            subject=self._subject(one),
            t_start_ns=one.t_start_ns,
            t_end_ns=one.t_last_ns + 1,
            place=self._place(one.rarest),
            reason=f"{_words(one)}: {one.why_not}",
        )

    def _violation(self, one: _GoingOn, state: State) -> Violation:
        rarest = one.rarest
        confidence = 1.0 - 10.0**-rarest.score
        return self._report.violation(
            observation=f"{_words(one)}{quoted(one.zone)}",
            subject=self._subject(one),
            state=state,
            t_start_ns=one.t_start_ns,
            t_end_ns=one.t_last_ns + 1,
            peak=Peak(rarest.score, confidence, rarest.t_ns, self._place(rarest)),
            count=one.count,
            zone=one.zone,
            measures={"p_log10": rarest.score},
        )

    def _subject(self, one: _GoingOn) -> str:
        return f"reading {one.channel}, " + ("anywhere" if one.zone is None else f"zone {one.zone.shape_id}")

    def _place(self, incident: Incident) -> Place:
        if incident.position_m is None or self.context.origin is None:
            return _NOWHERE
        lon_deg, lat_deg = lon_lat(incident.position_m, self.context.origin).tolist()
        return place_on_map(lat_deg, lon_deg, [np.nan] * 4)


@dataclass(slots=True)
class _GoingOn:
    """Readings of one channel that followed one another. rarest: the first of the rarest."""

    channel: str
    zone: Shape | None
    why_not: str
    rarest: Incident
    t_last_ns: int
    t_start_ns: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        self.t_start_ns = self.rarest.t_ns

    def add(self, incident: Incident) -> None:
        self.t_last_ns, self.count = incident.t_ns, self.count + 1
        if incident.score > self.rarest.score:
            self.rarest = incident


def _words(one: _GoingOn) -> str:
    if one.count == 1:
        return f"reading of {one.channel} unlike its own past"
    return f"readings of {one.channel} unlike its own past, noticed {one.count} times"
