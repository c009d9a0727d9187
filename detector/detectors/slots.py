"""Pictures of a short time as one, with less noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.lagged import NO_PICTURE, Kept, small_from_small
from detector.detectors.laying import filled, outline
from detector.picture.warping import warped

U16 = NDArray[np.uint16]

UNIT = 64
"""A grey level is so many steps of a mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """The mean of some pictures, laid over the first of them.

    base: that first one; without its picture, unless that is all there is.
    t_ns: the mean of their times.
    of_several: the mean; None where there is one picture only: that takes half of the memory. [1/64 grey level]
    """

    base: Kept
    t_ns: int
    of_several: U16 | None = None

    @property
    def mean(self) -> U16:
        """shape (H, W) [1/64 grey level]"""
        return self.base.picture.astype(np.uint16) * np.uint16(UNIT) if self.of_several is None else self.of_several


class Slots:
    """The last pictures, in means over `slot_s` each.

    Args:
        slot_s: time over which pictures are put together. [s]
        count: so many are kept.
    """

    def __init__(self, slot_s: float, count: int) -> None:
        self._slot_ns = round(slot_s * 1e9)
        self._count = count
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self.newest_first: list[Slot] = []
        self._base: Kept | None = None
        self._sum: NDArray[np.float32] | None = None  # from the second picture on
        self._t_ns: list[int] = []

    def add(self, kept: Kept, *, first_only: bool = False) -> bool:
        """Take one more picture. True if it begins another slot: the one before is complete.

        Args:
            first_only: a slot is its first picture, which costs nothing: by day there is little noise.
        """
        base = self._base
        complete = base is not None and kept.t_ns - base.t_ns >= self._slot_ns
        if base is not None and complete:
            self.newest_first = [self._slot(base), *self.newest_first][: self._count]
        if base is None or complete:
            self._base, self._sum, self._t_ns = kept, None, [kept.t_ns]
            return complete
        if first_only:
            return False
        if self._sum is None:
            self._sum = base.picture.astype(np.float32)
        cv2.accumulate(warped(kept.picture, small_from_small(base, kept)), self._sum)
        self._t_ns.append(kept.t_ns)
        return False

    def _slot(self, base: Kept) -> Slot:
        t_ns = base.t_ns + round(sum(one - base.t_ns for one in self._t_ns) / len(self._t_ns))
        if self._sum is None:
            return Slot(base, t_ns)
        mean = np.rint(self._sum * np.float32(UNIT / len(self._t_ns))).astype(np.uint16)
        return Slot(replace(base, picture=NO_PICTURE), t_ns, mean)


def laid_over(base: Slot, other: Slot) -> tuple[U16, NDArray[np.uint8]]:
    """The mean of another slot in the pixels of this one, and 255 where it shows something, else 0. shape (H, W)"""
    matrix = small_from_small(base.base, other.base)
    mean = other.mean
    shape = (mean.shape[0], mean.shape[1])
    return warped(mean, matrix), filled(outline(matrix, shape), shape)
