"""Where tracks are in a frame that was passed over, should somebody ask."""

from __future__ import annotations

from functools import partial

import numpy as np

from detector.model import Detections, Tracks, TracksOnDemand, read_only
from detector.picture.homography import Float, jacobian
from detector.tracking.states import Passed, boxes_around, carried, predicted


def passing(known: Tracks, detections: Detections, now_from_known: Float | None, passed: Passed) -> Tracks:
    """The same tracks, carried along; they are as they would be, had they been carried along for good.

    Args:
        known: in the last frame judged.
        detections: of the frame that was passed over.
        now_from_known: homography between the two; None where the camera has not moved.
        passed: since the last frame judged.
    """
    there = partial(_there, known, detections, now_from_known, passed)
    return TracksOnDemand(detections.index, detections.t_ns, detections.sight, known, there)


def _there(known: Tracks, detections: Detections, now_from_known: Float | None, passed: Passed) -> Tracks:
    state, covariance = np.concatenate([known.xy_px, known.velocity_px_s], axis=1), known.covariance
    if now_from_known is not None:
        state, covariance = carried(state, covariance, now_from_known, jacobian(now_from_known, known.xy_px))
    with np.errstate(invalid="ignore"):
        state, covariance = predicted(state, covariance, passed)
    gone = ~np.isfinite(state).all(axis=1)  # beyond the horizon of the last frame
    state[gone, :2], state[gone, 2:], covariance[gone] = known.xy_px[gone], 0.0, known.covariance[gone]
    size_px = (known.xyxy_px[:, 2:] - known.xyxy_px[:, :2]).astype(np.float64)
    return Tracks(
        detections.index,
        detections.t_ns,
        known.track_id,
        read_only(boxes_around(state[:, :2], size_px).astype(np.float32)),
        read_only(state[:, :2]),
        read_only(state[:, 2:]),
        read_only(covariance),
        known.confirmed,
        known.age_frames,
        known.missed,
        detections.sight,
    )
