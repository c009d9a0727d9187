"""All channels of one stream together: what is carried from block to block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.detectors.series.joint_config import JointConfig
from detector.detectors.series.strides import STRIDE, pieces
from detector.detectors.series.usual_rows import Forest, Residual, UsualRows

Float = NDArray[np.float64]

_SETTLED = 3  # times `mean`
_ON = {"residual": 5.0, "forest": 1.05}


@dataclass(slots=True)
class Odd:
    """A stretch that is not usual. channel: the farthest from usual at the peak. told: it was given out."""

    t_ns: int
    row: int
    end_ns: int
    channel: int = 0
    peak: float = 0.0
    told: bool = False


class JointStretch:
    """Looks for what is not usual in the rows of one stream, stride after stride; what is usual changes in between."""

    def __init__(self, config: JointConfig, channels: int, interval_ns: float | None) -> None:
        self._config = config
        self._interval_ns = max(round(interval_ns or 0), 1)
        self._on = config.on or _ON[config.model]
        self._weight = 1.0 / config.mean
        self._state = np.zeros(channels)
        self._last = np.full(channels, np.nan)
        self._rows = np.zeros((STRIDE, channels))
        self._samples = np.zeros((STRIDE, channels))
        self._usual_now = np.zeros(STRIDE, np.bool_)
        self._kept: list[tuple[Float, Float]] = []
        self._since = 0  # usual rows since it was learned
        self._odd_rows = 0  # in a row
        self._model: UsualRows | None = None
        self._open: Odd | None = None
        self._seen = 0
        self._begun_ns: int | None = None
        self._last_ns = 0
        self.warm_ups: list[tuple[int, int]] = []

    @property
    def told_ns(self) -> int:
        """Every stretch that began before this has been told. [ns]"""
        one = self._open
        return self._last_ns + 1 if one is None or one.told else one.t_ns

    def push(self, t_ns: NDArray[np.int64], values: Float) -> tuple[list[Odd], Float]:
        """Take rows, at least one; stretches to be told by now, and each row's score over `on` (NaN: not judged)."""
        if not self._seen:
            self._begun_ns = int(t_ns[0])
        known: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(values), axis=1)
        filled, averaged = self._averaged(values, known)
        found: list[Odd] = []
        scores = np.full(len(t_ns), np.nan)
        for piece in pieces(len(t_ns), self._seen):
            begin = self._seen % STRIDE
            self._samples[begin : begin + piece.stop - piece.start] = filled[piece]
            scores[piece] = self._judge(averaged[piece], known[piece])
            found += self._follow(t_ns[piece], scores[piece], averaged[piece], known[piece])
            self._seen += piece.stop - piece.start
            self._last_ns = int(t_ns[piece.stop - 1])
            if self._seen % STRIDE == 0:
                self._learn()
        return found, scores

    def finish(self) -> list[Odd]:
        """The stream has ended: what is still open."""
        if self._begun_ns is not None:
            self.warm_ups.append((self._begun_ns, self._last_ns + 1))
        one, self._open = self._open, None
        return [one] if one is not None and not one.told else []

    def _averaged(self, values: Float, known: NDArray[np.bool_]) -> tuple[Float, Float]:
        """The rows, one with a missing value being the one before it; and their exponential averages."""
        rows = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
        filled = np.where((rows >= 0)[:, None], values[np.maximum(rows, 0)], self._last)
        begins = np.isnan(self._last).any() and np.isfinite(filled[-1]).all()
        if begins:
            first = filled[int(np.isfinite(filled).all(axis=1).argmax())]
            self._state = (1.0 - self._weight) * first
            filled = np.where(np.isfinite(filled), filled, first)
        self._last = filled[-1].copy()
        if np.isnan(self._last).any():
            return np.nan_to_num(filled), np.nan_to_num(filled)
        found, state = scipy.signal.lfilter(
            [self._weight], [1.0, self._weight - 1.0], filled, axis=0, zi=self._state[None, :]
        )
        self._state = state[0]
        return filled, np.ascontiguousarray(found)

    def _judge(self, rows: Float, known: NDArray[np.bool_]) -> Float:
        """Scores over `on`. Always of a whole stride: the last bit of a product depends on how many rows it has."""
        begin = self._seen % STRIDE
        self._rows[begin : begin + len(rows)] = rows
        if self._model is None:
            self._usual_now[begin : begin + len(rows)] = known
            return np.full(len(rows), np.nan)
        scores = self._model.scores(self._rows)[begin : begin + len(rows)] / self._on
        self._usual_now[begin : begin + len(rows)] = known & (scores < self._config.off)
        return np.where(known, scores, np.nan)

    def _follow(self, t_ns: NDArray[np.int64], scores: Float, rows: Float, known: NDArray[np.bool_]) -> list[Odd]:
        """On and off along the rows; what is missing ends nothing."""
        found: list[Odd] = []
        if self._open is None and not (scores >= 1.0).any():
            self._odd_rows = 0
            return found
        for at in np.flatnonzero(known & np.isfinite(scores)).tolist():
            score, row = float(scores[at]), self._seen + at
            if self._open is None and score >= 1.0:
                self._open = Odd(int(t_ns[at]), row, int(t_ns[at]) + self._interval_ns)
            one = self._open
            if one is None:
                self._odd_rows = 0
                continue
            if score < self._config.off:
                self._open, self._odd_rows = None, 0
                if not one.told:
                    found.append(one)
                continue
            self._odd_rows += 1
            if not one.told:
                one.end_ns = int(t_ns[at]) + self._interval_ns
                if score > one.peak and self._model is not None:
                    one.peak, one.channel = score, self._model.odd(rows[at])
                if row - one.row + 1 >= self._config.longest:
                    one.told = True
                    found.append(one)
        return found

    def _learn(self) -> None:
        """A stride has ended: learn from what was usual in it; what is odd for too long is the new usual."""
        config = self._config
        if self._odd_rows >= 2 * config.learn:
            self._model, self._open, self._kept, self._since, self._odd_rows = None, None, [], 0, 0
            self._begun_ns = self._last_ns
            return
        usual = self._usual_now
        if self._seen == STRIDE:
            usual = usual & (np.arange(STRIDE) >= _SETTLED * config.mean)  # the averages begin with one sample
        self._kept.append((self._rows[usual], self._samples[usual]))
        self._since += int(usual.sum())
        if self._since < (config.learn if self._model is None else config.history):
            return
        rows, samples = (np.concatenate([one[at] for one in self._kept])[-config.history :] for at in (0, 1))
        self._kept, self._since = [(rows, samples)], 0
        if self._model is None and self._begun_ns is not None:
            self.warm_ups.append((self._begun_ns, self._last_ns + 1))
            self._begun_ns = None
        deviation = samples.std(axis=0)
        if config.model == "residual":
            self._model = Residual(rows, deviation, config.explained)
        else:
            self._model = Forest(rows, deviation)
