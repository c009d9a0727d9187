"""Tracks by a Kalman filter over the ground."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.model import PLANE, Alignment, CameFrom, Detections, Kind, Sight, Tracks, Ways, read_only
from detector.picture.epipole import held_against
from detector.picture.homography import Float, apply, inverse
from detector.tracking.apart import told_apart
from detector.tracking.assignment import least_cost_pairs
from detector.tracking.bursts import Bursts
from detector.tracking.heirs import NO_TRACK, came_out_of, is_heir
from detector.tracking.parts import inside_larger, is_part_of_another
from detector.tracking.passing import passing
from detector.tracking.states import (
    Int,
    Passed,
    States,
    boxes_around,
    boxes_of,
    carry,
    centres_of,
    correct,
    distances2,
    learn_ways,
    new_states,
    predict,
    take_along,
)
from detector.tracking.stripes import is_stripe

_RESTLESS = (
    0.65  # share of the registration's points that agree: below it the ground itself moves, and its matrix jumps
)
_RESTLESS_FACTOR = 2.0
_HELD_SHARE = 0.5  # of the times it was seen, on such ground
_MAST_SHARE = 0.25  # of the times it was seen
_BACK_S, _BACK_SHARE = 0.3, 0.25
_SHARE_PX, _LEAST_PX = 0.1, 0.7  # how exactly a centre is known: of large things one sees now one part, now another
_WHOLE_PX = 3.0  # the same at most, where things are seen whole: arms and legs swing
_RENEWED, _WHOLE_RENEWED = 0.25, 0.5  # share of the newest box in a track's size
_FOLLOWED = 0.5  # standard deviation of its way, of the way of what stays in its place in the picture
_PLANE_NS = 2_000_000_000  # so long must it have been a plane
_HERE = read_only(np.eye(3))
_NONE_SHOWN = Tracks.none(-1, 0, Sight.WARMING_UP)
_SETTLED = 2  # sightings: the second may be of anything that a wide gate lets through
_SHRINKS = 0.97  # a time seen: a vehicle half hidden is as long as it was


class KalmanConfig(BaseModel):
    """Settings of the tracker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate_sigma: float = Field(
        default=3.0, gt=0, description="A detection farther off is another thing. [standard deviations]"
    )
    most_grown: float = Field(
        default=20.0, gt=1, description="A detection so many times as large, or as small, is another thing. [area]"
    )
    acceleration_px_s2: float = Field(default=60.0, gt=0, description="How hard things brake and turn. [px/s2]")
    start_speed_px_s: float = Field(
        default=100.0, gt=0, description="How fast a new thing may be. [px/s, std. deviation]"
    )
    confirm_hits: int = Field(default=8, ge=2, description="Times seen before a track counts. [1]")
    confirm_s: float = Field(default=0.6, ge=0, description="How long a track must have lasted before it counts. [s]")
    confirm_sigma: float = Field(default=7.0, ge=0, description="Net way it must have come. [its standard deviations]")
    confirm_fitting_sigma: float = Field(
        default=4.0,
        ge=0,
        description="The same, where on a plane what is in a small box is clearly seen to go along. "
        "[its standard deviations]",
    )
    fitting_px: float = Field(default=10.0, ge=0, description="Longer side of such a box, at most. [px]")
    fitting_misfit: float = Field(
        default=0.5, gt=0, description="It is where it differs so much less along its way than from the ground. [1]"
    )
    confirm_px: float = Field(default=4.0, ge=0, description="Net way it must have come. [px]")
    confirm_sizes: float = Field(default=0.3, ge=0, description="Net way it must have come. [its own sizes]")
    confirm_alone: int = Field(
        default=4, ge=1, description="So many times in a row it must not have moved as structure would. [1]"
    )
    most_misfit: float = Field(
        default=0.9,
        gt=0,
        description="What is in its box must differ less along its way than from the ground, by this factor. [1]",
    )
    part_reach: float = Field(
        default=1.0,
        ge=0,
        le=2,
        description="While a track is this near to a confirmed one, it is a part of the same thing and does not count. "
        "[sizes of the larger]",
    )
    part_s: float = Field(
        default=0.6,
        gt=0,
        description="A confirmed track that has been inside the box of a larger one for so long is a part of it. [s]",
    )
    keep_s: float = Field(default=1.3, gt=0, description="How long a confirmed track is remembered unseen. [s]")
    show_s: float = Field(default=0.35, gt=0, description="How long a confirmed track is reported unseen. [s]")
    structure_speeds: float = Field(
        default=2.0,
        ge=0,
        description="What moves as structure above the ground seems to, up to so many times as fast, is taken for it. "
        "[1]",
    )
    structure_aside: float = Field(
        default=0.3,
        ge=0,
        description="How far off that direction, as a share of the way, it is still taken for it. [1]",
    )
    hindsight_s: float = Field(
        default=0.8,
        ge=0,
        le=10,
        description="A track that is confirmed within this time counts from its first frame on. Answers wait so long "
        "while something in the picture may still prove to be one. [s]",
    )
    max_tracks: int = Field(default=400, ge=1, description="The best so many are followed. [1]")


