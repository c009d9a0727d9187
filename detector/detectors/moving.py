"""Motion on the ground under a moving camera."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.blobs import Blobs, inside, spots, trimmed
from detector.detectors.dimmed import LEAST_SIDE_PX, Dimming, commonest, greys_in, parted, without_shadows
from detector.detectors.faint import FaintThings, believed
from detector.detectors.lagged import NO_PICTURE, Kept, nearest, small_from_small
from detector.detectors.laying import Laid, Laying
from detector.detectors.noise_floor import BLOCK_PX, NO_MOVERS, NoiseFloor, by_pixel
from detector.detectors.own_way import Neighbour, ways
from detector.detectors.residual import (
    U8,
    edges,
    in_the_dark,
    in_the_light_of,
    mean_of_nine,
    noise_sigma,
    symmetric,
)
from detector.detectors.sunny_side import SunnySide, looked_at, without_shadow
from detector.detectors.surroundings import Pictures, moves_alone
from detector.detectors.two_motions import Beside, filled
from detector.model import PLANE, Alignment, Detections, Frame, Kind, Parallax, Sight, Tracks, Ways, read_only
from detector.picture import full_from_shrunk, level_at_most
from detector.picture.epipole import rescaled_parallax
from detector.picture.homography import carried, inverse, jacobian

_MAX_HOT_SHARE = 0.06
_HALF_SIZE_SHARE = 0.8  # of the least difference: what is small loses contrast at half size, as noise does
_DARK_SHARE = 0.8  # of the least difference: in the dark there is no texture to be misplaced, and noise decides
_AROUND_PX = np.array([-2.0, -2.0, 2.0, 2.0])
_MOST_LARGE = 30  # boxes in a frame, the strongest, in which shadows are looked for
_KNOWN_MISSED = 2  # a track unseen for longer may be elsewhere
_PROMISING_FRAMES = 5  # a tentative track seen for so long may be a mover
_DARK_NS = 2_000_000_000  # after a picture that was dark and mostly noise, and at first, they are taken to be
_SURELY = 0.999  # rounding decides nothing
_LAG_SLACK = 0.35  # a lag's neighbours may be this share of it nearer or farther


class MovingConfig(BaseModel):
    """Settings of the motion detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=1300, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    lags_s: tuple[float, ...] = Field(
        default=(0.3, 0.6),
        min_length=1,
        max_length=4,
        description="Distances in time to the pictures compared with, shortest first. [s]",
    )
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    min_grey: float = Field(default=7.0, gt=0, description="Least difference that counts. [grey levels]")
    noise_factor: float = Field(
        default=3.4, gt=0, description="Least difference, in standard deviations of the noise. [1]"
    )
    floor_factor: float = Field(default=1.4, ge=0, description="Least difference, in units of what is usual there. [1]")
    edge_share: float = Field(default=0.3, ge=0, le=1, description="Misfit of the registration that is tolerated. [px]")
    floor_quantile: float = Field(default=0.7, gt=0, lt=1, description="What is usual: louder only in the rest. [1]")
    floor_memory_s: float = Field(default=2.0, gt=0, description="How long it remembers what is usual. [s]")
    low_noise_factor: float = Field(
        default=2.0, gt=0, description="What lies around a spot stands out of the noise by this. [standard deviations]"
    )
    low_share: float = Field(
        default=0.4,
        gt=0,
        le=1,
        description="What lies around a spot belongs to it above this share of the threshold. [1]",
    )
    box_share: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="A box ends where the difference falls below this share of its largest: a shadow, or what the "
        "coding has smeared, is no part of the thing. [1]",
    )
    close_px: int = Field(
        default=5, ge=1, le=31, description="Gaps inside a thing up to this are closed. [px of that picture]"
    )
    base_reach: float = Field(
        default=0.0, ge=0, le=0.2, description="Pictures are laid anew once the view has moved so far. [its widths]"
    )
    max_detections: int = Field(default=300, ge=1, description="The strongest so many in a frame are kept. [1]")


