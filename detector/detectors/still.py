"""What moves before a camera that stands still."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.background import Background
from detector.detectors.clutter import Clutter
from detector.detectors.first_view import empty_view
from detector.detectors.lagged import Kept
from detector.detectors.local_light import evened
from detector.detectors.own_way import Neighbour, ways
from detector.detectors.segments import Looked, Segments, segments
from detector.detectors.stillness import View
from detector.detectors.tone import Tone
from detector.model import Alignment, Detections, Frame, Kind, Sight, Tracks, Ways, read_only
from detector.picture import full_from_shrunk, level_at_most
from detector.picture.homography import Float, apply, inverse, is_identity, normalised

U8 = NDArray[np.uint8]

_MAX_HOT_SHARE = 0.5
_SLOW_S = 0.06  # at 15 frames a second and fewer every frame is judged
_MOVING_S = 0.25  # while the camera moves, so often is it asked whether it stands
_SURE_INLIERS = 0.9
_SURE_SHAKES = 2.0
_RENEW_S = 10.0
_TRUST_S = 0.45  # how long the light in some part of the view is taken to be as it was
_SLOW_TRUST_S = 0.95  # the same for thresholds, and for a camera that the registration sees standing
_UNMOVED = read_only(np.eye(3))
_RESTLESS_GREY = 30.0
_OWN_WAY_S = 0.25  # as far back is looked, at least, for what a track brings along
_MOST_SHOWN_S = 4.0  # nobody asks later than that


class StillConfig(BaseModel):
    """Settings of the detector for a camera that stands still."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=1000, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    judge_every_s: float = Field(
        default=0.079, ge=0, le=1, description="Frames closer together are passed over, above 15 a second. [s]"
    )
    view_s: float = Field(
        default=3.0, gt=0, le=10, description="So long it looks at a view before it answers for these frames, too. [s]"
    )
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    least_share: float = Field(
        default=0.35, gt=0, le=1, description="Share of the view that must stay in place, or the camera moves. [1]"
    )
    shake_px: float = Field(
        default=6.0, ge=0, le=50, description="Largest shake of a mast that is followed. [px of that picture]"
    )
    samples: int = Field(default=10, ge=3, le=50, description="Grey levels kept of each pixel. [1]")
    memory_s: float = Field(default=8.0, gt=0, description="How long a grey level of the background is kept. [s]")
    absorb_s: float = Field(
        default=200.0, gt=0, description="The same where something stands; a fifth of it makes a thing background. [s]"
    )
    clutter_s: float = Field(default=2.0, gt=0, description="How long it remembers what flickers. [s]")
    min_grey: float = Field(default=5.0, gt=0, description="Least difference that counts. [grey levels]")
    noise_factor: float = Field(
        default=3.5, gt=0, description="Least difference, in standard deviations of the noise. [1]"
    )
    pixel_factor: float = Field(default=1.5, ge=0, description="Least difference, in units of its own flicker. [1]")
    block_factor: float = Field(
        default=2.5, ge=0, description="Least difference, in units of the region's strongest flicker. [1]"
    )
    spot_factor: float = Field(
        default=1.0, ge=0, description="Least difference, in units of what a spot flickers nearly always. [1]"
    )
    edge_share: float = Field(default=0.2, ge=0, le=1, description="Shift of an edge that is tolerated. [px]")
    low_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="What lies around a spot belongs to it above this share of the threshold. [1]",
    )
    close_px: int = Field(
        default=5, ge=1, le=31, description="Gaps inside a thing up to this are closed. [px of that picture]"
    )
    min_area_px: float = Field(default=10.0, ge=1, description="Smaller spots do not count. [px2 of that picture]")
    max_detections: int = Field(default=300, ge=1, description="The strongest so many in a frame are kept. [1]")


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A frame not yet answered for; kept is None for one that is passed over."""

    index: int
    t_ns: int
    kept: Kept | None


class _Lesson(NamedTuple):
    """A frame judged, not yet learnt from. dt_s: since the one before; age_s: since the view was first seen."""

    picture: U8
    distance: U8
    found: Segments
    dt_s: float
    age_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A picture judged, laid over the view and in its light."""

    index: int
    t_ns: int
    level: int
    picture: U8
    place: Float  # view from the frame


