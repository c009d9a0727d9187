"""What tells engines from other sounds, measured on one second of sound."""

from __future__ import annotations

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

Float = NDArray[np.float64]
Index = NDArray[np.intp]

HIGHEST_HZ = 3600.0
"""Nothing above is looked at, so that 8000 samples a second are enough."""

COLOUR_HZ = np.geomspace(56, 3584, 11)
QUARTERS_HZ = ((56, 224), (224, 896), (896, 1792), (1792, 3584))
BEATING_HZ = ((128, 512), (512, 1536), (1536, 3584))
SLOW_COMBS_HZ = ((8, 14), (14, 30), (30, 60), (60, 120))
FAST_COMBS_HZ = ((90, 180), (180, 360), (360, 720))
SPREAD = 0.04  # rotors that turn unlike one another make a tooth so much of its frequency wide, to either side

NAMES = (
    *(f"colour {low:.0f} Hz" for low in COLOUR_HZ[:-1]),
    *(f"unsteady {low}-{high} Hz" for low, high in QUARTERS_HZ),
    *(f"comb {low}-{high} Hz" for low, high in (*SLOW_COMBS_HZ, *FAST_COMBS_HZ)),
    *(f"broad comb {low}-{high} Hz" for low, high in FAST_COMBS_HZ),
    *(f"{what} {low}-{high} Hz" for low, high in QUARTERS_HZ[1:] for what in ("lines wander", "lines stay")),
    *(f"lines {low}-{high} Hz" for low, high in QUARTERS_HZ),
    *(
        f"{what} {low}-{high} Hz"
        for low, high in BEATING_HZ
        for what in ("beat share", "beat height", "slow beat", "depth")
    ),
    "beat share of all bands",
    "beat height of all bands",
)


class ToneFeatures:
    """Features of windows of one second at one sampling rate, the same at every rate from 8000 Hz on.

    Colour: level of ten bands against their mean. [dB]
    Unsteady: deviation of a band's level from moment to moment. [dB]
    Combs: how far the harmonics of the best fundamental stand over the gaps between them. [dB]
    Lines: how well the spectrum's lines agree with those a quarter of a second later, up to 12 Hz off (they wander) or
    at the same place (they stay), -1 to 1; how far single ones stand over their surroundings. [dB]
    Beats: share and height of the strongest regular change of a band's loudness between 8 and 32 Hz (a rotor's blades),
    logarithms, and of their geometric mean over the bands; the share of slow changes (speech); their size.
    None depends on loudness. Slow twin: tests/naive_tone.py.
    """

    def __init__(self, rate_hz: float) -> None:
        self.length = round(rate_hz)
        self._whole = _Frames(rate_hz, self.length, 1.0, 1.0)
        self._short = _Frames(rate_hz, self.length, 0.25, 0.125)
        self._quick = _Frames(rate_hz, self.length, 1 / 64, 1 / 128)
        self._slow_combs = [_Comb(low, high, self._whole.hz, 20, 0.0) for low, high in SLOW_COMBS_HZ]
        self._fast_combs = [
            _Comb(low, high, self._short.hz, 10, spread) for spread in (0.0, SPREAD) for low, high in FAST_COMBS_HZ
        ]

    def of(self, window: Float) -> Float:
        """Features of each channel of a window.

        Args:
            window: samples, any unit, none missing. shape (length, C)

        Returns:
            As `NAMES` has them. shape (C, 48)
        """
        sound = np.ascontiguousarray(window.T)
        sound = sound - sound.mean(axis=1, keepdims=True)
        whole, short = self._whole.power(sound)[:, 0], self._short.power(sound)
        fine, coarse = _over_surroundings(_db(whole), 61), _over_surroundings(_db(short), 41)
        mean_power, mean_coarse = short.mean(axis=1), coarse.mean(axis=1)
        colour = _db(np.stack([self._short.mean(mean_power, low, high) for low, high in _pairs(COLOUR_HZ)], axis=1))
        columns = [*(colour - colour.mean(axis=1, keepdims=True)).T]
        columns += [_db(self._short.mean(short, low, high)).std(axis=1) for low, high in QUARTERS_HZ]
        columns += [comb.best(fine) for comb in self._slow_combs]
        columns += [comb.best(mean_coarse) for comb in self._fast_combs]
        for low, high in QUARTERS_HZ[1:]:
            columns += _persistence(coarse[..., self._short.between(low, high)])
        for low, high in QUARTERS_HZ:
            columns.append(np.maximum(fine[:, self._whole.between(low, high)] - 6, 0).mean(axis=1))
        quick = self._quick.power(sound)
        beats = [_beat_spectrum(self._quick.mean(quick, low, high)) for low, high in BEATING_HZ]
        for beat, depth in beats:
            columns += [*_beats(beat), depth]
        columns += _beats(np.prod([beat for beat, _ in beats], axis=0) ** (1 / len(beats)))[:2]
        return np.stack(columns, axis=1)


