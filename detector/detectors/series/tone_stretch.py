"""Engines in a stretch of one stream: what is carried from block to block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.by_stretch import Kept
from detector.detectors.series.tone_config import ToneConfig
from detector.detectors.series.tone_features import ToneFeatures
from detector.detectors.series.tone_model import ToneModel
from detector.model import Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

UNDETERMINED = "undetermined"


@dataclass(slots=True)
class Sounding:
    """An engine that is heard, or was. score: the highest probability so far."""

    channel: int
    kind: str
    begin_ns: int
    score: float
    end_ns: int = 0


class ToneStretch(Kept):
    """Names the engine in one stream, second after second, without a long hole."""

    def __init__(self, config: ToneConfig, model: ToneModel, series: Series) -> None:
        super().__init__(series)
        self._config, self._model = config, model
        rate_hz, count = NS_PER_S / self.interval_ns, len(series.channels)
        self._features = ToneFeatures(rate_hz)
        self._hop = round(rate_hz / 2)
        self.longest_hole = self._features.length
        self._first = 0  # which sample the kept ones begin with
        self._windows = 0  # judged so far
        # The newest windows' log-probabilities, oldest first; NaN where nothing could be judged.
        self._recent = np.full((round(2 * config.over_s) - 1, count, len(model.kinds)), np.nan)
        self._open: dict[int, Sounding] = {}
        self._warm = np.zeros(count, np.bool_)
        self._begun_ns = np.full(count, -1)  # since when a channel warms up

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Sounding]:
        """Engines that have ended."""
        self._t_ns = np.concatenate((self._t_ns, t_ns))
        self._values = np.concatenate((self._values, values))
        ended: list[Sounding] = []
        while (begin := self._windows * self._hop - self._first) + self._features.length <= len(self._t_ns):
            ended += self._judge(begin)
            self._windows += 1
        spare = min(begin, len(self._t_ns) - 1)  # the newest stays: holes are measured from it
        if spare > 0:
            self._t_ns, self._values = self._t_ns[spare:], self._values[spare:]
            self._first += spare
        return ended

    def finish(self) -> list[Sounding]:
        """The stretch has ended: what was still heard."""
        end_ns = int(self._t_ns[-1]) + round(self.interval_ns) if len(self._t_ns) else 0
        for channel in np.flatnonzero(self._begun_ns >= 0).tolist():
            self.warm_ups.append((int(self._begun_ns[channel]), end_ns, channel))
        return [self._close(channel, end_ns) for channel in sorted(self._open)]

    def _judge(self, begin: int) -> list[Sounding]:
        """Look at the window whose first sample is the `begin`-th of those kept."""
        window = self._values[begin : begin + self._features.length]
        there: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(window), axis=0)
        heard = there.copy()
        heard[there] = np.ptp(window[:, there], axis=0) > 0  # a dead channel is no silence
        latest = np.full(self._recent.shape[1:], np.nan)
        if heard.any():
            latest[heard] = self._model.log_probability(self._features.of(window[:, heard]))
        self._recent = np.concatenate((self._recent[1:], latest[None]))
        begin_ns = int(self._t_ns[begin])
        end_ns = int(self._t_ns[begin + self._features.length - 1]) + round(self.interval_ns)
        self._warm_up(there, begin_ns, end_ns)
        probability = self._probability()
        middle_ns = end_ns - round(self._config.over_s * NS_PER_S / 2)
        return [one for channel in range(len(heard)) for one in self._tell(channel, probability[channel], middle_ns)]

    def _warm_up(self, there: NDArray[np.bool_], begin_ns: int, end_ns: int) -> None:
        """A channel is judged while more than half of its newest windows could be."""
        self._begun_ns[there & ~self._warm & (self._begun_ns < 0)] = begin_ns
        known = np.isfinite(self._recent[..., 0])
        ready = 2 * known.sum(axis=0) > len(known)
        for channel in np.flatnonzero(ready & ~self._warm).tolist():
            self.warm_ups.append((int(self._begun_ns[channel]), end_ns, channel))
            self._begun_ns[channel] = -1
        self._warm = ready

    def _probability(self) -> Float:
        """By the mean of the windows' logarithms; 0 where a channel is not judged. shape (C, kinds)"""
        known = np.isfinite(self._recent[..., :1])
        mean = np.where(known, self._recent, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        share = np.exp(mean - np.logaddexp.reduce(mean, axis=1, keepdims=True))
        return np.where(self._warm[:, None], share, 0.0)

    def _tell(self, channel: int, probability: Float, t_ns: int) -> list[Sounding]:
        """What has ended by `t_ns`; what begins then is remembered."""
        merits = dict(zip(self._model.kinds[1:], probability[1:].tolist(), strict=True))
        surest = max(merits, key=lambda kind: merits[kind])
        engine = sum(merits.values())
        is_named = merits[surest] >= self._config.on
        merits[UNDETERMINED] = engine
        one, ended = self._open.get(channel), []
        if one is not None and one.kind == UNDETERMINED and is_named:
            one.kind, one.score = surest, 0.0  # it is the same engine, better heard
        if one is not None and merits[one.kind] < self._config.off:
            ended, one = [self._close(channel, t_ns)], None
        if one is None and engine >= self._config.on:
            kind = surest if is_named else UNDETERMINED
            one = self._open[channel] = Sounding(channel, kind, t_ns, 0.0)
        if one is not None:
            one.score = max(one.score, merits[one.kind])
        return ended

    def _close(self, channel: int, end_ns: int) -> Sounding:
        one = self._open.pop(channel)
        one.end_ns = end_ns
        return one
