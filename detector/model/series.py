"""A block of samples of one sensor stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ASSUMED_CLOCK_SIGMA_NS = 1e6
"""Of a sensor that does not say how good its clock is: a receiver of satellite time with a slow writer. [ns]"""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one or more channels at common instants, without a hole in time inside.

    t_ns: shape (T,) int64, UTC, increasing
    values: NaN = missing, never 0. shape (T, C) float64
    units: of each channel; "" where unknown, "1" where it is a share of full scale
    positions: longitude, latitude, height of each channel's sensor. shape (C, 3) [deg, deg, m]; NaN where unknown
    local: positions are x (east), y (north), z (up) in a plane of the sensors' own instead. [m]
    interval_ns: between two samples, as stated or learnt; None where sampling is irregular. [ns]
    clock_sigma_ns: standard deviation of `t_ns` against UTC. [ns]
    """

    source_id: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    positions: NDArray[np.float64]
    local: bool = False
    interval_ns: float | None = None
    clock_sigma_ns: float = ASSUMED_CLOCK_SIGMA_NS

    def __len__(self) -> int:
        return len(self.t_ns)
