"""What the rules about single movers share: planes to judge in, what follows what, incidents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.config.agreement_map import Shape
from detector.model import Scene, State, Undecided, Violation, read_only
from detector.rules.continuity import Continuity, Link
from detector.rules.contract import RuleContext, chosen_shapes
from detector.rules.points import Points, ground_points, picture_points
from detector.rules.report import Reporter, probabilities_beyond
from detector.rules.sides import Judged, ShapeSet
from detector.rules.stays import Conditions, Found, Stay, StayBook
from detector.timebase import NS_PER_S

# So far inside, a place leaves no doubt: the first such moment is the clearest. The deepest one is often where a mover
# leaves the picture, and its snapshot shows half of it at the edge.
_CLEAR_SIGMA = 5.0
# Nearer than this two tracks that were followed side by side are parts of one thing, once one of them is lost.
SAME_THING_M, SAME_THING_PX = 6.0, 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The ground or the picture: shapes drawn in it, and what goes on there."""

    on_ground: bool
    shapes: ShapeSet
    book: StayBook


class MoverRule(ABC):
    """A condition that single movers meet or not, for some time, in zones or anywhere.

    A subclass says what the condition is (`_conditions`), how long it has to be met and how to put it into words.
    """

    Config: ClassVar[Any]
    kind: ClassVar[str]

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config = config
        self.context = context
        self._report = Reporter(self.kind, context)
        self._continuity = Continuity(config.max_gap_s)
        zones = chosen_shapes(config.zones, context)
        self._planes = [
            self._plane(on_ground, [zone for zone in zones if (zone.feed is None) == on_ground])
            for on_ground in (True, False)
            if any((zone.feed is None) == on_ground for zone in zones)
        ]
        if not config.zones:
            self._planes = [self._plane(self._everywhere_needs_ground, [])]

    _everywhere_needs_ground: ClassVar[bool] = True

    @property
    def needs_ground(self) -> bool:
        """Whether nothing can be judged without a camera pose."""
        return all(plane.on_ground for plane in self._planes)

    @property
    def opens_within_s(self) -> float:
        """The condition has to be met for so long, and may be out of sight for a moment at the end of it. [s]"""
        return self._least_s + float(self.config.max_gap_s)

    @property
    def _least_s(self) -> float:
        """So long it has to be met. [s]"""
        return float(self.config.min_time_s)

    def judge(self, scene: Scene) -> Iterator[Found]:
        """Look at one judged frame."""
        link = self._continuity.link(scene)
        if link is Link.SKIPPED:
            return
        for plane in self._planes:
            seeing = link is not Link.BLIND and (scene.pose is not None or not plane.on_ground)
            if link is not Link.JOINED or not seeing:
                yield from plane.book.close()
            if seeing:
                points = ground_points(scene) if plane.on_ground else picture_points(scene)
                rows = countable(scene, points)
                yield from plane.book.update(scene, points, rows, self._conditions(scene, plane, points, rows))

    def finish(self, t_ns: int) -> Iterator[Found]:  # noqa: ARG002 - the protocol's
        """Close what is open where it was last seen, which is never after `t_ns`."""
        for plane in self._planes:
            yield from plane.book.finish()
        self._continuity.reset()

    @abstractmethod
    def _conditions(self, _scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64], /) -> Conditions: ...

    @abstractmethod
    def _observation(self, zone: Shape | None) -> str: ...

    def _in_words(self, _stay: Stay, zone: Shape | None, /) -> tuple[str, Mapping[str, float]]:
        """The observation, and further measures, for rules whose words depend on what was seen."""
        return self._observation(zone), {}

    @abstractmethod
    def _reason(self, zone: Shape | None) -> str: ...

    def _plane(self, on_ground: bool, zones: list[Shape]) -> Plane:
        shapes = ShapeSet(zones)
        config = self.config
        book = StayBook(
            config,
            self._least_s,
            config.same_place_m if on_ground else config.same_place_px,
            SAME_THING_M if on_ground else SAME_THING_PX,
            self._violation_of(shapes),
            self._undecided_of(shapes),
            on_ground=on_ground,
        )
        return Plane(on_ground, shapes, book)

    def _violation_of(self, shapes: ShapeSet) -> Callable[[Stay, State], Violation]:
        def violation(stay: Stay, state: State) -> Violation:
            zone = shapes.shapes[stay.shape] if stay.shape >= 0 else None
            if stay.peak is None or stay.t_first_ns is None:
                raise RuntimeError("an incident without a hit")  # cannot happen: it opens at a hit
            seconds = (stay.t_last_ns - stay.t_first_ns) / NS_PER_S
            observation, more = self._in_words(stay, zone)
            measures = {"time_s": seconds, "longest_unseen_s": stay.unseen_ns / NS_PER_S, **stay.peak.values, **more}
            return self._report.violation(
                observation=observation,
                subject=_subject(stay, zone),
                state=state,
                t_start_ns=stay.t_first_ns,
                t_end_ns=stay.t_last_ns,
                peak=stay.peak,
                track_ids=stay.tracks,
                zone=zone,
                measures=measures,
            )

        return violation

    def _undecided_of(self, shapes: ShapeSet) -> Callable[[Stay], Undecided]:
        def undecided(stay: Stay) -> Undecided:
            zone = shapes.shapes[stay.shape] if stay.shape >= 0 else None
            if stay.maybe_place is None or stay.t_maybe_first_ns is None:
                raise RuntimeError("an undecided stretch without a fix")  # cannot happen: it begins at one
            return self._report.undecided(
                subject=_subject(stay, zone),
                t_start_ns=stay.t_maybe_first_ns,
                t_end_ns=stay.t_maybe_last_ns,
                place=stay.maybe_place,
                reason=self._reason(zone),
            )

        return undecided


@lru_cache(2)
def countable(scene: Scene, points: Points) -> NDArray[np.int64]:
    """Rows of confirmed tracks that were detected in this very frame and have a place. Each rule asks for the same."""
    tracks = scene.tracks
    return read_only(np.flatnonzero(tracks.confirmed & (tracks.missed == 0) & np.isfinite(points.xy).all(axis=1)))


def in_zones(judged: Judged) -> Conditions:
    """The condition of being inside a zone."""
    return Conditions(
        judged.shape,
        judged.row,
        judged.decision,
        probabilities_beyond(judged.margin),
        np.minimum(judged.margin, _CLEAR_SIGMA),
        {"margin_sigma": judged.margin},
    )


def anywhere(rows: NDArray[np.int64]) -> Conditions:
    """The condition of being somewhere in view: met by every row."""
    ones = np.ones(len(rows))
    return Conditions(np.full(len(rows), -1), rows, ones.astype(np.int8), ones, ones)


def quoted(zone: Shape | None) -> str:
    """The zone as it stands in an observation."""
    return "" if zone is None else f' inside zone "{zone.name}"'


def straddles(zone: Shape | None) -> str:
    """Why a place could not be decided."""
    where = "the border" if zone is None else f'the border of zone "{zone.name}"'
    return f"the 95 % position ellipse straddles {where}"


def _subject(stay: Stay, zone: Shape | None) -> str:
    return f"track {stay.first_track}" + ("" if zone is None else f", zone {zone.shape_id}")
