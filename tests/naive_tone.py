"""Slow twin of the tone detector: one window, one frame, one fundamental, one tooth after the other."""

from __future__ import annotations

import math

import numpy as np

from detector.detectors.series.tone_config import ToneConfig
from detector.detectors.series.tone_features import (
    BEATING_HZ,
    COLOUR_HZ,
    FAST_COMBS_HZ,
    HIGHEST_HZ,
    QUARTERS_HZ,
    SLOW_COMBS_HZ,
    SPREAD,
)
from detector.detectors.series.tone_model import ToneModel

Spectrum = list[float]


def naive_features(window: list[float], rate_hz: float) -> list[float]:
    """Of one channel."""
    middle = sum(window) / len(window)
    sound = [value - middle for value in window]
    (whole,), whole_hz = _frames(sound, rate_hz, 1.0, 1.0)
    short, short_hz = _frames(sound, rate_hz, 0.25, 0.125)
    quick, quick_hz = _frames(sound, rate_hz, 1 / 64, 1 / 128)
    fine = _over_surroundings(_db([whole])[0], 61)
    coarse = [_over_surroundings(frame, 41) for frame in _db(short)]
    mean_power = [_mean([frame[k] for frame in short]) for k in range(len(short_hz))]
    mean_coarse = [_mean([frame[k] for frame in coarse]) for k in range(len(short_hz))]
    bands = [[_mean(_part(mean_power, short_hz, *COLOUR_HZ[at : at + 2]))] for at in range(10)]
    colour = [level for (level,) in _db(bands)]
    features = [level - _mean(colour) for level in colour]
    for low, high in QUARTERS_HZ:
        features.append(_deviation(_db([[_mean(_part(frame, short_hz, low, high)) for frame in short]])[0]))
    features += [_best_comb(fine, whole_hz, low, high, 20, 0.0) for low, high in SLOW_COMBS_HZ]
    for spread in (0.0, SPREAD):
        features += [_best_comb(mean_coarse, short_hz, low, high, 10, spread) for low, high in FAST_COMBS_HZ]
    for low, high in QUARTERS_HZ[1:]:
        features += _persistence([_part(frame, short_hz, low, high) for frame in coarse])
    for low, high in QUARTERS_HZ:
        features.append(_mean([max(level - 6, 0) for level in _part(fine, whole_hz, low, high)]))
    beats = [_beat_spectrum([_mean(_part(frame, quick_hz, low, high)) for frame in quick]) for low, high in BEATING_HZ]
    for beat, depth in beats:
        features += [*_beats(beat), depth]
    features += _beats([math.prod(levels) ** (1 / 3) for levels in zip(*(beat for beat, _ in beats), strict=True)])[:2]
    return features


def naive_tone(
    values: list[float], rate_hz: float, config: ToneConfig, model: ToneModel
) -> list[tuple[str, float, float, float]]:
    """Kind, begin, end [s] and score of what is told of one channel without a long hole."""
    length, hop, most = round(rate_hz), round(rate_hz / 2), round(2 * config.over_s) - 1
    recent: list[list[float] | None] = [None] * most
    told: list[tuple[str, float, float, float]] = []
    kind, begin_s, score = "", 0.0, 0.0
    for first in range(0, len(values) - length + 1, hop):
        window = values[first : first + length]
        judged = None
        if not any(math.isnan(value) for value in window) and len(set(window)) > 1:
            judged = model.log_probability(np.array([naive_features(window, rate_hz)]))[0].tolist()
        recent = [*recent[1:], judged]
        known = [one for one in recent if one is not None]
        share = dict.fromkeys(model.kinds, 0.0)
        if len(known) > most / 2:
            merit = [math.exp(_mean([one[at] for one in known])) for at in range(len(model.kinds))]
            share = {name: one / sum(merit) for name, one in zip(model.kinds, merit, strict=True)}
        middle_s = (first + length) / rate_hz - config.over_s / 2
        engines = {name: share[name] for name in model.kinds[1:]}
        engine = sum(engines.values())
        surest = max(engines, key=engines.__getitem__)
        named = engines[surest] >= config.on
        now = {**engines, "undetermined": engine}
        if kind == "undetermined" and named:
            kind, score = surest, 0.0
        if kind and now[kind] < config.off:
            told.append((kind, begin_s, middle_s, score))
            kind = ""
        if not kind and engine >= config.on:
            kind, begin_s, score = surest if named else "undetermined", middle_s, 0.0
        if kind:
            score = max(score, now[kind])
    if kind:
        told.append((kind, begin_s, len(values) / rate_hz, score))
    return told


