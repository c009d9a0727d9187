"""What holds together where the ground does not: on water, in surf and in spray."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.came_from import U8, came_from
from detector.detectors.contrast import contrasts
from detector.detectors.stand_out import Outline, outline
from detector.detectors.standing import most_alike, points_in
from detector.detectors.steady_points import Judged, Snapshot, SteadyPoints, judge
from detector.model import Alignment, CameFrom, Detections, Frame, Kind, Sight, Tracks, Ways, read_only
from detector.picture import full_from_shrunk, level_at_most, shrunk
from detector.picture.homography import Float, apply

_MEMORY_S = 0.5  # of how well the ground holds together
_EDGE_PX = 3  # what reaches so near the border of the picture may go on outside
_FILM_S = 0.9
_STANDS = 3.0  # misfit of what stands while the registration goes with the waves
_HOLDS = 0.4  # that of what holds together, as most that moves has
_LEAST_GOING = 2  # steady points


class RestlessConfig(BaseModel):
    """Settings for ground that does not keep still."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=640, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    max_inlier_ratio: float = Field(
        default=0.65,
        ge=0,
        le=1,
        description="It looks only while fewer of the registration's points agree, over half a second. [1] 0: never",
    )
    span_s: float = Field(
        default=0.32, gt=0, le=0.6, description="A steady point is followed so long before and after. [s]"
    )
    fit_px: float = Field(
        default=0.6, gt=0, description="How far a steady point may stray from its smooth way. [px of that picture]"
    )
    likeness: float = Field(
        default=0.75, gt=0, lt=1, description="Correlation at the ends of that way that makes a point steady. [1]"
    )
    max_steady: float = Field(
        default=0.7, gt=0, le=1, description="Where more of all points are steady, the ground is no water. [1]"
    )
    link: float = Field(
        default=0.06, gt=0, lt=1, description="Steady points nearer than this may be one thing. [widths of the picture]"
    )
    link_px_s: float = Field(
        default=2.5, gt=0, description="They are, if their speeds differ by less. [px of that picture a second]"
    )
    least_points: int = Field(default=3, ge=3, description="A thing has at least so many steady points. [1]")
    least_share: float = Field(
        default=0.4, ge=0, le=1, description="And at least this share of those of the one that has most. [1]"
    )
    max_side: float = Field(
        default=0.4, gt=0, le=1, description="What is larger is a part of the scene. [widths of the picture]"
    )
    least_slender: float = Field(
        default=0.3, ge=0, le=1, description="Breadth over length of its points: a crest of foam has less. [1]"
    )
    stands_out: float = Field(
        default=0.25, ge=0, le=1, description="Share of steady points within it, less that around it: at least. [1]"
    )
    max_overlap: float = Field(
        default=0.93, gt=0, le=1, description="How much its grey levels may be those of its surroundings. [1]"
    )
    max_spots: int = Field(
        default=30, ge=0, description="So many spots of most contrast are left to the tracker to judge. [1]"
    )


class Held(NamedTuple):
    """The things in one judged frame, and its steady points. [full-size px]"""

    frame_index: int
    t_ns: int
    xyxy_px: Float  # of the things. shape (N, 4)
    standing: Float  # steady points that go as most of them do, if they do so. shape (P, 2)
    going: Float  # the others. shape (Q, 2)


class _Shot(NamedTuple):
    points: Snapshot
    alignment: Alignment
    size_px: tuple[int, int]
    level: int


