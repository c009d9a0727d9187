"""A short bright light: a muzzle flash or an explosion's first light."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.lagged import NO_PICTURE, Kept
from detector.detectors.light_spot import View, bright_box, change, contrast, ring_level, went_dark
from detector.detectors.sudden import Brightening, brightest, strongest
from detector.model import Alignment, Detections, Frame, Kind, Sight, read_only
from detector.picture import full_from_shrunk, level_at_most
from detector.picture.homography import Float, apply, inverse

_DRIFT_PX = 2  # how far registration may be off between two frames, in pixels of the shrunk picture
_CELL_PX = 8
_MOST_SPOTS = 60
_MOST_ELSEWHERE = 5  # more lights in one frame are the encoder's or the sun's doing
_LIT_SHARE = 0.5  # a light is on while it keeps this share of its rise
_CROWD_PX = 40
_CROWD_GREY = 40.0  # darker than the least flash by this, it still counts as glitter
_MEMORY_S = 2.0
_MOST_NEAR = 1  # other things that lit up near it shortly before: glitter
_STILL_SHARE = 0.15  # its surroundings may change by this share of its rise
_CONTRAST_SHARE = 0.35  # its rise against the contrast of what was there
_BESIDE_MOVER_GREY = 80.0
_BESIDE_MOVER_S = 0.05
_BESIDE_MOVER_SHARE = 0.3
_FAR_PX = 12
_MOST_OF_IT = 0.9
_MUZZLE_S = 0.14  # what lasts longer leaves smoke or dust
_LASTING_PX = 5.0  # and is no smaller than this
_AFTER_FACTOR = 1.3
_AROUND_PX = 4
_EDGE_PX = 6  # what lights up nearer to the picture's edge may have come in over it


class FlashConfig(BaseModel):
    """Settings of the flash detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=1000, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    min_grey: float = Field(default=25.0, gt=0, description="Least brightening from frame to frame. [grey levels]")
    min_level: float = Field(default=190.0, ge=0, le=255, description="Least brightness of a flash. [grey level]")
    longest_s: float = Field(default=0.5, gt=0, le=1, description="A light that lasts longer is no flash. [s]")
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    dark_s: float = Field(default=0.4, ge=0, le=1, description="For so long it has to be dark before. [s]")
    mover_widths_s: float = Field(
        default=0.085,
        ge=0,
        le=1,
        description="What moves on at up to this speed is no flash. [picture widths a second]",
    )


_FRAMES_BEFORE = 12  # so many pictures are kept however slowly they come
_NOWHERE = np.zeros((0, 2))
_NONE = np.zeros(0)


@dataclass(eq=False)
class _Seen:
    """A frame and what lights up in it."""

    kept: Kept
    reference_from_small: Float  # of the shrunk picture; NaN while BLIND
    small_from_reference: Float
    xy: Float  # (N, 2) places that light up in it [px of the shrunk picture]
    peak: Float  # (N,) [grey]
    rise: Float  # (N,) [grey]
    boxes: list[tuple[Float, float]] = field(default_factory=list)  # of flashes that are on in it; rise

    @classmethod
    def of(cls, kept: Kept) -> _Seen:
        """A frame in which nothing lights up."""
        reference_from_small = kept.reference_from_frame @ full_from_shrunk(kept.level)
        # NaN while BLIND, and so is what is made of it.
        return cls(kept, reference_from_small, inverse(reference_from_small), _NOWHERE, _NONE, _NONE)

    @property
    def is_whole(self) -> bool:
        """Registered and undamaged: the blocks that a decoder puts where something was lost are short and bright."""
        return self.kept.sight is not Sight.BLIND and not self.kept.damaged

    def from_other(self, other: _Seen) -> Float:
        """Homography from the other's shrunk picture to this one's."""
        return self.small_from_reference @ other.reference_from_small

    def where(self, other: _Seen, xy: Float) -> Float:
        """Where places in the other's picture lie in this one. shape (N, 2) [px]"""
        return apply(self.from_other(other), xy)

    def add(self, box: Float, rise: float) -> None:
        """A flash's box; boxes that touch are one."""
        for index, (other, most) in enumerate(self.boxes):
            if (np.minimum(box[2:], other[2:]) + _DRIFT_PX >= np.maximum(box[:2], other[:2])).all():
                union = np.concatenate([np.minimum(box[:2], other[:2]), np.maximum(box[2:], other[2:])])
                self.boxes[index] = (union, max(rise, most))
                return
        self.boxes.append((box, rise))


