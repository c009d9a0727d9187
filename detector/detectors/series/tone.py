"""Engines that are heard: a drone, a helicopter, a vehicle, or one that cannot be told."""

from __future__ import annotations

import numpy as np

from detector.detectors.series.by_stretch import ByStretch
from detector.detectors.series.tone_config import ToneConfig
from detector.detectors.series.tone_features import HIGHEST_HZ
from detector.detectors.series.tone_model import read_model
from detector.detectors.series.tone_stretch import Sounding, ToneStretch
from detector.model import Series, Triggers, read_only
from detector.timebase import NS_PER_S

_LEAST_HZ = HIGHEST_HZ / 0.45


class ToneDetector(ByStretch[ToneStretch, Sounding]):
    """Each second, twice a second, is measured (harmonics, beats, colour) and judged by a fitted model.

    The mean over `over_s` decides; what is told lasts from the middle of the first such mean to that of the last.

    Hit: a quadcopter hovers within hearing for ten seconds.   Miss: wind, rain, voices, birds, a horn,
    shots; an engine so far off that its tones are not over the noise; two seconds of one.
    "undetermined" is an engine of which it could not be told at any time which it is. What it says is "it sounded like
    this here": the model is fitted to synthetic sound (docs/models/tone.md: how far to trust it), and one channel alone
    is no event.

    A second with a missing value (NaN) or without any change is not judged; a channel of which half of `over_s` or
    less was judged is warming up. A hole in time of up to a second is taken the same way; after a longer one it begins
    anew. An engine is told when it has ended.

    Slow twin: tests/naive_tone.py.
    """

    Config = ToneConfig
    warms_up_by = "listening for engines"

    def __init__(self, config: ToneConfig) -> None:
        super().__init__()
        self.config = config
        self._model = read_model()

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        if series.interval_ns is None:
            return "its sampling is irregular"
        rate_hz = NS_PER_S / series.interval_ns
        if rate_hz < 0.999 * _LEAST_HZ:
            return f"{rate_hz:.4g} samples a second are too few to name an engine; {_LEAST_HZ:.0f} are needed"
        return ""

    def _begin(self, series: Series) -> ToneStretch:
        return ToneStretch(self.config, self._model, series)

    def _triggers(
        self, source_id: str, channels: tuple[str, ...], found: list[Sounding], clock_sigma_ns: float
    ) -> Triggers:
        found.sort(key=lambda one: (one.begin_ns, one.channel))
        # The onset lies anywhere in the mean that first said so.
        own_ns = self.config.over_s * NS_PER_S / np.sqrt(12)
        return Triggers(
            source_id,
            read_only(np.array([channels[one.channel] for one in found])),
            read_only(np.array([one.begin_ns for one in found], np.int64)),
            read_only(np.array([one.end_ns for one in found], np.int64)),
            read_only(np.full(len(found), np.hypot(own_ns, clock_sigma_ns))),
            read_only(np.array([one.kind for one in found])),
            read_only(np.array([one.score for one in found])),
            read_only(np.full(len(found), np.nan)),
        )
