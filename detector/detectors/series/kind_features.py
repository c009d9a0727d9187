"""What tells a shot, a blast and other short sounds apart, measured on a quarter second from the onset on."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

Float = NDArray[np.float64]

RATE_HZ = 8000
"""Every window is brought to this rate: what is above 3,600 Hz is not looked at."""
BEFORE_S, AFTER_S = 0.1, 0.25
"""The window, before and after the onset. [s]"""
MARGIN_S = 0.02
"""What a change of rate needs besides, on either side. [s]"""

_BEFORE, _AFTER, _NEAR = round(BEFORE_S * RATE_HZ), round(AFTER_S * RATE_HZ), 8
_EDGES_HZ = np.geomspace(40, 3600, 9)
_PARTS_MS = ((0, 20), (20, 70), (70, 250))
_SHARES_MS = (2, 4, 8, 16, 32, 64, 128)
_FALLS_DB = (6, 10, 15, 20)
_PULSES_MS = (0.3, 0.6, 1.2, 2.4, 8.0, 25.0)

NAMES = (
    *(f"level {low}-{high} ms from {hz:.0f} Hz" for low, high in _PARTS_MS for hz in _EDGES_HZ[:-1]),
    *(f"over the noise from {hz:.0f} Hz" for hz in _EDGES_HZ[:-1]),
    *(f"share in {ms} ms" for ms in _SHARES_MS),
    "time of the peak", "height of the peak",
    *(f"falls {fall} dB" for fall in _FALLS_DB),
    "roughness", "early decay", "late decay", "rise before", "polarity", "rise", "first phase",
    "crossings in 20 ms", "crossings in 70 ms", "kurtosis of 30 ms", "kurtosis", "skewness", "steepness",
    *(f"pulse of {ms} ms" for ms in _PULSES_MS),
    *(f"{what} in {ms} ms" for ms in (40, 250) for what in ("lines", "flatness", "pitch")),
    "centroid", "spread", "clipped",
)  # fmt: skip


def window_of(samples: Float, onset: int, rate_hz: float) -> Float | None:
    """The window about an onset at `RATE_HZ`; None where it is not all there. samples: any unit. shape (T,)

    Args:
        onset: which of the samples it is.
    """
    before, after = (round((seconds + MARGIN_S) * rate_hz) for seconds in (BEFORE_S, AFTER_S))
    if onset < before or onset + after > len(samples):
        return None
    part = samples[onset - before : onset + after]
    if not np.isfinite(part).all():
        return None
    ratio = Fraction(RATE_HZ / rate_hz).limit_denominator(500)
    part = scipy.signal.resample_poly(part - np.median(part), ratio.numerator, ratio.denominator)
    begin = round(before * RATE_HZ / rate_hz) - _BEFORE
    return np.asarray(part[begin : begin + _BEFORE + _AFTER])


def features_of(window: Float) -> Float:
    """As `NAMES` has them. window: of `window_of`. shape (2800,)

    None depends on loudness. Levels are of bands, without the noise of before the onset, against the first 20 ms [dB];
    shares, falls and decays are of the loudness of each ms; pulses are how much of the best place a Friedlander wave of
    that length explains; lines, flatness and pitch tell what rings from what does not.
    """
    window = window / max(float(np.abs(window).max()), 1e-30)
    before, sound = window[: _BEFORE - 16], window[_BEFORE - _NEAR :]
    quiet = float(np.mean(before**2)) + 1e-12
    columns = [*_levels(before, sound), *_envelope(sound, quiet)]
    rise = (window[_BEFORE - 240 : _BEFORE - 16].reshape(-1, 16) ** 2).mean(axis=1) + 1e-12
    columns.append(10 * np.log10(rise[-3:].mean() / rise[:6].mean()))
    columns += _shape(sound)
    columns += [_pulse(sound, ms / 1000) for ms in _PULSES_MS]
    columns += [*_ringing(sound[_NEAR : _NEAR + 320]), *_ringing(sound)]
    columns += _colour(sound[: 320 + _NEAR])
    columns.append(np.log1p(np.count_nonzero(np.abs(window) > 0.985)))
    return np.array(columns, np.float64)


def _spectrum(part: Float, length: int) -> Float:
    taper = np.hanning(len(part))
    spectrum = np.fft.rfft(part * taper, length)
    return np.asarray((spectrum.real**2 + spectrum.imag**2) / (taper**2).sum())


def _bands(part: Float) -> Float:
    spectrum, hz = _spectrum(part, 2048), np.fft.rfftfreq(2048, 1 / RATE_HZ)
    edges = np.searchsorted(hz, _EDGES_HZ)
    return np.array([spectrum[low:high].mean() for low, high in pairwise(edges.tolist())])


def _levels(before: Float, sound: Float) -> list[float]:
    noise = _bands(before) + 1e-12
    parts = [
        sound[0 if low == 0 else low * 8 + _NEAR : high * 8 + _NEAR if high < 250 else None] for low, high in _PARTS_MS
    ]
    levels = [np.maximum(_bands(part) - noise, 0.05 * noise) for part in parts]
    first = levels[0].sum()
    columns = [value for level in levels for value in np.clip(10 * np.log10(level / first), -60, 30)]
    return [*columns, *np.clip(10 * np.log10(levels[0] / noise), -13, 40)]


def _envelope(sound: Float, quiet: float) -> list[float]:
    power = (sound[: len(sound) // 8 * 8].reshape(-1, 8) ** 2).mean(axis=1)
    over = np.maximum(power - quiet, 0) + 0.01 * quiet
    so_far = np.cumsum(over) / over.sum()
    level_db = 10 * np.log10(over / over.max())
    still_db = np.maximum.accumulate(level_db[::-1])[::-1]
    ms = np.arange(len(level_db))
    columns = [so_far[share] for share in _SHARES_MS]
    columns += [np.log1p(power.argmax()), np.clip(10 * np.log10(max(power.max(), 1e-12) / quiet), 0, 60)]
    columns += [np.log1p(np.count_nonzero(still_db > -fall)) for fall in _FALLS_DB]
    slopes = [np.polyfit(ms[part], level_db[part], 1)[0] for part in (slice(40), slice(40, None))]
    return [float(one) for one in (*columns, level_db[:60].std(), *slopes)]


def _shape(sound: Float) -> list[float]:
    """Of the wave itself: its first swing, its crossings, its tails."""
    early, first, next_ = sound[: 64 + _NEAR], sound[: 160 + _NEAR], sound[160 + _NEAR : 560 + _NEAR]
    ten = sound[:88]
    least = 1e-3 * np.abs(ten).max() + 1e-12
    top = int(np.abs(early).argmax())
    swing = early * (np.sign(early[top]) or 1.0)
    low = np.flatnonzero(swing[:top] <= 0.1 * swing[top])
    down = np.flatnonzero(swing[top:] <= 0)
    begin, end = (int(low[-1]) if len(low) else 0), top + (int(down[0]) if len(down) else len(swing) - 1 - top)
    head = sound[:240] - sound[:240].mean()
    return [
        float(one)
        for one in (
            np.log((max(ten.max(), 0.0) + least) / (max(-ten.min(), 0.0) + least)),
            np.log1p(top - begin),
            np.log1p(end - top),
            np.count_nonzero(np.diff(np.sign(first))),
            np.count_nonzero(np.diff(np.sign(next_))),
            _kurtosis(head),
            _kurtosis(sound - sound.mean()),
            (head**3).mean() / ((head**2).mean() ** 1.5 + 1e-30),
            np.log((np.abs(np.diff(sound))[:80].max() + 1e-12) / (np.abs(first).max() + 1e-12)),
        )
    ]


def _kurtosis(part: Float) -> float:
    return float(np.log((part**4).mean() / ((part**2).mean() ** 2 + 1e-30) + 1e-9))


def _pulse(sound: Float, positive_s: float) -> float:
    """Share of the energy that a Friedlander wave explains where it fits best, within 3 ms of the onset."""
    count = int(min(RATE_HZ * max(5 * positive_s, 3e-3), 400))
    t_s = np.arange(count) / RATE_HZ
    wave = np.convolve((1 - t_s / positive_s) * np.exp(-t_s / positive_s), [0.25, 0.5, 0.25], "same")
    wave -= wave.mean()
    wave /= np.sqrt((wave**2).sum())
    fit = np.correlate(sound[: count + 24], wave, "valid")
    at = int(np.abs(fit).argmax())
    part = sound[at : at + count]
    return float(fit[at] ** 2 / (((part - part.mean()) ** 2).sum() + 1e-12))


def _ringing(part: Float) -> list[float]:
    spectrum = _spectrum(part, 4096)
    heard = spectrum[30:1850]
    level = np.log(heard + 1e-3 * heard.mean() + 1e-30)
    lines = level - np.convolve(level, np.ones(61) / 61, "same")
    likeness = np.fft.irfft(spectrum)
    return [
        float(np.sort(lines)[-10:].mean()),
        float(level.mean() - np.log(heard.mean() + 1e-30)),
        float(likeness[12:100].max() / (likeness[0] + 1e-30)),
    ]


def _colour(part: Float) -> list[float]:
    heard, hz = _spectrum(part, 4096)[20:1850], np.log(np.fft.rfftfreq(4096, 1 / RATE_HZ)[20:1850])
    share = heard / (heard.sum() + 1e-30)
    centre = float((share * hz).sum())
    return [centre, float(np.sqrt((share * (hz - centre) ** 2).sum()))]
