"""How one frame lies over the ground seen before: the drone's own motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.model.sight import Sight

PLANE = 0.9
"""Inlier ratio from which on there is nothing but a plane."""


@dataclass(frozen=True, slots=True, eq=False)
class Parallax:
    """How structure off the ground's plane moves against it, seen from a camera that travels.

    epipole: homogeneous coordinates of length 1, signed so that most structure at p moves along
        `epipole[:2] - epipole[2] * p`. shape (3,)
    forward_px_s, backward_px_s: speed that nine of ten points stay under, that way and the opposite one (what lies
        below the plane). [px/s] 0 where there is none
    """

    epipole: NDArray[np.float64]
    forward_px_s: float
    backward_px_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Registration of one frame.

    index, t_ns: of the frame that was registered.
    reference_from_frame: full-size pixels of this frame to those of the reference, over the dominant plane.
        Identity at the reference itself; NaN while BLIND. shape (3, 3) float64, [2, 2] = 1
    reference_id: counts references. Two frames with the same reference_id are related through their
        matrices; across a change (after BLIND) nothing relates them.
    inlier_ratio: share of the tracked points that agree with the matrix, of all or of the clearer half of them,
        whichever is more. [1]
    residual_px: median distance of the inliers, full-size pixels. [px] NaN while BLIND
    static: the camera has not moved since the last frame.
    glanced: a quick look, good to place a track by; what compares pixels passes the frame over.
    sight: BLIND where the registration failed; it never invents motion.
    parallax: how structure off the plane moves against it; None where none is seen.
    reason: why BLIND, in a few words ("scene cut", "no texture"); empty otherwise.
    """

    index: int
    t_ns: int
    reference_from_frame: NDArray[np.float64]
    reference_id: int
    inlier_ratio: float
    residual_px: float
    sight: Sight
    static: bool = False
    glanced: bool = False
    reason: str = ""
    parallax: Parallax | None = None