class _Light(NamedTuple):
    """One light that goes on. xy: place in the shrunk picture [px]"""

    seen: _Seen
    xy: Float
    peak: float
    rise: float

    @property
    def least(self) -> float:
        """It is on while something there is brighter than this. [grey]"""
        return self.peak - _LIT_SHARE * self.rise

    def view(self, other: _Seen) -> View:
        """Its place in another frame."""
        return View(other.kept.picture, other.where(self.seen, self.xy[None])[0])

    def box(self, other: _Seen) -> Float | None:
        """Its bright spot in another frame. [px of the shrunk picture]"""
        return bright_box(*self.view(other), self.least)

    def size_px(self, other: _Seen) -> float:
        """Longer side of that. [px of the shrunk picture]"""
        box = self.box(other)
        return 0.0 if box is None else float((box[2:] - box[:2]).max())


class FlashDetector:
    """Every frame is held against the one before: what is suddenly brighter than anything near the same ground was.

    Only around such places it looks further: dark for 0.4 s before, dark again within 0.5 s, not followed by something
    bright beside it that moves on, brighter than its surroundings became. A lamp that stays on, a change of the whole
    picture's light and a damaged picture give none. It answers 0.5 s late.
    """

    Config = FlashConfig

    def __init__(self, config: FlashConfig | None = None) -> None:
        self._config = config if config is not None else FlashConfig()
        self._brightening = Brightening()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._seen: list[_Seen] = []
        self._next = 0
        self._start_ns = 0
        self._glitter: list[tuple[int, Float]] = []  # time; places on the reference that lit up and were no flashes

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
        answers: list[Detections] = []
        if self._seen and not self._continues(now):
            answers = self.finish()
        if not self._seen:
            self._start_ns = now.t_ns
        seen = self._look(now)
        self._seen.append(seen)
        if now.sight is Sight.BLIND:
            self._next = 1
            return [*answers, Detections.none(now.index, now.t_ns, Sight.BLIND)]
        delay_ns = round(self._config.longest_s * 1e9)
        while self._next < len(self._seen) and self._seen[self._next].kept.t_ns + delay_ns <= now.t_ns:
            answers.append(self._answer())
        keep_ns = round(self._config.dark_s * 1e9)
        oldest_ns = min(self._seen[min(self._next, len(self._seen) - 1)].kept.t_ns, now.t_ns) - keep_ns
        while self._next > 1 and len(self._seen) > 3 and self._seen[1].kept.t_ns < oldest_ns:
            del self._seen[0]
            self._next -= 1
        self._give_back(keep_ns)
        return answers

    def _give_back(self, keep_ns: int) -> None:
        """Pictures from before the last `keep_ns` are needed only while something that lit up since is undecided."""
        last = len(self._seen) - 1
        lit = next((at for at in range(self._next, last) if len(self._seen[at].xy)), last)
        since_ns = self._seen[lit].kept.t_ns - keep_ns
        for one in self._seen[: max(lit - _FRAMES_BEFORE, 0)]:
            if one.kept.t_ns >= since_ns:
                break
            one.kept.picture = NO_PICTURE

    def finish(self) -> list[Detections]:
        """The stream has ended: a light that is still on is no flash, for none has seen it go off."""
        answers = []
        while self._next < len(self._seen):
            answers.append(self._answer())
        self.reset()
        return answers

    def _continues(self, now: Kept) -> bool:
        last = self._seen[-1].kept
        return now.reference_id == last.reference_id and now.size_px == last.size_px and now.sight is not Sight.BLIND

    def _look(self, kept: Kept) -> _Seen:
        """What lights up in this frame and was dark before."""
        now = _Seen.of(kept)
        if not self._seen or not self._seen[-1].is_whole or not now.is_whole:
            return now
        last = self._seen[-1]
        reach_px = self._reach_px(last, now)
        least, bright = round(self._config.min_grey), math.ceil(self._config.min_level - _CROWD_GREY)
        lit_up = self._brightening.between(
            kept.picture, last.kept.picture, now.from_other(last), reach_px, least, bright
        )
        places, _ = strongest(*lit_up, _CELL_PX, _MOST_SPOTS)
        if not len(places):
            return now
        peak = kept.picture[places[:, 1], places[:, 0]].astype(np.float64)
        xy = places.astype(np.float64)
        rise = peak - brightest(last.kept.picture, last.where(now, xy), reach_px)
        before = [one for one in self._seen if one.is_whole]
        for other in self._earlier(before, kept.t_ns):
            lit = (rise >= self._config.min_grey) & (peak >= self._config.min_level - _CROWD_GREY)
            xy, peak, rise = xy[lit], peak[lit], rise[lit]
            if not len(xy):
                return now
            # What has just come into view was not seen dark.
            recent = kept.t_ns - other.kept.t_ns <= self._config.dark_s * 0.6e9
            outside = 255.0 if recent else 0.0
            was = brightest(other.kept.picture, other.where(now, xy), _DRIFT_PX, outside)
            rise = np.where(was <= peak - _LIT_SHARE * rise, rise, 0.0)
        rise -= self._by_light(now, last, xy, peak - rise)
        lit = rise >= self._config.min_grey
        now.xy, now.peak, now.rise = xy[lit], peak[lit], rise[lit]
        return now

    def _reach_px(self, one: _Seen, later: _Seen) -> int:
        """How far the fastest mover comes between two frames, and what registration may be off. [px]"""
        dt_s = max(later.kept.t_ns - one.kept.t_ns, 0) / 1e9
        return _DRIFT_PX + min(round(self._config.mover_widths_s * int(later.kept.picture.shape[1]) * dt_s), 12)

    def _by_light(self, now: _Seen, last: _Seen, xy: Float, base: Float) -> Float:
        """How much brighter the change of light around each place has made what was there before. shape (N,) [grey]"""
        there = np.nan_to_num(last.where(now, xy))
        gain = [
            (ring_level(now.kept.picture, here) + 4.0) / (ring_level(last.kept.picture, before) + 4.0)
            for here, before in zip(xy, there, strict=True)
        ]
        return np.minimum(base * np.maximum(np.array(gain), 1.0), 255.0) - base if gain else _NONE

    def _earlier(self, before: list[_Seen], t_ns: int) -> Iterator[_Seen]:
        """The last frame, the one before it, and some at even times back to `dark_s`; none twice."""
        yield from before[:-3:-1]
        position = len(before) - 3
        for share in (0.25, 0.5, 0.75, 1.0):
            wanted_ns = t_ns - round(self._config.dark_s * 1e9 * share)
            while position > 0 and before[position - 1].kept.t_ns >= wanted_ns:
                position -= 1
            if position >= 0:
                yield before[position]
                position -= 1

    def _answer(self) -> Detections:
        """Decide what lit up in the next frame to be answered for."""
        seen = self._seen[self._next]
        kept = seen.kept
        warm = kept.t_ns - self._start_ns >= self._config.warm_up_s * 1e9 * 0.99
        if len(seen.xy) and warm:
            self._decide(seen, self._seen[: self._next], self._seen[self._next + 1 :])
        self._next += 1
        if not warm:
            return Detections.none(kept.index, kept.t_ns, Sight.WARMING_UP, judged=False)
        if not seen.boxes:
            return Detections.none(kept.index, kept.t_ns, Sight.SEEING)
        boxes = np.array([box for box, _ in seen.boxes])
        return Detections(
            kept.index,
            kept.t_ns,
            read_only((boxes * (1 << kept.level)).astype(np.float32)),
            read_only(np.array([rise / self._config.min_grey for _, rise in seen.boxes], np.float32)),
            read_only(np.full(len(boxes), Kind.FLASH.value, "<U8")),
            Sight.SEEING,
        )

    def _decide(self, seen: _Seen, before: list[_Seen], after: list[_Seen]) -> None:
        """Which of the lights that go on in a frame are flashes; each gets its box in every frame in which it is on."""
        flashes = np.zeros(len(seen.xy), bool)
        for row in np.flatnonzero(seen.peak >= self._config.min_level).tolist():
            light = _Light(seen, seen.xy[row], float(seen.peak[row]), float(seen.rise[row]))
            elsewhere = int((np.abs(seen.xy - light.xy).max(axis=1) >= _CROWD_PX).sum())
            if (
                elsewhere > _MOST_ELSEWHERE
                or self._crowd(light) > _MOST_NEAR
                or not self._stands_out(light, before[-1])
            ):
                continue
            lit, dark = self._course(light, after)
            if dark is not None and self._quiet(light, before, dark, lit) and self._add(light, lit):
                flashes[row] = True
        # A large flash is many lights at once.
        apart = np.abs(seen.xy[:, None] - seen.xy[flashes][None]).max(axis=2).min(axis=1, initial=np.inf)
        if (apart >= _CROWD_PX).any():
            self._glitter.append((seen.kept.t_ns, apply(seen.reference_from_small, seen.xy[apart >= _CROWD_PX])))

    def _crowd(self, light: _Light) -> int:
        """How many things that were no flashes lit up near its place in the last 2 s. [1]"""
        since_ns = light.seen.kept.t_ns - round(_MEMORY_S * 1e9)
        self._glitter = [one for one in self._glitter if one[0] >= since_ns]
        near = [
            int((np.abs(apply(light.seen.small_from_reference, places) - light.xy).max(axis=1) < _CROWD_PX).sum())
            for _, places in self._glitter
        ]
        return sum(near)

    def _stands_out(self, light: _Light, last: _Seen) -> bool:
        """Brighter by far than what was in sight there: small bright details flicker as the camera moves."""
        lowest, highest = contrast(*light.view(last))
        steep = light.rise >= _CONTRAST_SHARE * (highest - lowest + 10.0)
        return bool(steep and light.peak - highest >= self._config.min_grey)

    def _course(self, light: _Light, after: list[_Seen]) -> tuple[list[_Seen], _Seen | None]:
        """The frames in which it is on, and the first in which it is off; None where it stays or moves on."""
        lit, least = [light.seen], light.least
        until_ns = light.seen.kept.t_ns + round(self._config.longest_s * 1e9)
        for later in after:
            if not later.is_whole:
                continue
            if later.kept.t_ns > until_ns:
                break
            picture, place = light.view(later)
            if brightest(picture, place[None], _DRIFT_PX)[0] > least:
                lit.append(later)
                continue
            moved_on = brightest(picture, place[None], self._reach_px(lit[-1], later))[0] > least
            return lit, None if moved_on else later
        return lit, None

    def _quiet(self, light: _Light, before: list[_Seen], dark: _Seen, lit: list[_Seen]) -> bool:
        """Nothing else changed there: it was still before, only grew brighter, and is as it was when the light is off.

        An odd frame is forgiven: the frame before the last may serve instead. Beside something that moves a light has
        to be short and very bright. Where something exploded the place has changed, but then the light was large.
        """
        most = _STILL_SHARE * light.rise
        earlier = [one for one in before if one.is_whole][-3:]
        lasted_s = (dark.kept.t_ns - light.seen.kept.t_ns) / 1e9
        views = [light.view(one) for one in earlier]
        if len(views) < 2:
            return False
        if lasted_s <= _BESIDE_MOVER_S and light.rise >= _BESIDE_MOVER_GREY:
            around = change(views[-1], views[-2], _FAR_PX, _MOST_OF_IT)
            return around <= _BESIDE_MOVER_SHARE * light.rise
        # The slower the frames, the farther off is what was here a frame ago.
        reach_px = _AROUND_PX + self._reach_px(earlier[-1], light.seen)
        if any(went_dark(light.view(one), views[-1], reach_px) > most for one in lit[:3]):
            return False
        if min((change(b, a, reach_px) for a, b in pairwise(views)), default=0.0) > most:
            return False
        if lasted_s > _MUZZLE_S:
            return max(light.size_px(one) for one in lit[:3]) >= _LASTING_PX
        return min(change(light.view(dark), one, reach_px) for one in views[-2:]) <= _AFTER_FACTOR * most

    def _add(self, light: _Light, lit: list[_Seen]) -> bool:
        """Its box in each frame in which it is on; False where it comes in over the picture's edge."""
        for one in lit:
            box = light.box(one)
            if box is None:
                continue
            height, width = one.kept.picture.shape
            far = min(*box[:2], width - box[2], height - box[3])
            if one is light.seen and far < _EDGE_PX:
                return False
            one.add(box, light.rise)
        return True
