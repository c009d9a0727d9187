"""Things too faint or too slow for a difference of pictures: evidence is summed up before anything is found."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.blobs import NO_BLOBS, Blobs
from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.noise_floor import NO_MOVERS
from detector.detectors.slots import Slot, Slots, laid_over
from detector.detectors.together import Strongest, shown
from detector.model import PLANE, Ways
from detector.picture.homography import Float, carried

SLOT_S, SLOTS = 0.4, 8
_SLOT_NS = round(SLOT_S * 1e9)
_FASTEST_PX = 2  # a slot, along either axis
_LEAST, _LEAST_OWN = 6.5, 3.5  # standard deviations
_LEAST_BY_DAY = 7.8  # of 8.5 at most: crowns over what passes for a plane reach 7.5
_MOST_LATE = 1.5  # of the time that the slots would take
_LATELY, _MOSTLY = 24, 0.7  # slots, share of them
_SLOTS_A_STEP, _WAYS_A_STEP = 3, 6
_WAYS = np.array(
    [(x, y) for x in range(-_FASTEST_PX, _FASTEST_PX + 1) for y in range(-_FASTEST_PX, _FASTEST_PX + 1) if x or y]
)
_SLOW_WAYS = _WAYS[np.abs(_WAYS).max(axis=1) <= 1]  # by day what is faster shows by itself
_EVERY = 2  # slots, by day: a look costs as much as a frame
_BESIDE_PX = 3.0
_PIECE_PX = 8.0  # what is larger is no piece of what is slow and small
_BY_ITSELF, _REMEMBERED = 0.6, 12  # share of the last so many judged pictures
_FITS = 0.4  # as most that moves does


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """In the pixels of one picture of half size, at one time. since_ns: where the evidence begins."""

    base: Kept
    t_ns: int
    since_ns: int
    xyxy: Float
    velocity_px_s: Float
    peak: Float
    dark: bool

    def at(self, half: Kept) -> Float:
        """Where these are in another picture of half size, at its time. shape (N, 4) [px]"""
        on_px = self.velocity_px_s * ((half.t_ns - self.t_ns) / 1e9)
        return carried(self.xyxy + np.tile(on_px, 2), small_from_small(half, self.base))


class Beside(NamedTuple):
    """What is said of one picture.

    things: what was found, where it is in that picture.
    pieces: which of what was found otherwise are pieces of these. shape (N,)
    """

    things: Blobs
    pieces: NDArray[np.bool_]


class FaintThings:
    """Sums up along all straight and slow ways what the pictures of the last 3.2 s show (track-before-detect).

    A person at night who stands out of no picture does out of all of them together. Every 0.4 s it looks, in steps of
    about the same cost, and finds what goes by 1 to 2 px of the half-size picture in 0.4 s, along either axis, for at
    least 3.2 s. By day who walks so slowly that each picture hides most of them behind where they were 0.6 s ago: every
    0.8 s, by 1 px, and only where there has been nothing but a plane of late.
    Source of the idea: Reed, Gagliardi & Shao 1983, Application of Three-Dimensional Filtering to Moving Target
    Detection, IEEE Transactions on Aerospace and Electronic Systems 19(6).
    """

    def __init__(self) -> None:
        self._slots = Slots(SLOT_S, SLOTS)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._slots.reset()
        self._structured = self._uneven = False  # whether structure was known to move in this slot, and might
        self._passed_over = 0  # slots since the last look
        self._of_late: deque[bool] = deque(maxlen=_LATELY)
        self._uneven_of_late: deque[bool] = deque(maxlen=_LATELY)
        self._looking: Generator[None, None, _Found | None] | None = None
        self._found: _Found | None = None
        self._by_themselves: deque[tuple[Kept, Float]] = deque(maxlen=_REMEMBERED)

    def add(self, half: Kept, *, dark: bool = True) -> None:
        """Take one more picture, at half size. dark: whether it is, and mostly noise."""
        if self._slots.add(half, first_only=not dark):
            self._of_late.append(self._structured)
            self._uneven_of_late.append(self._structured or self._uneven)
            self._structured = self._uneven = False
            while self._looking is not None:
                self.go_on()
            self._passed_over += 1
            if dark or self._passed_over >= _EVERY:
                self._passed_over = 0
                self._looking = self._look(self._slots.newest_first, dark)
        self._structured |= half.parallax is not None
        self._uneven |= half.inlier_ratio < PLANE

    def go_on(self) -> None:
        """One step of the look that was begun, if one was."""
        if self._looking is None:
            return
        try:
            next(self._looking)
        except StopIteration as done:
            self._found, self._looking = done.value, None

    def beside(self, half: Kept, by_themselves: Float, counted: Float = NO_MOVERS) -> Beside:
        """What was found and does not show by itself, where it is in a picture.

        What shows by itself in three of five pictures is left to that: its boxes there are better. But by day what is
        not followed yet shows now and then, now its shadow and now itself: that is left out for what was found here.

        Args:
            half: the picture, at half size; each once, in order.
            by_themselves: boxes of what was found in it otherwise. shape (N, 4) [px]
            counted: boxes of what is followed and counts. shape (K, 4) [px]
        """
        self._by_themselves.append((half, by_themselves))
        found, no_pieces = self._found, np.zeros(len(by_themselves), np.bool_)
        if (
            found is None
            or not found.since_ns <= half.t_ns <= found.t_ns + (2 if found.dark else 1 + _EVERY) * _SLOT_NS
        ):
            return Beside(NO_BLOBS, no_pieces)
        xyxy = found.at(half)
        height, width = half.picture.shape
        inside = (xyxy[:, :2] >= 0).all(axis=1) & (xyxy[:, 2:] <= (width, height)).all(axis=1)
        new = inside & ~lie_at(xyxy, counted, 2 * _BESIDE_PX) & (not found.dark)
        keep = new | (inside & ~self._shows(found)) if not new.all() else new
        small = (by_themselves[:, 2:] - by_themselves[:, :2]).max(axis=1, initial=0) <= _PIECE_PX
        pieces = small & lie_at(by_themselves, xyxy[new], _BESIDE_PX)
        return Beside(Blobs(xyxy[keep], found.peak[keep].astype(np.float32)), pieces)

    def _shows(self, found: _Found) -> NDArray[np.bool_]:
        """Which of these show by themselves: in the last picture, or in three of five. shape (N,)"""
        shows = [lie_at(found.at(one), boxes, _BESIDE_PX) for one, boxes in self._by_themselves]
        return np.asarray(shows[-1] | (np.mean(shows, axis=0) >= _BY_ITSELF))

    def _look(self, slots: list[Slot], dark: bool) -> Generator[None, None, _Found | None]:
        newest, oldest = slots[0], slots[-1]
        if len(slots) < SLOTS or newest.t_ns - oldest.t_ns > _MOST_LATE * SLOTS * SLOT_S * 1e9:
            return None
        if np.mean(self._of_late) > _MOSTLY or (not dark and any(self._uneven_of_late)):
            return None  # much of what stands above the ground goes as slowly and as straight
        ways = _WAYS if dark else _SLOW_WAYS
        back_s = np.array([(newest.t_ns - slot.t_ns) / 1e9 for slot in slots])
        steps_px = np.rint(ways[:, None] * back_s[:, None] / SLOT_S).astype(np.int64)
        mean = newest.mean
        if min(mean.shape) <= 4 * np.abs(steps_px).max():
            return None
        pictures, valid = [mean], np.full(mean.shape, 255, np.uint8)
        for at, slot in enumerate(slots[1:]):
            if at and at % _SLOTS_A_STEP == 0:
                yield
            picture, seen = laid_over(newest, slot)
            pictures.append(picture)
            cv2.bitwise_and(valid, seen, dst=valid)
        yield
        strongest = Strongest(shown(pictures), steps_px)
        for way in range(len(ways)):
            if way % _WAYS_A_STEP == 0:
                yield
            strongest.look_along(way)
        peaks = strongest.peaks(_LEAST if dark else _LEAST_BY_DAY, _LEAST_OWN, valid)
        places, steps = strongest.refined(peaks)
        boxes = strongest.boxes(places, steps)
        return _Found(
            newest.base, newest.t_ns, oldest.t_ns, boxes, steps[:, -1] / back_s[-1], peaks.sigma / _LEAST, dark
        )


def believed(found: Ways, xyxy: Float, faint_xyxy: Float) -> Ways:
    """The ways, those of tracks on faint things as fitting: that their pixels go along is how they were found.

    Args:
        xyxy: boxes of the tracks. shape (K, 4) [px]
        faint_xyxy: what was found faint in that frame. shape (N, 4) [px]
    """
    return replace(found, misfit=np.where(lie_at(xyxy, faint_xyxy, 2 * _BESIDE_PX), _FITS, found.misfit))


def lie_at(xyxy: Float, others: Float, beside_px: float) -> NDArray[np.bool_]:
    """Which boxes have their middle in another one, or hardly beside it. (N, 4), (M, 4) -> (N,)"""
    middle = (xyxy[:, None, :2] + xyxy[:, None, 2:]) / 2
    near = (middle >= others[:, :2] - beside_px) & (middle <= others[:, 2:] + beside_px)
    return np.asarray(np.any(np.all(near, axis=2), axis=1))
