"""How boxes lie over one another."""

from __future__ import annotations

import numpy as np

from detector.tracking.states import Float


def area(xyxy: Float) -> Float:
    """shape (N, 4) [px] -> (N,) [px2]"""
    return np.asarray(np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1))


def common_area(xyxy: Float, other: Float) -> Float:
    """Area that each box shares with each other one. shape (M, 4), (N, 4) [px] -> (M, N) [px2]"""
    low, high = np.maximum(xyxy[:, None, :2], other[:, :2]), np.minimum(xyxy[:, None, 2:], other[:, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0), axis=2))
