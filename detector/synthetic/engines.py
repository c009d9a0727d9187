"""Sounds of one kind with known truth: drones, helicopters, vehicles, and what else is heard out of doors.

Textbook shapes with everything drawn at random: no recording is in them. A rotor sounds at blades x revolutions (drones
90 to 450 Hz, helicopters' main rotors 11 to 28 Hz, tail rotors four to seven times that); a four-stroke engine fires
cylinders / 2 times a revolution and sounds at the orders between as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

Float = NDArray[np.float64]
Random = np.random.Generator

RATE_HZ = 8000.0
"""Samples a second of every sound made here."""


def engine_sound(kind: str, seconds: float, random: Random, *, below_db: float | None = None) -> Float:
    """One sound at 8000 samples a second, shares of full scale, as a random recorder has it. shape (T,)

    kind: one of `SOUNDS`. An engine is never alone.
    below_db: how far the background's power lies below the engine's; None: drawn between -10 and 30. [dB]
    """
    count = round(seconds * RATE_HZ)
    sound = _unit(SOUNDS[kind](count, random))
    if kind != "background":
        sound = _unit(_fading(sound, random))
        drawn_db = random.uniform(-10, 30)
        sound = sound + 10 ** (-(drawn_db if below_db is None else below_db) / 20) * _unit(_background(count, random))
    return _recorded(sound, random)


def _drone(count: int, random: Random) -> Float:
    """Four to eight rotors, each near a common pitch that pilot and wind change; motors whine, blades hiss."""
    pitch_hz, common = _log(90, 450, random), _wander(count, random, random.uniform(0.002, 0.08), _log(0.3, 4, random))
    spread, slope, shaft = random.uniform(0.003, 0.1), random.uniform(0.2, 1.6), random.uniform(0, 0.4)
    poles, whine = int(random.integers(6, 40)), _log(0.01, 0.4, random)
    sound = np.zeros(count)
    for _ in range(int(random.choice([4, 4, 4, 6, 8]))):
        own = 1 + random.normal(0, spread) + common + _wander(count, random, random.uniform(0.001, 0.01), 0.5)
        shaft_hz = pitch_hz / 2 * np.maximum(own, 0.2)
        orders = np.arange(1, 61)
        strength = (orders / 2.0) ** -slope * np.exp(random.normal(0, 0.5, len(orders)))
        strength[::2] *= shaft * random.uniform(0.2, 1)
        strength[poles - 1] += whine
        sound += _orders(shaft_hz, strength, random)
    low_hz = _log(300, 1500, random)
    return _unit(sound) + random.uniform(0.1, 1.2) * _unit(_band(random.normal(size=count), low_hz, 3900))


def _helicopter(count: int, random: Random) -> Float:
    """A main rotor that slaps and chops the air's noise, a tail rotor's tone and its harmonics, a turbine's whine."""
    rotor_hz = _log(11, 28, random) * (1 + _wander(count, random, random.uniform(0.0005, 0.01), 2.0))
    phase = np.cumsum(rotor_hz) / RATE_HZ + random.uniform()
    sharp = random.uniform(2, 40)
    slap = np.exp(sharp * (np.cos(2 * np.pi * phase) - 1))
    colour = _band(random.normal(size=count), _log(100, 500, random), _log(700, 3500, random))
    depth = random.uniform(0.25, 1)
    chopped = _unit(colour * (1 - depth + depth * slap / slap.mean()))
    beat = _unit(_band(slap, 20, _log(120, 600, random)))
    tail_hz = rotor_hz * random.uniform(3.5, 7)
    tail = _unit(_orders(tail_hz, _harmonics(20, random.uniform(0.5, 1.8), random), random))
    turbine = _unit(_orders(rotor_hz * random.uniform(30, 160), _harmonics(2, 1.0, random), random))
    roar = _unit(_band(random.normal(size=count), _log(60, 300, random), _log(500, 3500, random)))
    parts = ((chopped, 0.5, 1.2), (beat, 0.0, 1.2), (tail, 0.0, 1.0), (turbine, 0.0, 0.15), (roar, 0.1, 0.8))
    return _mixed(parts, random)


