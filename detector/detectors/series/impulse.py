"""Short loud sounds and shakes: what rises over the noise within moments."""

from __future__ import annotations

import numpy as np

from detector.detectors.series.by_stretch import ByStretch
from detector.detectors.series.impulse_config import ImpulseConfig
from detector.detectors.series.impulse_stretch import Impulse, Stretch
from detector.model import Hearing, Series, Triggers, read_only
from detector.timebase import NS_PER_S


class ImpulseDetector(ByStretch[Stretch, Impulse]):
    """Band-pass, energy of hops, STA/LTA, on and off, least duration, dead time; then the onset to the sample (AIC).

    Hit: a shot, an explosion, the first wave of a tremor.   Miss: an engine that comes nearer; rain that sets in.
    What it says is "something began here": one channel alone is no event.

    A missing value (NaN) is no silence: its hop is not judged, nor is what follows it for one period of the lowest
    frequency; an impulse that was going on goes on. A hole in time of up to the long window is taken the same way;
    after a longer one it warms up anew.
    An impulse is reported when it has ended, at the latest `longest_s` after it began.

    Slow twin: tests/naive_series.py.
    """

    Config = ImpulseConfig
    warms_up_by = "listening to the noise"

    def __init__(self, config: ImpulseConfig) -> None:
        super().__init__()
        self.config = config
        self._hearing: list[Hearing] = []

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        if series.interval_ns is None:
            return "its sampling is irregular"
        rate_hz = NS_PER_S / series.interval_ns
        if 0.45 * rate_hz <= self.config.low_hz:
            return f"{rate_hz:.3g} samples a second are too few for sounds above {self.config.low_hz:g} Hz"
        return ""

    def _begin(self, series: Series) -> Stretch:
        return Stretch(self.config, series)

    def detect(self, series: Series) -> Triggers:
        """Take a block; impulses that have ended, in the order of their onsets.

        Raises:
            ValueError: the stream cannot be judged; `why_not` says why.
        """
        triggers = super().detect(series)
        key = (series.source_id, series.channels)
        self._hearing += self._streams[key].hearing(*key)
        return triggers

    def told_ns(self) -> int | None:
        """Every impulse of any stream with an onset before this has been given; None: there is no stream. [ns]"""
        return min((stretch.told_ns() for stretch in self._streams.values()), default=None)

    def hearing(self) -> list[Hearing]:
        """What could have been noticed over the noise of each second since this was last asked."""
        told, self._hearing = self._hearing, []
        return told

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        super().reset()
        self._hearing.clear()

    def _triggers(
        self, source_id: str, channels: tuple[str, ...], found: list[Impulse], clock_sigma_ns: float
    ) -> Triggers:
        found.sort(key=lambda one: (one.onset_ns, one.channel))
        onset_ns = np.array([one.onset_ns for one in found], np.int64)
        end_ns = np.array([one.end_ns for one in found], np.int64)
        own_ns = np.array([one.sigma_ns for one in found])
        return Triggers(
            source_id,
            read_only(np.array([channels[one.channel] for one in found])),
            read_only(onset_ns),
            read_only(np.maximum(end_ns, onset_ns + 1)),
            read_only(np.sqrt(own_ns**2 + (self.config.sigma_s * NS_PER_S) ** 2 + clock_sigma_ns**2)),
            read_only(np.full(len(found), "impulse")),
            read_only(np.array([one.peak for one in found])),
            read_only(np.full(len(found), np.nan)),
        )
