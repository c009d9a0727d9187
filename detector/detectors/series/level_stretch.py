"""What is rare in one stream: what is carried from block to block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.nearest import PARTS, Nearest
from detector.detectors.series.strides import pieces
from detector.detectors.series.tail import Tails
from detector.model import Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

DAY_NS = 86_400 * NS_PER_S
_CORRELATION = 0.25  # of the parts' ln p in noise: white .1, with a memory .9 .3
_MOST = 12.0  # -log10 p of one part: a fitted tail says no more
_SIDE_BY_SIDE = 16  # channels whose past the processor's caches hold


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
    """Looks for what is rare in one stream, stride after stride."""

    def __init__(self, config: LevelConfig, series: Series, interval_ns: float | None) -> None:
        channels = len(series.channels)
        self._config, self.clock_sigma_ns = config, series.clock_sigma_ns
        self._interval_ns = interval_ns
        self._banks: list[_Bank] = []
        self._last = np.zeros(channels)
        self._known = np.zeros(channels, np.int64)  # samples in a row
        self._heard = np.zeros(channels, np.int64)  # samples that were there
        self._quiet = np.full(channels, -config.dead)  # row of the last alarm
        self._rows = 0
        self._start_ns, self._last_ns = int(series.t_ns[0]), int(series.t_ns[0])
        self._begun_ns = np.full(channels, -1)
        self._warm = np.zeros(channels, np.bool_)
        self.warm_ups: list[tuple[int, int, int]] = []

    @property
    def newest_ns(self) -> int:
        """Of the newest sample. [ns]"""
        return self._last_ns

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Rare]:
        """Take samples; those that stand out."""
        if not len(t_ns):
            return []
        known = np.isfinite(values)
        if not self._rows:
            self._begin(int(t_ns[0]), np.where(known[0], values[0], 0.0))
        for channel in np.flatnonzero((self._begun_ns < 0) & known.any(axis=0)).tolist():
            self._begun_ns[channel] = t_ns[known[:, channel].argmax()]
        whole = self._whole(t_ns, known)
        heard = self._heard + np.cumsum(known, axis=0)
        self._heard = heard[-1].copy()
        filled = self._filled(values, known)
        counts = whole & (heard > self._config.listen)
        found = []
        for piece in pieces(len(t_ns), self._rows):
            parts = np.concatenate([bank.push(filled[piece].T, counts[piece].T) for bank in self._banks], axis=1)
            found += self._alarms(t_ns[piece], parts)
            self._warmed(t_ns[piece], parts)
            self._rows += len(t_ns[piece])
        self._last_ns = int(t_ns[-1])
        return found

    def _begin(self, t_ns: int, first: Float) -> None:
        self._start_ns = self._last_ns = t_ns
        self._last = first
        for at in range(0, len(first), _SIDE_BY_SIDE):
            some = first[at : at + _SIDE_BY_SIDE]
            self._banks.append(_Bank(self._config, some, slice(at, at + len(some))))

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
        rows = self._rows + np.arange(len(t_ns))
        interval_ns = np.maximum(t_ns - self._start_ns, 1) / np.maximum(rows, 1)
        threshold = np.log10(DAY_NS / interval_ns / self._config.alarms_per_day)
        found = []
        for row, channel, p_log10 in rare(parts, threshold, self._config.history):
            if rows[row] < self._quiet[channel] + self._config.dead:
                continue
            self._quiet[channel] = rows[row]
            end_ns = int(t_ns[row]) + max(round(interval_ns[row]), 1)
            sigma_ns = float(np.hypot(interval_ns[row], self.clock_sigma_ns))
            score = float(parts[:, channel, row].max())
            found.append(Rare(channel, int(t_ns[row]), end_ns, sigma_ns, score, p_log10))
        return found

    def _warmed(self, t_ns: NDArray[np.int64], parts: Float) -> None:
        cold = np.flatnonzero(~self._warm)
        if not len(cold):
            return
        judged = np.logical_and.reduce(np.isfinite(parts[:, cold]), axis=0)
        for channel, rows in zip(cold.tolist(), judged, strict=True):
            if rows.any():
                self._warm[channel] = True
                self.warm_ups.append((int(self._begun_ns[channel]), int(t_ns[rows.argmax()]), channel))


class _Bank:
    """Channels that are taken side by side. of: where they stand in the stream."""

    def __init__(self, config: LevelConfig, first: Float, of: slice) -> None:
        self._of = of
        self._nearest = Nearest(config.mean, config.shape, config.history, first)
        self._tails = Tails(len(PARTS) * len(first), config.history, config.calibrate, config.tail)

    def push(self, values: Float, counts: NDArray[np.bool_]) -> Float:
        """-log10 p of each part, shape (3, c, n). values, counts: of all channels, of one stride, shape (C, n)."""
        distances = self._nearest.push(values[self._of])
        distances[~(counts[self._of] & np.isfinite(distances))] = np.nan
        return self._tails.push(distances.reshape(-1, distances.shape[2])).reshape(distances.shape)


def rare(parts: Float, threshold: Float, history: int) -> Iterator[tuple[int, int, float]]:
    """Row, channel and -log10 p of samples at least as rare as the threshold, by row. parts: shape (P, C, n)"""
    shape, scale = _browns(len(parts))
    least = scipy.special.gammainccinv(shape, 10.0 ** -np.maximum(threshold.min(), 0.0)) / scale
    total = np.minimum(parts, _MOST).sum(axis=0)
    channels, rows = np.nonzero(total >= least * (1 - 1e-9))
    p_log10 = together(parts[:, channels, rows], history)
    order = np.lexsort((channels, rows))
    for at in order[p_log10[order] >= threshold[rows[order]]].tolist():
        yield int(rows[at]), int(channels[at]), float(p_log10[at])


def together(parts: Float, history: int) -> Float:
    """-log10 p of all parts together. shape (P, ...) to (...)

    Fisher's sum with Brown's correction for the parts' correlation. A spike is rare in every way at once, so far out in
    the tail the parts are one: what is rarer than the past can hold, 1 / history, counts as the rarest part alone.

    Source: Brown 1975, Biometrics 31(4), 987.
    """
    parts = np.minimum(parts, _MOST)
    shape, scale = _browns(len(parts))
    both = -np.log10(np.maximum(scipy.special.gammaincc(shape, parts.sum(axis=0) * scale), 1e-300))
    found: Float = np.minimum(both, np.maximum(parts.max(axis=0), np.log10(history)))
    return found


def _browns(parts: int) -> tuple[float, float]:
    """Shape of the gamma distribution, and its scale for a sum of -log10 p."""
    variance = parts + parts * (parts - 1) * _CORRELATION
    return parts**2 / variance, np.log(10.0) * parts / variance
