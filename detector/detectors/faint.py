"""Things too faint or too slow for a difference of two pictures: their evidence is put together before they are found."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np

from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.slots import Slot, Slots, in_view, laid
from detector.detectors.together import Strongest, shown
from detector.picture.homography import Float, carried

_SLOT_S = 0.4
_SLOTS = 8
_FASTEST_PX = 2  # a slot, along either axis
_LEAST, _LEAST_OWN = 6.5, 3.5  # standard deviations
_LATELY, _MOSTLY = 24, 0.7  # slots, share of them
_MOST_LATE = 1.5  # of the time that the slots would take
_SLOTS_A_STEP, _WAYS_A_STEP = 3, 6
_WAYS = np.array(
    [(x, y) for x in range(-_FASTEST_PX, _FASTEST_PX + 1) for y in range(-_FASTEST_PX, _FASTEST_PX + 1) if x or y]
)


@dataclass(frozen=True, slots=True, eq=False)
class Faint:
    """What was found, in the pixels of one half-size picture, at one time.

    xyxy: shape (N, 4) [px]
    velocity_px_s: shape (N, 2)
    peak: evidence over what is asked for. shape (N,) [1]
    since_ns: where the evidence begins.
    """

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
    """Sums up, along all straight and slow ways over the ground, what pictures of the last 3.2 s show (track-before-detect).

    A person at night who stands out of no single picture does out of eight times as many. It looks every 0.4 s, in
    steps of about the same cost, and finds what goes by 5 to 14 half-size pixels a second.
    Source of the idea: Reed, Gagliardi & Shao 1983, IEEE Trans. AES 19(6), "Application of three-dimensional
    filtering to moving target detection".
    """

    def __init__(self) -> None:
        self._slots = Slots(_SLOT_S, _SLOTS)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._slots.reset()
        self._structured = False  # whether structure was known to move in this slot
        self._of_late: deque[bool] = deque(maxlen=_LATELY)
        self._looking: Generator[None, None, Faint | None] | None = None
        self.found: Faint | None = None

    def add(self, half: Kept) -> None:
        """Take one more picture, at half size."""
        self._structured |= half.parallax is not None
        if self._slots.add(half):
            self._of_late.append(self._structured)
            self._structured = half.parallax is not None
            while self._looking is not None:
                self.go_on()
            self._looking = self._look(self._slots.newest_first)

    def go_on(self) -> None:
        """One step of the look that was begun, if one was."""
        if self._looking is None:
            return
        try:
            next(self._looking)
        except StopIteration as done:
            self.found, self._looking = done.value, None

    def _look(self, slots: list[Slot]) -> Generator[None, None, Faint | None]:
        newest, oldest = slots[0], slots[-1]
        if np.mean(self._of_late) > _MOSTLY:
            return None  # where structure moves, much of it goes as slowly and as straight
        if len(slots) < _SLOTS or newest.t_ns - oldest.t_ns > _MOST_LATE * _SLOTS * _SLOT_S * 1e9:
            return None
        pictures, valid = [newest.mean], np.full(newest.mean.shape, 255, np.uint8)
        for at, slot in enumerate(slots[1:]):
            if at and at % _SLOTS_A_STEP == 0:
                yield
            matrix = small_from_small(newest.base, slot.base)
            pictures.append(np.asarray(laid(slot.mean, matrix), np.float32))
            cv2.bitwise_and(valid, in_view(matrix, valid.shape), dst=valid)
        yield
        back_s = np.array([(newest.t_ns - slot.t_ns) / 1e9 for slot in slots])
        speeds_px_s = _WAYS / _SLOT_S
        steps_px = np.rint(speeds_px_s[:, None] * back_s[:, None]).astype(np.int64)
        if min(newest.mean.shape) <= 4 * np.abs(steps_px).max():
            return None
        strongest = Strongest(shown(pictures), steps_px)
        for way in range(len(_WAYS)):
            if way % _WAYS_A_STEP == 0:
                yield
            strongest.look_along(way)
        places, ways, sigma = strongest.peaks(_LEAST, _LEAST_OWN, valid)
        places_px, back_px = strongest.refined(places, ways)
        boxes = strongest.boxes(places_px, back_px)
        velocity_px_s = back_px[:, -1] / back_s[-1]
        return Faint(newest.base, newest.t_ns, oldest.t_ns, boxes, velocity_px_s, sigma / _LEAST)
