"""What is rare in one stream: what is carried from block to block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.nearest import PARTS, Nearest
from detector.detectors.series.tail import Tail
from detector.model import Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

DAY_NS = 86_400 * NS_PER_S
_CORRELATION = 0.25  # of the parts' ln p in noise: white .1, with a memory .9 .3
_MOST = 12.0  # -log10 p of one part: a fitted tail says no more


@dataclass(frozen=True, slots=True)
class Rare:
    """A sample that stands out. score: -log10 p of the part that is rarest."""

    channel: int
    t_ns: int
    end_ns: int
    sigma_ns: float
    score: float
    p_log10: float


class LevelStretch:
    """Looks for what is rare in one stream, sample after sample."""

    def __init__(self, config: LevelConfig, series: Series, first: Float) -> None:
        channels = len(series.channels)
        self._config, self.clock_sigma_ns = config, series.clock_sigma_ns
        self._nearest = Nearest(config.mean, config.shape, config.history, first)
        self._tails = [[Tail(config.history, config.calibrate, config.tail) for _ in range(channels)] for _ in PARTS]
        self._last = first
        self._interval_ns = series.interval_ns
        self._known = np.zeros(channels, np.int64)  # samples in a row
        self._heard = np.zeros(channels, np.int64)  # samples that were there
        self._quiet = np.full(channels, -config.dead)  # row of the last alarm
        self._rows = 0
        self._start_ns, self._last_ns = int(series.t_ns[0]), int(series.t_ns[0])
        self._begun_ns = np.full(channels, -1)
        self._warm = np.zeros(channels, np.bool_)
        self.warm_ups: list[tuple[int, int, int]] = []

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Rare]:
        """Take samples, at least one; those that stand out."""
        known = np.isfinite(values)
        for channel in np.flatnonzero((self._begun_ns < 0) & known.any(axis=0)).tolist():
            self._begun_ns[channel] = t_ns[known[:, channel].argmax()]
        whole = self._whole(t_ns, known)
        heard = self._heard + np.cumsum(known, axis=0)
        self._heard = heard[-1].copy()
        distances = self._nearest.push(self._filled(values, known))
        parts = np.empty_like(distances)
        counts = whole & (heard > self._config.listen)
        for part, tails in enumerate(self._tails):
            scores = np.where(counts, distances[:, part], np.nan)
            for channel, tail in enumerate(tails):
                parts[:, part, channel] = tail.push(scores[:, channel])
        found = self._alarms(t_ns, parts)
        self._warmed(t_ns, parts)
        self._rows += len(t_ns)
        self._last_ns = int(t_ns[-1])
        return found

    def finish(self) -> None:
        """The stream has ended."""
        for channel in np.flatnonzero(~self._warm & (self._begun_ns >= 0)).tolist():
            self.warm_ups.append((int(self._begun_ns[channel]), self._last_ns + 1, channel))

    def _whole(self, t_ns: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Samples whose last `shape` are all there, without a hole in time longer than `mean`."""
        rows = np.arange(1, len(known) + 1)[:, None]
        begin = np.where(known, 0, rows)
        if self._interval_ns is not None:
            steps = np.diff(np.concatenate(([self._last_ns], t_ns)))
            holes = np.flatnonzero(steps > (self._config.mean + 0.5) * self._interval_ns)
            begin[holes] = np.maximum(begin[holes], holes[:, None])
            if 0 in holes:
                self._known = np.zeros_like(self._known)
        begin = np.maximum.accumulate(begin, axis=0)
        run = np.where(begin > 0, rows - begin, rows + self._known)
        self._known = run[-1].copy()
        whole: NDArray[np.bool_] = run >= self._config.shape
        return whole

    def _filled(self, values: Float, known: NDArray[np.bool_]) -> Float:
        """Each missing value is the last before it."""
        if known.all():
            filled = values
        else:
            rows = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], -1), axis=0)
            filled = np.where(rows >= 0, values[np.maximum(rows, 0), np.arange(values.shape[1])], self._last)
        self._last = filled[-1].copy()
        return filled

    def _alarms(self, t_ns: NDArray[np.int64], parts: Float) -> list[Rare]:
        """The first crossings of the threshold that the budget sets, each channel's dead time apart."""
        p_log10 = together(parts, self._config.history)
        rows = self._rows + np.arange(len(t_ns))
        interval_ns = np.maximum(t_ns - self._start_ns, 1) / np.maximum(rows, 1)
        threshold = np.log10(DAY_NS / interval_ns / self._config.alarms_per_day)
        found = []
        for row, channel in np.argwhere(p_log10 >= threshold[:, None]).tolist():
            if rows[row] < self._quiet[channel] + self._config.dead:
                continue
            self._quiet[channel] = rows[row]
            end_ns = int(t_ns[row]) + max(round(interval_ns[row]), 1)
            sigma_ns = float(np.hypot(interval_ns[row], self.clock_sigma_ns))
            score = float(parts[row, :, channel].max())
            found.append(Rare(channel, int(t_ns[row]), end_ns, sigma_ns, score, float(p_log10[row, channel])))
        return found

    def _warmed(self, t_ns: NDArray[np.int64], parts: Float) -> None:
        judged = np.logical_and.reduce(np.isfinite(parts), axis=1)
        for channel in np.flatnonzero(~self._warm & np.logical_or.reduce(judged, axis=0)).tolist():
            self._warm[channel] = True
            row = int(judged[:, channel].argmax())
            self.warm_ups.append((int(self._begun_ns[channel]), int(t_ns[row]), channel))


def together(parts: Float, history: int) -> Float:
    """-log10 p of all parts together. shape (T, n, C) to (T, C)

    Fisher's sum with Brown's correction for the parts' correlation. A spike is rare in every way at once, so far out in
    the tail the parts are one: what is rarer than the past can hold, 1 / history, counts as the rarest part alone.

    Source: Brown 1975, Biometrics 31(4), 987.
    """
    parts = np.minimum(parts, _MOST)
    count = parts.shape[1]
    variance = count + count * (count - 1) * _CORRELATION
    total = np.log(10.0) * parts.sum(axis=1)
    both = -np.log10(np.maximum(scipy.special.gammaincc(count**2 / variance, total * count / variance), 1e-300))
    found: Float = np.minimum(both, np.maximum(parts.max(axis=1), np.log10(history)))
    return found
