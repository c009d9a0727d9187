"""What a slow stream has not shown before: a value, a level or a shape that is rare for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.hop_means import HopMeans
from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.level_stretch import LevelStretch, Rare
from detector.detectors.series.of_readings import OfReadings
from detector.detectors.series.warm_up import warm_up_gaps
from detector.model import Series, Triggers, read_only
from detector.timebase import ns_from_seconds


class LevelDetector(OfReadings["_Stream", Rare]):
    """Distance of each sample to the nearest in the channel's own past, by value, by mean and by shape; each becomes a
    -log10 p by the tail of its own past, the three become one (Brown); the threshold is the budget of false alarms.
    Of a fast stream a sample is the mean of `hop_s`: what is shorter than that is the impulse detector's.

    Hit: a temperature that was never so high, a load that stays where it only passed, a course unlike any before.
    Miss: the daily rise and fall, once it was seen; a drift so slow that each value is near the last; a reading that
    stands still at a usual height: nothing is nearer to the past.

    It learns all the time, so what goes on is told once. A missing value (NaN) or a hole in time longer than `mean` is
    no change: nothing is judged until a whole shape was there again. It is told at the sample at which it is noticed.

    Slow twin: tests/naive_series.py.
    """

    Config = LevelConfig

    def __init__(self, config: LevelConfig) -> None:
        self.config = config
        super().__init__()

    def why_not(self, series: Series) -> str:  # noqa: ARG002
        """Any stream can be judged."""
        return ""

    def detect(self, series: Series) -> Triggers:
        """Take a block; what stands out in it, in the order of time."""
        if not len(series):
            return Triggers.none(series.source_id)
        key = (series.source_id, series.channels)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = _Stream(self.config, series)
        return self._told(key, stream, stream.push(series.t_ns, series.values))

    def _told(self, key: tuple[str, tuple[str, ...]], stream: _Stream, found: list[Rare]) -> Triggers:
        self._unjudged += warm_up_gaps(*key, stream.stretch.warm_ups, "learning what is usual")
        return _triggers(*key, found)


class _Stream:
    """One stream, by its samples or by the means of its hops."""

    def __init__(self, config: LevelConfig, series: Series) -> None:
        hop_ns, interval_ns = ns_from_seconds(config.hop_s), series.interval_ns
        self._hops = HopMeans(hop_ns) if interval_ns is not None and 2 * interval_ns <= hop_ns else None
        self.stretch = LevelStretch(config, series, interval_ns if self._hops is None else float(hop_ns))

    def push(self, t_ns: NDArray[np.int64], values: NDArray[np.float64]) -> list[Rare]:
        if self._hops is not None:
            t_ns, values = self._hops.push(t_ns, values)
        return self.stretch.push(t_ns, values)

    @property
    def told_ns(self) -> int:
        """Of the hop that is open, nothing; of all before, everything. [ns]"""
        open_ns = None if self._hops is None else self._hops.open_ns
        return self.stretch.newest_ns + 1 if open_ns is None else open_ns

    def finish(self) -> list[Rare]:
        found = [] if self._hops is None else self.stretch.push(*self._hops.finish())
        self.stretch.finish()
        return found


def _triggers(source_id: str, channels: tuple[str, ...], found: list[Rare]) -> Triggers:
    if not found:
        return Triggers.none(source_id)
    return Triggers(
        source_id,
        read_only(np.array([channels[one.channel] for one in found])),
        read_only(np.array([one.t_ns for one in found], np.int64)),
        read_only(np.array([one.end_ns for one in found], np.int64)),
        read_only(np.array([one.sigma_ns for one in found])),
        read_only(np.full(len(found), "level")),
        read_only(np.array([one.score for one in found])),
        read_only(np.array([one.p_log10 for one in found])),
    )
