"""Short sounds of known kind as a microphone hears them: shots, blasts, and what else begins at once.

Textbook shapes with everything drawn at random: no recording is in them. A muzzle's blast is a Friedlander wave of
0.25 to 2.5 ms, sometimes behind the N-wave of a projectile; an explosion's is one of 6 to 80 ms with its rumble. The
rest are knocks, clangs, clicks, claps, bursts of noise, voices, calls, tones, engines that set in, steps and thunder.
All go the same way: the ground's reflection, the echoes of a street, what the air takes, a recorder's edges, colour,
clipping, steps and sampling rate, amid a background.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from detector.synthetic.engines import RATE_HZ, SOUNDS

Float = NDArray[np.float64]
Random = np.random.Generator

BEFORE_S = 0.7
"""The sound begins so long after the recording's first sample. [s]"""
AFTER_S = 0.6

_HZ = 48_000
_COUNT = round(_HZ * AFTER_S)
_RATES_HZ = (8000, 12000, 16000, 24000, 48000)


def bang(kind: str, random: Random) -> tuple[Float, int]:
    """A recording of `BEFORE_S` of background and one sound of a kind.

    kind: one of `BANGS`.

    Returns:
        Shares of full scale, shape (T,), and the samples a second.
    """
    least_m, most_m = _HEARD_FROM_M[kind]
    far_m = _log(least_m, most_m, random)
    sound = BANGS[kind](random) * random.choice([1, 1, 1, 1, 1, -1])
    return as_heard(sound, random, far_m=far_m if kind != "other" or random.uniform() > 0.15 else None)


def as_heard(sound: Float, random: Random, *, far_m: float | None) -> tuple[Float, int]:
    """A recording, as `bang` has it, of some sound at 48,000 samples a second. far_m: None: it is at the microphone."""
    sound = _long(sound)
    if far_m is not None:
        sound = _through_air(fftconvolve(sound, _echoes(far_m, random))[:_COUNT], far_m, random)
    return _recorded(np.concatenate((np.zeros(round(_HZ * BEFORE_S)), _peak(sound))), random)


def _friedlander(positive_s: float, random: Random) -> Float:
    """A wave of pressure, Friedlander 1946: its positive phase lasts so long."""
    t_s = np.arange(round(_HZ * min(12 * positive_s + 0.002, 0.5))) / _HZ
    wave = (1 - t_s / positive_s) * np.exp(-random.uniform(0.3, 1.6) * t_s / positive_s)
    rise_s = _log(2e-5, 3e-4, random) * max(1.0, positive_s / 1e-3) ** 0.5
    return np.asarray(wave * (1 - np.exp(-t_s / rise_s)))


def _burst(
    low_hz: float, high_hz: float, dies_s: tuple[float, float], rises_s: tuple[float, float], random: Random
) -> Float:
    """A burst of noise about some frequency."""
    dying_s = _log(*dies_s, random)
    t_s = np.arange(round(_HZ * min(8 * dying_s, 0.55))) / _HZ
    middle_hz = _log(low_hz, high_hz, random)
    noise = _about(random.normal(size=len(t_s)), middle_hz / _log(1.1, 4, random), middle_hz * _log(1.1, 4, random))
    return np.asarray(noise * np.exp(-t_s / dying_s) * (1 - np.exp(-t_s / _log(*rises_s, random))))


def _modes(low_hz: float, high_hz: float, dies_s: tuple[float, float], count: int, random: Random) -> Float:
    """A body that was struck: decaying vibrations, the higher ones sooner."""
    t_s = np.arange(round(_HZ * 0.55)) / _HZ
    lowest_hz, dying_s = _log(low_hz, high_hz, random), _log(*dies_s, random)
    sound = np.zeros(len(t_s))
    for mode in range(count):
        hz = lowest_hz * (1 if mode == 0 else _log(1, 12, random))
        own_s = dying_s * (lowest_hz / hz) ** random.uniform() * _log(0.6, 1.6, random)
        if hz < 15_000:
            swing = np.sin(2 * np.pi * (hz * t_s + random.uniform()))
            sound += _log(0.1, 1, random) * swing * np.exp(-t_s / own_s)
    return np.asarray(sound * (1 - np.exp(-t_s / _log(5e-5, 3e-3, random))))


