"""The last pictures, and the relation between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.model import Alignment, Frame, Parallax, Sight, read_only
from detector.picture import full_from_shrunk, shrunk
from detector.picture.homography import inverse, normalised

NO_PICTURE = read_only(np.zeros((0, 0), np.uint8))
"""In the place of a kept picture that nothing needs any more."""


@dataclass(eq=False)
class Kept:
    """One frame as a detector keeps it: the shrunk picture only, so that the decoder gets its memory back."""

    index: int
    t_ns: int
    size_px: tuple[int, int]
    level: int
    picture: NDArray[np.uint8]
    reference_from_frame: NDArray[np.float64]  # full-size pixels
    reference_id: int
    static: bool
    sight: Sight
    damaged: bool
    parallax: Parallax | None  # full-size pixels
    inlier_ratio: float  # of the registration

    @classmethod
    def of(cls, frame: Frame, alignment: Alignment, level: int) -> Kept:
        """The frame at `level` halvings."""
        picture = shrunk(frame, level)
        return cls(
            frame.index,
            frame.t_ns,
            frame.size_px,
            level,
            picture if level else read_only(picture.copy()),
            alignment.reference_from_frame,
            alignment.reference_id,
            alignment.static,
            alignment.sight,
            frame.damaged,
            alignment.parallax,
            alignment.inlier_ratio,
        )

    @cached_property
    def small_from_reference(self) -> NDArray[np.float64]:
        """Homography from the reference to the shrunk picture: each kept frame is related to many. shape (3, 3)"""
        return inverse(full_from_shrunk(self.level)) @ inverse(self.reference_from_frame)


def small_from_small(to: Kept, of: Kept) -> NDArray[np.float64]:
    """Homography from the shrunk picture of one kept frame to that of another, by way of the reference."""
    if to is of or (to.reference_from_frame == of.reference_from_frame).all():
        return np.eye(3)
    return normalised(to.small_from_reference @ of.reference_from_frame @ full_from_shrunk(to.level))


def nearest(kept: list[Kept], t_ns: int) -> Kept:
    """The kept frame nearest in time; the earlier of two equally near."""
    return min(kept, key=lambda one: (abs(one.t_ns - t_ns), one.t_ns))