class _Carried(NamedTuple):
    """How all tracks were last carried along.

    now_from_last: homography; None where the camera had not moved.
    dt_s: the time.
    frame_index: of the frame that they came from, -1 for none.
    state, covariance: theirs in that frame.
    """

    now_from_last: Float | None
    dt_s: float
    frame_index: int
    state: Float
    covariance: Float

    def rows(self, keep: Int) -> _Carried:
        """Of the chosen tracks only."""
        return self._replace(state=self.state[keep], covariance=self.covariance[keep])


class KalmanTracker:
    """Constant velocity over the ground, in the pixels of the newest frame; the camera's motion is taken out once.

    A track is tentative until it was seen often enough and has come a net way that its uncertainty does not explain:
    a waving tree comes back, a vehicle does not. BLIND ends all tracks, but for those of which it is known where their
    own pixels went; ids never come back.
    """

    Config = KalmanConfig

    def __init__(self, config: KalmanConfig | None = None) -> None:
        self._config = config if config is not None else KalmanConfig()
        self.reset()

    @property
    def hindsight_s(self) -> float:
        """How long its tracks are to be held back until they count. [s]"""
        return self._config.hindsight_s

    @property
    def unproven(self) -> frozenset[int]:
        """Ids of those that are not confirmed and may still be; who is not among them will never be."""
        return self._unproven

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._states = _none()
        self._unproven: frozenset[int] = frozenset()
        self._shown = _NONE_SHOWN  # in the last frame that was not passed over
        self._shown_ns: Int = self._states.seen_ns  # when each of these was last seen
        self._reference_from_last: Float | None = None  # of that frame; all tracks are in its pixels
        self._passed = Passed()  # since that frame
        self._carried = _Carried(None, 0.0, -1, self._states.state, self._states.covariance)
        self._looked = -1  # index of the frame that tracks were last looked at in
        self._next_id = 1
        self._reference_id = -1
        self._t_ns = self._judged_ns = 0
        self._uneven_ns = -_PLANE_NS  # when there was last known to be more than a plane
        self._alignment: Alignment | None = None
        self._bursts = Bursts()
        self._whole = False  # whether things are seen whole

    def update(self, detections: Detections, alignment: Alignment) -> Tracks:
        """Take what was found in one frame; all live tracks in that frame. Only motion becomes a track."""
        matrix = alignment.reference_from_frame
        if alignment.sight is Sight.BLIND or not np.isfinite(matrix).all():
            return self._by_their_pixels(detections, alignment)
        self._pass_time(alignment, detections.t_ns)
        self._alignment = alignment
        # What is known to have come from somewhere needs no pictures of the ground around it: it was never warming up.
        judged = (detections.judged and detections.sight is Sight.SEEING) or detections.came_from is not None
        flashes = detections.kind == Kind.FLASH.value
        if not (judged or (len(detections) and flashes.any())):
            return self._passing(detections, matrix)
        self._carry(matrix, detections.index)
        if len(self._bursts) or flashes.any():
            self._bursts.note(detections.xyxy_px[flashes].astype(np.float64), detections.t_ns)
        if judged:
            self._associate(detections)
        self._unproven = frozenset(self._states.track_id[~self._states.confirmed].tolist())
        self._shown = self._tracks(detections)
        return self._shown

    def _by_their_pixels(self, detections: Detections, alignment: Alignment) -> Tracks:
        """The tracks where nothing is known of the ground: what keeps its look goes on from where it was.

        Its way is not known there, so it neither proves nor refutes anything.
        """
        known = detections.came_from
        if known is None or known.frame_index != self._looked:
            self.end_all()
        if known is None:
            return Tracks.none(detections.index, detections.t_ns, Sight.BLIND)
        self._alignment = alignment
        passed_s = max(detections.t_ns - self._t_ns, 0) / 1e9
        passed = self._passed.on(passed_s, _RESTLESS_FACTOR * self._config.acceleration_px_s2)
        before = self._states.state, self._states.covariance
        self._carried = _Carried(None, passed.dt_s, self._looked, *before)
        self._looked, self._t_ns = detections.index, detections.t_ns
        if len(self._states):
            predict(self._states, passed)
            self._states.state = before[0].copy()
        self._bursts.clear()
        self._reference_from_last, self._passed = _HERE, Passed()
        self._reference_id = alignment.reference_id
        self._associate(detections, blind=True)
        self._unproven = frozenset(self._states.track_id[~self._states.confirmed].tolist())
        self._shown = self._tracks(detections)
        return self._shown

    def learn(self, ways: Ways) -> None:
        """Take note of how badly what is in the boxes of tracks fits their ways."""
        learn_ways(self._states, ways)

    def end_all(self) -> None:
        """Nothing goes on from here. Ids go on counting."""
        self._states, self._unproven = _none(), frozenset()
        self._shown, self._shown_ns = _NONE_SHOWN, self._states.seen_ns
        self._bursts.clear()
        self._reference_from_last, self._passed = None, Passed()

    def _pass_time(self, alignment: Alignment, t_ns: int) -> None:
        """Take note of this frame and this time; tracks are carried along once they are looked at."""
        if alignment.inlier_ratio < PLANE or alignment.parallax is not None:
            self._uneven_ns = t_ns
        if self._reference_from_last is None or alignment.reference_id != self._reference_id:
            self.end_all()
            self._reference_from_last, self._reference_id = alignment.reference_from_frame, alignment.reference_id
        else:
            restless = alignment.inlier_ratio < _RESTLESS
            acceleration = self._config.acceleration_px_s2 * (_RESTLESS_FACTOR if restless else 1.0)
            self._passed = self._passed.on(max(t_ns - self._t_ns, 0) / 1e9, acceleration)
        self._t_ns = t_ns

    def _now_from_last(self, matrix: Float) -> Float | None:
        """None where the camera has not moved since the tracks were carried along."""
        last = self._reference_from_last
        return None if last is None or (matrix == last).all() else inverse(matrix) @ last

    def _carry(self, matrix: Float, index: int) -> None:
        """Carry all tracks to the newest frame."""
        now_from_last = self._now_from_last(matrix)
        before = self._states.state, self._states.covariance
        self._carried = _Carried(now_from_last, self._passed.dt_s, self._looked, *before)
        self._looked = index
        if now_from_last is not None:
            self._bursts.carry(now_from_last)
        if len(self._states):
            if now_from_last is not None:
                carry(self._states, now_from_last)
            predict(self._states, self._passed)
            finite = np.isfinite(self._states.state)
            if not finite.all():
                rows = np.flatnonzero(finite.all(axis=1))
                self._states, self._carried = self._states.rows(rows), self._carried.rows(rows)
        self._reference_from_last, self._passed = matrix, Passed()

    def _passing(self, detections: Detections, matrix: Float) -> Tracks:
        """The tracks in a frame that was passed over: of most of these nobody asks where they are."""
        still = (self._t_ns - self._shown_ns) / 1e9 <= self._config.show_s
        if not still.all():
            self._shown, self._shown_ns = self._shown.rows(still), self._shown_ns[still]
        return passing(self._shown, detections, self._now_from_last(matrix), self._passed)

    def _associate(self, detections: Detections, *, blind: bool = False) -> None:
        """blind: nothing is known of the ground, only where what was found came from."""
        states, t_ns = self._states, detections.t_ns
        moving = detections.kind == Kind.MOTION.value
        xyxy, score = (one[moving].astype(np.float64) for one in (detections.xyxy_px, detections.score))
        self._whole = detections.whole
        known = detections.came_from
        came_from = (
            known.xy_px[moving] if known is not None and known.frame_index == self._carried.frame_index else None
        )
        if self._whole:  # where pieces are seen, front and rear of one vehicle may count; they are not to be kept apart
            seen = states.confirmed & (t_ns - states.seen_ns <= self._config.show_s * 1e9)
            xyxy, spot = told_apart(xyxy, boxes_of(states)[seen])
            score = score[spot]
        centres, size_px = centres_of(xyxy), xyxy[:, 2:] - xyxy[:, :2]
        # A thing half hidden is off by more than one that is seen whole, so the gate is as wide for both.
        sigma_px = _sigma_px(size_px)
        rows, columns = self._pairs(states, centres, sigma_px, size_px, came_from, blind=blind)
        rows, columns = self._with_followed(rows, columns, centres, sigma_px, size_px)
        states.age_frames += 1
        states.missed += 1
        self._doubt(rows, centres[columns], t_ns)
        if known is not None and came_from is not None:
            moved_px = centres[columns] - came_from[columns]
            if blind:
                take_along(states, rows, moved_px)
            else:
                self._go_along(rows, moved_px)
            self._keep_in_view(rows, known, blind=blind)
        correct(states, rows, centres[columns], _sigma_px(size_px[columns], self._whole))
        states.missed[rows] = 0
        states.hits[rows] += 1
        states.seen_ns[rows] = t_ns
        states.score[rows] = score[columns]
        states.size_px[rows] += (_WHOLE_RENEWED if self._whole else _RENEWED) * (
            size_px[columns] - states.size_px[rows]
        )
        settles = rows[states.hits[rows] <= _SETTLED]
        states.settled_px[settles], states.settled_ns[settles] = states.state[settles, :2], t_ns
        states.largest_px = np.maximum(_SHRINKS * states.largest_px, states.size_px.max(axis=1, initial=0))
        self._judge(t_ns)
        self._end(t_ns)
        free = np.ones(len(xyxy), np.bool_)
        free[columns] = False
        if free.any():
            self._start(np.flatnonzero(free), xyxy, score, sigma_px, t_ns)

    def _start(self, new: Int, xyxy: Float, score: Float, sigma_px: Float, t_ns: int) -> None:
        """New tracks of the detections that go with none."""
        started = new_states(
            xyxy[new],
            score[new],
            self._next_id,
            t_ns,
            sigma_px=sigma_px[new],
            sigma_velocity_px_s=self._config.start_speed_px_s,
        )
        centres = started.state[:, :2]
        started.out_of = came_out_of(self._states, centres)
        if len(self._bursts):
            started.least_px = self._bursts.way_px(centres)
        self._next_id += len(new)
        self._states = self._states.with_rows(started)
        if len(self._states) > self._config.max_tracks:
            self._states = self._states.rows(np.arange(self._config.max_tracks))

    def _pairs(
        self,
        states: States,
        centres: Float,
        sigma_px: Float,
        size_px: Float,
        came_from: Float | None = None,
        *,
        blind: bool = False,
    ) -> tuple[Int, Int]:
        """Which track goes with which detection: least total distance, none beyond the gate.

        Where it is known where a detection came from, the distance from there to where the track was counts, if it is
        less: what the registration says of ground that does not keep still may be off by any way. Where it says nothing
        (blind), that alone counts.
        """
        if len(states) == 0 or len(centres) == 0 or (blind and came_from is None):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        cost = distances2(states.state, states.covariance, centres, sigma_px)
        if came_from is not None:
            own = distances2(self._carried.state, self._carried.covariance, came_from, sigma_px)
            cost = np.nan_to_num(own, nan=np.inf) if blind else np.fmin(cost, own)
        area = _log_area(states.size_px)[:, None] - _log_area(size_px)
        allowed = (cost < self._config.gate_sigma**2) & (np.abs(area) < np.log(self._config.most_grown))
        # An established track goes first: a tentative one beside it must not steal its detection.
        cost = cost + area**2 + np.where(states.confirmed, 0.0, 4.0)[:, None]
        return least_cost_pairs(cost, allowed)

    def _with_followed(
        self, rows: Int, columns: Int, centres: Float, sigma_px: Float, size_px: Float
    ) -> tuple[Int, Int]:
        """These pairs, and those of what is new and the camera follows, of all that goes with nothing else.

        It stays in the picture or nearly so, and is as fast over the ground as the camera: far faster than new things
        are taken to be.
        """
        now_from_last, dt_s, *_ = self._carried
        states = self._states
        # What lies in the reach of one that counts is rather a part of it.
        new, free = states.age_frames == 0, came_out_of(states, centres) == NO_TRACK
        new[rows], free[columns] = False, False
        if now_from_last is None or not dt_s > 0 or not new.any() or not free.any():
            return rows, columns
        more, others = np.flatnonzero(new), np.flatnonzero(free)
        followed = states.rows(more)
        staying_px = apply(inverse(now_from_last), followed.state[:, :2]) - followed.state[:, :2]
        staying_px[~np.isfinite(staying_px).all(axis=1)] = 0.0
        step = _FOLLOWED * np.concatenate([staying_px, staying_px / dt_s], axis=1)
        followed.covariance += step[:, :, None] * step[:, None]
        mine, theirs = self._pairs(followed, centres[others], sigma_px[others], size_px[others])
        states.covariance[more[mine]] = followed.covariance[mine]
        rows, columns = np.concatenate([rows, more[mine]]), np.concatenate([columns, others[theirs]])
        order = np.argsort(rows)
        return rows[order], columns[order]

    def _go_along(self, rows: Int, moved_px: Float) -> None:
        """Let what goes its own way in the picture, not the registration's, be as unsure as that is far.

        moved_px: how far what each of these tracks goes with has moved since the last frame; NaN where unknown.
        """
        states, (_, dt_s, _, before, _) = self._states, self._carried
        off_px = before[rows, :2] + moved_px - states.state[rows, :2]
        off_px[~np.isfinite(off_px).all(axis=1)] = 0.0
        if dt_s > 0:
            step = np.concatenate([off_px, off_px / dt_s], axis=1)
            states.covariance[rows] += step[:, :, None] * step[:, None]

    def _keep_in_view(self, seen: Int, known: CameFrom, *, blind: bool) -> None:
        """Where nothing was found, let those that count go where their pixels go.

        What the registration says of such ground would lose them by the next time that they are found.
        """
        states, before = self._states, self._carried.state
        unseen = states.confirmed.copy()
        unseen[seen] = False
        rows = np.flatnonzero(unseen)
        if not len(rows):
            return
        went_to = known.went_to(boxes_around(before[rows, :2], states.size_px[rows]))
        rows, went_to = rows[np.isfinite(went_to).all(axis=1)], went_to[np.isfinite(went_to).all(axis=1)]
        if blind:
            take_along(states, rows, went_to - before[rows, :2])
        else:
            states.state[rows, :2] = went_to

    def _doubt(self, rows: Int, centres: Float, t_ns: int) -> None:
        """What shows where a confirmed track that was out of sight is due may be something else, that stands there.

        What is so slow that it could not be told from what stands is believed, and so is all on restless ground.
        """
        states, config = self._states, self._config
        if self._alignment is None or self._alignment.inlier_ratio < _RESTLESS:
            return
        unseen = states.confirmed[rows] & (t_ns - states.seen_ns[rows] > config.show_s * 1e9)
        if not unseen.any():
            return
        fast = np.hypot(states.state[rows, 2], states.state[rows, 3]) * config.confirm_s > config.confirm_px
        back = rows[unseen & fast]
        states.owed_px_s[back] = states.state[back, 2:]
        states.origin_px[back] = centres[unseen & fast]
        states.farthest_px[back], states.born_ns[back] = 0.0, t_ns

    def _judge(self, t_ns: int) -> None:
        """Confirm what has moved on for certain."""
        states, config = self._states, self._config
        way = states.state[:, :2] - states.origin_px
        length = np.hypot(way[:, 0], way[:, 1])
        states.farthest_px = np.maximum(states.farthest_px, length)
        sigma = np.sqrt((states.covariance[:, 0, 0] + states.covariance[:, 1, 1]) / 2)
        sigma += _sigma_px(states.size_px, self._whole)
        needed = np.maximum(config.confirm_px, config.confirm_sizes * states.size_px.max(axis=1, initial=0))
        needed = np.maximum(needed, states.least_px)
        speed = np.hypot(states.state[:, 2], states.state[:, 3])
        onward = np.sum(way * states.state[:, 2:], axis=1) > 0.7 * length * speed
        lasting = (
            (states.hits >= config.confirm_hits)
            & (states.hits >= 0.45 * (states.age_frames + 1))
            & (t_ns - states.born_ns >= config.confirm_s * 1e9)
        )
        sure = np.where(self._known_to_fit(t_ns), config.confirm_fitting_sigma, config.confirm_sigma)
        travelled = (length > np.maximum(needed, sure * sigma)) & (length > 0.8 * states.farthest_px) & onward
        if self._alignment is not None and self._alignment.inlier_ratio < _RESTLESS:
            # A camera that follows a boat, registered by the waves or by the boat: of its way nothing is known.
            travelled |= states.held > _HELD_SHARE * states.hits
        # One false epipole among many must not let all masts of a town count.
        structure = self._is_structure(way, t_ns - states.born_ns) | self._is_structure(
            states.state[:, :2] - states.settled_px, t_ns - states.settled_ns
        )
        states.alone = np.where(structure, 0, states.alone + 1)
        strays = states.misfit > np.log(config.most_misfit)  # not of what nothing is known
        strays |= is_stripe(states.size_px)
        strays |= states.mast > _MAST_SHARE * states.hits
        earned = lasting & ~strays & ((travelled & (states.alone >= config.confirm_alone)) | is_heir(states))
        if states.owed_px_s.any():
            states.confirmed[self._stands(way, t_ns)] = False
        for row in np.flatnonzero(earned & ~states.confirmed).tolist():
            states.confirmed[row] = not is_part_of_another(states, row, config.part_reach, config.most_grown)
        self._join_parts(t_ns)

    def _known_to_fit(self, t_ns: int) -> NDArray[np.bool_]:
        """Which small tracks are seen to take their pixels along over what has been a plane of late. shape (M,)

        What stands above a plane takes them along, too: where something may, nothing follows from it. A large box
        may hold two vehicles that meet.
        """
        states, config = self._states, self._config
        if t_ns - self._uneven_ns < _PLANE_NS:
            return np.zeros(len(states), np.bool_)
        small = states.size_px.max(axis=1, initial=0) <= config.fitting_px
        return np.asarray(small & (states.misfit <= np.log(config.fitting_misfit)))

    def _join_parts(self, t_ns: int) -> None:
        """Of two that count, the one that turns out to lie in the other's box is a part of it and counts no more."""
        states = self._states
        passed_ns, self._judged_ns = t_ns - self._judged_ns, t_ns
        rows = np.flatnonzero(states.confirmed)
        if len(rows) < 2:
            states.inside_ns[rows] = 0
            return
        inside = inside_larger(boxes_of(states)[rows])
        states.inside_ns[rows] = np.maximum(states.inside_ns[rows] + np.where(inside, passed_ns, -passed_ns), 0)
        parts = rows[states.inside_ns[rows] > self._config.part_s * 1e9]
        states.confirmed[parts], states.inside_ns[parts] = False, 0

    def _stands(self, way: Float, t_ns: int) -> Int:
        """Rows that came back into sight and have not come on since, at a quarter of the speed that they had."""
        states = self._states
        since_s = (t_ns - states.born_ns) / 1e9
        due = np.flatnonzero((states.owed_px_s != 0).any(axis=1) & (states.missed == 0) & (since_s >= _BACK_S))
        owed_px = states.owed_px_s[due] * since_s[due, None]
        stands = np.sum(way[due] ** 2, axis=1) < _BACK_SHARE**2 * np.sum(owed_px**2, axis=1)
        states.owed_px_s[due] = 0.0
        return np.asarray(due[stands])

    def _is_structure(self, way: Float, since_ns: Int) -> NDArray[np.bool_]:
        """Whether a way is that of something that stands above the ground, seen from a camera that travels.

        Such a way leads along the line through the epipole, against the camera's travel, and no faster than structure
        does. What drives just so cannot be told from a mast; it counts as soon as it does not. shape (M,)
        """
        states, config = self._states, self._config
        parallax = self._alignment.parallax if self._alignment is not None else None
        if parallax is None:
            return np.zeros(len(states), np.bool_)
        held = held_against(parallax, states.state[:, :2], way)
        forward_px = np.abs(held.forward_px)
        age_s = np.maximum(since_ns / 1e9, 1e-3)
        slow = forward_px <= config.structure_speeds * held.usual_px_s * age_s
        # Of a mast one sees now one piece, now another: along its length its place is not known.
        long_px = states.size_px - states.size_px.min(axis=1, keepdims=True)
        extent_px = (long_px * np.abs(held.along[:, ::-1])).sum(axis=1) / 2
        near = held.aside_px <= config.structure_aside * forward_px + extent_px + _sigma_px(states.size_px)
        return np.asarray(slow & near)

    def _end(self, t_ns: int) -> None:
        states, config = self._states, self._config
        unseen_s = (t_ns - states.seen_ns) / 1e9
        young = ~states.confirmed & ((states.missed >= 3) | (unseen_s > config.show_s))
        keep = ~young & (unseen_s <= config.keep_s)
        if not keep.all():
            self._states = states.rows(np.flatnonzero(keep))

    def _tracks(self, detections: Detections) -> Tracks:
        states = self._states
        shown = (self._t_ns - states.seen_ns) / 1e9 <= self._config.show_s
        self._shown_ns = states.seen_ns[shown]
        return Tracks(
            detections.index,
            detections.t_ns,
            read_only(states.track_id[shown]),
            read_only(boxes_of(states)[shown].astype(np.float32)),
            read_only(states.state[shown, :2]),
            read_only(states.state[shown, 2:]),
            read_only(states.covariance[shown]),
            read_only(states.confirmed[shown]),
            read_only(states.age_frames[shown]),
            read_only(states.missed[shown]),
            detections.sight,
        )


def _sigma_px(size_px: Float, whole: bool = False) -> Float:
    """How exactly the centre of a thing of this size is known. shape (N,) [px]"""
    return np.asarray(
        np.minimum(_LEAST_PX + _SHARE_PX * size_px.max(axis=1, initial=0), _WHOLE_PX if whole else np.inf)
    )


def _none() -> States:
    empty: NDArray[np.float64] = np.zeros(0)
    return new_states(np.zeros((0, 4)), empty, 1, 0, sigma_px=empty, sigma_velocity_px_s=1.0)


def _log_area(size_px: Float) -> Float:
    return np.asarray(np.log(np.maximum(np.prod(size_px, axis=1), 1.0)))