def _vehicle(count: int, random: Random) -> Float:
    """An engine that fires, standing, at speed or changing gear; its exhaust's resonances, clatter, and tyres."""
    firing_hz = _log(20, 130, random) * (1 + _wander(count, random, random.uniform(0.002, 0.15), _log(0.5, 4, random)))
    firing_hz = np.maximum(firing_hz, 12)
    cycle = firing_hz / int(random.choice([2, 3, 4, 6, 8, 12]))
    every = round(float(np.median(firing_hz / cycle)))
    strength = 0.3 * _harmonics(240, random.uniform(0.3, 1.2), random)
    strength *= random.uniform(0, 0.5)
    strength[every - 1 :: every] = _harmonics(len(strength[every - 1 :: every]), random.uniform(0.3, 1.3), random)
    engine = _orders(cycle, strength, random)
    for _ in range(2):
        centre_hz = _log(80, 900, random)
        engine = _unit(engine) + random.uniform(0, 1) * _unit(_band(engine, centre_hz * 0.8, centre_hz * 1.25))
    fire = np.exp(random.uniform(2, 12) * (np.cos(2 * np.pi * np.cumsum(firing_hz) / RATE_HZ) - 1))
    clatter = _unit(_band(random.normal(size=count), 700, 3600) * fire)
    tyres = _unit(_band(random.normal(size=count), _log(200, 700, random), _log(900, 2500, random)))
    rumble = _unit(_band(random.normal(size=count), 25, _log(80, 250, random)))
    parts = ((engine, 0.6, 1.2), (clatter, 0.0, 0.6), (tyres, 0.0, 0.9), (rumble, 0.0, 0.8))
    return _mixed(parts, random)


def _background(count: int, random: Random) -> Float:
    """One to three of the things that are none of the three, over a noise or none."""
    which = random.choice(len(_OTHERS), int(random.integers(1, 4)), replace=False)
    bed = random.choice([0, 0.3]) * random.uniform() * _unit(_noise_of_slope(count, random))
    return np.asarray(bed + sum(_log(0.1, 1, random) * _unit(_OTHERS[one](count, random)) for one in which))


def _wind(count: int, random: Random) -> Float:
    gusts = np.exp(_wander(count, random, random.uniform(0.2, 1.0), _log(0.2, 3, random)))
    return _band(random.normal(size=count), 5, _log(40, 400, random)) * gusts


def _rain(count: int, random: Random) -> Float:
    drops = np.where(random.uniform(size=count) < _log(5, 400, random) / RATE_HZ, random.normal(size=count), 0)
    hiss = _band(random.normal(size=count), _log(300, 2000, random), 3900)
    return _unit(hiss) + random.uniform(0, 1.5) * _unit(_band(drops, _log(200, 1500, random), 3900))


def _far_traffic(count: int, random: Random) -> Float:
    swell = np.exp(_wander(count, random, random.uniform(0, 0.5), _log(1, 5, random)))
    return _band(random.normal(size=count), _log(30, 300, random), _log(500, 2000, random)) * swell


def _birds(count: int, random: Random) -> Float:
    sound = np.zeros(count)
    for _ in range(int(random.integers(1, 4))):
        low_hz, deep, sweep_s = _log(700, 3300, random), random.uniform(0, 0.3), _log(0.02, 0.3, random)
        every_s, at = _log(0.1, 1.5, random), 0
        while at < count:
            length = max(16, round(sweep_s * RATE_HZ * random.uniform(0.7, 1.3)))
            t = np.arange(min(length, count - at)) / length
            pitch_hz = low_hz * (1 + deep * np.sin(2 * np.pi * (t * random.uniform(0.3, 3) + random.uniform())))
            sound[at : at + length] += np.sin(np.pi * t) * np.sin(2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ)
            at += length + round(random.exponential(every_s) * RATE_HZ)
    return sound