class RestlessDetector:
    """Finds what keeps its look and its way where everything around changes from frame to frame.

    Water has no plane to register by, and the difference of two frames of it is noise. Points on a boat, a buoy or a
    swimmer can be followed for half a second all the same, and those on the waves cannot. Steady points close together
    that move alike are a thing, if they do not move with the ground (where most steady points do so) and if the thing's
    grey levels differ from those around it. What is too small to hold points is one of the spots of most contrast.

    Of tracks it says which lie on such a thing, and which stand (`heed`): their way over such ground says nothing.

    It says SEEING only where the ground is restless and could be judged; every frame is answered, 0.3 s late.
    """

    Config = RestlessConfig

    def __init__(self, config: RestlessConfig | None = None, *, masks: bool = False) -> None:
        self._config = config if config is not None else RestlessConfig()
        self._masks = masks
        self._points = SteadyPoints()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._points.reset()
        self._agreement: float | None = None  # share of the registration's points that agree, of late
        self._last_ns: int | None = None
        self._shots: list[_Shot] = []
        self._held: deque[Held] = deque()  # until the tracks there are known
        self._pending: deque[Detections] = deque()  # an empty answer for each frame, until it is judged

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        self._pending.append(Detections.none(frame.index, frame.t_ns, alignment.sight, judged=False))
        if not alignment.glanced:
            self._look(frame, alignment)
        span_ns = round(self._config.span_s * 1e9)
        answers = []
        while self._pending and (not self._shots or self._pending[0].t_ns + span_ns <= self._shots[-1].points.t_ns):
            answers.append(self._judged(self._pending.popleft()))
        return answers

    def finish(self) -> list[Detections]:
        """The stream has ended: what no later frame follows is passed over."""
        answers = [self._judged(one) for one in self._pending]
        self.reset()
        return answers

    def has_judged(self, frame_index: int) -> bool:
        """Whether it said what is in that frame, of late."""
        return any(one.frame_index == frame_index for one in self._held)

    def heed(self, tracks: Tracks) -> Ways | None:
        """Which tentative tracks that were seen in this frame hold together there, and which stand; None if none can.

        Surfers who wait and trees behind falling snow come a long way against what the registration follows. What
        stands goes as most of all steady points do.
        """
        held = next((one for one in self._held if one.frame_index == tracks.index), None)
        rows = np.flatnonzero(~tracks.confirmed & (tracks.missed == 0))
        if held is None or not (len(held.xyxy_px) or len(held.standing)) or not len(rows):
            return None
        boxes = tracks.xyxy_px[rows].astype(np.float64)
        same = centre_within(boxes, held.xyxy_px) & centre_within(held.xyxy_px, boxes).T
        standing, going = points_in(boxes, held.standing), points_in(boxes, held.going)
        stands = standing > going
        # Waves hold no steady points: where several go against all that stands, something does.
        holds = np.asarray(same.any(axis=1)) | ((going >= _LEAST_GOING) & (going > standing))
        # Else a few looks in which it seemed to stand would weigh for ever against all in which it held together.
        misfit = np.where(holds, _HOLDS, np.where(stands, _STANDS, np.nan))
        return Ways(tracks.track_id[rows], misfit, holds)

    def _look(self, frame: Frame, alignment: Alignment) -> None:
        passed_s = 0.0 if self._last_ns is None else (frame.t_ns - self._last_ns) / 1e9
        self._last_ns = frame.t_ns
        if not self._is_restless(alignment, passed_s):
            self._shots = []
            self._points.reset()
            return
        if self._shots and (self._shots[-1].size_px != frame.size_px or not 0 <= passed_s <= _FILM_S):
            self._shots = []
            self._points.reset()
        level = level_at_most(frame.size_px, self._config.side_px)
        points = self._points.see(shrunk(frame, level), frame.t_ns)
        self._shots.append(_Shot(points, alignment, frame.size_px, level))
        oldest_ns = frame.t_ns - round(_FILM_S * 1e9)
        self._shots = [shot for shot in self._shots if shot.points.t_ns >= oldest_ns]

    def _is_restless(self, alignment: Alignment, passed_s: float) -> bool:
        """Whether few of the points that the registration follows have agreed, of late."""
        if alignment.sight is Sight.WARMING_UP:
            return False
        agreement = 0.0 if alignment.sight is Sight.BLIND else alignment.inlier_ratio
        if self._agreement is None:
            self._agreement = agreement
        self._agreement += min(max(passed_s / _MEMORY_S, 0.0), 1.0) * (agreement - self._agreement)
        return self._agreement < self._config.max_inlier_ratio

    def _judged(self, nothing: Detections) -> Detections:
        at = next((i for i, shot in enumerate(self._shots) if shot.points.t_ns == nothing.t_ns), None)
        if at is None:
            return nothing
        config = self._config
        span_ns = round(config.span_s * 1e9)
        seen = judge([shot.points for shot in self._shots], at, span_ns, config.fit_px, config.likeness)
        if seen is None or len(seen.xy) == 0 or seen.steady.mean() > config.max_steady:
            return nothing
        shot = self._shots[at]
        things = self._things(shot, seen, self._with_ground(at, seen))
        # Without registration they are tracked by their own pixels: at a cut, or in fog, nothing goes on.
        spots = contrasts(shot.points.picture, config.max_spots)
        found, boxes = _record(nothing, shot, things, spots, masks=self._masks)
        if at > 0:
            found = replace(found, came_from=_came_from(found, shot, self._shots[at - 1]))
        steady = most_alike(seen.xy[seen.steady], seen.moved[seen.steady], shot.points.picture.shape)
        standing, going = (apply(full_from_shrunk(shot.level), one) for one in steady)
        self._held.append(Held(nothing.index, nothing.t_ns, boxes, standing, going))
        while not 0 <= nothing.t_ns - self._held[0].t_ns <= _FILM_S * 1e9:
            self._held.popleft()
        return found

    def _with_ground(self, at: int, seen: Judged) -> NDArray[np.bool_]:
        """Which steady points move as the registration says the ground does. shape (N,)"""
        first, judged, last = (self._shots[i] for i in (seen.first, at, seen.last))
        with_ground = np.zeros(len(seen.xy), np.bool_)
        matrices = [shot.alignment.reference_from_frame for shot in (first, judged, last)]
        related = len({shot.alignment.reference_id for shot in (first, judged, last)}) == 1
        if not related or not all(np.isfinite(one).all() for one in matrices):
            return with_ground
        full = full_from_shrunk(judged.level)
        rows = np.flatnonzero(seen.steady)
        before, after = (
            apply(np.linalg.inv(full) @ np.linalg.inv(one) @ matrices[1] @ full, seen.xy[rows])
            for one in (matrices[0], matrices[2])
        )
        off_px = np.hypot(*(seen.moved[rows] - (after - before)).T)
        tolerance_px = max(judged.points.picture.shape[1] / 300, 1.0)
        with_ground[rows] = off_px <= tolerance_px
        return with_ground

    def _things(self, shot: _Shot, seen: Judged, with_ground: NDArray[np.bool_]) -> list[tuple[Outline, int]]:
        """What stands out, and how many steady points each has."""
        config = self._config
        picture = shot.points.picture
        height, width = picture.shape
        rows = np.flatnonzero(seen.steady)
        dt_s = 2 * config.span_s
        groups = grouped(seen.xy[rows], seen.moved[rows], config.link * width, config.link_px_s * dt_s)
        most = max((len(one) for one in groups), default=0)
        found = []
        for one in groups:
            group = rows[one]
            if len(group) < max(config.least_points, config.least_share * most):
                continue
            xy = seen.xy[group]
            low, high = xy.min(axis=0), xy.max(axis=0)
            if (high - low).max() > config.max_side * width or slenderness(xy) < config.least_slender:
                continue
            if low.min() < _EDGE_PX or (high > (width - 1 - _EDGE_PX, height - 1 - _EDGE_PX)).any():
                continue
            if _is_ground(group, seen.steady, with_ground) or self._surrounded(
                seen, group, width, config.link_px_s * dt_s
            ):
                continue
            thing = outline(picture, xy)
            if thing is not None and thing.overlap < config.max_overlap:
                found.append((thing, len(group)))
        return found

    def _surrounded(self, seen: Judged, group: NDArray[np.int64], width: int, apart_px: float) -> bool:
        """Whether what is around the group is almost as steady and goes along: it is a part of something larger."""
        low, high = seen.xy[group].min(axis=0), seen.xy[group].max(axis=0)
        away = np.maximum(np.maximum(low - seen.xy, seen.xy - high), 0).max(axis=1)
        around = (away > _EDGE_PX + width / 40) & (away <= _EDGE_PX + width * (1 / 40 + 1 / 8))
        if np.count_nonzero(around) < 3:
            return False
        way = np.median(seen.moved[group], axis=0)
        alike = np.hypot(*(seen.moved[around] - way).T) < apart_px + 0.15 * np.hypot(*way)
        outside = float((seen.steady[around] & alike).mean())
        return float(seen.steady[away <= _EDGE_PX].mean()) - outside < self._config.stands_out