class _Evidence(NamedTuple):
    """At one lag."""

    residual: U8
    threshold: NDArray[np.float32]  # of each block
    low: NDArray[np.float32]  # of each block, for what lies around a spot
    laid: Laid  # the judged picture
    edges: U8  # its
    earlier: U8
    later: U8
    apart_s: tuple[float, float]  # of the earlier and the later one from the judged one, the first below 0
    shrink: int  # pixels of the judged frame in one of these, along a side
    block_px: int


class _Answered(NamedTuple):
    """The last frame that spots were looked for in."""

    judged: Kept
    evidence: _Evidence  # at the shortest lag
    base_from_frame: NDArray[np.float64]
    faint_xyxy: NDArray[np.float64]  # what showed over a longer time only, in the base's pixels


class MovingDetector:
    """Compares each frame with earlier and later ones, laid over it: 0.3 and 0.6 s away.

    What differs from both in the same direction, by more than the noise, more than is usual there and more than a
    small misfit of the registration can do, moves. The short time keeps what turns or is soon hidden, the long one
    finds what is slower than its own length in 0.3 s; what hides in the noise, or in itself, is summed up over 3.2 s
    (`faint.py`). It answers 0.6 s late, and up to a tenth later where frames are passed over, since its work is spread
    over these. Frames that the registration only glanced at are passed over (`judged` False).
    """

    Config = MovingConfig

    def __init__(self, config: MovingConfig | None = None, *, masks: bool = False) -> None:
        self._masks = masks
        self._config = config if config is not None else MovingConfig()
        config, shortest = self._config, min(self._config.lags_s)
        # Over a longer time a slower motion is looked for, which half the size shows at a quarter of the cost.
        halved = [lag_s > shortest for lag_s in config.lags_s]
        self._layings = [Laying(config.base_reach, halved=half) for half in halved]
        # Over a longer time more is usual: each lag has its own floor.
        self._blocks_px = [BLOCK_PX // 2 if half else BLOCK_PX for half in halved]
        self._floors = [NoiseFloor(config.floor_quantile, config.floor_memory_s, side) for side in self._blocks_px]
        self._faint = FaintThings()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._kept: list[Kept] = []
        self._pending: deque[Kept | Detections] = deque()  # frames to be answered for; passed over ones as the answer
        self._begun: Generator[None, None, Detections] | None = None  # the answer for the first of them
        self.needs_no_spots: set[int] = set()  # frames for which another detector answers; it still gives the mask
        self._between = False  # whether the last frame was passed over
        self._start_ns = 0
        self._learned_ns: list[int | None] = [None] * len(self._floors)
        self._known: Tracks | None = None
        self._answered: _Answered | None = None
        self._sunny = SunnySide()
        self._dimming = Dimming()
        self._faint.reset()
        self._dark_until_ns = 0
        self._moved = [np.eye(3)] * len(self._floors)  # the base's motion since each floor learned
        for laying, floor in zip(self._layings, self._floors, strict=True):
            laying.reset()
            floor.reset()

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        self._faint.go_on()
        if alignment.glanced and self._kept and frame.size_px == self._kept[-1].size_px:
            self._pending.append(Detections.none(frame.index, frame.t_ns, self._sight(frame.t_ns), judged=False))
            self._between = True
            return self._go_on() if self._begun is not None else self._passed_over()
        between, self._between = self._between, False
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
        answers = self._completed()
        if self._kept and not self._continues(now):
            answers += self.finish()
        if not self._kept:
            self._start_ns = now.t_ns
            self._dark_until_ns = now.t_ns + _DARK_NS
        self._kept.append(now)
        if now.sight is Sight.BLIND:
            return [*answers, Detections.none(now.index, now.t_ns, Sight.BLIND)]
        self._pending.append(now)
        self._faint.add(self._layings[-1].sized(now), dark=now.t_ns <= self._dark_until_ns)
        due = [one for one in self._waiting() if one.t_ns + self._lag_ns <= now.t_ns]
        for judged in due:
            answers += self._begin(judged)
            if not between or judged is not due[-1]:
                answers += self._completed()
        self._forget()
        return answers

    def finish(self) -> list[Detections]:
        """The stream has ended: what no later frame follows at the shortest lag is passed over."""
        answers = self._completed()
        for judged in self._waiting():
            answers += self._begin(judged) + self._completed()
        answers += self._passed_over()
        self.reset()
        return answers

    def heed(self, tracks: Tracks) -> Ways | None:
        """Leave what was found to move out of what is usual: it is no tree. Whether it goes its way, if known."""
        if any(one.index == tracks.index and one.sight is not Sight.BLIND for one in self._kept):
            self._known = tracks
        answered = self._answered
        if answered is None or answered.judged.index != tracks.index:
            return None
        self._answered = None
        judged, one, base_from_frame, faint_xyxy = answered
        others = Neighbour(one.earlier, one.apart_s[0]), Neighbour(one.later, one.apart_s[1])
        plane = judged.inlier_ratio >= PLANE
        found = ways(tracks, base_from_frame, judged.level, one.laid.picture, others, plane=plane)
        if found is None or not len(faint_xyxy):
            return found
        xyxy_px = tracks.xyxy_px[np.isin(tracks.track_id, found.track_id)]
        return believed(found, carried(xyxy_px / np.float64(1 << judged.level), base_from_frame), faint_xyxy)

    def _waiting(self) -> list[Kept]:
        return [one for one in self._pending if isinstance(one, Kept)]

    def _begin(self, judged: Kept) -> list[Detections]:
        """Begin to answer for the frame: where frames between are passed over, its cost is spread over them."""
        passed_over = self._passed_over()
        self._begun = self._answer(judged)
        return passed_over + self._go_on()

    def _go_on(self) -> list[Detections]:
        """One step of the answer that was begun; once it is complete, it and those of the frames passed over."""
        if self._begun is None:
            return []
        try:
            next(self._begun)
        except StopIteration as done:
            self._begun = None
            self._pending.popleft()
            for laying in self._layings:
                laying.end()
            return [done.value, *self._passed_over()]
        return []

    def _completed(self) -> list[Detections]:
        """The answer that was begun, if one was, worked out to its end."""
        answers: list[Detections] = []
        while self._begun is not None:
            answers += self._go_on()
        return answers

    def _passed_over(self) -> list[Detections]:
        """The answers for frames that were passed over and wait for none before them."""
        answers: list[Detections] = []
        while self._pending and isinstance(first := self._pending[0], Detections):
            answers.append(first)
            self._pending.popleft()
        return answers

    @property
    def _lag_ns(self) -> int:
        return round(max(self._config.lags_s) * 1e9)

    def _continues(self, now: Kept) -> bool:
        """A new reference relates to the frame that began it and to nothing before."""
        last = self._kept[-1]
        same = now.reference_id == last.reference_id and now.size_px == last.size_px
        forward = -self._lag_ns <= now.t_ns - last.t_ns <= 4 * self._lag_ns
        return same and now.sight is not Sight.BLIND and forward

    def _sight(self, t_ns: int) -> Sight:
        warm = t_ns - self._start_ns >= max(self._config.warm_up_s, min(self._config.lags_s)) * 1e9 * 0.99
        return Sight.SEEING if warm else Sight.WARMING_UP

    def _forget(self) -> None:
        """Keep one frame older than the oldest that will be needed."""
        first = next(iter(self._waiting()), self._kept[-1])
        oldest = first.t_ns - self._lag_ns
        drop = 0
        while drop + 1 < len(self._kept) and self._kept[drop + 1].t_ns <= oldest:
            drop += 1
        del self._kept[:drop]
        # Before the last picture that is a whole shortest lag older, only the longer ones will look: at half the size.
        needed_ns = first.t_ns - round(min(self._config.lags_s) * 1e9)
        longer = [laying for laying in self._layings if laying.halved]
        for one, later in pairwise(self._kept):
            if later.t_ns > needed_ns or not all(laying.keep_half(one) for laying in longer):
                break
            one.picture = NO_PICTURE
        self.needs_no_spots = {index for index in self.needs_no_spots if index >= self._kept[0].index}
        for laying in self._layings:
            laying.forget_before(self._kept[0].index)

    def _neighbours(self, judged: Kept, lag_s: float) -> tuple[Kept, Kept] | None:
        """The frames one lag before and after; None where one of them is missing."""
        lag_ns = lag_s * 1e9
        seen = [one for one in self._kept if one.sight is not Sight.BLIND]
        before = nearest([one for one in seen if one.t_ns < judged.t_ns] or [judged], round(judged.t_ns - lag_ns))
        after = nearest([one for one in seen if one.t_ns > judged.t_ns] or [judged], round(judged.t_ns + lag_ns))
        apart_ns = (judged.t_ns - before.t_ns, after.t_ns - judged.t_ns)
        # At a few frames a second the next ones are farther off than the shortest lag, and all there is.
        coarse = lag_s == min(self._config.lags_s)
        fit = all(abs(ns - lag_ns) <= _LAG_SLACK * lag_ns or (coarse and ns > lag_ns) for ns in apart_ns)
        return (before, after) if fit else None

    def _answer(self, judged: Kept) -> Generator[None, None, Detections]:
        """What is said of one frame, in steps of about the same cost."""
        sight = self._sight(judged.t_ns)
        nothing = Detections.none(judged.index, judged.t_ns, sight, judged=False)
        if sight is not Sight.SEEING or not np.isfinite(judged.reference_from_frame).all():
            return nothing
        pairs = [(at, self._neighbours(judged, lag_s)) for at, lag_s in enumerate(self._config.lags_s)]
        if pairs[0][1] is None:
            return nothing
        for at, laying in enumerate(self._layings):
            self._moved[at] = laying.begin(judged) @ self._moved[at]
        found: list[_Evidence] = []
        movers = self._movers(judged)
        # The longer lags first: at half size they cost the least, and the frame that completes them is registered, too.
        for at, pair in reversed(pairs):
            if pair is not None:
                found.insert(0, self._evidence(judged, pair, at, movers))
                yield
        if judged.index in self.needs_no_spots and not self._masks:
            return nothing
        strong, weak = self._over_threshold(found, judged.picture.shape)
        if cv2.countNonZero(strong) > _MAX_HOT_SHARE * strong.size:
            return nothing
        blobs, clearest = self._blobs(found, strong, weak)
        blobs, clearest = self._without_structure(judged, blobs, clearest, found)
        frame_from_base = self._layings[0].frame_from_base(judged)
        base_from_frame = inverse(frame_from_base)
        blobs = self._in_the_sun(judged, blobs, clearest, found)
        half = self._layings[-1].sized(judged)
        scale = 1 << (half.level - judged.level)
        faint, pieces = self._faint.beside(
            half, carried(blobs.xyxy, frame_from_base) / scale, self._counted(judged) / scale
        )
        faint = Blobs(carried(faint.xyxy * scale, base_from_frame), faint.peak)
        self._answered = _Answered(judged, found[0], base_from_frame, faint.xyxy)
        blobs = Blobs(
            np.concatenate([blobs.xyxy[~pieces], faint.xyxy]), np.concatenate([blobs.peak[~pieces], faint.peak])
        )
        return self._record(judged, blobs, weak)

    def _evidence(self, judged: Kept, pair: tuple[Kept, Kept], at: int, movers: NDArray[np.float64]) -> _Evidence:
        config, laying = self._config, self._layings[at]
        laid, others = laying.over(judged), [laying.over(one) for one in pair]
        sharp = edges(laid.picture)
        earlier, later = (
            in_the_light_of(laid.picture, laid.means, one.picture, one.means, one.valid_blocks) for one in others
        )
        sigma = noise_sigma(laid.picture, earlier)
        min_grey = config.min_grey if not laying.halved else _HALF_SIZE_SHARE * config.min_grey
        night = in_the_dark(laid.means, sharp, sigma)
        if night:
            min_grey *= _DARK_SHARE
        if laying.halved and night and config.noise_factor * sigma > min_grey:
            self._dark_until_ns = judged.t_ns + _DARK_NS
            laid = replace(laid, picture=mean_of_nine(laid.picture))
            earlier, later, sharp = mean_of_nine(earlier), mean_of_nine(later), edges(laid.picture)
            sigma = noise_sigma(laid.picture, earlier)
        misfit = cv2.convertScaleAbs(sharp, alpha=config.edge_share)
        residual = symmetric(laid.picture, earlier, later)
        cv2.subtract(residual, misfit, dst=residual)
        for one in (laid, *others):
            one.blank_outside(residual)
        learned_ns = self._learned_ns[at]
        dt_s = (judged.t_ns - learned_ns) / 1e9 if learned_ns is not None else 0.0
        self._learned_ns[at] = judged.t_ns
        shrink = judged.picture.shape[0] // residual.shape[0]
        least = max(min_grey, config.noise_factor * sigma)
        quiet = _SURELY * least / config.floor_factor if config.floor_factor else np.inf
        floor = self._floors[at].update(residual, self._moved[at], dt_s, movers / shrink, quiet)
        self._moved[at] = np.eye(3)
        threshold = np.maximum(floor * config.floor_factor, least).astype(np.float32)
        low = np.maximum(threshold * config.low_share, config.low_noise_factor * sigma).astype(np.float32)
        apart_s = ((pair[0].t_ns - judged.t_ns) / 1e9, (pair[1].t_ns - judged.t_ns) / 1e9)
        return _Evidence(residual, threshold, low, laid, sharp, earlier, later, apart_s, shrink, self._blocks_px[at])

    def _movers(self, judged: Kept) -> NDArray[np.float64]:
        """Boxes of what is known to move, and may, where it must be by now, in the judged picture. shape (N, 4)"""
        known = self._known
        if known is None:
            return NO_MOVERS
        # Where structure is known to move, what lasts is mostly structure.
        promising = (known.missed == 0) & (known.age_frames >= _PROMISING_FRAMES) & (judged.parallax is None)
        return self._now(judged, np.flatnonzero((known.confirmed & (known.missed <= _KNOWN_MISSED)) | promising))

    def _counted(self, judged: Kept) -> NDArray[np.float64]:
        """Boxes of confirmed tracks, in sight or not. As `_movers`"""
        return NO_MOVERS if self._known is None else self._now(judged, np.flatnonzero(self._known.confirmed))

    def _now(self, judged: Kept, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Boxes of known tracks, and a bit around them, where they must be in the judged picture. shape (N, 4)"""
        known = self._known
        then = next((one for one in self._kept if known is not None and one.index == known.index), None)
        if known is None or then is None:
            return NO_MOVERS
        on_px = known.velocity_px_s[rows] * ((judged.t_ns - then.t_ns) / 1e9)
        boxes = (known.xyxy_px[rows] + np.tile(on_px, 2)) / (1 << judged.level)
        return carried(boxes + _AROUND_PX, small_from_small(judged, then))

    def _over_threshold(self, found: list[_Evidence], shape: tuple[int, ...]) -> tuple[U8, U8]:
        """Pixels over the threshold at any lag, and those over `low_share` of it. 0 or 255, shape (H, W)"""
        strong = self._at_any_lag(found, [one.threshold for one in found], shape)
        weak = self._at_any_lag(found, [one.low for one in found], shape)
        return strong, weak

    def _at_any_lag(self, found: list[_Evidence], least: list[NDArray[np.float32]], shape: tuple[int, ...]) -> U8:
        total: U8 | None = None
        for one, blocks in zip(found, least, strict=True):
            least_px = by_pixel(_whole(blocks), one.residual.shape, one.block_px)
            over = np.asarray(cv2.compare(one.residual, least_px, cv2.CMP_GE), np.uint8)
            if total is None and one.shrink == 1:
                total = over
                continue
            total = np.zeros(shape, np.uint8) if total is None else total
            if cv2.countNonZero(over):
                over = over if one.shrink == 1 else _doubled(over)
                part = total[: over.shape[0], : over.shape[1]]
                cv2.bitwise_or(part, over, dst=part)
        return np.zeros(shape, np.uint8) if total is None else total

    def _blobs(self, found: list[_Evidence], strong: U8, weak: U8) -> tuple[Blobs, NDArray[np.int64]]:
        """Spots in the base's pixels, and at which lag each is clearest. shape (N,)"""
        xyxy = spots(strong, weak, self._config.close_px)
        ratios = np.array([_peaks(one, xyxy) for one in found]).reshape(len(found), len(xyxy))
        order = np.argsort(-ratios.max(axis=0), kind="stable")[: self._config.max_detections]
        xyxy, clearest = xyxy[order], ratios.argmax(axis=0)[order]
        for at, one in enumerate(found):
            rows = np.flatnonzero(clearest == at)
            xyxy[rows] = _tightened(one, xyxy[rows], self._config.box_share)
        return Blobs(xyxy, ratios.max(axis=0)[order].astype(np.float32)), clearest

    def _without_structure(
        self, judged: Kept, blobs: Blobs, clearest: NDArray[np.int64], found: list[_Evidence]
    ) -> tuple[Blobs, NDArray[np.int64]]:
        """The parallax test, at the lag at which each spot is clearest."""
        keep = np.zeros(len(blobs.peak), np.bool_)
        for at, one in enumerate(found):
            rows = np.flatnonzero(clearest == at)
            if not len(rows):
                continue
            pictures = Pictures(
                one.laid.picture,
                one.earlier,
                one.later,
                one.edges,
                self._config.edge_share,
                one.apart_s[1] - one.apart_s[0],
                self._parallax(judged, one),
            )
            xyxy = _shrunk(blobs.xyxy[rows], one)
            keep[rows] = moves_alone(xyxy, _at_centre(one, xyxy), pictures)
        return Blobs(blobs.xyxy[keep], blobs.peak[keep]), clearest[keep]

    def _in_the_sun(self, judged: Kept, blobs: Blobs, clearest: NDArray[np.int64], found: list[_Evidence]) -> Blobs:
        """Boxes without the shadow, once it is known where shadows lie."""
        reference_from_base = (
            judged.reference_from_frame @ full_from_shrunk(judged.level) @ self._layings[0].frame_from_base(judged)
        )
        turn = reference_from_base[:2, :2] / reference_from_base[2, 2]
        xyxy = blobs.xyxy.copy()
        looked = []
        for at, one in enumerate(found):
            rows = np.flatnonzero(clearest == at)
            if not len(rows):
                continue
            boxes = _shrunk(xyxy[rows], one)
            seen = looked_at(boxes, one.laid.picture, one.earlier, one.later, _at_centre(one, boxes, one.low))
            self._sunny.learn(seen, turn, judged.t_ns)
            looked.append((rows, one, boxes, seen))
        direction = self._sunny.direction(np.linalg.inv(turn))
        if direction is not None:
            for rows, one, boxes, seen in looked:
                xyxy[rows] = without_shadow(boxes, seen, direction) * one.shrink
        rows, large = self._undimmed(judged.t_ns, blobs.xyxy, found, reference_from_base)
        xyxy[rows] = large
        return Blobs(xyxy, blobs.peak)

    def _undimmed(
        self, t_ns: int, xyxy: NDArray[np.float64], found: list[_Evidence], reference_from_base: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Which large boxes hold a shadow, and these without it, once it is known how shadows dim the ground."""
        rows = np.flatnonzero((xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0) >= LEAST_SIDE_PX)[:_MOST_LARGE]
        known, due = self._dimming.known, self._dimming.is_due(t_ns)
        if not len(rows) or (known is None and not due):
            return rows[:0], xyxy[:0]
        one, boxes = found[0], xyxy[rows]
        others = [(picture, each.shrink) for each in found for picture in (each.earlier, each.later)]
        greys = greys_in(boxes, one.laid.picture, others, _at_centre(one, boxes, one.low))
        turns = jacobian(reference_from_base, (boxes[:, :2] + boxes[:, 2:]) / 2)
        if due:
            self._dimming.learn(greys, parted(boxes, greys, commonest(greys)), turns, t_ns)
        if known is None:
            return rows[:0], boxes[:0]
        boxes, cut = without_shadows(boxes, greys, known, turns)
        return rows[cut], boxes[cut]

    def _parallax(self, judged: Kept, one: _Evidence) -> Parallax | None:
        """How structure is known to move, in the pixels of the evidence at one lag."""
        if judged.parallax is None:
            return None
        full_from_base = full_from_shrunk(judged.level) @ self._layings[0].frame_from_base(judged)
        base_from_full = np.asarray(np.linalg.inv(full_from_base), np.float64)
        smaller = np.diag([1 / one.shrink, 1 / one.shrink, 1.0])
        return rescaled_parallax(judged.parallax, smaller @ base_from_full)

    def _record(self, judged: Kept, blobs: Blobs, weak: U8) -> Detections:
        matrix = self._layings[0].frame_from_base(judged)
        scale = 1 << judged.level
        mask = None
        if self._masks:
            size = weak.shape[::-1]
            laid = cv2.warpPerspective(self._mask(judged, blobs, weak), matrix, size, flags=cv2.INTER_NEAREST)
            mask = read_only(np.asarray(laid, np.uint8))
        return Detections(
            judged.index,
            judged.t_ns,
            read_only((carried(blobs.xyxy, matrix) * scale).astype(np.float32)),
            read_only(blobs.peak),
            read_only(np.full(len(blobs.peak), Kind.MOTION.value, "<U8")),
            Sight.SEEING,
            mask=mask,
        )

    def _mask(self, judged: Kept, blobs: Blobs, weak: U8) -> U8:
        """What moves, whole, in the base's pixels."""
        seen = [one for one in self._kept if one.sight is not Sight.BLIND]
        before = [one for one in seen if one.t_ns < judged.t_ns]
        after = [one for one in seen if one.t_ns > judged.t_ns]
        apart = self._neighbours(judged, min(self._config.lags_s))
        pairs = [(before[-1], after[0])] if before and after else []
        if apart is not None:
            pairs.append(apart)
        laid = self._layings[0].over(judged)
        beside = [(self._beside(laid, earlier), self._beside(laid, later)) for earlier, later in pairs]
        whole, known = filled(laid.picture, beside, blobs.xyxy)
        return np.asarray(whole | inside(blobs.xyxy[~known], weak > 0), np.uint8)

    def _beside(self, judged: Laid, kept: Kept) -> Beside:
        laid = self._layings[0].over(kept)
        lit = in_the_light_of(judged.picture, judged.means, laid.picture, laid.means, laid.valid_blocks)
        return Beside(lit, laid.valid)


def _whole(threshold: NDArray[np.float32]) -> U8:
    """Rounded up, since residuals are whole."""
    return np.ceil(np.clip(threshold, 1, 255)).astype(np.uint8)


def _doubled(mask: U8) -> U8:
    """Each pixel of 0 or 255 as 2x2. shape (2 H, 2 W)"""
    pairs = (mask.astype(np.uint16) * 257).view(np.uint8)  # a tenth of the time of np.repeat
    return np.repeat(pairs, 2, axis=0)


def _shrunk(xyxy: NDArray[np.float64], one: _Evidence) -> NDArray[np.float64]:
    """Boxes in the pixels of the evidence at one lag, at least one pixel of it. shape (N, 4)"""
    if one.shrink == 1:
        return xyxy
    height, width = one.residual.shape
    first = np.minimum(np.floor(xyxy[:, :2] / one.shrink), (width - 1, height - 1))
    last = np.clip(np.ceil(xyxy[:, 2:] / one.shrink), first + 1, (width, height))
    return np.concatenate([first, last], axis=1)


def _tightened(one: _Evidence, xyxy: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The same boxes around what is strong enough at that lag. shape (N, 4)"""
    tight = trimmed(_shrunk(xyxy, one), one.residual, share) * one.shrink
    return np.concatenate([np.maximum(tight[:, :2], xyxy[:, :2]), np.minimum(tight[:, 2:], xyxy[:, 2:])], axis=1)


def _peaks(one: _Evidence, xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest residual in each box, in units of the threshold at its centre. shape (N,) [1]"""
    xyxy = _shrunk(xyxy, one)
    peak = [one.residual[y0:y1, x0:x1].max() for x0, y0, x1, y1 in xyxy.astype(int).tolist()]
    return np.asarray(np.array(peak, np.float64) / _at_centre(one, xyxy), np.float64)


def _at_centre(one: _Evidence, xyxy: NDArray[np.float64], of: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
    """The threshold at the centre of each box, or `of` that is given for each block, too. shape (N,)"""
    centre = ((xyxy[:, :2] + xyxy[:, 2:] - 1) / 2 / one.block_px).astype(int)
    return np.asarray((one.threshold if of is None else of)[centre[:, 1], centre[:, 0]], np.float64)
