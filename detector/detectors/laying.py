"""Pictures laid over a common base, each warped once as long as the base serves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.residual import LIGHT_BLOCK_PX, U8, block_means
from detector.picture import halved
from detector.picture.homography import is_identity, shift_px, shifts_px
from detector.picture.warping import warped

Outline = NDArray[np.int32]

_PICTURE_FROM_BLOCKS = np.diag([LIGHT_BLOCK_PX, LIGHT_BLOCK_PX, 1.0])
_BLOCKS_FROM_PICTURE = np.diag([1 / LIGHT_BLOCK_PX, 1 / LIGHT_BLOCK_PX, 1.0])
_LEAST_SIDE_PX = 64  # a smaller picture is not halved


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One picture in the pixels of the base.

    picture: grey where the frame shows nothing. shape (H, W)
    means: its block means.
    outline: corners of what the frame shows; None where it covers all, empty where nothing. shape (4, 2) or (0, 2) [px]
    valid_blocks: 255 where a block of `means` is wholly in view, else 0; None where all are.
    """

    picture: U8
    means: U8
    outline: Outline | None
    valid_blocks: U8 | None

    @property
    def valid(self) -> U8 | None:
        """255 where the frame shows something, a pixel less at its border; None where it covers all. shape (H, W)"""
        return None if self.outline is None else filled(self.outline, self.picture.shape)

    def blank_outside(self, picture: U8) -> None:
        """Set another picture of this size to 0, in place, where `valid` is. Slow twin: that mask."""
        if self.outline is None:
            return
        if not len(self.outline):
            picture[:] = 0
            return
        height, width = picture.shape
        frame = np.array([[-2, -2], [width + 1, -2], [width + 1, height + 1], [-2, height + 1]], np.int32)
        # What lies between two outlines is filled: strips along the border, where a mask would be a whole picture.
        cv2.fillPoly(picture, [frame, self.outline], 0)
        cv2.polylines(picture, [self.outline], isClosed=True, color=0, thickness=3)


class Laying:
    """Lays kept pictures, or these at half size, over one of them.

    A slow camera's pictures are compared many times over: each is warped once, not once a comparison. As soon as a
    frame to be judged has moved by more than `reach` of the picture's width, it becomes the base itself.
    """

    def __init__(self, reach: float, *, halved: bool = False) -> None:
        self._reach = reach
        self.halved = halved
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._base: Kept | None = None
        self._laid: dict[int, Laid] = {}
        self._small: dict[int, Kept] = {}

    def begin(self, judged: Kept) -> NDArray[np.float64]:
        """Make sure that the base serves this frame; new base from old base, identity if it stays. shape (3, 3)"""
        base, judged = self._base, self.sized(judged)
        if base is None:
            self._base = judged
            return np.eye(3)
        now_from_base = small_from_small(judged, base)
        if shift_px(now_from_base, judged.picture.shape[::-1]) <= self._reach * judged.picture.shape[1]:
            return np.eye(3)
        self._base, self._laid = judged, {}
        return now_from_base

    def over(self, kept: Kept) -> Laid:
        """The picture in the base's pixels."""
        found = self._laid.get(kept.index)
        if found is None:
            found = self._laid[kept.index] = self._warped(self.sized(kept))
        return found

    def keep_half(self, kept: Kept) -> bool:
        """Make sure that the picture itself is not needed again. False where it is this that is laid."""
        return self.sized(kept) is not kept

    def end(self) -> None:
        """The judged frame is answered for: give back what the next one will have laid anew."""
        if self._reach == 0:
            self._laid = {}

    def forget_before(self, index: int) -> None:
        """Frames before this one will not be asked for again."""
        self._laid = {at: laid for at, laid in self._laid.items() if at >= index}
        self._small = {at: small for at, small in self._small.items() if at >= index}

    def frame_from_base(self, kept: Kept) -> NDArray[np.float64]:
        """Homography from the base's pixels to those of the shrunk picture. shape (3, 3)"""
        assert self._base is not None
        return small_from_small(self.sized(kept), self._base)

    def sized(self, kept: Kept) -> Kept:
        """At the size in which pictures are laid."""
        small = self._small.get(kept.index)
        if small is not None:
            return small
        if not self.halved or min(kept.picture.shape) < _LEAST_SIDE_PX:
            return kept
        self._small[kept.index] = small = replace(kept, level=kept.level + 1, picture=halved(kept.picture))
        return small

    def _warped(self, kept: Kept) -> Laid:
        assert self._base is not None
        matrix = small_from_small(self._base, kept)
        picture = kept.picture
        if is_identity(matrix):
            return Laid(picture, block_means(picture), None, None)
        laid = warped(picture, matrix)
        means = block_means(laid)
        blocks_from_blocks = _BLOCKS_FROM_PICTURE @ matrix @ _PICTURE_FROM_BLOCKS
        valid_blocks = filled(outline(blocks_from_blocks, means.shape), means.shape)
        return Laid(laid, means, outline(matrix, picture.shape), valid_blocks)


def outline(matrix: NDArray[np.float64], shape: tuple[int, int]) -> Outline:
    """Where the corners of a picture of that shape come to lie; none where one of them has no place."""
    right, bottom = shape[1] - 1, shape[0] - 1
    corners = ((0, 0), (right, 0), (right, bottom), (0, bottom))
    moved = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(corners, shifts_px(matrix, corners), strict=True)]
    if not all(map(math.isfinite, chain(*moved))):
        return np.zeros((0, 2), np.int32)
    return np.array([[round(min(max(at, -1e4), 1e4)) for at in corner] for corner in moved], np.int32)


def filled(outline: Outline, shape: tuple[int, int]) -> U8:
    """255 inside, a pixel less at its border, 0 elsewhere. shape as given"""
    valid = np.zeros(shape, np.uint8)
    if len(outline):
        cv2.fillConvexPoly(valid, outline, 255)
        cv2.polylines(valid, [outline], isClosed=True, color=0, thickness=3)
    return valid
