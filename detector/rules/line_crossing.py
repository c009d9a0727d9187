"""Crossing a line, with its direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from shapely import LineString, Point

from detector.config.agreement_map import Shape
from detector.geo.ellipse import SIGMAS_95
from detector.model import Place, Scene, State, Undecided, Violation
from detector.rules.company import Company
from detector.rules.continuity import Continuity, Link
from detector.rules.contract import MoverSettings, RuleContext, Zones, chosen_shapes
from detector.rules.first_seen import BESIDE_M, BESIDE_NS, BESIDE_PX, FirstSeen
from detector.rules.movers import SAME_THING_M, SAME_THING_PX, countable
from detector.rules.points import Points, Sighted, ground_points, picture_points
from detector.rules.report import Peak, Reporter, compass_bound, place_of_track, probability_beyond
from detector.rules.sides import ShapeSet
from detector.timebase import NS_PER_S, ns_from_seconds

Direction = Literal["any", "left_to_right", "right_to_left", "northbound", "eastbound", "southbound", "westbound"]
_NEAR_SIGMA = 20.0  # from the line: there is time enough to learn what are pieces of one vehicle
_COMPASS = {"northbound": (0, 1), "eastbound": (1, 0), "southbound": (0, -1), "westbound": (-1, 0)}


@dataclass(slots=True)
class _Run:
    """Fixes in a row that are decidedly on one side."""

    side: int
    hits: int
    t_first_ns: int
    t_last_ns: int
    first_xy: tuple[float, float]
    last_xy: tuple[float, float]
    margin: float  # the largest, in standard deviations


@dataclass(slots=True)
class _Walk:
    """One mover at one line."""

    key: tuple[bool, int, int]  # on the ground, which line, track
    first_track: int
    tracks: set[int]
    began_ns: int
    found: Sighted
    home: _Run | None = None  # the side on which it was long enough to be believed
    other: _Run | None = None  # the side on which it has been since
    nearest: tuple[float, int, Callable[[], Place]] | None = (
        None  # of the passage: margin, time, place nearest the line
    )
    t_maybe_ns: int | None = None  # since when it has been undecidable
    t_maybe_last_ns: int = 0
    maybes: int = 0
    maybe_place: Place | None = None
    crossed: int | None = None  # onto which side it has crossed

    def gone_on_as(self, young: _Walk) -> _Walk:
        """This walk under the track that it goes on as, with what that has seen since."""
        young.first_track, young.began_ns = self.first_track, self.began_ns
        young.tracks |= self.tracks
        young.crossed = self.crossed if young.crossed is None else young.crossed
        if self.home is not None:
            if young.home is not None and young.home.side != self.home.side:
                young.other = young.home
            young.home = self.home
        if self.t_maybe_ns is not None:
            young.t_maybe_ns, young.maybe_place = self.t_maybe_ns, self.maybe_place
            young.t_maybe_last_ns = max(self.t_maybe_last_ns, young.t_maybe_last_ns)
            young.maybes += self.maybes
        nearest = [one for one in (self.nearest, young.nearest) if one is not None]
        young.nearest = min(nearest, key=lambda one: one[:2], default=None)
        return young


class LineCrossing:
    """Something that moves is decidedly on one side of a line, and then decidedly on the other.

    A mover whose 95 % position ellipse touches the line is on neither side. It has to be seen on each side in
    `min_hits` fixes in a row, on the far side for at least `min_time_s`: a track that flickers at the line is one
    crossing or none, and two pieces of one vehicle are one. The way from the last fix on the near side to the first on
    the far side has to cut the line itself: going round its end is no crossing, and one that passes the end within the
    95 % ellipse is undecided, unless another of the lines goes on from there. Left and right are those of someone who
    walks along the line in the order in which it is drawn. A mover that is undecidable and then returns, or is lost, is
    logged as undecided.

    Hit: a vehicle drives across the line of contact and goes on.   Miss: it drives along it, or waits at it.
    """

    kind = "line_crossing"

    class Config(MoverSettings):
        """Settings of a line crossing."""

        lines: Zones = Field(min_length=1, description="Lines of the map, by id.")
        direction: Direction = Field(
            "any",
            description="Which crossings count: any, left_to_right or right_to_left of the line as it is drawn, or by "
            "compass (northbound: the way across has a northward part), which needs a line on the ground.",
        )
        min_time_s: float = Field(0.5, ge=0, le=3600, description="It has to be on the far side for this long [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config = config
        self.context = context
        self._report = Reporter(self.kind, context)
        self._continuity = Continuity(config.max_gap_s)
        shapes = chosen_shapes(config.lines, context, "line")
        if config.direction in _COMPASS and any(shape.feed is not None for shape in shapes):
            message = f"direction {config.direction!r} needs lines on the ground; in pixels use left_to_right or any"
            raise ValueError(f"rule {context.rule_id!r}: {message}")
        self._sets = {
            on_ground: ShapeSet([shape for shape in shapes if (shape.feed is None) == on_ground])
            for on_ground in (True, False)
        }
        self._tips = {on_ground: _tips(shapes.shapes) for on_ground, shapes in self._sets.items()}
        self._walks: dict[tuple[bool, int, int], _Walk] = {}
        self._alive: dict[bool, set[int]] = {True: set(), False: set()}
        self._first_seen = {True: FirstSeen(), False: FirstSeen()}
        self._min_time_ns = ns_from_seconds(config.min_time_s)
        self._patience_ns = ns_from_seconds(max(config.cooldown_s, config.max_gap_s))
        self._company = Company(self._patience_ns)

    @property
    def needs_ground(self) -> bool:
        """Whether nothing can be judged without a camera pose."""
        return not len(self._sets[False])

    @property
    def opens_within_s(self) -> float:
        """The passage, of which the cooldown is a guess: a walker may take longer; and the time on the far side. [s]"""
        return float(self.config.cooldown_s + self.config.min_time_s)

    def judge(self, scene: Scene) -> Iterator[Violation | Undecided]:
        """Look at one judged frame. A crossing is OPEN and CLOSED at once: it is over when it is seen."""
        link = self._continuity.link(scene)
        if link is Link.SKIPPED:
            return
        for on_ground, shapes in self._sets.items():
            seeing = link is not Link.BLIND and (scene.pose is not None or not on_ground)
            if link is not Link.JOINED or not seeing:
                yield from self._forget(on_ground)
            if seeing and len(shapes):
                yield from self._look(scene, on_ground, shapes)

    def finish(self, t_ns: int) -> Iterator[Violation | Undecided]:  # noqa: ARG002 - nothing lies after the last fix
        """Log what is still undecided."""
        yield from self._forget(True)
        yield from self._forget(False)
        self._continuity.reset()

    def _look(self, scene: Scene, on_ground: bool, shapes: ShapeSet) -> Iterator[Violation | Undecided]:
        points = ground_points(scene) if on_ground else picture_points(scene)
        self._first_seen[on_ground].look(scene)
        judged = shapes.left_of(points, countable(scene, points))
        ids = scene.tracks.track_id
        alive = set(ids[scene.tracks.confirmed].tolist())
        if on_ground:
            near = judged.row[np.abs(judged.margin) < _NEAR_SIGMA].tolist()
            self._company.look(scene.t_ns, points, {int(ids[row]): row for row in near})
        columns = (judged.shape.tolist(), judged.row.tolist(), judged.decision.tolist(), judged.margin.tolist())
        for shape, row, side, margin in zip(*columns, strict=True):
            key = (on_ground, shape, int(ids[row]))
            walk = self._walks.get(key) or self._begin(key, scene, points, row, alive)
            walk.found = points.at(row, scene.t_ns)
            yield from self._step(walk, shapes.shapes[shape], scene, row, side, margin, points)
        for key in [key for key in self._walks if key[0] == on_ground and key[2] in self._alive[on_ground] - alive]:
            self._hand_over(key)
        self._alive[on_ground] = alive
        for key, walk in list(self._walks.items()):
            if key[0] == on_ground and scene.t_ns - walk.found.t_ns > self._patience_ns:
                yield from self._doubt(self._walks.pop(key), shapes.shapes[key[1]])

    def _begin(self, key: tuple[bool, int, int], scene: Scene, points: Points, row: int, alive: set[int]) -> _Walk:
        here = points.at(row, scene.t_ns)
        radius = self.config.same_place_m if key[0] else self.config.same_place_px
        beside = min(radius, BESIDE_M if key[0] else BESIDE_PX)
        beside_ns = self._first_seen[key[0]].of(scene, row) + BESIDE_NS
        lost = [
            (apart, other)
            for other, walk in self._walks.items()
            if other[:2] == key[:2]
            and other[2] not in alive
            and (apart := here.apart(walk.found)) <= (radius if walk.found.t_ns < beside_ns else beside)
        ]
        near = min(lost, default=None)
        walk = _Walk(key, key[2], set(), scene.t_ns, here) if near is None else self._walks.pop(near[1])
        walk.key = key
        walk.tracks.add(key[2])
        self._walks[key] = walk
        return walk

    def _hand_over(self, key: tuple[bool, int, int]) -> None:
        """The track is given up: what began at its place since it was last seen has been the same mover all along."""
        lost = self._walks[key]
        young = [
            (walk.found.apart(lost.found), other)
            for other, walk in self._walks.items()
            if other[:2] == key[:2] and walk.began_ns > lost.found.t_ns
        ]
        near = min(young, default=(np.inf, key))
        if near[0] <= (SAME_THING_M if key[0] else SAME_THING_PX):
            self._walks[near[1]] = lost.gone_on_as(self._walks[near[1]])
            del self._walks[key]

    def _step(
        self, walk: _Walk, line: Shape, scene: Scene, row: int, side: int, margin: float, points: Points
    ) -> Iterator[Violation | Undecided]:
        t_ns, xy = scene.t_ns, (float(walk.found.xy[0]), float(walk.found.xy[1]))
        place = partial(place_of_track, scene, row)  # of few steps it is told
        if walk.nearest is None or abs(margin) < walk.nearest[0]:
            walk.nearest = (abs(margin), t_ns, place)
        if side == 0:
            if walk.t_maybe_ns is None:
                walk.t_maybe_ns, walk.maybes, walk.maybe_place = t_ns, 0, place()
            walk.t_maybe_last_ns = t_ns
            walk.maybes += 1
            if walk.other is not None:
                walk.other.hits = 0
            return
        if walk.home is not None and side == walk.home.side:
            walk.other = None
            walk.home.hits += 1
            walk.home.t_last_ns, walk.home.last_xy = t_ns, xy
            walk.home.margin = max(walk.home.margin, abs(margin))
            yield from self._doubt(walk, line)
            # Only the way since the last fix on the near side belongs to the passage.
            walk.nearest = (abs(margin), t_ns, place)
            return
        if walk.other is None or walk.other.side != side:
            walk.other = _Run(side, 0, t_ns, t_ns, xy, xy, 0.0)
        run = walk.other
        run.hits += 1
        run.t_last_ns, run.last_xy = t_ns, xy
        run.margin = max(run.margin, abs(margin))
        needed_ns = 0 if walk.home is None else self._min_time_ns
        if run.hits < self.config.min_hits or t_ns - run.t_first_ns < needed_ns:
            return
        if walk.home is None:
            yield from self._doubt(walk, line)  # it may have come from the other side
        else:
            yield from self._crossing(walk, walk.home, run, line, points, row)
            walk.t_maybe_ns, walk.maybes = None, 0
        walk.home, walk.other = run, None
        walk.nearest = (abs(margin), t_ns, place)

    def _crossing(
        self, walk: _Walk, home: _Run, far: _Run, line: Shape, points: Points, row: int
    ) -> Iterator[Violation | Undecided]:
        # Both on the line's side of the 180th meridian.
        ends = np.array([home.last_xy, far.first_xy])
        ends[:, 0] += points.turn(ends[:, 0] - line.geometry.centroid.x)
        way = points.way(home.last_xy, far.first_xy) * points.scale[row]
        if not self._counts(far.side, way) or walk.nearest is None:
            return
        if self._passes_an_end(walk, ends, points, row):
            yield self._report.undecided(
                subject=f"track {walk.first_track}, line {line.shape_id}",
                t_start_ns=home.t_last_ns,
                t_end_ns=far.t_last_ns,
                place=walk.nearest[2](),
                reason=f'the 95 % position ellipse straddles the end of line "{line.name}"',
            )
            return
        if not line.geometry.intersects(LineString(ends)):
            return
        walk.crossed = far.side
        if self._is_told(walk):
            return
        _, t_peak_ns, place = walk.nearest
        confidence = probability_beyond(home.margin) * probability_beyond(far.margin)
        words = "left to right" if far.side < 0 else "right to left"
        if line.feed is None:
            words = compass_bound(float(way[0]), float(way[1]))
        heading_deg = float(np.degrees(np.arctan2(way[0], way[1]))) % 360.0
        for state in (State.OPEN, State.CLOSED):
            yield self._report.violation(
                observation=f'line "{line.name}" crossed, {words}',
                subject=f"track {walk.first_track}, line {line.shape_id}",
                state=state,
                t_start_ns=home.t_last_ns,
                t_end_ns=far.t_last_ns,
                peak=Peak(0.0, confidence, t_peak_ns, place()),
                track_ids=walk.tracks,
                zone=line,
                measures={
                    "passage_s": (far.t_first_ns - home.t_last_ns) / NS_PER_S,
                    **({"heading_deg": heading_deg} if line.feed is None else {}),
                },
            )

    def _passes_an_end(self, walk: _Walk, ends: NDArray[np.float64], points: Points, row: int) -> bool:
        """Whether the way is so near an end of the line that nobody can say if it cuts the line."""
        on_ground, line, _ = walk.key
        floor = np.eye(2) * 1e-6  # nothing is known better than to a millimetre, and a covariance of 0 has no inverse
        in_sigmas = np.linalg.inv(np.linalg.cholesky(walk.found.covariance + floor)).T
        ways = (
            LineString(points.way(tip, ends) * points.scale[row] @ in_sigmas) for tip in self._tips[on_ground][line]
        )
        return any(way.distance(Point(0.0, 0.0)) < SIGMAS_95 for way in ways)

    def _is_told(self, walk: _Walk) -> bool:
        """Whether the crossing of something of which this is a part has been told."""
        return any(
            other is not walk
            and other.key[:2] == walk.key[:2]
            and other.crossed == walk.crossed
            and self._company.is_one(walk.key[2], other.key[2])
            for other in self._walks.values()
        )

    def _counts(self, far_side: int, way: NDArray[np.float64]) -> bool:
        wanted = self.config.direction
        if wanted in _COMPASS:
            east, north = _COMPASS[wanted]
            return bool(way[0] * east + way[1] * north > 0)
        return bool(wanted == "any" or (wanted == "left_to_right") == (far_side < 0))

    def _doubt(self, walk: _Walk, line: Shape) -> Iterator[Undecided]:
        """The stretch in which the mover was on neither side is over without a crossing."""
        t_first_ns, walk.t_maybe_ns = walk.t_maybe_ns, None
        long_enough = t_first_ns is not None and walk.t_maybe_last_ns - t_first_ns >= self._min_time_ns
        if t_first_ns is not None and long_enough and walk.maybes >= self.config.min_hits and walk.maybe_place:
            yield self._report.undecided(
                subject=f"track {walk.first_track}, line {line.shape_id}",
                t_start_ns=t_first_ns,
                t_end_ns=walk.t_maybe_last_ns,
                place=walk.maybe_place,
                reason=f'the 95 % position ellipse straddles line "{line.name}"',
            )

    def _forget(self, on_ground: bool) -> Iterator[Undecided]:
        self._first_seen[on_ground].clear()
        if on_ground:
            self._company.clear()
        for key in list(self._walks):
            if key[0] == on_ground:
                yield from self._doubt(self._walks.pop(key), self._sets[on_ground].shapes[key[1]])


def _tips(lines: Sequence[Shape]) -> list[list[tuple[float, float]]]:
    """The ends of each line from which none goes on, itself or another one."""
    ends = [[one.geometry.coords[0], one.geometry.coords[-1]] for one in lines]
    often = Counter(_place(one, end) for one, two in zip(lines, ends, strict=True) for end in two)
    return [[end for end in two if often[_place(one, end)] == 1] for one, two in zip(lines, ends, strict=True)]


def _place(line: Shape, end: tuple[float, float]) -> tuple[float, float]:
    """The same for ends that meet: a line on the ground that is cut at the 180th meridian goes on at -180."""
    return (end[0] % 360.0 if line.feed is None else end[0], end[1])