def grouped(xy: Float, moved: Float, near_px: float, apart_px: float) -> list[NDArray[np.int64]]:
    """Rows of points that hang together: neighbours within `near_px` that moved alike.

    Ways may differ by `apart_px` and 15 % of their length, as those of a thing that turns do.
    """
    if len(xy) == 0:
        return []
    x, y = xy.T
    across, down = x[:, None] - x, y[:, None] - y
    one, other = np.nonzero(np.triu(across * across + down * down <= near_px * near_px, 1))
    differ = np.hypot(*(moved[one] - moved[other]).T)
    length = np.hypot(*moved.T)
    alike = differ < apart_px + 0.15 * np.maximum(length[one], length[other])
    label = connected(len(xy), one[alike], other[alike])
    return [np.flatnonzero(label == first) for first in np.unique(label).tolist()]


def connected(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each of `count` things the first of those that it hangs together with. shape (count,)

    one, other: the ends of each link. shape (L,). scipy has the same, and with it come 40 MB; it is the oracle of the
    tests.
    """
    label = np.arange(count)
    while True:
        lowest = np.minimum(label[one], label[other])
        nearer = label.copy()
        np.minimum.at(nearer, one, lowest)
        np.minimum.at(nearer, other, lowest)
        nearer = nearer[nearer]  # what it was hung on may have been hung on another
        if (nearer == label).all():
            return label
        label = nearer


def slenderness(xy: Float) -> float:
    """Breadth over length of a cloud of points: 0 for a line. [1]"""
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(xy.T)), 0))
    return float(spread[0] / max(spread[1], 1e-6))


def _is_ground(group: NDArray[np.int64], steady: NDArray[np.bool_], with_ground: NDArray[np.bool_]) -> bool:
    """Whether a group goes with the ground.

    On open water the registration may have taken the very thing for the ground: it is believed only where enough of
    the steady points elsewhere agree with it.
    """
    others = steady.copy()
    others[group] = False
    believed = np.count_nonzero(others) > 5 and with_ground[others].mean() > 0.4
    return bool(believed and with_ground[group].mean() > 0.5)


def _came_from(found: Detections, shot: _Shot, before: _Shot) -> CameFrom:
    """Where all that was found lay in the frame before, and where what lay there is now."""
    now, then = shot.points.picture, before.points.picture
    level = shot.level
    return CameFrom(
        before.alignment.index,
        read_only(_followed(now, then, level, found.xyxy_px.astype(np.float64))),
        partial(_followed, then, now, level),
    )


def _followed(picture: U8, other: U8, level: int, xyxy_px: Float) -> Float:
    """Centres in the other picture of what is in boxes of the first, all in full-size pixels. (N, 4) -> (N, 2)"""
    return apply(full_from_shrunk(level), came_from(picture, other, xyxy_px / (1 << level)))


def _record(
    nothing: Detections,
    shot: _Shot,
    things: list[tuple[Outline, int]],
    spots: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    masks: bool,
) -> tuple[Detections, Float]:
    """What is said of one frame, and the boxes of the things in it, full-size pixels."""
    boxes = np.array([thing.xyxy for thing, _ in things], np.float64).reshape(-1, 4)
    # A spot around a thing is the thing with some of what lies around it.
    apart = ~(centred_in(spots[0], boxes) | centre_within(boxes, spots[0]).any(axis=0))
    scale = 1 << shot.level
    xyxy = np.concatenate([boxes, spots[0][apart]]) * scale
    score = np.concatenate([np.array([count for _, count in things], np.float64), spots[1][apart]])
    mask = None
    if masks and things:
        mask = np.zeros(shot.points.picture.shape, np.uint8)
        for thing, _ in things:
            height, width = thing.mask.shape
            mask[thing.y : thing.y + height, thing.x : thing.x + width] |= thing.mask
        mask = read_only(mask)
    found = Detections(
        nothing.index,
        nothing.t_ns,
        read_only(xyxy.astype(np.float32)),
        read_only(score.astype(np.float32)),
        read_only(np.full(len(xyxy), Kind.MOTION.value, "<U8")),
        nothing.sight,
        judged=True,
        mask=mask,
    )
    return found, boxes * scale


def centred_in(xyxy: Float, others: Float) -> NDArray[np.bool_]:
    """Which boxes have their centre in another of the others. shape (N,) Slow twin: tests/naive_restless.py."""
    return np.asarray(centre_within(xyxy, others).any(axis=1))


def centre_within(xyxy: Float, others: Float) -> NDArray[np.bool_]:
    """Which boxes have their centre in which others. shape (N, M)"""
    centre = (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2
    inside = (centre[:, None] >= others[None, :, :2]) & (centre[:, None] < others[None, :, 2:])
    return np.asarray(np.all(inside, axis=2), np.bool_)
