"""Where something burst, smoke drifts off: what first shows there has to come far before it is a mover."""

from __future__ import annotations

import numpy as np

from detector.picture.homography import apply
from detector.tracking.states import Float, Int

_REMEMBERED_NS = 3_000_000_000
_FAR = 3.0  # sizes of the flash: smoke is thin by then, and a person who fired has walked on


class Bursts:
    """Flashes of the last seconds, in the pixels of the newest frame."""

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._t_ns)

    def clear(self) -> None:
        """Forget all."""
        self._centre: Float = np.zeros((0, 2))
        self._size_px: Float = np.zeros(0)
        self._t_ns: Int = np.zeros(0, np.int64)

    def carry(self, now_from_last: Float) -> None:
        """The camera has moved on."""
        if len(self._centre):
            self._centre = apply(now_from_last, self._centre)

    def note(self, xyxy: Float, t_ns: int) -> None:
        """Flashes of this frame. xyxy: shape (N, 4) [px]"""
        keep = t_ns - self._t_ns <= _REMEMBERED_NS
        self._centre = np.concatenate([self._centre[keep], (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2])
        self._size_px = np.concatenate([self._size_px[keep], (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0)])
        self._t_ns = np.concatenate([self._t_ns[keep], np.full(len(xyxy), t_ns, np.int64)])

    def way_px(self, centres: Float) -> Float:
        """How far what is first seen at each centre has to come; 0 where nothing burst. (N, 2) -> (N,) [px]"""
        if not len(self._t_ns):
            return np.zeros(len(centres))
        apart = np.hypot(*(centres[:, None] - self._centre[None]).transpose(2, 0, 1))
        return np.asarray(np.where(apart <= self._size_px, _FAR * self._size_px, 0.0).max(axis=1, initial=0))
