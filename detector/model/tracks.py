"""Things that are followed from frame to frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.model.arrays import read_only
from detector.model.sight import Sight


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """All live tracks at one judged frame, in the full-size pixels of that frame.

    index, t_ns: of the judged frame.
    track_id: unique within a source, from 1. shape (M,) int64
    xyxy_px: shape (M, 4) float32
    xy_px: centre, filtered. shape (M, 2) float64
    velocity_px_s: motion over the ground, drawn in pixels of this frame: the camera's own motion is already
        taken out, once, here. shape (M, 2) float64 [px/s]
    covariance: of (x, y, vx, vy). shape (M, 4, 4) float64 [px, px/s]
    confirmed: a tentative track (False) is never counted and never judged. shape (M,) bool
    age_frames: judged frames since it was first seen. shape (M,) int64
    missed: judged frames since it was last detected. shape (M,) int64
    """

    index: int
    t_ns: int
    track_id: NDArray[np.int64]
    xyxy_px: NDArray[np.float32]
    xy_px: NDArray[np.float64]
    velocity_px_s: NDArray[np.float64]
    covariance: NDArray[np.float64]
    confirmed: NDArray[np.bool_]
    age_frames: NDArray[np.int64]
    missed: NDArray[np.int64]
    sight: Sight

    @classmethod
    def none(cls, index: int, t_ns: int, sight: Sight) -> Tracks:
        """No tracks."""
        return cls(
            index,
            t_ns,
            read_only(np.zeros(0, np.int64)),
            read_only(np.zeros((0, 4), np.float32)),
            read_only(np.zeros((0, 2))),
            read_only(np.zeros((0, 2))),
            read_only(np.zeros((0, 4, 4))),
            read_only(np.zeros(0, np.bool_)),
            read_only(np.zeros(0, np.int64)),
            read_only(np.zeros(0, np.int64)),
            sight,
        )

    def rows(self, keep: NDArray[np.bool_]) -> Tracks:
        """The chosen rows only."""
        return Tracks(
            self.index,
            self.t_ns,
            read_only(self.track_id[keep]),
            read_only(self.xyxy_px[keep]),
            read_only(self.xy_px[keep]),
            read_only(self.velocity_px_s[keep]),
            read_only(self.covariance[keep]),
            read_only(self.confirmed[keep]),
            read_only(self.age_frames[keep]),
            read_only(self.missed[keep]),
            self.sight,
        )

    def counting(self, confirmed: NDArray[np.bool_]) -> Tracks:
        """The same tracks, of which these count. shape (M,)"""
        return Tracks(
            self.index,
            self.t_ns,
            self.track_id,
            self.xyxy_px,
            self.xy_px,
            self.velocity_px_s,
            self.covariance,
            read_only(confirmed),
            self.age_frames,
            self.missed,
            self.sight,
        )

    def __len__(self) -> int:
        return len(self.track_id)


class TracksOnDemand(Tracks):
    """Tracks of a frame that was passed over: which there are is known, where they are is worked out when asked for.

    known: which tracks; of them, where each was in the last frame judged.
    make: the same tracks, where they are in this frame.
    """

    __slots__ = ("_make",)

    def __init__(self, index: int, t_ns: int, sight: Sight, known: Tracks, make: Callable[[], Tracks]) -> None:
        object.__setattr__(self, "_make", make)
        for name, value in (("index", index), ("t_ns", t_ns), ("sight", sight)):
            object.__setattr__(self, name, value)
        for name in ("track_id", "confirmed", "age_frames", "missed"):
            object.__setattr__(self, name, getattr(known, name))

    def __getattr__(self, name: str) -> Any:
        # Asked only for a field that is not yet filled in.
        if name not in Tracks.__slots__:
            raise AttributeError(name)
        made = object.__getattribute__(self, "_make")()
        for column in ("xyxy_px", "xy_px", "velocity_px_s", "covariance"):
            object.__setattr__(self, column, getattr(made, column))
        object.__setattr__(self, "_make", None)
        return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """What a detector saw of the ways that some tracks go.

    track_id: shape (K,) int64
    misfit: how badly what is in a track's box fits its way; above 1 it does not move so; NaN where nothing is known.
        shape (K,) float64 [1]
    holds: whether it was seen to hold together where the ground does not. shape (K,) bool; None where the ground does
    mast: whether it was seen to stand on an upright bar that goes along. shape (K,) bool; None where nobody looked
    """

    track_id: NDArray[np.int64]
    misfit: NDArray[np.float64]
    holds: NDArray[np.bool_] | None = None
    mast: NDArray[np.bool_] | None = None