class StillDetector:
    """Compares each frame with a background of several grey levels a pixel, under a threshold learned at each place.

    It waits until a view has stood still for three seconds, makes the background of these, and answers for them
    and from then on at once. Exposure is taken out; shadows are dimmed ground and do not count; what flickers
    quietens itself; what stops becomes background in tens of seconds. A mast that shakes by a few pixels is followed.
    While the camera moves it says WARMING_UP: that is for another detector. Ten frames a second are judged.
    """

    Config = StillConfig

    def __init__(self, config: StillConfig | None = None, *, masks: bool = False) -> None:
        self._config = config if config is not None else StillConfig()
        self._masks = masks
        config = self._config
        self._view = View(config.least_share, config.shake_px)
        self._background = Background(config.samples, config.memory_s, config.absorb_s)
        self._clutter = Clutter(0.65, 0.75, config.clutter_s)
        self._tone = Tone()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._view.reset()
        self._background.reset()
        self._clutter.reset()
        self._tone.reset()
        self.standing = False  # whether it knows the view and answers at once
        self._waiting: list[_Seen] = []
        self._places: list[Float] = []  # of the waiting frames that are to be judged
        self._last: Kept | None = None  # the last frame to be judged
        self._moves = False  # whether the view was another when last looked at
        self._before_ns = 0  # time of the frame before
        self._start_ns = 0
        self._renewed_ns = 0
        self._judged_ns = 0
        self._placed_ns = 0
        self._unshaken = False
        self._levels: U8 | None = None  # least difference that counts
        self._levels_ns = 0
        self._low: U8 = np.zeros((0, 0), np.uint8)
        self._restless: U8 = np.zeros((0, 0), np.uint8)
        self._uneven = False  # whether the light in some part differed when last looked at
        self._evened_ns = 0
        self._misses = 0
        self._flooded = 0
        self._sigma = 1.0
        self._lesson: _Lesson | None = None
        self._shown: deque[_Shown] = deque()
        self._covered: U8 | None = None  # where something stood in the last frame judged

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        self._learn()
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
        blind = now.sight is Sight.BLIND or not np.isfinite(now.reference_from_frame).all()
        answers: list[Detections] = []
        if self._last is not None and (blind or not self._continues(now)):
            answers = self.finish()
        if blind:
            return [*answers, Detections.none(now.index, now.t_ns, Sight.BLIND)]
        due = self._due(now)
        self._before_ns = now.t_ns
        if due:
            self._last = now
            return answers + (self._answer(now) if self.standing else self._wait(now))
        if self.standing:
            return [*answers, Detections.none(now.index, now.t_ns, Sight.SEEING, judged=False)]
        self._waiting.append(_Seen(now.index, now.t_ns, None))
        return answers

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the frames of a view seen for less than three seconds, if it can."""
        answers = []
        if self._waiting:
            long_enough = self._waiting[-1].t_ns - self._start_ns >= self._config.view_s * 0.25e9
            answers = self._learn_view() if long_enough and len(self._places) > 4 else self._give_up()
        self.reset()
        return answers

    def heed(self, tracks: Tracks) -> Ways | None:
        """Whether what was found to move goes its way, held against the picture 0.3 s before."""
        judged = next((one for one in self._shown if one.index == tracks.index), None)
        if judged is None:
            return None
        earlier = [one for one in self._shown if judged.t_ns - one.t_ns >= _OWN_WAY_S * 1e9]
        if not earlier:
            return None
        before = earlier[-1]
        while self._shown[0] is not before:
            self._shown.popleft()
        others = (Neighbour(before.picture, (before.t_ns - judged.t_ns) / 1e9),)
        return ways(tracks, judged.place, judged.level, judged.picture, others, plane=True)

    def _continues(self, now: Kept) -> bool:
        assert self._last is not None
        same = now.reference_id == self._last.reference_id and now.size_px == self._last.size_px
        return same and now.t_ns >= self._before_ns

    def _due(self, now: Kept) -> bool:
        if self._last is None:
            return True
        t_ns = now.t_ns
        since_s = (t_ns - self._last.t_ns) / 1e9
        if self._moves and not now.static and since_s < _MOVING_S:
            return False
        return since_s >= self._config.judge_every_s or (t_ns - self._before_ns) / 1e9 >= _SLOW_S

    def _place(self, now: Kept) -> Float | None:
        """How the frame lies over the view. Asked once a second while the registration sees no motion either."""
        trusted = self.standing and now.static and now.t_ns - self._placed_ns < _SLOW_TRUST_S * 1e9
        if trusted and self._unshaken:
            return _UNMOVED
        place = self._asked(now)
        self._placed_ns = now.t_ns
        self._unshaken = place is not None and is_identity(place)
        return place

    def _asked(self, now: Kept) -> Float | None:
        return self._view.place(now.picture, _small_reference(now), self._covered)

    def _surely_moved(self, now: Kept) -> bool:
        """Whether nearly all of the registration's points say so, and by far: then it follows no waves."""
        if now.inlier_ratio < _SURE_INLIERS:
            return False
        height, width = now.picture.shape
        return self._view.moved_px((width, height), _small_reference(now)) > _SURE_SHAKES * self._config.shake_px

    def _wait(self, now: Kept) -> list[Detections]:
        """A view not yet known: one frame more of it, or the first of another."""
        place = self._place(now) if self._waiting and not self._surely_moved(now) else None
        self._moves = place is None and bool(self._waiting)
        answers: list[Detections] = []
        if place is None:
            answers = self._give_up()
            self._view.begin(now.picture, _small_reference(now))
            self._start_ns = self._renewed_ns = now.t_ns
            place = np.eye(3)
        self._waiting.append(_Seen(now.index, now.t_ns, now))
        self._places.append(place)
        if now.t_ns - self._start_ns >= self._config.view_s * 1e9:
            answers += self._learn_view()
        return answers

    def _give_up(self) -> list[Detections]:
        """The camera moved on before the view was known."""
        answers = [Detections.none(seen.index, seen.t_ns, Sight.WARMING_UP, judged=False) for seen in self._waiting]
        self._waiting, self._places = [], []
        return answers

    def _learn_view(self) -> list[Detections]:
        """Make the background of all that waits, and answer for it."""
        kept = [seen.kept for seen in self._waiting if seen.kept is not None]
        placed = [_placed(one.picture, place, one.picture) for one, place in zip(kept, self._places, strict=True)]
        # A cloud that passed meanwhile is taken out, or the background would be in half a light.
        middle, tone = placed[len(placed) // 2], Tone()
        pictures = np.stack([evened(tone.taken_out(one, middle), middle) for one in placed])
        self._sigma = float(np.median([_noise(a, b) for a, b in pairwise(pictures)] or [1.0]))
        empty = empty_view(pictures, self._least_grey)
        self._clutter.begin(pictures, empty)
        self._background.begin(list(pictures), empty, self._threshold(empty))
        self._tone.reset()
        places = iter(self._places)
        waiting, self._waiting, self._places = self._waiting, [], []
        self.standing, self._misses, self._flooded, self._judged_ns = True, 0, 0, kept[0].t_ns
        self._levels = None
        answers = []
        for seen in waiting:
            early = seen.t_ns - self._start_ns < self._config.warm_up_s * 1e9
            sight = Sight.WARMING_UP if early else Sight.SEEING
            if seen.kept is None:
                answers.append(Detections.none(seen.index, seen.t_ns, sight, judged=False))
                continue
            judged = self._judge(seen.kept, next(places))
            answers.append(Detections.none(seen.index, seen.t_ns, sight, judged=False) if early else judged)
        return answers

    @property
    def _least_grey(self) -> float:
        return max(self._config.min_grey, self._config.noise_factor * self._sigma)

    def _threshold(self, mean: U8) -> U8:
        config = self._config
        return self._clutter.threshold(
            mean, self._least_grey, config.pixel_factor, config.block_factor, config.spot_factor, config.edge_share
        )

    def _answer(self, now: Kept) -> list[Detections]:
        """A frame of a known view, or the first of an unknown one."""
        place = self._place(now)
        self._misses = 0 if place is not None else self._misses + 1
        if self._misses > 1 or self._flooded > 10:
            self.reset()
            self._last, self._before_ns = now, now.t_ns
            return self._wait(now)
        if place is None:
            return [Detections.none(now.index, now.t_ns, Sight.SEEING, judged=False)]
        if now.t_ns - self._renewed_ns >= _RENEW_S * 1e9 and is_identity(place):
            # Not this picture but the background: what passes would be missed once it has passed.
            self._view.begin(self._background.mean, _small_reference(now))
            self._renewed_ns = now.t_ns
        return [self._judge(now, place)]

    def _judge(self, now: Kept, place: Float) -> Detections:
        self._learn()
        mean = self._background.mean
        picture = self._tone.taken_out(_placed(now.picture, place, mean), mean)
        if self._uneven or now.t_ns - self._evened_ns >= _TRUST_S * 1e9:
            raw, picture = picture, evened(picture, mean)
            self._uneven, self._evened_ns = picture is not raw, now.t_ns
        if self._levels is None or now.t_ns - self._levels_ns >= _SLOW_TRUST_S * 1e9:
            self._levels, self._levels_ns = self._threshold(mean), now.t_ns
            self._low = np.asarray(cv2.convertScaleAbs(self._levels, alpha=self._config.low_share), np.uint8)
            self._restless = self._clutter.restless(_RESTLESS_GREY, (mean.shape[1], mean.shape[0]))
        threshold = self._levels
        distance = self._background.distance(picture, mean, threshold, self._low)
        looked = Looked(picture, mean, self._clutter.earlier, self._sigma)
        found = segments(looked, distance, threshold, self._config)
        hot = np.count_nonzero(found.mask) > _MAX_HOT_SHARE * found.mask.size
        self._flooded = self._flooded + 1 if hot else 0
        dt_s = min(max((now.t_ns - self._judged_ns) / 1e9, 0.0), 1.0)
        self._judged_ns = now.t_ns
        self._covered = found.mask
        if not now.damaged and not hot:
            self._lesson = _Lesson(picture, distance, found, dt_s, (now.t_ns - self._start_ns) / 1e9)
        if hot:
            return Detections.none(now.index, now.t_ns, Sight.SEEING, judged=False)
        self._shown.append(_Shown(now.index, now.t_ns, now.level, picture, place))
        while now.t_ns - self._shown[0].t_ns > _MOST_SHOWN_S * 1e9:
            self._shown.popleft()
        return self._record(now, found, place)

    def _learn(self) -> None:
        """What the last frame judged teaches; left to the next one, which as a rule is passed over."""
        if self._lesson is None:
            return
        picture, distance, found, dt_s, age_s = self._lesson
        self._lesson = None
        self._clutter.update(picture, distance, dt_s)
        self._background.replace(picture, found.ghost)
        around = cv2.dilate(found.mask, np.ones((3, 3), np.uint8))
        empty = cv2.bitwise_or(cv2.bitwise_not(around), self._restless)
        self._background.learn(picture, np.asarray(empty, np.uint8), dt_s, age_s)

    def _record(self, now: Kept, found: Segments, place: Float) -> Detections:
        xyxy, mask = found.xyxy, found.mask
        if not is_identity(place):
            back = np.asarray(np.linalg.inv(place), np.float64)
            xyxy = _boxes_through(back, xyxy)
            height, width = mask.shape
            mask = np.asarray(cv2.warpPerspective(mask, back, (width, height), flags=cv2.INTER_NEAREST), np.uint8)
        return Detections(
            now.index,
            now.t_ns,
            read_only((xyxy * (1 << now.level)).astype(np.float32)),
            read_only(found.peak),
            read_only(np.full(len(xyxy), Kind.MOTION.value, "<U8")),
            Sight.SEEING,
            mask=read_only(mask) if self._masks else None,
            whole=True,
        )


def _small_reference(kept: Kept) -> Float:
    """Reference from the frame, both in pixels of the shrunk picture."""
    full = full_from_shrunk(kept.level)
    return normalised(inverse(full) @ kept.reference_from_frame @ full)


def _placed(picture: U8, place: Float, elsewhere: U8) -> U8:
    """The picture laid over the view; where it has nothing to show, `elsewhere`."""
    if is_identity(place):
        return picture
    height, width = picture.shape
    laid = cv2.warpPerspective(picture, place, (width, height), dst=elsewhere.copy(), borderMode=cv2.BORDER_TRANSPARENT)
    return np.asarray(laid, np.uint8)


def _boxes_through(matrix: Float, xyxy: Float) -> Float:
    """Boxes around the moved corners. shape (N, 4)"""
    if len(xyxy) == 0:
        return xyxy
    corners = np.stack([xyxy[:, [0, 1]], xyxy[:, [2, 1]], xyxy[:, [0, 3]], xyxy[:, [2, 3]]], axis=1) - 0.5
    moved = apply(matrix, corners.reshape(-1, 2)).reshape(-1, 4, 2) + 0.5
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)


def _noise(picture: U8, last: U8) -> float:
    """Standard deviation of the noise of one picture, movers left out. [grey levels]"""
    step = cv2.absdiff(picture, last)[::5, ::5]
    quiet = step[step <= 3 * float(np.median(step)) + 2]
    # The mean size of a difference of two is 0.8 sqrt(2) standard deviations of one.
    return float(quiet.mean()) / 1.13
