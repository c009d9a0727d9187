"""What is unusual for this place and hour."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detector.anomaly import Finding, Memory, Mover, Stretch, Usual, Watch, explain
from detector.anomaly.cells import cells_in_view, grid_places
from detector.config import PathBeside
from detector.config.agreement_map import Shape
from detector.geo import camera
from detector.geo.ellipse import SIGMAS_95
from detector.model import CameraPose, Place, Scene, Sight, State, Undecided, Violation
from detector.rules.contract import OPTIONAL_ZONES_FIELD, MoverSettings, RuleContext, Zones
from detector.rules.movers import MoverRule, Plane, anywhere, countable, in_zones, quoted, straddles
from detector.rules.points import Points, ground_points
from detector.rules.report import Peak, place_of_track
from detector.rules.stays import Conditions, Found, Stay
from detector.timebase import NS_PER_S, ns_from_seconds

_LOOK_EVERY_NS = NS_PER_S
_HOUR_S = 3600
_NOWHERE = Place(None, None, None, None)


@dataclass(slots=True)
class _Number:
    """More movers in a cell than is usual: one incident a stretch, told by its most surprising cell."""

    cell: tuple[int, int]
    t_first_ns: int
    t_last_ns: int
    words: str
    peak: Peak
    tracks: set[int]
    zone: Shape | None
    is_over: bool = False


class Unusual(MoverRule):
    """Something moves that is unusual for this place and hour: where nothing did for days, in another way, in numbers.

    The ground is divided into cells. How long each was in view is kept in `memory` from one recording to the next, and
    what passed it: when, how fast, which way and how large. A mover is *rare* by how seldom one was seen in its cell at
    about this hour of the day, where hours that were not watched count neither way; *odd* by how far its speed, heading
    and size are from those of what passed the cell before; movers are *many* by their number in a cell within a clock
    hour. Each of these is reported only where the remembered days, judged by one another, would have brought at most a
    third of `budget_per_day`. What is learnt on a day counts from the next day on. Until enough days were watched the
    rule is warming up: it reports nothing, and says so in the log. All that is seen is learnt, also what was reported,
    whatever a reviewer decides: usual does not mean allowed. A mover whose 95 % position ellipse is wider than a cell
    is passed over; one that straddles the border of a zone is undecidable. It needs telemetry.

    Hit: a vehicle drives over a field where none was seen in 9 days.   Miss: it follows a road with ten others an hour.
    """

    kind = "unusual"

    class Config(MoverSettings):
        """Settings of what is unusual."""

        memory: PathBeside = Field(
            description="Folder for what was seen, relative to this file; made if it is not there. Rules may share it."
        )
        budget_per_day: float = Field(
            1.0, gt=0, le=1000, description="So many false alarms a day are accepted [1/day]."
        )
        zones: Zones = OPTIONAL_ZONES_FIELD
        cell_m: float = Field(100.0, ge=20, le=2000, description="Side of a cell of the ground [m].")
        reach_m: float = Field(
            1500.0, gt=0, le=20_000, description="Ground farther from the camera is not counted as watched [m]."
        )
        passage_s: float = Field(
            2.0,
            ge=0,
            le=60,
            description="So long in a cell, a mover has passed it; its speed and size are means of it [s].",
        )
        min_time_s: float = Field(0.0, ge=0, le=3600, description="It counts when unusual for this long [s].")
        min_days: int = Field(
            3, ge=2, le=366, description="Nothing is reported before so many days were watched [days]."
        )
        min_watched_h: float = Field(
            2.0,
            gt=0,
            le=1000,
            description="A cell is judged when it was watched for so long around this hour of the day [h].",
        )
        keep_days: float = Field(30.0, ge=2, le=366, description="What is older is not looked at [days].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._memory = Memory(
            config.memory,
            rule_id=context.rule_id,
            cell_m=config.cell_m,
            source_id=context.source_id,
            run_id=context.run_id,
            keep_days=config.keep_days,
        )
        self._zone = ZoneInfo(context.time_zone)
        self._max_gap_ns = ns_from_seconds(config.max_gap_s)
        self._forget()

    def _forget(self) -> None:
        """As new, but for what is remembered."""
        self._watch: Watch | None = None
        self._known: list[Stretch] = []
        self._usual: Usual | None = None
        self._day: date | None = None
        self._seen_ns: int | None = None
        self._looked_ns: int | None = None
        self._uncounted_s = 0.0
        self._found: dict[int, tuple[Finding, str, dict[str, float]]] = {}
        self._number: _Number | None = None
        self._cold: tuple[int, int] | None = None

    @property
    def opens_within_s(self) -> float:
        """A mover has to pass a cell first. [s]"""
        return super().opens_within_s + float(self.config.passage_s)

    def judge(self, scene: Scene) -> Iterator[Found]:
        """Look at one judged frame."""
        if scene.detections.judged and scene.sight is Sight.SEEING and scene.pose is not None:
            if self._seen_ns is not None and not 0 <= scene.t_ns - self._seen_ns <= self._max_gap_ns:
                yield from self._break()
            yield from self._turn(scene.t_ns)
            yield from self._learn(scene, scene.pose)
        elif scene.detections.judged:
            yield from self._break()
        yield from super().judge(scene)

    def finish(self, t_ns: int) -> Iterator[Found]:
        """Close what is open, and keep what was seen."""
        yield from super().finish(t_ns)
        yield from self._end_stretch()
        yield from self._warmed_up()
        self._forget()

    def _warmed_up(self) -> Iterator[Undecided]:
        """How long nothing could be called unusual, once that is over or the feed has ended."""
        if self._cold is None or self._usual is None:
            return
        needed, days = self._usual.days_needed, self._usual.history.days
        (since_ns, until_ns), self._cold = self._cold, None
        yield self._report.undecided(
            subject="warming up",
            t_start_ns=since_ns,
            t_end_ns=until_ns,
            place=_NOWHERE,
            reason=f"warming up: {days} of {needed} days watched; until then nothing is called unusual",
        )

    def _turn(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Begin a stretch where there is none, another clock hour has begun, or the clock went back."""
        hour = t_ns // NS_PER_S // _HOUR_S
        stretch = self._watch.stretch if self._watch is not None else None
        if stretch is not None and stretch.t_start_s // _HOUR_S == hour and t_ns // NS_PER_S >= stretch.t_end_s:
            return
        yield from self._end_stretch()
        config, t_s = self.config, t_ns // NS_PER_S
        self._watch = Watch(self.context.source_id, self.context.run_id, t_ns, config.passage_s, config.min_hits)
        self._known = self._memory.before(t_s)
        day, day_s = _local_date(t_s, self._zone)
        if day != self._day:
            usual = Usual(
                self._memory.before(day_s),
                budget_per_day=config.budget_per_day,
                min_days=config.min_days,
                min_watched_h=config.min_watched_h,
                time_zone=self.context.time_zone,
            )
            if usual.is_warm:
                yield from self._warmed_up()
            self._day, self._usual = day, usual

    def _break(self) -> Iterator[Violation]:
        """Nothing is joined across what was not seen; what is counted of this hour goes on."""
        self._seen_ns = self._looked_ns = None
        self._uncounted_s = 0.0
        if self._number is not None and not self._number.is_over:
            self._number.is_over = True
            yield self._numerous(self._number, State.CLOSED)

    def _end_stretch(self) -> Iterator[Violation]:
        yield from self._break()
        self._number = None
        if self._watch is not None:
            self._memory.keep(self._watch.finish())
            self._watch = None

    def _learn(self, scene: Scene, pose: CameraPose) -> Iterator[Violation]:
        """Take note of the ground in view and of what moves there; judge what has passed a cell."""
        watch, usual = self._watch, self._usual
        if watch is None or usual is None:
            raise RuntimeError("no stretch has begun")  # cannot happen: _turn comes first
        if not usual.is_warm:
            self._cold = (self._cold[0] if self._cold is not None else scene.t_ns, scene.t_ns + 1)
        self._look(watch, scene, pose)
        points = ground_points(scene)
        rows = self._told(scene, pose, points)
        passages = watch.move(scene.t_ns, _movers(scene, pose, points, rows, self.config.cell_m))
        row_of = dict(zip(scene.tracks.track_id[rows].tolist(), rows.tolist(), strict=True))
        number = self._number
        if number is not None and not number.is_over and any(one[:2] == number.cell for one, _ in passages):
            number.t_last_ns = scene.t_ns
        for finding in usual.judge(passages):
            here = finding.passage
            told = explain(finding, usual, self._known)
            if finding.question == "many":
                yield from self._more(scene, points, row_of[here.track_id], finding, told)
            else:
                self._found.setdefault(here.track_id, (finding, *told))

    def _more(
        self, scene: Scene, points: Points, row: int, finding: Finding, told: tuple[str, dict[str, float]]
    ) -> Iterator[Violation]:
        """One incident a stretch, in the cell that passed the bar first; its numbers are the last ones."""
        words, measures = told
        here, t_ns = finding.passage, scene.t_ns
        peak = Peak(
            finding.score, 1.0 - finding.p, t_ns, place_of_track(scene, row), {**_judged_by(finding), **measures}
        )
        if self._number is None:
            zone = self._zone_of(points, row)
            if self.config.zones and zone is None:
                return
            self._number = _Number(here[:2], t_ns, t_ns, words, peak, {here.track_id}, zone)
            yield self._numerous(self._number, State.OPEN)
        elif self._number.cell == here[:2] and not self._number.is_over:
            number = self._number
            number.words, number.peak, number.tracks = words, peak, number.tracks | {here.track_id}

    def _zone_of(self, points: Points, row: int) -> Shape | None:
        """The first zone of the rule that the mover is decidedly inside of."""
        for plane in self._planes:
            judged = plane.shapes.inside(points, np.array([row]))
            if plane.on_ground and (judged.decision > 0).any():
                return plane.shapes.shapes[int(judged.shape[np.argmax(judged.decision > 0)])]
        return None

    def _numerous(self, number: _Number, state: State) -> Violation:
        return self._report.violation(
            observation=f"an unusual number of movers observed{quoted(number.zone)}: {number.words}",
            subject="number of movers",
            state=state,
            t_start_ns=number.t_first_ns,
            t_end_ns=number.t_last_ns,
            peak=number.peak,
            track_ids=number.tracks,
            count=int(number.peak.values["number"]),
            zone=number.zone,
            measures=number.peak.values,
        )

    def _look(self, watch: Watch, scene: Scene, pose: CameraPose) -> None:
        """Count the time that cells are in view, about once a second."""
        t_ns = scene.t_ns
        if self._seen_ns is not None:
            self._uncounted_s += (t_ns - self._seen_ns) / NS_PER_S
        self._seen_ns = t_ns
        if self._looked_ns is not None and t_ns - self._looked_ns < _LOOK_EVERY_NS:
            return
        outline = self.context.ground_in_view(pose, scene.size_px)
        if outline is not None:
            place = (pose.lat_deg, pose.lon_deg)
            watch.see(t_ns, cells_in_view(outline, place, self.config.reach_m, self.config.cell_m), self._uncounted_s)
        self._looked_ns, self._uncounted_s = t_ns, 0.0
        watch.forget_lost(t_ns - 10 * self._max_gap_ns)

    def _told(self, scene: Scene, pose: CameraPose, points: Points) -> NDArray[np.int64]:
        """Movers whose cell can be told: near enough, and known to within a cell."""
        rows = countable(scene, points)
        covariance = points.covariance[rows]
        known = np.isfinite(covariance).all(axis=(1, 2)) & np.isfinite(points.velocity[rows]).all(axis=1)
        rows, covariance = rows[known], covariance[known]
        across_m = 2 * SIGMAS_95 * np.sqrt(np.linalg.eigvalsh(covariance)[:, -1]) if len(rows) else np.zeros(0)
        away = (points.xy[rows] - (pose.lon_deg, pose.lat_deg)) * points.scale[rows]
        near = np.hypot(away[:, 0], away[:, 1]) <= self.config.reach_m
        return np.asarray(rows[(across_m <= self.config.cell_m) & near])

    def _conditions(self, scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64]) -> Conditions:
        rows = rows if plane.on_ground else rows[:0]
        place = in_zones(plane.shapes.inside(points, rows)) if self.config.zones else anywhere(rows)
        found = [self._found.get(track) for track in scene.tracks.track_id[place.row].tolist()]
        is_found = np.array([one is not None for one in found], np.bool_)
        likely = np.array([0.0 if one is None else 1.0 - one[0].p for one in found])
        decision = np.where(is_found, place.decision, -1).astype(np.int8)
        return Conditions(place.shape, place.row, decision, likely * place.confidence, likely)

    def _observation(self, zone: Shape | None) -> str:
        return f"movement observed{quoted(zone)} that is unusual here"

    def _in_words(self, stay: Stay, zone: Shape | None) -> tuple[str, Mapping[str, float]]:
        finding, words, measures = next(self._found[track] for track in sorted(stay.tracks) if track in self._found)
        return f"{self._observation(zone)}: {words}", {**_judged_by(finding), **measures}

    def _reason(self, zone: Shape | None) -> str:
        return straddles(zone)


