"""Noise in which nothing happens, stream by stream: what a detector has to leave alone."""

from __future__ import annotations

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.model import Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

NOISES = ("white", "coloured", "gusts", "daily")

_MEMORY = 0.9  # of a sample, to the next
_GUST_S, _GUST = 8.0, 0.5  # a gust lasts so long; standard deviation of the logarithm of its strength
_SWING, _DRIFT_A_DAY = 10.0, 2.0  # of the day, times the noise
_DAY_S = 86_400.0


class Noise:
    """Blocks of one kind of noise, each channel its own, standard deviation about 1.

    white: no sample knows the one before
    coloured: each keeps .9 of the one before, as a temperature does
    gusts: coloured noise whose strength comes and goes within seconds, as wind in a microphone
    daily: white noise on a daily rise and fall of ten times its size, and a slow drift

    Args:
        kind: one of `NOISES`.
        channels; rate_hz; seed.
        start_ns: of the first sample. [ns, UTC]
        source_id: of the stream.
        positions: of the channels, x east, y north, z up, shape (C, 3) [m]; None: not known.

    Raises:
        ValueError: a kind that there is not.
    """

    def __init__(
        self,
        kind: str,
        channels: int,
        rate_hz: float,
        seed: int,
        *,
        start_ns: int = 1_700_000_000 * NS_PER_S,
        source_id: str = "noise",
        positions: Float | None = None,
    ) -> None:
        if kind not in NOISES:
            raise ValueError(f"kind={kind!r}: allowed are {', '.join(NOISES)}")
        self._kind, self._rate_hz, self._start_ns, self._source_id = kind, rate_hz, start_ns, source_id
        self._random = np.random.default_rng([seed, NOISES.index(kind)])
        self._channels = tuple(f"{kind}-{number:02d}" for number in range(channels))
        self._positions = np.full((channels, 3), np.nan) if positions is None else positions
        self._memory, self._strength = self._random.normal(size=(2, 1, channels))
        self._drift = np.zeros(channels)
        self._seen = 0

    def block(self, count: int) -> Series:
        """The next `count` samples of all channels."""
        size = count, len(self._channels)
        values = self._random.normal(size=size)
        at_s = (self._seen + np.arange(count)) / self._rate_hz
        if self._kind in {"coloured", "gusts"}:
            values, self._memory = _remembering(values, _MEMORY, self._memory)
        if self._kind == "gusts":
            keeps = float(np.exp(-1.0 / (_GUST_S * self._rate_hz)))
            strength, self._strength = _remembering(self._random.normal(size=size), keeps, self._strength)
            values *= np.exp(_GUST * strength)
        if self._kind == "daily":
            steps = self._random.normal(size=size) * _DRIFT_A_DAY / np.sqrt(_DAY_S * self._rate_hz)
            drift = self._drift + np.cumsum(steps, axis=0)
            self._drift = drift[-1]
            values += drift + _SWING * np.sin(2 * np.pi * at_s / _DAY_S)[:, None]
        self._seen += count
        t_ns = self._start_ns + np.rint(at_s * NS_PER_S).astype(np.int64)
        return Series(
            self._source_id, t_ns, values, self._channels, ("",) * len(self._channels), self._positions, True,
            NS_PER_S / self._rate_hz,
        )  # fmt: skip


def _remembering(values: Float, keeps: float, before: Float) -> tuple[Float, Float]:
    """Each sample keeps a share of the one before, shape (T, C); and the newest. Standard deviation 1 stays 1."""
    fresh = float(np.sqrt(1.0 - keeps**2))
    found, _ = scipy.signal.lfilter([fresh], [1.0, -keeps], values, axis=0, zi=keeps * before)
    return found, found[-1:]
