"""Seeded noise over the ground, the same at every resolution: a random lattice in metres, cubic in between."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_PERIOD = 512  # cells after which a lattice repeats; octaves of unlike periods hide it


def lattice(seed: int, stream: int) -> NDArray[np.float32]:
    """Uniform numbers in [-1, 1). shape (512, 512)"""
    return np.random.default_rng([seed, 101, stream]).uniform(-1, 1, (_PERIOD, _PERIOD)).astype(np.float32)


def ground_noise(
    grid: NDArray[np.float32], cell_m: float, x0_m: float, y1_m: float, texel_m: float, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Noise of one scale on a raster whose first texel's centre is at x0_m east, y1_m north. size: width, height"""
    step = texel_m / cell_m
    matrix = np.array([[step, 0, x0_m / cell_m], [0, step, -y1_m / cell_m]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grid, matrix, size, flags=flags, borderMode=cv2.BORDER_WRAP), np.float32)