def _frames(sound: list[float], rate_hz: float, length_s: float, hop_s: float) -> tuple[list[Spectrum], list[float]]:
    length, spectra = round(rate_hz * length_s), []
    for at in range(round((1 - length_s) / hop_s) + 1):
        start = min(round(at * hop_s * rate_hz), len(sound) - length)
        taper = [0.5 - 0.5 * math.cos(2 * math.pi * k / (length - 1)) for k in range(length)]
        spectrum = np.fft.fft([value * weight for value, weight in zip(sound[start:], taper, strict=False)])
        spectra.append([abs(spectrum[k]) ** 2 for k in range(length // 2) if k * rate_hz / length <= HIGHEST_HZ])
    return spectra, [k * rate_hz / length for k in range(len(spectra[0]))]


def _part(levels: Spectrum, hz: list[float], low: float, high: float) -> Spectrum:
    return [level for level, at in zip(levels, hz, strict=True) if low <= at < high]


def _db(rows: list[Spectrum]) -> list[Spectrum]:
    floor = 1e-8 * _mean([power for row in rows for power in row])
    return [[10 * math.log10(power + floor + 1e-300) for power in row] for row in rows]


def _over_surroundings(levels: Spectrum, width: int) -> Spectrum:
    half, last = width // 2, len(levels) - 1
    around = [[levels[min(max(k, 0), last)] for k in range(at - half, at + half + 1)] for at in range(len(levels))]
    return [min(max(level - _mean(near), -12), 24) for level, near in zip(levels, around, strict=True)]


def _best_comb(levels: Spectrum, hz: list[float], low: float, high: float, most: int, spread: float) -> float:
    best, count = -math.inf, round(math.log(high / low) / 0.01) + 1
    for at in range(count):
        pitch = low * (high / low) ** (at / (count - 1))
        steps = []
        for tooth in range(1, most + 1):
            if pitch * tooth < 25 or pitch * (tooth + 0.5) >= hz[-1]:
                continue
            half = math.floor(spread * tooth * pitch / hz[1])
            over = []
            for middle in (pitch * tooth / hz[1], pitch * (tooth + 0.5) / hz[1]):
                inside = levels[max(round(middle) - half, 0) : round(middle) + half + 1]
                over.append(sum(inside) / (2 * half + 1))
            steps.append(over[0] - over[1])
        best = max(best, _mean(steps))
    return best


def _persistence(frames: list[Spectrum]) -> list[float]:
    wander, stay = [], []
    for before, after in zip(frames, frames[2:], strict=False):
        inner = range(3, len(before) - 3)
        size = math.sqrt(sum(before[k] ** 2 for k in inner) * sum(after[k] ** 2 for k in inner)) + 1
        like = [sum(before[k] * after[k + shift] for k in inner) / size for shift in range(-3, 4)]
        wander.append(max(like))
        stay.append(like[3])
    return [_mean(wander), _mean(stay)]


def _beat_spectrum(power: list[float]) -> tuple[Spectrum, float]:
    loudness = [math.log(one + 1e-4 * _mean(power) + 1e-300) for one in power]
    change = [one - _mean(loudness) for one in loudness]
    taper = [0.5 - 0.5 * math.cos(2 * math.pi * k / (len(power) - 1)) for k in range(len(power))]
    spectrum = np.fft.fft([one * weight for one, weight in zip(change, taper, strict=True)])
    return [abs(spectrum[k]) ** 2 + 1e-12 for k in range(len(power) // 2 + 1)], _deviation(change)


def _beats(beat: Spectrum) -> list[float]:
    total = sum(beat[1:])
    share = max(beat[k] + beat[2 * k] for k in range(8, 32)) / total
    around = sorted(beat[8:40])
    height = max(beat[8:32]) / ((around[15] + around[16]) / 2)
    return [math.log(share + 1e-3), math.log(height), sum(beat[1:7]) / total]


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _deviation(values: list[float]) -> float:
    return math.sqrt(_mean([(one - _mean(values)) ** 2 for one in values]))
