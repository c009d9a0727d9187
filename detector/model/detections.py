"""What a detector found in one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model.arrays import read_only
from detector.model.sight import Sight


class Kind(StrEnum):
    """What was detected."""

    MOTION = "motion"
    FLASH = "flash"
    SMOKE = "smoke"
    CHANGE = "change"


class CameFrom(NamedTuple):
    """Where what was detected lay before, as its own pixels say.

    frame_index: of that earlier frame.
    xy_px: centres there, NaN where that is not known. shape (N, 2) [full-size px]
    went_to: centres here of what lay in boxes there, (M, 4) -> (M, 2), NaN where that is not known. [full-size px]
    """

    frame_index: int
    xy_px: NDArray[np.float64]
    went_to: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def rows(self, keep: NDArray[np.bool_]) -> CameFrom:
        """Of the chosen detections only."""
        return self._replace(xy_px=self.xy_px[keep])


_NOTHING = read_only(np.zeros((0, 4), np.float32)), read_only(np.zeros(0, np.float32)), read_only(np.zeros(0, "<U8"))


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Detections in one judged frame, in the full-size pixels of that frame.

    index, t_ns: of the frame that was judged, which may lie some frames behind the newest.
    xyxy_px: x0, y0, x1, y1 with x1, y1 exclusive. shape (N, 4) float32
    score: high = anomalous. shape (N,) float32 [1]
    kind: shape (N,) of Kind values as str
    whole: whether the boxes of motion are those of whole things, held against what stands there otherwise; else of what
        differs between pictures, which is now one part of a thing, now another.
    judged: False for a frame that was passed over on purpose; its emptiness says nothing.
    mask: which pixels move, 255 there and 0 elsewhere, of a picture halved some times, shape (H >> n, W >> n) uint8;
        None unless it was asked for.
    came_from: where all this lay in an earlier frame; None where nobody has looked, since the ground says it.
    """

    index: int
    t_ns: int
    xyxy_px: NDArray[np.float32]
    score: NDArray[np.float32]
    kind: NDArray[np.str_]
    sight: Sight
    judged: bool = True
    mask: NDArray[np.uint8] | None = None
    whole: bool = False
    came_from: CameFrom | None = None

    @classmethod
    def none(cls, index: int, t_ns: int, sight: Sight, *, judged: bool = True) -> Detections:
        """Nothing found (SEEING), or nothing to be said (WARMING_UP, BLIND)."""
        return cls(index, t_ns, *_NOTHING, sight, judged)

    def __len__(self) -> int:
        return len(self.xyxy_px)
