"""A block of samples of one sensor stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one or more channels at common instants.

    t_ns: shape (T,) int64, UTC, increasing
    values: NaN = missing, never 0. shape (T, C) float64
    positions: longitude, latitude, height of each channel's sensor. shape (C, 3); NaN where unknown
    """

    source_id: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    positions: NDArray[np.float64]
