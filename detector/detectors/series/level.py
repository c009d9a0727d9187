"""What a slow stream has not shown before: a value, a level or a shape that is rare for it."""

from __future__ import annotations

import numpy as np

from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.level_stretch import LevelStretch, Rare
from detector.detectors.series.warm_up import warm_up_gaps
from detector.model import Gap, Series, Triggers, read_only


class LevelDetector:
    """Distance of each sample to the nearest in the channel's own past, by value, by mean and by shape; each becomes a
    -log10 p by the tail of its own past, the three become one (Brown); the threshold is the budget of false alarms.

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
        self._stretches: dict[tuple[str, tuple[str, ...]], LevelStretch] = {}
        self._unjudged: list[Gap] = []

    def why_not(self, series: Series) -> str:  # noqa: ARG002
        """Any stream can be judged."""
        return ""

    def detect(self, series: Series) -> Triggers:
        """Take a block; what stands out in it, in the order of time."""
        if not len(series):
            return Triggers.none(series.source_id)
        key = (series.source_id, series.channels)
        stretch = self._stretches.get(key)
        if stretch is None:
            first = np.where(np.isfinite(series.values[0]), series.values[0], 0.0)
            stretch = self._stretches[key] = LevelStretch(self.config, series, first)
        found = stretch.push(series.t_ns, series.values)
        self._unjudged += warm_up_gaps(*key, stretch.warm_ups, "learning what is usual")
        return _triggers(series.source_id, series.channels, found)

    def finish(self) -> list[Triggers]:
        """All streams have ended; everything was told already."""
        for key, stretch in self._stretches.items():
            stretch.finish()
            self._unjudged += warm_up_gaps(*key, stretch.warm_ups, "learning what is usual")
        self._stretches.clear()
        return []

    def unjudged(self) -> list[Gap]:
        """When each channel was warming up, since this was last asked."""
        told, self._unjudged = self._unjudged, []
        return told

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._stretches.clear()
        self._unjudged.clear()


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