def _harmonic(from_hz: float, to_hz: float, rises_s: float, dies_s: float, slope: float, random: Random) -> Float:
    """A voice, a call, a horn: harmonics of a pitch that glides, with some formants."""
    t_s = np.arange(round(_HZ * 0.55)) / _HZ
    trill = 1 + 0.02 * np.sin(2 * np.pi * _log(3, 12, random) * t_s)
    turns = np.cumsum(np.linspace(from_hz, to_hz, len(t_s)) * trill) / _HZ
    sound = np.zeros(len(t_s))
    for order in range(1, min(40, int(15_000 / max(from_hz, to_hz))) + 1):
        sound += order**-slope * _log(0.4, 1.6, random) * np.sin(2 * np.pi * (order * turns + random.uniform()))
    for _ in range(int(random.integers(0, 3))):
        middle_hz = _log(300, 3000, random)
        sound = _unit(sound) + random.uniform(0.5, 2) * _unit(_about(sound, middle_hz / 1.2, middle_hz * 1.2))
    return np.asarray(sound * (1 - np.exp(-t_s / rises_s)) * np.exp(-t_s / dies_s))


def _shot(random: Random) -> Float:
    """A muzzle's blast, its gas, and now and then the projectile's N-wave before it."""
    gas = random.uniform(0, 0.5) * _peak(_burst(500, 3000, (0.001, 0.006), (1e-4, 5e-4), random))
    sound = _long(_friedlander(_log(2.5e-4, 2.5e-3, random), random)) + random.integers(0, 2) * _long(gas)
    if random.uniform() < 0.25:
        crack = np.linspace(1, -1, round(_log(1.5e-4, 6e-4, random) * _HZ) + 2)
        lead = round(_HZ * _log(0.002, 0.3, random))
        sound = np.concatenate((np.zeros(lead), sound))[:_COUNT]
        sound[: len(crack)] += _log(0.2, 3, random) * crack
    return np.asarray(sound)


def _blast(random: Random) -> Float:
    """A long wave of pressure, the rumble behind it, and the turbulence of its front."""
    rumble = random.uniform(0, 0.8) * _peak(_burst(30, 200, (0.05, 0.4), (2e-3, 3e-2), random))
    front = random.uniform(0, 0.5) * _peak(_burst(200, 2500, (0.005, 0.08), (1e-4, 3e-3), random))
    return np.asarray(_long(_friedlander(_log(6e-3, 8e-2, random), random)) + _long(rumble) + _long(front))


def _knock(random: Random) -> Float:
    clatter = random.uniform(0, 1) * _peak(_burst(200, 3000, (0.001, 0.02), (5e-5, 1e-3), random))
    struck = _modes(70, 1500, (0.003, 0.08), int(random.integers(1, 7)), random)
    return np.asarray(_long(struck) + (random.uniform() < 0.6) * _long(clatter))


def _clang(random: Random) -> Float:
    return _modes(200, 4000, (0.03, 1.0), int(random.integers(3, 14)), random)


def _click(random: Random) -> Float:
    """Contacts and cables: a spike, a step, a discharge, a few of them."""
    sound, form = np.zeros(round(_HZ * 0.05)), random.integers(0, 4)
    if form == 0:
        sound[: random.integers(1, 12)] = 1
    elif form == 1:
        sound[:] = np.exp(-np.arange(len(sound)) / _HZ / _log(1e-4, 2e-2, random))
    elif form == 2:
        for _ in range(int(random.integers(2, 8))):
            at = round(_HZ * random.uniform(0, 0.03))
            sound[at : at + random.integers(2, 20)] += random.normal()
    else:
        sound[:] = 1
    return sound


def _hiss(random: Random) -> Float:
    return _burst(80, 5000, (0.003, 0.3), (1e-3, 6e-2), random)


