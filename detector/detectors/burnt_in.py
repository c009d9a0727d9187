"""What is burnt into the picture: a cross hair, telemetry in figures, a logo."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.residual import edges
from detector.model import Alignment, Detections, Frame, Sight, read_only
from detector.picture import full_from_shrunk, level_at_most, shrunk
from detector.picture.homography import Float, inverse, shift_px

U8 = NDArray[np.uint8]

_SIDE_PX = 960  # of a smaller picture strokes of one pixel would be lost
_EVERY_NS = 250_000_000
_LATEST_NS = 2_000_000_000
_LEAST_PX = 2.0
_GOES_GREY = 20  # so much at least it differs from the ground that should be there by now
_STAYS_GREY, _STAYS_SHARE = 4, 0.125  # and from itself at most, in grey levels and of that difference
_CHANGED_GREY = 12
_SHARP_GREY = 30  # range in 3x3: a roof that the camera follows is plain in its middle and trembles at its edges
_LOOKS, _MOST, _CHANGED = 12, 24, 3  # in favour to be known; counted at most; what one against takes away
_TOGETHER = 3  # pixels of 3x3: a pixel by itself is chance
_BETWEEN_PX = (9, 5)  # letters are nearer than that
_BESIDE_PX = 3
_COVERED = 0.5


class _Seen(NamedTuple):
    picture: U8
    reference_from_picture: Float
    reference_id: int
    t_ns: int


class BurntIn:
    """Finds what stays in its place in the picture, pixel for pixel, while the ground goes on under it.

    Compared with the ground it moves, takes its pixels along and drives as fast as the camera does, so nothing else
    would keep it from being followed. It is known after twelve looks, a quarter of a second or more apart, in which the
    view has moved on. A thing that the camera follows trembles in the picture by more than a pixel.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._then: _Seen | None = None
        self._count: U8 = np.zeros((0, 0), np.uint8)  # looks in favour of each pixel, less those against it
        self._mask: U8 = np.zeros((0, 0), np.uint8)  # 1 where it is known to be, or between and beside that
        self._covered: NDArray[np.int64] | None = None  # the mask summed up to each place; None while nothing is known
        self._level = 0

    def see(self, frame: Frame, alignment: Alignment) -> None:
        """Look at one frame."""
        if alignment.glanced or alignment.sight is Sight.BLIND:
            return
        level = level_at_most(frame.size_px, _SIDE_PX)
        full = full_from_shrunk(level)
        picture = shrunk(frame, level)
        now = _Seen(
            picture if level else picture.copy(),
            alignment.reference_from_frame @ full,
            alignment.reference_id,
            frame.t_ns,
        )
        then = self._then
        if then is None or then.reference_id != now.reference_id or then.picture.shape != now.picture.shape:
            if self._count.shape != now.picture.shape:
                self.reset()
                self._count, self._level = np.zeros(now.picture.shape, np.uint8), level
            self._then = now
            return
        passed_ns = now.t_ns - then.t_ns
        if 0 <= passed_ns < _EVERY_NS:
            return
        matrix = inverse(now.reference_from_picture) @ then.reference_from_picture
        if shift_px(matrix, now.picture.shape[::-1]) >= _LEAST_PX:
            self._count_votes(now.picture, then.picture, matrix)
        elif 0 <= passed_ns < _LATEST_NS:
            return
        self._then = now

    def without(self, found: Detections) -> Detections:
        """What was found less what is burnt in."""
        if self._covered is None or not (len(found) or found.mask is not None):
            return found
        height, width = self._mask.shape
        x0, y0, x1, y1 = np.clip(np.rint(found.xyxy_px / (1 << self._level)), 0, (width, height) * 2).astype(int).T
        inside = self._covered[y1, x1] - self._covered[y0, x1] - self._covered[y1, x0] + self._covered[y0, x0]
        keep = inside <= _COVERED * np.maximum((x1 - x0) * (y1 - y0), 1)
        mask = found.mask
        if mask is not None:
            burnt_in = cv2.resize(self._mask, mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
            mask = read_only(np.where(burnt_in > 0, np.uint8(0), mask))
        known = None if found.came_from is None else found.came_from.rows(keep)
        left = {"xyxy_px": found.xyxy_px[keep], "score": found.score[keep], "kind": found.kind[keep]}
        return replace(found, **left, mask=mask, came_from=known)

    def _count_votes(self, now: U8, then: U8, now_from_then: Float) -> None:
        size = (now.shape[1], now.shape[0])
        ground = cv2.warpPerspective(then, now_from_then, size, borderMode=cv2.BORDER_REPLICATE)
        goes, stays = cv2.absdiff(now, ground), cv2.absdiff(now, then)
        most = np.maximum(cv2.convertScaleAbs(goes, alpha=_STAYS_SHARE), np.uint8(_STAYS_GREY))
        votes = (stays <= most) & (goes >= _GOES_GREY) & (edges(now) >= _SHARP_GREY)
        count = cv2.subtract(self._count, _CHANGED * (stays >= _CHANGED_GREY).astype(np.uint8))
        self._count = np.minimum(cv2.add(count, votes.view(np.uint8)), np.uint8(_MOST))
        known = (self._count >= _LOOKS).astype(np.uint8)
        known &= cv2.boxFilter(known, -1, (3, 3), normalize=False) >= _TOGETHER
        self._covered = None
        if cv2.hasNonZero(known):
            joined = cv2.morphologyEx(known, cv2.MORPH_CLOSE, np.ones(_BETWEEN_PX[::-1], np.uint8))
            side = 2 * _BESIDE_PX + 1
            self._mask = np.asarray(cv2.dilate(joined, np.ones((side, side), np.uint8)), np.uint8)
            self._covered = np.asarray(cv2.integral(self._mask), np.int64)
