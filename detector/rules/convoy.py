"""Several movers that travel together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detector.config.agreement_map import Shape
from detector.model import Scene, State, Undecided, Violation
from detector.rules.company import Company
from detector.rules.connected import connected
from detector.rules.continuity import Continuity, Link
from detector.rules.contract import OPTIONAL_ZONES_FIELD, MoverSettings, RuleContext, Zones, chosen_shapes
from detector.rules.incident import Incident
from detector.rules.movers import countable, quoted
from detector.rules.points import Points, ground_points
from detector.rules.report import Peak, Reporter, place_of_track, probability_beyond
from detector.rules.sides import ShapeSet
from detector.timebase import NS_PER_S, ns_from_seconds


class Convoy:
    """At least `min_count` movers travel together, inside a zone or, without zones, anywhere in view.

    Two travel together if they are at most `spacing_m` apart and their velocities differ by at most
    `velocity_difference_m_s`; a chain of such pairs is one convoy. Distances between movers of one picture share
    the camera's error, so they are taken as measured. The border of a zone belongs to the outside; if it depends on
    members whose 95 % position ellipse straddles the border whether there are enough, it is undecidable. What keeps its
    place within 9 m of another one for 1 s at 3.5 m/s is a part of the same vehicle and no further member.

    Hit: four lorries 30 m apart drive along a road at 8 m/s.   Miss: four cars meet at a crossroads.
    """

    kind = "convoy"

    class Config(MoverSettings):
        """Settings of a convoy."""

        zones: Zones = OPTIONAL_ZONES_FIELD
        min_count: int = Field(3, ge=2, le=1000, description="So many movers are a convoy [movers].")
        spacing_m: float = Field(60.0, gt=0, le=5000, description="Neighbours are at most this far apart [m].")
        velocity_difference_m_s: float = Field(
            3.0, gt=0, le=100, description="Their velocities, as vectors, differ by at most this [m/s]."
        )
        min_speed_m_s: float = Field(1.0, ge=0, le=100, description="Slower movers do not travel [m/s].")
        min_time_s: float = Field(3.0, ge=0, le=3600, description="It counts when seen for this long [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config = config
        self.context = context
        self._report = Reporter(self.kind, context)
        self._continuity = Continuity(config.max_gap_s)
        self._zones = ShapeSet([zone for zone in chosen_shapes(config.zones, context) if zone.feed is None])
        self._incidents: list[Incident] = []
        self._patience_ns = ns_from_seconds(max(config.cooldown_s, config.max_gap_s))
        self._company = Company(self._patience_ns)
        self._min_time_ns = ns_from_seconds(config.min_time_s)

    @property
    def needs_ground(self) -> bool:
        """A convoy is told by metres."""
        return True

    @property
    def opens_within_s(self) -> float:
        """It has to be seen for so long, and may be out of sight for a moment at the end of it. [s]"""
        return float(self.config.min_time_s + self.config.max_gap_s)

    def judge(self, scene: Scene) -> Iterator[Violation | Undecided]:
        """Look at one judged frame."""
        link = self._continuity.link(scene)
        if link is Link.SKIPPED:
            return
        seeing = link is not Link.BLIND and scene.pose is not None
        if link is not Link.JOINED or not seeing:
            yield from self._end(self._incidents)
            self._company.clear()
        if not seeing:
            return
        yield from self._end([i for i in self._incidents if scene.t_ns - i.t_last_ns > self._patience_ns])
        points = ground_points(scene)
        rows = countable(scene, points)
        fast = np.hypot(*np.nan_to_num(points.velocity[rows]).T) >= self.config.min_speed_m_s
        rows = rows[fast]
        if len(rows) < self.config.min_count:
            return
        tracks = scene.tracks.track_id[rows].tolist()
        self._company.look(scene.t_ns, points, dict(zip(tracks, rows.tolist(), strict=True)))
        rows = rows[self._company.wholes(tracks)]
        if not self.config.zones:
            yield from self._groups(scene, points, None, rows, np.ones(len(rows)))
            return
        judged = self._zones.inside(points, rows)
        for position, zone in enumerate(self._zones.shapes):
            here = (judged.shape == position) & (judged.decision >= 0)
            if here.sum() >= self.config.min_count:
                likely = [
                    probability_beyond(margin) if decision > 0 else 0.0
                    for margin, decision in zip(judged.margin[here], judged.decision[here], strict=True)
                ]
                yield from self._groups(scene, points, zone, judged.row[here], np.array(likely))

    def finish(self, t_ns: int) -> Iterator[Violation | Undecided]:  # noqa: ARG002 - nothing lies after the last fix
        """Close what is open."""
        yield from self._end(self._incidents)
        self._company.clear()
        self._continuity.reset()

    def _groups(
        self, scene: Scene, points: Points, zone: Shape | None, rows: NDArray[np.int64], likely: NDArray[np.float64]
    ) -> Iterator[Violation]:
        if len(rows) < self.config.min_count:
            return
        metres = points.way(points.xy[rows[0]], points.xy[rows]) * points.scale[rows[0]]
        apart = np.hypot(*np.moveaxis(metres[:, None] - metres[None], 2, 0))
        velocity = points.velocity[rows]
        differ = np.hypot(*np.moveaxis(velocity[:, None] - velocity[None], 2, 0))
        together = (apart <= self.config.spacing_m) & (differ <= self.config.velocity_difference_m_s)
        label = connected(together)
        for group in np.unique(label[np.bincount(label)[label] >= self.config.min_count]).tolist():
            members = np.flatnonzero(label == group)
            yield from self._sighting(scene, points, zone, rows[members], likely[members])

    def _sighting(
        self, scene: Scene, points: Points, zone: Shape | None, rows: NDArray[np.int64], likely: NDArray[np.float64]
    ) -> Iterator[Violation]:
        config = self.config
        tracks = set(scene.tracks.track_id[rows].tolist())
        sure = int((likely > 0).sum())
        middle = int(rows[np.argmin(np.hypot(*(points.xy[rows] - points.xy[rows].mean(axis=0)).T))])
        xy = (float(points.xy[middle, 0]), float(points.xy[middle, 1]))
        incident = self._same(scene.t_ns, points, middle, zone, tracks)
        if incident is None:
            where = "" if zone is None else f", zone {zone.shape_id}"
            incident = Incident(f"convoy with track {min(tracks)}{where}", zone, True, scene.t_ns, scene.t_ns, xy)
            self._incidents.append(incident)
        enough = sure >= config.min_count
        if enough and not incident.count:  # the run that counts begins here
            incident.t_first_ns, incident.hits, incident.peak = scene.t_ns, 0, None
        incident.xy = xy
        mean = points.velocity[rows].mean(axis=0)
        incident.velocity = (float(mean[0]), float(mean[1]))
        incident.tracks |= tracks
        if not enough and incident.count:
            return
        best = np.sort(likely)[::-1][: config.min_count]
        speed_m_s = float(np.hypot(*mean))
        strength = sure if enough else len(rows)
        values = {"members": float(strength), "speed_m_s": speed_m_s}
        place = place_of_track(scene, middle)
        incident.sees(scene.t_ns, Peak(float(strength), float(best.prod()), scene.t_ns, place, values))
        if not enough:
            return
        incident.count = max(incident.count, sure)
        long_enough = scene.t_ns - incident.t_first_ns >= self._min_time_ns
        if not incident.is_open and long_enough and incident.hits >= config.min_hits:
            incident.is_open = True
            yield self._violation(incident, State.OPEN)

    def _same(self, t_ns: int, points: Points, row: int, zone: Shape | None, tracks: set[int]) -> Incident | None:
        """The incident with members in common, else one that would be here by now."""
        known = [incident for incident in self._incidents if incident.zone is zone]
        common = [incident for incident in known if incident.tracks & tracks]
        near = [i for i in known if i.t_last_ns < t_ns and i.distance(t_ns, points, row) <= self.config.same_place_m]
        return next(iter(common or near), None)

    def _violation(self, incident: Incident, state: State) -> Violation:
        if incident.peak is None:
            raise RuntimeError("an incident without a sighting")  # cannot happen: it begins with one
        seconds = (incident.t_last_ns - incident.t_first_ns) / NS_PER_S
        return self._report.violation(
            observation=f"{incident.count} movers observed travelling together{quoted(incident.zone)}",
            subject=incident.subject,
            state=state,
            t_start_ns=incident.t_first_ns,
            t_end_ns=incident.t_last_ns,
            peak=incident.peak,
            track_ids=incident.tracks,
            count=incident.count,
            zone=incident.zone,
            measures={"time_s": seconds, **incident.peak.values},
        )

    def _end(self, incidents: list[Incident]) -> Iterator[Violation | Undecided]:
        ending = list(incidents)
        self._incidents = [incident for incident in self._incidents if incident not in ending]
        for incident in ending:
            lasted_ns = incident.t_last_ns - incident.t_first_ns
            if incident.is_open:
                yield self._violation(incident, State.CLOSED)
            elif not incident.count and lasted_ns >= self._min_time_ns and incident.peak is not None:
                yield self._report.undecided(
                    subject=incident.subject,
                    t_start_ns=incident.t_first_ns,
                    t_end_ns=incident.t_last_ns,
                    place=incident.peak.place,
                    reason=f"whether {self.config.min_count} movers are inside depends on 95 % position ellipses "
                    "that straddle the border",
                )