def _insects(count: int, random: Random) -> Float:
    centre_hz = _log(1800, 3700, random)
    pulses = np.cumsum(np.full(count, _log(12, 70, random))) / RATE_HZ
    beat = np.clip(np.sin(2 * np.pi * pulses) + random.uniform(-0.5, 1), 0, None)
    return _band(random.normal(size=count), centre_hz * 0.96, min(centre_hz * 1.04, 3900)) * beat


def _voice(count: int, random: Random) -> Float:
    """Vowels with pauses; several at once babble, slow ones are animals' calls."""
    sound = np.zeros(count)
    for _ in range(int(random.choice([1, 1, 2, 5]))):
        at, pitch_hz, slow = 0, _log(85, 350, random), _log(0.08, 0.5, random)
        while at < count:
            length = min(count - at, max(64, round(slow * RATE_HZ * random.uniform(0.5, 2))))
            if random.uniform() < 0.75:
                glide = pitch_hz * (1 + random.normal(0, 0.12) + np.linspace(0, random.normal(0, 0.15), length))
                vowel = _orders(np.maximum(glide, 50), _harmonics(30, random.uniform(0.3, 1), random), random)
                for low_hz, high_hz in ((250, 900), (900, 2600)):
                    centre_hz = _log(low_hz, high_hz, random)
                    vowel = _unit(vowel) + _unit(_band(vowel, centre_hz * 0.9, centre_hz * 1.1))
                sound[at : at + length] += np.sin(np.pi * np.arange(length) / length) ** 0.5 * vowel
            at += length
    return sound


def _steady_tones(count: int, random: Random) -> Float:
    """Horns, bells, sirens, music, hum: notes of several harmonics that stay, then change or stop."""
    sound, at = np.zeros(count), 0
    lasting_s, steady = _log(0.15, 6, random), random.uniform() < 0.7
    while at < count:
        length = min(count - at, max(400, round(lasting_s * RATE_HZ * random.uniform(0.5, 1.5))))
        envelope = np.ones(length) if steady else np.exp(-np.arange(length) / RATE_HZ / lasting_s * 3)
        if random.uniform() < 0.75:
            for _ in range(int(random.integers(1, 4))):
                sweep = 1 + random.choice([0, 0, 0.2]) * np.sin(
                    2 * np.pi * _log(0.2, 4, random) * np.arange(length) / RATE_HZ
                )
                tone = _harmonics(int(random.integers(1, 25)), random.uniform(0, 1.5), random)
                sound[at : at + length] += envelope * _orders(_log(50, 1200, random) * sweep, tone, random)
        at += length
    return sound


def _bangs(count: int, random: Random) -> Float:
    """Shots, knocks, steps, doors: each begins at once and dies away."""
    times = np.sort(random.integers(0, count, int(_log(1, 12 * count / RATE_HZ, random)) + 1))
    sound, lasting_s = np.zeros(count), _log(0.005, 0.3, random)
    low_hz = _log(40, 1000, random)
    burst = _band(random.normal(size=round(6 * lasting_s * RATE_HZ)), low_hz, min(low_hz * _log(3, 60, random), 3900))
    burst *= np.exp(-np.arange(len(burst)) / (lasting_s * RATE_HZ))
    for at in times:
        room = sound[at : at + len(burst)]
        room += _log(0.1, 1, random) * burst[: len(room)]
    return sound


def _jet(count: int, random: Random) -> Float:
    """An airliner far up, a train, a waterfall: a roar that swells."""
    swell = np.exp(_wander(count, random, random.uniform(0, 0.4), 4.0))
    return _band(random.normal(size=count), _log(40, 200, random), _log(300, 3500, random)) * swell


