"""Pictures of a short time as one, with less noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.laying import filled, outline
from detector.picture.warping import warped

U16 = NDArray[np.uint16]

UNIT = 64
"""A grey level is so many steps of a mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """The mean of some pictures, laid over the first of them.

    base: that first one; its picture is not needed any more.
    mean: shape (H, W) [1/64 grey level]
    t_ns: the mean of their times.
    """

    base: Kept
    mean: U16
    t_ns: int


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
        self._sum: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._t_ns: list[int] = []

    def add(self, kept: Kept, *, first_only: bool = False) -> bool:
        """Take one more picture. True if it begins another slot: the one before is complete.

        Args:
            first_only: a slot is its first picture, which costs nothing: by day there is little noise.
        """
        base = self._base
        complete = base is not None and kept.t_ns - base.t_ns >= self._slot_ns
        if base is not None and complete:
            mean = np.rint(self._sum * np.float32(UNIT / len(self._t_ns))).astype(np.uint16)
            t_ns = base.t_ns + round(sum(one - base.t_ns for one in self._t_ns) / len(self._t_ns))
            self.newest_first = [Slot(base, mean, t_ns), *self.newest_first][: self._count]
        if base is None or complete:
            self._base, self._sum, self._t_ns = kept, kept.picture.astype(np.float32), [kept.t_ns]
            return complete
        if first_only:
            return False
        cv2.accumulate(warped(kept.picture, small_from_small(base, kept)), self._sum)
        self._t_ns.append(kept.t_ns)
        return False


def laid_over(base: Slot, other: Slot) -> tuple[U16, NDArray[np.uint8]]:
    """The mean of another slot in the pixels of this one, and 255 where it shows something, else 0. shape (H, W)"""
    matrix = small_from_small(base.base, other.base)
    shape = (other.mean.shape[0], other.mean.shape[1])
    return warped(other.mean, matrix), filled(outline(matrix, shape), shape)