class _Frames:
    """Power spectra of frames that lie evenly in a window."""

    def __init__(self, rate_hz: float, whole: int, length_s: float, hop_s: float) -> None:
        self._length = round(rate_hz * length_s)
        count = round((1 - length_s) / hop_s) + 1
        self._starts = np.minimum(np.rint(np.arange(count) * hop_s * rate_hz).astype(np.intp), whole - self._length)
        self._taper = np.hanning(self._length)
        hz = np.fft.rfftfreq(self._length, 1 / rate_hz)
        self.hz: Float = np.asarray(hz[hz <= HIGHEST_HZ], np.float64)

    def power(self, sound: Float) -> Float:
        """Shape (C, frames, frequencies) of `sound` (C, T)."""
        frames = np.stack([sound[:, start : start + self._length] for start in self._starts], axis=1) * self._taper
        spectra = np.fft.rfft(frames, axis=2)[..., : len(self.hz)]
        return np.asarray(spectra.real**2 + spectra.imag**2)

    def between(self, low_hz: float, high_hz: float) -> slice:
        return slice(*np.searchsorted(self.hz, (low_hz, high_hz)).tolist())

    def mean(self, power: Float, low_hz: float, high_hz: float) -> Float:
        return np.asarray(power[..., self.between(low_hz, high_hz)].mean(axis=-1))


class _Comb:
    """Teeth at the harmonics of many fundamentals, and the gaps half-way between them."""

    def __init__(self, low_hz: float, high_hz: float, hz: Float, most: int, spread: float) -> None:
        pitches = np.geomspace(low_hz, high_hz, round(np.log(high_hz / low_hz) / 0.01) + 1)[:, None]
        teeth = np.arange(1, most + 1)
        used = (pitches * teeth >= 25) & (pitches * (teeth + 0.5) < hz[-1])  # below 25 Hz there is wind
        self._weights = np.where(used, 1.0, 0.0) / used.sum(axis=1, keepdims=True)
        half = np.floor(spread * teeth * pitches / hz[1]).astype(np.intp)
        self._width = 2 * half + 1
        self._teeth, self._gaps = (self._edges(pitches * (teeth + off) / hz[1], half, len(hz)) for off in (0, 0.5))

    @staticmethod
    def _edges(at: Float, half: Index, most: int) -> tuple[Index, Index]:
        middle = np.rint(at).astype(np.intp)
        return np.clip(middle - half, 0, most), np.clip(middle + half + 1, 0, most)

    def best(self, levels: Float) -> Float:
        """Of the best fundamental. levels: shape (C, frequencies) [dB]. Returns: shape (C,) [dB]"""
        total = np.concatenate((np.zeros((len(levels), 1)), np.cumsum(levels, axis=1)), axis=1)
        teeth, gaps = (total[:, end] - total[:, begin] for begin, end in (self._teeth, self._gaps))
        return np.asarray(((teeth - gaps) / self._width * self._weights).sum(axis=2).max(axis=1))


def _db(power: Float) -> Float:
    """Decibels; nothing lies more than 80 dB below the channel's mean, so that digital silence stays finite."""
    mean = power.mean(axis=tuple(range(1, power.ndim)), keepdims=True)
    return np.asarray(10 * np.log10(power + 1e-8 * mean + 1e-300))


def _over_surroundings(level_db: Float, width: int) -> Float:
    """Level over the mean of `width` neighbours in frequency, between -12 and 24 dB."""
    return np.clip(level_db - scipy.ndimage.uniform_filter1d(level_db, width, axis=-1, mode="nearest"), -12, 24)


def _persistence(levels: Float) -> list[Float]:
    """Likeness of spectra two frames apart: shifted by up to three bins, and not shifted. levels: (C, frames, bins)"""
    before, after = levels[:, :-2, 3:-3], levels[:, 2:]
    count = before.shape[-1]
    size = np.sqrt((before**2).sum(axis=-1) * (after[..., 3:-3] ** 2).sum(axis=-1)) + 1  # no likeness of silences
    like = np.stack([(before * after[..., shift : shift + count]).sum(axis=-1) / size for shift in range(7)])
    return [like.max(axis=0).mean(axis=1), like[3].mean(axis=1)]


def _beat_spectrum(power: Float) -> tuple[Float, Float]:
    """Power of the changes of a band's loudness at 0, 1, ... 63 Hz, and their standard deviation.

    power: 128 values a second. shape (C, 127)
    """
    loudness = np.log(power + 1e-4 * power.mean(axis=1, keepdims=True) + 1e-300)
    loudness -= loudness.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(loudness * np.hanning(loudness.shape[1]), axis=1)
    return spectrum.real**2 + spectrum.imag**2 + 1e-12, loudness.std(axis=1)


def _beats(beat: Float) -> list[Float]:
    """Share of the best beat from 8 to 32 Hz with its double, its height over the median, share of those below 7 Hz."""
    total = beat[:, 1:].sum(axis=1)
    share = (beat[:, 8:32] + beat[:, 16:64:2]).max(axis=1) / total
    height = beat[:, 8:32].max(axis=1) / np.median(beat[:, 8:40], axis=1)
    return [np.log(share + 1e-3), np.log(height), beat[:, 1:7].sum(axis=1) / total]


def _pairs(edges: Float) -> list[tuple[float, float]]:
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
