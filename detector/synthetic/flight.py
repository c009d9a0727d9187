"""What a small aircraft's telemetry says on a patrol, and what an attack on its satellite navigation does to it.

Truth is known to the second, so that recall, false events and delay can be counted. No encounter is modelled closer
than its effect on the numbers: a jammer raises the noise and costs satellites, then the fix; a deceiver moves the
position away while barometer, compass and bank know nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.synthetic.place import VALE, Place
from detector.timebase import NS_PER_S, ns_from_iso

Array = NDArray[np.float64]

COLUMNS = (
    "lat_deg", "lon_deg", "alt_m", "baro_alt_m", "speed_m_s", "course_deg", "airspeed_m_s", "yaw_deg", "pitch_deg",
    "roll_deg", "satellites", "hdop", "noise_per_ms", "rssi_db",
)  # fmt: skip
_DIGITS = (7, 7, 2, 2, 2, 2, 2, 2, 2, 2, 0, 2, 0, 0)


@dataclass(frozen=True, slots=True)
class Attack:
    """kind: "jam", "lose" (the fix), "jump", "drag" (the position away), "lead" (the same, told speed and
    course with it), "lift" (the height), "cut" (the link) or "freeze" (the last values come again).

    size: of the jam [noise], jump [m], drag, lead or lift [m/s].
    """

    kind: str
    t_s: float
    seconds: float
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Flight:
    """A patrol of straight legs and turns, in wind. wing: it banks into its turns; else it is a multirotor."""

    seconds: float = 600.0
    seed: int = 1
    attacks: tuple[Attack, ...] = ()
    wing: bool = True
    rate_hz: float = 5.0
    start: str = "2026-03-01T06:30:00Z"
    place: Place = VALE


def telemetry(flight: Flight) -> tuple[NDArray[np.int64], Array]:
    """Times and values, a column for each of `COLUMNS`. shape (T,) [ns], (T, C)"""
    random = np.random.default_rng([flight.seed, 5])
    step_s = 1 / flight.rate_hz
    t_s = np.arange(round(flight.seconds * flight.rate_hz), dtype=np.float64) * step_s
    speed_m_s = 18.0 if flight.wing else 9.0
    rate_deg_s = _turning(t_s, random, 12.0 if flight.wing else 30.0)
    heading = np.degrees(np.cumsum(np.radians(rate_deg_s)) * step_s) + random.uniform(0, 360)
    wind = random.normal(0, 2.0, 2)
    air = speed_m_s + _wander(t_s, random, 0.6)
    east_m_s = air * np.sin(np.radians(heading)) + wind[0]
    north_m_s = air * np.cos(np.radians(heading)) + wind[1]
    east_m, north_m = np.cumsum(east_m_s) * step_s, np.cumsum(north_m_s) * step_s
    height_m = 120 + _wander(t_s, random, 8.0)
    bank = np.degrees(np.arctan(np.radians(rate_deg_s) * air / 9.80665)) if flight.wing else _wander(t_s, random, 3.0)
    told_east_m, told_north_m, told_up_m = east_m.copy(), north_m.copy(), height_m.copy()
    satellites = np.rint(14 + _wander(t_s, random, 0.8))
    hdop, noise = 0.7 + np.abs(_wander(t_s, random, 0.05)), 95 + _wander(t_s, random, 4.0)
    rssi = -62 - 20 * np.log10(1 + np.hypot(east_m, north_m) / 1000) + random.normal(0, 1.5, len(t_s))
    told_north = north_m_s.copy()
    lost, kept = np.zeros(len(t_s), np.bool_), np.ones(len(t_s), np.bool_)
    for attack in flight.attacks:
        now = (t_s >= attack.t_s) & (t_s < attack.t_s + attack.seconds)
        since = np.where(now, t_s - attack.t_s, 0.0)
        if attack.kind == "jam":
            grown = np.minimum(since / 2, 1.0)
            noise += attack.size * grown
            satellites = np.maximum(satellites - np.rint(attack.size / 12 * grown), 0)
            hdop += attack.size / 80 * grown
        elif attack.kind == "lose":
            lost |= now
            satellites[now] = 0
        elif attack.kind == "jump":
            told_east_m[now] += attack.size
        elif attack.kind in {"drag", "lead"}:
            told_north_m += attack.size * since
            told_north[now] += attack.size * (attack.kind == "lead")
        elif attack.kind == "lift":
            told_up_m += attack.size * since
        elif attack.kind == "cut":
            kept &= ~now
    count = len(t_s)
    at = np.stack([told_east_m, told_north_m, told_up_m], axis=1)
    at = at + np.stack([_wander(t_s, random, 0.5) for _ in range(3)], axis=1)
    lat, lon, alt = flight.place.geodetic(at)
    lat, lon, alt = (np.where(lost, np.nan, one) for one in (lat, lon, alt))
    ground = np.hypot(east_m_s, told_north)
    values = np.stack(
        [
            lat, lon, alt,
            flight.place.ground_m + height_m + _wander(t_s, random, 0.8),
            ground + random.normal(0, 0.15, count),
            np.degrees(np.arctan2(east_m_s, told_north)) % 360,
            air + random.normal(0, 0.3, count),
            (heading + random.normal(0, 0.5, count)) % 360,
            2 + random.normal(0, 0.4, count),
            bank + random.normal(0, 0.4, count),
            satellites, hdop, np.rint(noise), np.rint(rssi),
        ],
        axis=1,
    )  # fmt: skip
    values = np.stack([np.round(values[:, k], digits) for k, digits in enumerate(_DIGITS)], axis=1)
    _freeze(t_s, values, flight.attacks)
    t_ns = ns_from_iso(flight.start) + np.rint(t_s * NS_PER_S).astype(np.int64)
    return t_ns[kept], values[kept]


def _freeze(t_s: Array, values: Array, attacks: Sequence[Attack]) -> None:
    """The last row before comes again."""
    for attack in attacks:
        if attack.kind == "freeze":
            still = np.flatnonzero((t_s >= attack.t_s) & (t_s < attack.t_s + attack.seconds))
            values[still] = values[max(int(still[0]) - 1, 0)]


def write_telemetry(flight: Flight, file: Path) -> Path:
    """The same as a CSV table, its truth beside it as <name>.truth.json."""
    t_ns, values = telemetry(flight)
    lines = [",".join(("t_ns", *COLUMNS))]
    lines += [
        ",".join([str(t), *("" if np.isnan(v) else f"{v:.{digits}f}" for v, digits in zip(row, _DIGITS, strict=True))])
        for t, row in zip(t_ns.tolist(), values, strict=True)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*lines, ""]), "utf-8")
    truth = json.dumps({"events": truth_of(flight)}, indent=1)
    file.with_suffix(".truth.json").write_text(truth + "\n", "utf-8")
    return file


def truth_of(flight: Flight) -> list[dict[str, object]]:
    """When each attack was on. Times in ns, half-open."""
    start_ns = ns_from_iso(flight.start)
    return [
        {
            "kind": one.kind,
            "t_start_ns": start_ns + round(one.t_s * NS_PER_S),
            "t_end_ns": start_ns + round((one.t_s + one.seconds) * NS_PER_S),
        }
        for one in flight.attacks
    ]


def _turning(t_s: Array, random: np.random.Generator, most_deg_s: float) -> Array:
    """Rate of turn: legs of 15 to 60 s, then a turn of 4 to 15 s, rolled into over 2 s. [deg/s]"""
    rate, at = np.zeros(len(t_s)), 0.0
    while at < t_s[-1]:
        at += random.uniform(15, 60)
        length, turn = random.uniform(4, 15), random.uniform(0.4, 1.0) * most_deg_s * random.choice([-1, 1])
        inside = np.clip(np.minimum(t_s - at, at + length - t_s) / 2, 0, 1)
        rate += turn * inside
        at += length
    return rate


def _wander(t_s: Array, random: np.random.Generator, size: float) -> Array:
    """An error that changes over tens of seconds, standard deviation `size`. shape (T,)"""
    waves, phases = random.uniform(20, 120, 3), random.uniform(0, 2 * np.pi, 3)
    turned: Array = np.sin(2 * np.pi * t_s[:, None] / waves + phases).sum(axis=1)
    return turned * size / float(np.sqrt(1.5))


def every_attack(seconds: float, seed: int) -> tuple[Attack, ...]:
    """One of each kind, in an order that the seed draws, a minute and more apart, after 150 s.

    Sizes are drawn evenly in their logarithm, from what drowns in a flight's own swing to what nobody misses.
    """
    random = np.random.default_rng([seed, 6])
    kinds: Sequence[tuple[str, tuple[float, float], tuple[float, float]]] = (
        ("jam", (20, 60), (5, 150)), ("lose", (8, 30), (1, 1)), ("jump", (10, 60), (10, 2000)),
        ("drag", (20, 60), (0.2, 10)), ("lead", (20, 60), (0.2, 10)), ("lift", (20, 60), (0.1, 4)),
        ("cut", (3, 30), (1, 1)), ("freeze", (12, 60), (1, 1)),
    )  # fmt: skip
    slot = (seconds - 150) / len(kinds)
    made = []
    for place, number in enumerate(random.permutation(len(kinds)).tolist()):
        kind, lasting, sizes = kinds[number]
        lasts = random.uniform(*lasting)
        begin = 150 + place * slot + random.uniform(0, max(slot - lasts - 60, 1))
        size = float(np.exp(random.uniform(*np.log(sizes))))
        made.append(Attack(kind, round(begin, 1), round(lasts, 1), round(size, 2)))
    return tuple(made)