def _clap(random: Random) -> Float:
    sound = np.zeros(_COUNT)
    for _ in range(int(random.integers(1, 5))):
        at, one = round(_HZ * random.uniform(0, 0.02)), _burst(600, 3500, (0.001, 0.02), (2e-4, 3e-3), random)
        sound[at : at + len(one)] += random.uniform(0.3, 1) * one
    return sound


def _voice(random: Random) -> Float:
    pitch_hz = _log(90, 700, random)
    ends_hz = (pitch_hz * _log(0.7, 1.4, random), pitch_hz * _log(0.7, 1.4, random))
    sound = _harmonic(*ends_hz, _log(2e-3, 5e-2, random), _log(0.05, 1, random), random.uniform(0.3, 1.6), random)
    consonant = random.uniform(0.1, 1.5) * _peak(_burst(400, 4000, (0.003, 0.06), (5e-4, 2e-2), random))
    return np.asarray(_long(_peak(sound)) + (random.uniform() < 0.6) * _long(consonant))


def _call(random: Random) -> Float:
    pitch_hz = _log(1200, 6000, random)
    ends_hz = (pitch_hz * _log(0.5, 2, random), pitch_hz * _log(0.5, 2, random))
    return _harmonic(*ends_hz, _log(1e-3, 3e-2, random), _log(0.02, 0.5, random), random.uniform(1.5, 4), random)


def _tone(random: Random) -> Float:
    pitch_hz = _log(60, 2500, random)
    rises_s, dies_s = _log(1e-3, 5e-2, random), _log(0.2, 5, random)
    return _harmonic(pitch_hz, pitch_hz, rises_s, dies_s, random.uniform(0.2, 2.5), random)


def _sets_in(random: Random) -> Float:
    """An engine, a saw, a gust."""
    t_s, middle_hz = np.arange(_COUNT) / _HZ, _log(80, 3000, random)
    sound = _about(random.normal(size=_COUNT), middle_hz / _log(1.2, 6, random), middle_hz * _log(1.2, 6, random))
    if random.uniform() < 0.4:
        sound = sound * (1 + random.uniform(0.3, 1) * np.sign(np.sin(2 * np.pi * _log(15, 120, random) * t_s)))
    return np.asarray(sound * (1 - np.exp(-t_s / _log(2e-3, 8e-2, random))) * np.exp(-t_s / _log(0.1, 3, random)))


def _rattle(random: Random) -> Float:
    """Steps, a ratchet: the same knock several times."""
    knock = _peak(_modes(150, 2500, (0.002, 0.03), int(random.integers(1, 5)), random))
    sound, at, every_s = np.zeros(_COUNT), 0, _log(0.01, 0.15, random)
    while at < _COUNT:
        room = sound[at : at + len(knock)]
        room += _log(0.3, 1, random) * knock[: len(room)]
        at += max(1, round(_HZ * every_s * _log(0.6, 1.6, random)))
    return sound


def _thunder(random: Random) -> Float:
    return _burst(40, 400, (0.15, 1.0), (1e-2, 1e-1), random)


_OTHERS = (
    _knock, _knock, _clang, _click, _hiss, _clap, _voice, _voice, _call, _tone, _sets_in, _sets_in, _rattle, _thunder,
)  # fmt: skip


def _other(random: Random) -> Float:
    return _OTHERS[int(random.integers(len(_OTHERS)))](random)


BANGS: dict[str, Callable[[Random], Float]] = {"other": _other, "shot-like": _shot, "blast-like": _blast}
# What is not loud is heard near by.
_HEARD_FROM_M = {"other": (0.5, 200.0), "shot-like": (20.0, 1500.0), "blast-like": (80.0, 6000.0)}


