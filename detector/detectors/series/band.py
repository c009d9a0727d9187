"""A band-pass that is carried from block to block."""

from __future__ import annotations

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

Float = NDArray[np.float64]

_ORDER = 2
_HIGHEST = 0.45  # of the sampling rate: a band that reaches further up ends here


class Band:
    """Causal Butterworth band-pass over rows (T, C); each channel starts as if its first value had been there for ever.

    Missing values are filled with the last one before, so that the filter does not ring.

    Args:
        low_hz, high_hz: edges, -3 dB. [Hz]
        rate_hz: sampling rate, > 2 * low_hz / 0.9. [Hz]
        channels: how many.

    Raises:
        ValueError: the band does not lie below the Nyquist frequency.
    """

    def __init__(self, low_hz: float, high_hz: float, rate_hz: float, channels: int) -> None:
        high_hz = min(high_hz, _HIGHEST * rate_hz)
        if not 0 < low_hz < high_hz:
            raise ValueError(f"{low_hz:g} to {high_hz:g} Hz is no band at {rate_hz:g} samples a second")
        self._sos = scipy.signal.butter(_ORDER, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")
        self._start = scipy.signal.sosfilt_zi(self._sos)
        self._zi = np.zeros((len(self._sos), 2, channels))
        self._last = np.full(channels, np.nan)

    def push(self, values: Float) -> Float:
        """Filtered rows, shape (T, C), contiguous; 0 where a channel has not begun."""
        if not len(values):
            return values
        filled = values if np.isfinite(values).all() else self._filled(values)
        begins = np.flatnonzero(np.isnan(self._last) & np.isfinite(filled[-1]))
        if not len(begins):
            return self._filtered(filled)
        first = np.isfinite(filled[:, begins]).argmax(axis=0)
        self._zi[:, :, begins] = self._start[:, :, None] * filled[first, begins]
        if not first.any():
            return self._filtered(filled)
        # Some begin inside the block: those are filtered by themselves, from there on.
        before = self._zi.copy()
        found = self._filtered(np.nan_to_num(filled))
        for channel, row in zip(begins.tolist(), first.tolist(), strict=True):
            one, self._zi[:, :, channel] = scipy.signal.sosfilt(
                self._sos, filled[row:, channel], zi=before[:, :, channel]
            )
            found[:row, channel], found[row:, channel] = 0.0, one
        self._last = filled[-1].copy()
        return found

    def _filtered(self, filled: Float) -> Float:
        found: Float
        found, self._zi = scipy.signal.sosfilt(self._sos, np.nan_to_num(filled), axis=0, zi=self._zi)
        self._last = filled[-1].copy()
        return np.ascontiguousarray(found)

    def _filled(self, values: Float) -> Float:
        """Each missing value is the last before it; NaN where there is none."""
        known = np.isfinite(values)
        rows = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], -1), axis=0)
        columns = np.arange(values.shape[1])
        return np.where(rows >= 0, values[np.maximum(rows, 0), columns], self._last)
