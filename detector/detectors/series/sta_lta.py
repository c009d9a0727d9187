"""Short-term over long-term average of a stream's energy, carried from block to block."""

from __future__ import annotations

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEW_CHANNELS = 64
"""Below this many, one channel after the other through `lfilter` is faster than all at once hop by hop."""


def energy_of_hops(samples: Float, hop: int) -> Float:
    """Mean square of each hop.

    Args:
        samples: shape (H * hop, C), contiguous.
        hop: samples of one hop.

    Returns:
        shape (H, C). The same for a hop whatever lies around it, to the last bit.
    """
    pieces = samples.reshape(-1, hop, samples.shape[1])
    found: Float
    if samples.shape[1] < FEW_CHANNELS:
        # In two steps: whether a multiply-add is fused depends here on the number of hops, and it rounds otherwise.
        found = np.einsum("hsc->hc", pieces * pieces)
    else:
        found = np.einsum("hsc,hsc->hc", pieces, pieces)
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
        self._weights = np.array([[weight_of(n_sta, hop)], [weight_of(n_lta, hop)]])
        self._reach = 1.0 / float(self._weights.min())  # hops that the long window reaches back
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
        short, long = averages[:, 0], averages[:, 1]
        judged = long > 0 if valid is None else (long > 0) & valid
        if judged.all():
            return np.divide(short, long)
        ratio: Float = np.divide(short, long, out=np.full(energy.shape, np.nan), where=judged)
        return ratio

    def _many(self, energy: Float, valid: Bools | None) -> Float:
        """Both averages after each hop, shape (H, 2, C): one hop after the other, all channels at once."""
        found = np.empty((len(energy), 2, energy.shape[1]))
        step = np.empty_like(self.averages)
        warm = bool((self.hops >= self._reach).all())
        for hop, now in enumerate(energy):
            np.subtract(now, self.averages, out=step)
            if warm and valid is None:
                step *= self._weights
            else:
                self.hops += 1 if valid is None else valid[hop]
                step *= np.maximum(self._weights, 1.0 / np.maximum(self.hops, 1))
                if valid is not None:
                    step[:, ~valid[hop]] = 0.0
                warm = bool((self.hops >= self._reach).all())
            self.averages += step
            found[hop] = self.averages
        return found

    def _few(self, energy: Float, valid: Bools | None) -> Float:
        """The same, one channel after the other; NaN where not valid."""
        found = np.full((len(energy), 2, energy.shape[1]), np.nan)
        for channel in range(energy.shape[1]):
            good = slice(None) if valid is None else np.flatnonzero(valid[:, channel])
            now = energy[good, channel]
            for which, weight in enumerate(self._weights[:, 0].tolist()):
                state = float(self.averages[which, channel])
                found[good, which, channel] = one = _averaged(now, weight, state, int(self.hops[channel]))
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
        found[warming:], _ = scipy.signal.lfilter([weight], [1.0, weight - 1.0], values[warming:], zi=begin)
    return found