def _echoes(far_m: float, random: Random) -> Float:
    """How a place answers: the ground, then walls, more of them and for longer the farther it came."""
    answer = np.zeros(_COUNT)
    answer[0] = 1
    ground_s = _log(5e-5, 8e-3 if far_m < 50 else 2e-3, random)
    answer[round(_HZ * ground_s)] += random.uniform(-0.7, 0.9)
    if random.uniform() < 0.25:  # an open field
        return answer
    dying_s = _log(0.01, 0.12, random) * (1 + min(far_m, 1000) / 500)
    level = float(np.clip((far_m / 300) ** 0.6 * _log(0.1, 2.5, random), 0.005, 1.6))
    after_s = np.minimum(dying_s * random.exponential(size=random.poisson(_log(8, 250, random))), 0.98 * AFTER_S)
    walls = np.zeros(_COUNT)
    strength = level * random.normal(size=len(after_s)) * np.exp(-after_s / dying_s)
    np.add.at(walls, (after_s * _HZ).astype(np.intp), strength)
    if random.uniform() < 0.7:
        smear = round(_HZ * _log(2e-4, 6e-3, random))
        one = random.normal(size=smear) * np.exp(-3 * np.arange(smear) / smear) / np.sqrt(smear / 4)
        walls = fftconvolve(walls, one)[:_COUNT]
    if random.uniform() < 0.3:  # facades
        for _ in range(int(random.integers(1, 4))):
            walls[round(_COUNT * random.uniform(0.02, 0.9))] += level * random.normal()
    return np.asarray(answer + walls)


def _through_air(sound: Float, far_m: float, random: Random) -> Float:
    """What the air takes (some 5 dB a km at 1 kHz, more above, more when dry), and a corner it came around."""
    length = 1 << (2 * _COUNT - 1).bit_length()
    khz = np.fft.rfftfreq(length, 1 / _HZ) / 1000
    loss_db = far_m / 1000 * random.uniform(0.6, 2) * 5 * khz**1.4
    if random.uniform() < 0.5:
        loss_db = loss_db + 10 * random.uniform() * np.log10(1 + (khz / _log(0.25, 3, random)) ** 2)
    spectrum = np.fft.rfft(sound, length) * 10 ** (-np.minimum(loss_db, 120) / 20)
    return np.asarray(np.fft.irfft(spectrum, length)[: len(sound)])


def _recorded(sound: Float, random: Random) -> tuple[Float, int]:
    sound = sosfilt(butter(int(random.integers(1, 3)), _log(3, 220, random), "high", fs=_HZ, output="sos"), sound)
    if random.uniform() < 0.5:
        sound = sosfilt(butter(1, _log(1500, 20_000, random), fs=_HZ, output="sos"), sound)
    for _ in range(2):
        middle_hz = _log(60, 3000, random)
        sound = _unit(sound) + random.uniform(-0.5, 1) * _unit(_about(sound, middle_hz * 0.7, middle_hz * 1.4))
    background = SOUNDS["background"](round(RATE_HZ * (BEFORE_S + AFTER_S)), random)
    background = resample_poly(_unit(background), round(_HZ / RATE_HZ), 1)[: len(sound)]
    sound = _peak(sound) + 10 ** (-random.uniform(8, 50) / 20) * background
    if random.uniform() < 0.3:
        most = 1 / _log(1, 8, random)
        sound = np.clip(sound, -most, most)
    rate_hz = int(random.choice(_RATES_HZ))
    sound = _log(0.01, 0.99, random) * _peak(resample_poly(sound, rate_hz, _HZ))
    sound = sound + 10 ** (-random.uniform(60, 90) / 20) * random.normal(size=len(sound))
    return np.asarray(np.round(np.clip(sound, -1, 1) * 32767) / 32768), rate_hz


def _long(sound: Float) -> Float:
    """Of the one length."""
    return np.pad(sound[:_COUNT], (0, max(_COUNT - len(sound), 0)))


def _about(sound: Float, low_hz: float, high_hz: float) -> Float:
    edges = (low_hz, min(max(high_hz, 1.05 * low_hz), 20_000.0))
    return np.asarray(sosfilt(butter(1, edges, "band", fs=_HZ, output="sos"), sound))


def _peak(sound: Float) -> Float:
    return np.asarray(sound / max(float(np.abs(sound).max()), 1e-12))


def _unit(sound: Float) -> Float:
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-12))


def _log(low: float, high: float, random: Random) -> float:
    """Uniform in the logarithm."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
