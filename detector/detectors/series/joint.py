"""What is unusual in how the channels of one platform go together."""

from __future__ import annotations

import numpy as np

from detector.detectors.series.joint_config import JointConfig
from detector.detectors.series.joint_stretch import JointStretch, Odd
from detector.detectors.series.of_readings import OfReadings
from detector.detectors.series.warm_up import warm_up_gaps
from detector.model import Series, Triggers, read_only


class JointDetector(OfReadings[JointStretch, Odd]):
    """Exponential averages of all channels, judged together by what is usual for them (`usual_rows`).

    It learns from the first `learn` samples, and anew from usual ones only; what stays unusual for twice as long is
    learned as the new usual. A trigger names the channel that is farthest off; it is told when it ends, at the latest
    `longest` samples after it began.

    Hit: a pump's current falls while its flow stays; a vibration that no longer follows the speed.   Miss: all of them
    rise together, as they did before; a single reading that is odd (the level detector's).

    A row with a missing value is not judged. Slow twin: tests/naive_series.py.
    """

    Config = JointConfig

    def __init__(self, config: JointConfig) -> None:
        self.config = config
        super().__init__()
        self._sigma_ns: dict[tuple[str, tuple[str, ...]], float] = {}

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        return "" if len(series.channels) > 1 else "it has one channel, and nothing it goes together with"

    def detect(self, series: Series) -> Triggers:
        """Take a block; what is certain by now, in the order of time.

        Raises:
            ValueError: the stream has one channel only.
        """
        key = self._key(series)
        if not len(series):
            return Triggers.none(series.source_id)
        stretch = self._streams.get(key)
        if stretch is None:
            stretch = self._streams[key] = JointStretch(self.config, len(series.channels), series.interval_ns)
            self._sigma_ns[key] = float(np.hypot(self.config.mean * (series.interval_ns or 0.0), series.clock_sigma_ns))
        found, _ = stretch.push(series.t_ns, series.values)
        return self._told(key, stretch, found)

    def _told(self, key: tuple[str, tuple[str, ...]], stretch: JointStretch, found: list[Odd]) -> Triggers:
        source_id, channels = key
        warm = [(begin, end, channel) for begin, end in stretch.warm_ups for channel in range(len(channels))]
        stretch.warm_ups.clear()
        self._unjudged += warm_up_gaps(source_id, channels, warm, "learning what is usual together")
        if not found:
            return Triggers.none(source_id)
        return Triggers(
            source_id,
            read_only(np.array([channels[one.channel] for one in found])),
            read_only(np.array([one.t_ns for one in found], np.int64)),
            read_only(np.array([one.end_ns for one in found], np.int64)),
            read_only(np.full(len(found), self._sigma_ns[key])),
            read_only(np.full(len(found), "joint")),
            read_only(np.array([one.peak for one in found])),
            read_only(np.full(len(found), np.nan)),
        )
