"""Association in simulation: false incidents of noise alone, bursts, and what many sensors cost.

python benchmarks/bench_association.py

Everything is made here from seeds: triggers by chance (each sensor by itself), and shots whose arrivals have errors of
8 ms and less. As shipped. A shot is found if an incident has a place within 50 m of it and 0.1 s of its time.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.association import Associator, Sensors, air
from detector.association.travel import travel
from detector.model import Incident, Triggers
from detector.timebase import NS_PER_S
from tests.association.shooting import MEDIUM, SENSORS, clutter, shot, triggers

NEAR_M, NEAR_S = 50.0, 0.1


def run(sensors: Sensors, given: Triggers) -> tuple[list[Incident], float]:
    """Incidents, and CPU [s]."""
    associator = Associator(sensors, MEDIUM)
    start = time.process_time()
    found = associator.push(given, int(given.t_ns[-1]) + 1) + associator.finish()
    return found, time.process_time() - start


def noise(per_s: float, minutes: int) -> dict:
    random = np.random.default_rng(5)
    found, cpu_s = run(SENSORS, triggers(clutter(random, 60.0 * minutes, per_s)))
    return {"a second and sensor": per_s, "minutes": minutes, "false incidents": len(found),
            "CPU s/s": round(cpu_s / 60 / minutes, 4)}  # fmt: skip


def bursts(interval_s: float) -> dict:
    """Forty shots at one place with one echo each of a fifth of their loudness after 60 ms."""
    random = np.random.default_rng(2)
    rows = [
        row
        for k in range(40)
        for row in shot((150.0, 180.0), 1.0 + k * interval_s, random, path_s=0.002, echoes=((0.06, 0.2),))
    ]
    found, _ = run(SENSORS, triggers(rows))
    zero_s = triggers(rows[:1]).t_ns[0] / NS_PER_S - rows[0][0]
    hits = sum(
        any(abs(one.t_ns / NS_PER_S - zero_s - 1.0 - k * interval_s) < NEAR_S / 2 for one in found) for k in range(40)
    )
    return {"interval s": interval_s, "shots": 40, "found": hits, "incidents": len(found)}


def town(count: int, per_s: float) -> dict:
    """Ten shots in a minute, each heard by the eight nearest of many sensors on 4 km by 0.8 km, amid chance."""
    random = np.random.default_rng(0)
    position = np.column_stack([random.uniform(0, 4000, count), random.uniform(0, 800, count), np.full(count, 10.0)])
    sensors, medium = Sensors(tuple(f"s{k:02}" for k in range(count)), position), air(10.0)
    rows = [
        (t, k, 5.0 * random.lognormal(0, 0.2))
        for k in range(count)
        for t in random.uniform(0, 60, random.poisson(60 * per_s))
    ]
    shots = [(3.0 + 5 * k, np.array([random.uniform(0, 4000), random.uniform(0, 800), 0.0])) for k in range(10)]
    for t_s, source in shots:
        arrivals = t_s + travel(source, position, medium).time_s
        rows += [(arrivals[k] + random.normal(0, 0.008), k, 40.0) for k in np.argsort(arrivals)[:8]]
    rows.sort()
    t_ns = np.array([round(row[0] * NS_PER_S) for row in rows], np.int64)
    number, names = len(rows), np.array([f"s{row[1]:02}" for row in rows])
    kind, score = np.full(number, "impulse"), np.array([row[2] for row in rows])
    given = Triggers("town", names, t_ns, t_ns + 1, np.full(number, 1e6), kind, score, np.full(number, np.nan))
    found, cpu_s = run(sensors, given)
    placed = [(one.t_ns / NS_PER_S, np.array(one.position_m)) for one in found if one.position_m is not None]
    hits = sum(any(abs(t - t_s) < NEAR_S and np.hypot(*(p - at[:2])) < NEAR_M for t, p in placed) for t_s, at in shots)
    return {"sensors": count, "by chance a second": per_s, "shots": 10, "found": hits, "incidents": len(found),
            "CPU s/s": round(cpu_s / 60, 3)}  # fmt: skip


def table(name: str, rows: list[dict]) -> None:
    print(name)
    wide = [max(len(key), *(len(str(row[key])) for row in rows)) for key in rows[0]]
    for cells in (list(rows[0]), *([str(value) for value in row.values()] for row in rows)):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True)))


def main() -> None:
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}\n")
    alone = [noise(per_s, 30) for per_s in (0.1, 0.2, 0.5)]
    table("Noise alone, six sensors", alone)
    quick = [bursts(interval_s) for interval_s in (0.1, 0.2, 0.5, 1.3)]
    table("Forty shots in succession, six sensors", quick)
    many = [town(count, per_s) for count, per_s in ((16, 0.2), (32, 0.2), (64, 0.2), (32, 1.0))]
    table("Many sensors", many)
    print(json.dumps({"benchmark": "association", "noise": alone, "bursts": quick, "many": many}))


if __name__ == "__main__":
    main()