def _noise_of_slope(count: int, random: Random) -> Float:
    spectrum = np.fft.rfft(random.normal(size=count))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1.0) ** -random.uniform(0, 1)
    return np.fft.irfft(spectrum, count)


SOUNDS: dict[str, Callable[[int, Random], Float]] = {
    "background": _background,
    "drone": _drone,
    "helicopter": _helicopter,
    "vehicle": _vehicle,
}
_OTHERS = (_wind, _rain, _far_traffic, _birds, _insects, _voice, _steady_tones, _bangs, _jet, _noise_of_slope)


def _recorded(sound: Float, random: Random) -> Float:
    """As a microphone has it: what the air and the ground take, its own low edge and colour, its noise, its steps."""
    delay = int(random.integers(4, 200))
    sound = sound + random.uniform(-0.6, 0.6) * np.r_[np.zeros(delay), sound[:-delay]]
    if random.uniform() < 0.5:
        sound = sosfilt(butter(1, _log(500, 3500, random), fs=RATE_HZ, output="sos"), sound)
    sound = sosfilt(butter(2, _log(10, 180, random), "high", fs=RATE_HZ, output="sos"), sound)
    for _ in range(2):
        centre_hz = _log(60, 3000, random)
        sound = _unit(sound) + random.uniform(-0.5, 1) * _unit(
            _band(sound, centre_hz * 0.7, min(centre_hz * 1.4, 3900))
        )
    hiss_db = random.uniform(20, 60)
    sound = _unit(sound) + 10 ** (-hiss_db / 20) * random.normal(size=len(sound))
    return np.asarray(np.round(np.clip(_log(0.002, 0.3, random) * sound, -1, 1) * 32768) / 32768)


def _fading(sound: Float, random: Random) -> Float:
    """It comes nearer, passes or goes."""
    level_db = random.uniform(0, 12) * np.sin(
        2 * np.pi * (np.linspace(0, random.uniform(0, 0.5), len(sound)) + random.uniform())
    )
    return np.asarray(sound * 10 ** (level_db / 20))


def _mixed(parts: tuple[tuple[Float, float, float], ...], random: Random) -> Float:
    return np.asarray(sum(random.uniform(least, most) * part for part, least, most in parts))


def _orders(pitch_hz: Float, strength: Float, random: Random) -> Float:
    """Harmonics 1, 2, ... of a changing pitch, none above 3900 Hz."""
    turn = np.exp(2j * np.pi * np.cumsum(pitch_hz) / RATE_HZ)
    power, sound = np.ones(len(turn), np.complex128), np.zeros(len(turn))
    for order in range(1, min(len(strength), int(3900 / pitch_hz.max())) + 1):
        power = power * turn
        shift = np.exp(2j * np.pi * random.uniform())
        sound += strength[order - 1] * (shift * power).real
    return sound


def _harmonics(count: int, slope: float, random: Random) -> Float:
    return np.asarray(np.arange(1, count + 1) ** -slope * np.exp(random.normal(0, 0.6, count)))


def _wander(count: int, random: Random, sigma: float, tau_s: float) -> Float:
    """Smooth noise of mean 0 with a memory. shape (count,)"""
    coarse = 80  # samples
    steps = count // coarse + 3
    keep = np.exp(-coarse / RATE_HZ / tau_s)
    walk = lfilter([np.sqrt(1 - keep**2)], [1, -keep], random.normal(size=steps + 400))[400:]
    return sigma * np.interp(np.arange(count) / coarse, np.arange(steps), walk)


def _band(sound: Float, low_hz: float, high_hz: float) -> Float:
    edges = [low_hz, min(max(high_hz, low_hz * 1.05), 3950.0)]
    return np.asarray(sosfilt(butter(2, edges, "band", fs=RATE_HZ, output="sos"), sound))


def _unit(sound: Float) -> Float:
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-12))


def _log(low: float, high: float, random: Random) -> float:
    """Uniform in the logarithm."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
