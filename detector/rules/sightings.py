"""What rules on things that are detected in single frames have in common: lights, fire, changes of the ground."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from detector.association import Noticed
from detector.config.agreement_map import Shape
from detector.model import Kind, Scene, Sight, State, Undecided, Violation
from detector.rules.continuity import Continuity, Link
from detector.rules.contract import OPTIONAL_ZONES_FIELD, RuleContext, Settings, Zones, chosen_shapes
from detector.rules.incident import Incident
from detector.rules.movers import quoted, straddles
from detector.rules.points import Points, detection_ground_points, detection_picture_points
from detector.rules.report import Peak, Reporter, place_of_detection, probability_beyond
from detector.rules.sides import ShapeSet
from detector.timebase import NS_PER_S, ns_from_seconds

_Found = tuple[Shape | None, bool, int, int, float]  # zone, on the ground, row, decision, confidence


class SightingSettings(Settings):
    """Settings of rules on sightings."""

    zones: Zones = OPTIONAL_ZONES_FIELD
    min_score: float = Field(0.0, ge=0, description="What has a lower score is passed over [detector's unit].")


class SightingRule:
    """Sightings of one kind near one another that follow within `cooldown_s` are one incident."""

    kind: ClassVar[str]
    wanted: ClassVar[Kind]
    words: ClassVar[str]
    momentary: ClassVar[bool] = False
    """Each that is counted is a moment, which others may have noticed too."""

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config = config
        self.context = context
        self._report = Reporter(self.kind, context)
        self._continuity = Continuity(config.max_gap_s)
        zones = chosen_shapes(config.zones, context)
        self._ground = ShapeSet([zone for zone in zones if zone.feed is None])
        self._picture = ShapeSet([zone for zone in zones if zone.feed is not None])
        self._incidents: list[Incident] = []
        self._before_ns: int | None = None
        self._patience_ns = ns_from_seconds(max(config.cooldown_s, config.max_gap_s))

    @property
    def needs_ground(self) -> bool:
        """Whether nothing can be judged without a camera pose."""
        return len(self._ground) > 0 and not len(self._picture)

    @property
    def opens_within_s(self) -> float:
        """One sighting is an incident at once. [s]"""
        return 0.0

    def judge(self, scene: Scene) -> Iterator[Violation | Undecided | Noticed]:
        """Look at one judged frame."""
        yield from self._look(scene)
        self._before_ns = scene.t_ns

    def _look(self, scene: Scene) -> Iterator[Violation | Undecided | Noticed]:
        link = self._continuity.link(scene)
        if link is Link.SKIPPED:
            # Passed over for motion only: a flash lasts one frame and is looked for in each.
            if scene.sight is not Sight.SEEING or not (scene.detections.kind == self.wanted.value).any():
                return
        elif link is not Link.JOINED:
            yield from self._end(self._incidents)
        if link is Link.BLIND:
            return
        if scene.pose is None and len(self._ground):
            yield from self._end([incident for incident in self._incidents if incident.on_ground])
        yield from self._end([i for i in self._incidents if scene.t_ns - i.t_last_ns > self._patience_ns])
        if not (scene.detections.kind == self.wanted.value).any():
            return
        ground, picture = detection_ground_points(scene), detection_picture_points(scene)
        for found in self._found(scene, ground, picture):
            yield from self._take(found, scene, ground if found[1] else picture)

    def finish(self, t_ns: int) -> Iterator[Violation | Undecided]:  # noqa: ARG002 - nothing lies after the last one
        """Close what is open."""
        yield from self._end(self._incidents)
        self._continuity.reset()
        self._before_ns = None

    def _counted(self, incident: Incident, t_ns: int) -> int:
        """How many the incident counts with a sighting at this time. [1]"""
        raise NotImplementedError

    def _is_enough(self, incident: Incident) -> bool:
        """Whether it has been seen for long enough to be reported."""
        raise NotImplementedError

    def _found(self, scene: Scene, ground: Points, picture: Points) -> Iterator[_Found]:
        detections = scene.detections
        wanted = (detections.kind == self.wanted.value) & (detections.score >= self.config.min_score)
        rows = np.flatnonzero(wanted)
        if not self.config.zones:
            for row in rows.tolist():
                yield None, scene.pose is not None and bool(np.isfinite(ground.xy[row]).all()), row, 1, 1.0
        for shapes, points, on_ground in ((self._ground, ground, True), (self._picture, picture, False)):
            if on_ground and scene.pose is None:
                continue
            judged = shapes.inside(points, rows[np.isfinite(points.xy[rows]).all(axis=1)])
            for k in np.flatnonzero(judged.decision >= 0).tolist():
                zone = shapes.shapes[int(judged.shape[k])]
                confidence = probability_beyond(float(judged.margin[k]))
                yield zone, on_ground, int(judged.row[k]), int(judged.decision[k]), confidence

    def _take(self, found: _Found, scene: Scene, points: Points) -> Iterator[Violation | Noticed]:
        zone, on_ground, row, decision, confidence = found
        radius = self.config.same_place_m if on_ground else self.config.same_place_px
        same = [
            incident
            for incident in self._incidents
            if incident.zone is zone
            and incident.on_ground == on_ground
            and incident.decided == (decision > 0)
            and incident.distance(scene.t_ns, points, row) <= radius
        ]
        xy = (float(points.xy[row, 0]), float(points.xy[row, 1]))
        if same:
            incident = same[0]
        else:
            number = sum(other.t_first_ns == scene.t_ns for other in self._incidents)
            where = "in view" if zone is None else f"zone {zone.shape_id}"
            incident = Incident(f"{self.kind} {number + 1}, {where}", zone, on_ground, scene.t_ns, scene.t_ns, xy)
            incident.decided = decision > 0
            self._incidents.append(incident)
        before, incident.count = incident.count, self._counted(incident, scene.t_ns)
        score = float(scene.detections.score[row])
        incident.sees(scene.t_ns, Peak(score, confidence, scene.t_ns, place_of_detection(scene, row), {"score": score}))
        if incident.decided and not incident.is_open and self._is_enough(incident):
            incident.is_open = True
            yield self._violation(incident, State.OPEN)
        if self.momentary and on_ground and incident.count > before:
            yield from self._noticed(incident, scene, row)

    def _noticed(self, incident: Incident, scene: Scene, row: int) -> Iterator[Noticed]:
        """What is new in this frame, for the joiner; its time is known to the time since the frame before."""
        place, before_ns = place_of_detection(scene, row), self._before_ns
        if place.lat_deg is None or place.lon_deg is None or place.covariance_m2 is None:
            return
        if before_ns is None or before_ns >= scene.t_ns:
            return
        context = self.context
        yield Noticed(
            context.source_id,
            context.means[0],
            self._violation(incident, State.OPEN) if incident.is_open else None,
            scene.t_ns,
            (scene.t_ns - before_ns) / NS_PER_S,
            ((place.lon_deg, place.lat_deg),),
            place.covariance_m2,
        )

    def _violation(self, incident: Incident, state: State) -> Violation:
        if incident.peak is None:
            raise RuntimeError("an incident without a sighting")  # cannot happen: it begins with one
        return self._report.violation(
            observation=f"{self.words} observed{quoted(incident.zone)}",
            subject=incident.subject,
            state=state,
            t_start_ns=incident.t_first_ns,
            t_end_ns=incident.t_last_ns + 1,
            peak=incident.peak,
            count=incident.count,
            zone=incident.zone,
            measures=incident.peak.values,
        )

    def _end(self, incidents: list[Incident]) -> Iterator[Violation | Undecided]:
        ending = list(incidents)
        self._incidents = [incident for incident in self._incidents if incident not in ending]
        for incident in ending:
            if incident.is_open:
                yield self._violation(incident, State.CLOSED)
            elif incident.peak is not None and not incident.decided and self._is_enough(incident):
                yield self._report.undecided(
                    subject=incident.subject,
                    t_start_ns=incident.t_first_ns,
                    t_end_ns=incident.t_last_ns + 1,
                    place=incident.peak.place,
                    reason=straddles(incident.zone),
                )


class LastingRule(SightingRule):
    """Sightings near one another are one thing, however long it stays; it counts once it was seen for `min_time_s`."""

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._least_ns = ns_from_seconds(config.min_time_s)

    @property
    def opens_within_s(self) -> float:
        """What is in view for so long is an incident. [s]"""
        return float(self.config.min_time_s)

    def _counted(self, incident: Incident, t_ns: int) -> int:  # noqa: ARG002 - one thing, however long it stays
        return 1

    def _is_enough(self, incident: Incident) -> bool:
        return incident.t_last_ns - incident.t_first_ns >= self._least_ns
