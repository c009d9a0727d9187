"""Things in the dark too faint for a difference of pictures: evidence is summed up before anything is found."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.blobs import NO_BLOBS, Blobs
from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.slots import Slot, Slots, laid_over
from detector.detectors.together import Strongest, shown
from detector.model import Ways
from detector.picture.homography import Float, carried

SLOT_S, SLOTS = 0.4, 8
_FASTEST_PX = 2  # a slot, along either axis
_LEAST, _LEAST_OWN = 6.5, 3.5  # standard deviations
_MOST_LATE = 1.5  # of the time that the slots would take
_LATELY, _MOSTLY = 24, 0.7  # slots, share of them
_SLOTS_A_STEP, _WAYS_A_STEP = 3, 6
_WAYS = np.array(
    [(x, y) for x in range(-_FASTEST_PX, _FASTEST_PX + 1) for y in range(-_FASTEST_PX, _FASTEST_PX + 1) if x or y]
)
_BESIDE_PX = 3.0
_BY_ITSELF, _REMEMBERED = 0.6, 12  # share of the last so many judged pictures
_FITS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """In the pixels of one picture of half size, at one time. since_ns: where the evidence begins."""

    base: Kept
    t_ns: int
    since_ns: int
    xyxy: Float
    velocity_px_s: Float
    peak: Float

    def at(self, half: Kept) -> Float:
        """Where these are in another picture of half size, at its time. shape (N, 4) [px]"""
        on_px = self.velocity_px_s * ((half.t_ns - self.t_ns) / 1e9)
        return carried(self.xyxy + np.tile(on_px, 2), small_from_small(half, self.base))


class FaintThings:
    """Sums up along all straight and slow ways what the pictures of the last 3.2 s show (track-before-detect).

    A person at night who stands out of no picture does out of all of them together. Every 0.4 s it looks, in steps of
    about the same cost, and finds what goes by 1 to 2 px of the half-size picture in 0.4 s, along either axis, for at
    least 3.2 s.
    Source of the idea: Reed, Gagliardi & Shao 1983, Application of Three-Dimensional Filtering to Moving Target
    Detection, IEEE Transactions on Aerospace and Electronic Systems 19(6).
    """

    def __init__(self) -> None:
        self._slots = Slots(SLOT_S, SLOTS)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._slots.reset()
        self._structured = False  # whether structure was known to move in this slot
        self._of_late: deque[bool] = deque(maxlen=_LATELY)
        self._looking: Generator[None, None, _Found | None] | None = None
        self._found: _Found | None = None
        self._by_themselves: deque[tuple[Kept, Float]] = deque(maxlen=_REMEMBERED)

    def add(self, half: Kept) -> None:
        """Take one more picture, at half size."""
        if self._slots.add(half):
            self._of_late.append(self._structured)
            self._structured = False
            while self._looking is not None:
                self.go_on()
            self._looking = self._look(self._slots.newest_first)
        self._structured |= half.parallax is not None

    def go_on(self) -> None:
        """One step of the look that was begun, if one was."""
        if self._looking is None:
            return
        try:
            next(self._looking)
        except StopIteration as done:
            self._found, self._looking = done.value, None

    def beside(self, half: Kept, by_themselves: Float) -> Blobs:
        """What was found and does not show by itself, where it is in a picture.

        What shows by itself in three of five pictures is left to that: its boxes there are better.

        Args:
            half: the picture, at half size; each once, in order.
            by_themselves: boxes of what was found in it otherwise. shape (N, 4) [px]
        """
        self._by_themselves.append((half, by_themselves))
        found = self._found
        if found is None or not found.since_ns <= half.t_ns <= found.t_ns + 2e9 * SLOT_S:
            return NO_BLOBS
        xyxy = found.at(half)
        shows = [lie_at(found.at(one), boxes, _BESIDE_PX) for one, boxes in self._by_themselves]
        height, width = half.picture.shape
        keep = ~shows[-1] & (np.mean(shows, axis=0) < _BY_ITSELF)
        keep &= (xyxy[:, :2] >= 0).all(axis=1) & (xyxy[:, 2:] <= (width, height)).all(axis=1)
        return Blobs(xyxy[keep], found.peak[keep].astype(np.float32))

    def _look(self, slots: list[Slot]) -> Generator[None, None, _Found | None]:
        newest, oldest = slots[0], slots[-1]
        if len(slots) < SLOTS or newest.t_ns - oldest.t_ns > _MOST_LATE * SLOTS * SLOT_S * 1e9:
            return None
        if np.mean(self._of_late) > _MOSTLY:
            return None  # much of what stands above the ground goes as slowly and as straight
        back_s = np.array([(newest.t_ns - slot.t_ns) / 1e9 for slot in slots])
        steps_px = np.rint(_WAYS[:, None] * back_s[:, None] / SLOT_S).astype(np.int64)
        if min(newest.mean.shape) <= 4 * np.abs(steps_px).max():
            return None
        pictures, valid = [newest.mean], np.full(newest.mean.shape, 255, np.uint8)
        for at, slot in enumerate(slots[1:]):
            if at and at % _SLOTS_A_STEP == 0:
                yield
            picture, seen = laid_over(newest, slot)
            pictures.append(picture)
            cv2.bitwise_and(valid, seen, dst=valid)
        yield
        strongest = Strongest(shown(pictures), steps_px)
        for way in range(len(_WAYS)):
            if way % _WAYS_A_STEP == 0:
                yield
            strongest.look_along(way)
        peaks = strongest.peaks(_LEAST, _LEAST_OWN, valid)
        places, steps = strongest.refined(peaks)
        boxes = strongest.boxes(places, steps)
        return _Found(newest.base, newest.t_ns, oldest.t_ns, boxes, steps[:, -1] / back_s[-1], peaks.sigma / _LEAST)


def believed(found: Ways, xyxy: Float, faint_xyxy: Float) -> Ways:
    """The ways, those of tracks on faint things as fitting: that their pixels go along is how they were found.

    Args:
        xyxy: boxes of the tracks. shape (K, 4) [px]
        faint_xyxy: what was found faint in that frame. shape (N, 4) [px]
    """
    return Ways(found.track_id, np.where(lie_at(xyxy, faint_xyxy, 2 * _BESIDE_PX), _FITS, found.misfit))


def lie_at(xyxy: Float, others: Float, beside_px: float) -> NDArray[np.bool_]:
    """Which boxes have their middle in another one, or hardly beside it. (N, 4), (M, 4) -> (N,)"""
    middle = (xyxy[:, None, :2] + xyxy[:, None, 2:]) / 2
    near = (middle >= others[:, :2] - beside_px) & (middle <= others[:, 2:] + beside_px)
    return np.asarray(np.any(np.all(near, axis=2), axis=1))
