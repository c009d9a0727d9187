"""How one frame lies over the ground seen before: the drone's own motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.model.sight import Sight


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Registration of one frame.

    index, t_ns: of the frame that was registered.
    reference_from_frame: full-size pixels of this frame to those of the reference, over the dominant plane.
        Identity at the reference itself; NaN while BLIND. shape (3, 3) float64, [2, 2] = 1
    reference_id: counts references. Two frames with the same reference_id are related through their
        matrices; across a change (after BLIND) nothing relates them.
    inlier_ratio: share of the tracked points that agree with the matrix. [1]
    residual_px: median distance of the inliers, full-size pixels. [px] NaN while BLIND
    parallax_px: median distance off the plane of structure that agrees with one epipole. [px] 0 where none
    static: the camera has not moved since the last frame.
    glanced: a quick look, good to place a track by; what compares pixels passes the frame over.
    sight: BLIND where the registration failed; it never invents motion.
    reason: why BLIND, in a few words ("scene cut", "no texture"); empty otherwise.
    """

    index: int
    t_ns: int
    reference_from_frame: NDArray[np.float64]
    reference_id: int
    inlier_ratio: float
    residual_px: float
    parallax_px: float
    sight: Sight
    static: bool = False
    glanced: bool = False
    reason: str = ""