def _judged_by(finding: Finding) -> dict[str, float]:
    """p_log10: -log10 of the share of the past that was at least as surprising."""
    return {"score": finding.score, "bar": finding.bar, "p_log10": -math.log10(finding.p)}


def _movers(scene: Scene, pose: CameraPose, points: Points, rows: NDArray[np.int64], cell_m: float) -> list[Mover]:
    """The movers of these rows with their place in the grid; their size is the root of the box's area. [m]"""
    lon_lat = points.xy[rows]
    places = grid_places(lon_lat[:, 1], lon_lat[:, 0], cell_m)
    away = (lon_lat - (pose.lon_deg, pose.lat_deg)) * points.scale[rows]
    range_m = np.hypot(np.hypot(away[:, 0], away[:, 1]), pose.alt_m - scene.fixes.alt_m[rows])
    boxes = np.asarray(scene.tracks.xyxy_px[rows], np.float64)
    size_px = np.sqrt(np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 0.0))
    size_m = size_px * range_m / float(np.mean(camera.focal_px(pose, scene.size_px)))
    columns = (scene.tracks.track_id[rows], places, points.velocity[rows], size_m)
    return [
        Mover(track, (row, col), (east, north), size)
        for track, (row, col), (east, north), size in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _local_date(t_s: int, zone: ZoneInfo) -> tuple[date, int]:
    """The day on the clock of that zone, and when it began. [s UTC]"""
    midnight = datetime.fromtimestamp(t_s, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.date(), int(midnight.timestamp())
