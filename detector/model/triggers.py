"""What a detector found in sensor streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.model.arrays import read_only


@dataclass(frozen=True, slots=True, eq=False)
class Triggers:
    """Stretches of sensor streams that stand out, in the order of their onsets; each belongs to one channel.

    source_id: of the stream.
    channel: name of the sensor's channel, shape (N,) str
    t_ns, t_end_ns: onset and end, half-open, shape (N,) int64 [ns, UTC]
    sigma_ns: standard deviation of the onset, of pick and clock together, shape (N,) float64 [ns]
    kind: what was found ("impulse", "level", "interference"; of engines "drone", "helicopter", "vehicle",
        "undetermined"), shape (N,) str
    score: high = anomalous, in the detector's own unit, shape (N,) float64
    p_log10: -log10 of the probability that the stream's own past gives such a score by chance, shape (N,) float64;
        NaN where the detector does not calibrate itself
    """

    source_id: str
    channel: NDArray[np.str_]
    t_ns: NDArray[np.int64]
    t_end_ns: NDArray[np.int64]
    sigma_ns: NDArray[np.float64]
    kind: NDArray[np.str_]
    score: NDArray[np.float64]
    p_log10: NDArray[np.float64]

    @classmethod
    def none(cls, source_id: str) -> Triggers:
        """Nothing found."""
        whole, real, text = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, "<U1")
        return cls(source_id, *(read_only(one) for one in (text, whole, whole, real, text, real, real)))

    def __len__(self) -> int:
        return len(self.t_ns)
