"""Short-term over long-term average of a stream's energy, carried from block to block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Float = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEW_CHANNELS = 64
"""Below this many, one channel after the other through `lfilter` is faster than all at once hop by hop."""


_CACHED = 1 << 15
"""Squares that are held at a time: they stay in the processor's cache."""


def energy_of_hops(samples: Float, hop: int) -> Float:
    """Mean square of each hop.

    Args:
        samples: shape (H * hop, C), contiguous.
        hop: samples of one hop.

    Returns:
        shape (H, C). The same for a hop whatever lies around it, to the last bit: so squares and sums are two steps,
        for a fused multiply-add rounds differently where the processor's vectors end.
    """
    pieces = samples.reshape(-1, hop, samples.shape[1])
    count = len(pieces)
    found = np.empty((count, samples.shape[1]))
    step = max(1, _CACHED // max(hop * samples.shape[1], 1))
    squares = np.empty((min(step, count), hop, samples.shape[1]))
    for begin in range(0, count, step):
        piece = pieces[begin : begin + step]
        square = np.multiply(piece, piece, out=squares[: len(piece)])
        np.einsum("hsc->hc", square, out=found[begin : begin + step])
    found /= hop
    return found


def weight_of(window_samples: float, hop: int) -> float:
    """Weight of one hop in an exponential average whose weight for one sample is 1 / `window_samples`. [1]"""
    return 1.0 - (1.0 - 1.0 / max(window_samples, 1.0)) ** hop


class StaLta:
    """Ratio of two exponential averages of the energy of hops, for many channels at once.

    While an average has seen fewer hops than it reaches back, it is the plain mean of them: it starts without bias.
    A hop that is not valid leaves both averages as they are, and its ratio is NaN; so is the ratio to an energy of 0.

    Args:
        n_sta: short window. [samples]
        n_lta: long window, > n_sta. [samples]
        hop: samples that one energy stands for.
        channels: how many.

    Raises:
        ValueError: n_sta >= n_lta, or a number is not above 0.

    Valid for noise that is stationary over the long window; a step in gain reads as an event.
    Source: Withers et al. 1998, BSSA 88(1), p. 98, recursive form. Slow twin: tests/naive_series.py.
    """

    def __init__(self, n_sta: float, n_lta: float, hop: int, channels: int) -> None:
        if not 0 < n_sta < n_lta:
            raise ValueError(f"n_sta={n_sta}, n_lta={n_lta}: 0 < n_sta < n_lta is needed")
        if hop < 1:
            raise ValueError(f"hop={hop}: must be 1 or more")
        self._weights = (weight_of(n_sta, hop), weight_of(n_lta, hop))
        self.averages = np.zeros((2, channels))
        self.hops = np.zeros(channels, np.int64)

    def push(self, energy: Float, valid: Bools | None = None) -> Float:
        """The ratio at each hop.

        Args:
            energy: mean square of each hop, shape (H, C).
            valid: False where a hop may not be believed, shape (H, C); None: all may.

        Returns:
            Ratio, shape (H, C). [1]
        """
        averages = self._few(energy, valid) if energy.shape[1] < FEW_CHANNELS else self._many(energy, valid)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Float = averages[0] / averages[1]
        ratio[averages[1] <= 0] = np.nan
        if valid is not None:
            ratio[~valid] = np.nan
        return ratio

    def _many(self, energy: Float, valid: Bools | None) -> Float:
        found = np.empty((2, *energy.shape))
        everywhere = valid is None or bool(valid.all())
        longest = max(1.0 / weight for weight in self._weights)
        warm = bool((self.hops >= longest).all())
        quick = 0
        for hop, now in enumerate(energy):
            if everywhere and warm:
                quick += 1
                for which, weight in enumerate(self._weights):
                    self.averages[which] += weight * (now - self.averages[which])
            else:
                good = np.ones(len(now), np.bool_) if valid is None else valid[hop]
                self.hops += good
                count = np.maximum(self.hops, 1)
                for which, weight in enumerate(self._weights):
                    step = np.maximum(weight, 1.0 / count) * (now - self.averages[which])
                    self.averages[which] += np.where(good, step, 0.0)
                warm = bool((self.hops >= longest).all())
            found[:, hop] = self.averages
        self.hops += quick
        return found

    def _few(self, energy: Float, valid: Bools | None) -> Float:
        found = np.full((2, *energy.shape), np.nan)
        for channel in range(energy.shape[1]):
            good = slice(None) if valid is None else np.flatnonzero(valid[:, channel])
            now = energy[good, channel]
            for which, weight in enumerate(self._weights):
                state = self.averages[which, channel]
                found[which, good, channel] = one = _averaged(now, weight, state, int(self.hops[channel]))
                self.averages[which, channel] = one[-1] if len(one) else state
            self.hops[channel] += len(now)
        return found


def _averaged(values: Float, weight: float, state: float, seen: int) -> Float:
    """Running average of one channel: the mean of all while fewer than 1 / weight were seen, then exponential."""
    warming = min(max(int(1.0 / weight) - seen, 0), len(values))
    found = np.empty(len(values))
    for at in range(warming):
        state += (values[at] - state) / (seen + at + 1)
        found[at] = state
    if warming < len(values):
        begin = np.array([(1.0 - weight) * state])
        found[warming:], _ = lfilter([weight], [1.0, weight - 1.0], values[warming:], zi=begin)
    return found
