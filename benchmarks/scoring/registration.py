"""Error of the registration against exact homographies of the ground."""

from __future__ import annotations

import numpy as np

from detector.picture.homography import apply

from .playing import Played
from .truth import TruthFrame

WIDE_PX = 480


def errors_px(played: Played, truth: list[TruthFrame], lag_s: float) -> np.ndarray:
    """Distance between where the registration and the truth take a grid of points, median of each pair of frames.

    lag_s: how far apart the two are; 0 is one frame. Only pairs that the registration claims to relate.

    Returns:
        One a pair, in pixels of a picture 480 px wide. shape (P,)
    """
    times = np.array([frame.scene.t_ns for frame in played.frames])
    width, height = played.frames[0].scene.size_px
    grid = np.stack(np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 5)), -1).reshape(-1, 2)
    errors = []
    for now in range(1, len(times)):
        before = min(int(np.searchsorted(times, times[now] - lag_s * 1e9 - 1e6)), now - 1)
        a, b = played.frames[before].alignment, played.frames[now].alignment
        if a.reference_id != b.reference_id or not np.isfinite(b.reference_from_frame).all():
            continue
        said = apply(np.linalg.inv(b.reference_from_frame) @ a.reference_from_frame, grid)
        true = apply(truth[now].pixel_from_ground @ np.linalg.inv(truth[before].pixel_from_ground), grid)
        errors.append(np.median(np.linalg.norm(said - true, axis=1)))
    return np.array(errors) * WIDE_PX / max(width, height)


def score_registration(played: Played, truth: list[TruthFrame]) -> dict:
    result = {}
    for name, lag_s in (("next_frame", 0.0), ("0.3_s", 0.3)):
        errors = errors_px(played, truth, lag_s)
        known = len(errors) > 0
        result[name] = {
            "median_px": float(np.median(errors)) if known else None,
            "p95_px": float(np.percentile(errors, 95)) if known else None,
            "related": len(errors) / max(len(played.frames) - 1, 1),
        }
    return result
