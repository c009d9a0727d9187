"""Where on the ground things are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.model.arrays import read_only


@dataclass(frozen=True, slots=True, eq=False)
class GroundFixes:
    """Places on the ground, a row for each track (or each detection) in the order it came.

    track_id: -1 for a detection that is no track. shape (M,) int64
    lat_deg, lon_deg: NaN where the ray misses the ground. shape (M,) float64: float32 resolves only 0.42 m
    alt_m: height of the ground there, in the pose's datum. shape (M,)
    covariance_m2: of (east, north). shape (M, 2, 2) [m2]
    velocity_m_s: east, north. shape (M, 2) [m/s]
    velocity_covariance: of (east, north). shape (M, 2, 2) [m2/s2]
    """

    track_id: NDArray[np.int64]
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    alt_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]
    velocity_m_s: NDArray[np.float64]
    velocity_covariance: NDArray[np.float64]

    @classmethod
    def nowhere(cls, track_id: NDArray[np.int64]) -> GroundFixes:
        """Every row NaN: there is no pose, or no ground."""
        count = len(track_id)

        def nan(*shape: int) -> NDArray[np.float64]:
            return read_only(np.full(shape, np.nan))

        return cls(
            read_only(track_id),
            nan(count),
            nan(count),
            nan(count),
            nan(count, 2, 2),
            nan(count, 2),
            nan(count, 2, 2),
        )

    def with_rows(self, rows: NDArray[np.int64], of: GroundFixes) -> GroundFixes:
        """The same, but with those of the other in the rows named."""
        columns = []
        for column in fields(self):
            values = np.array(getattr(self, column.name))
            values[rows] = getattr(of, column.name)
            columns.append(read_only(values))
        return GroundFixes(*columns)

    def __len__(self) -> int:
        return len(self.track_id)

    @property
    def speed_m_s(self) -> NDArray[np.float64]:
        """Length of the velocity. shape (M,) [m/s]"""
        return np.hypot(self.velocity_m_s[:, 0], self.velocity_m_s[:, 1])


class FixesOnDemand(GroundFixes):
    """Fixes that are worked out when one of them is first looked at: of most frames nobody does."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], GroundFixes]) -> None:
        object.__setattr__(self, "_make", make)

    def __getattr__(self, name: str) -> Any:
        # Asked only for a field that is not yet filled in.
        if name not in GroundFixes.__slots__:
            raise AttributeError(name)
        made = object.__getattribute__(self, "_make")()
        for column in GroundFixes.__slots__:
            object.__setattr__(self, column, getattr(made, column))
        object.__setattr__(self, "_make", None)
        return object.__getattribute__(self, name)
