"""Triggers as sensors around a shooter have them: arrivals, echoes, chance; with the truth."""

from __future__ import annotations

import numpy as np

from detector.association.sensors import Sensors
from detector.association.travel import air, travel
from detector.model import Triggers
from detector.timebase import NS_PER_S

START_NS = 1_700_000_000 * NS_PER_S
MEDIUM = air(10.0)
POSITION_M = np.array([[0.0, 0, 20], [420, 30, 15], [380, 410, 25], [-40, 360, 18], [180, -160, 22], [560, 220, 20]])
ALL = range(len(POSITION_M))
SENSORS = Sensors(tuple(f"mic{k}" for k in range(len(POSITION_M))), POSITION_M)


def triggers(rows, source_id="mics"):
    """From (t_s since START_NS, sensor's index, score) in any order."""
    rows = sorted((START_NS + round(t * NS_PER_S), sensor, score) for t, sensor, score in rows)
    if not rows:
        return Triggers.none(source_id)
    t_ns = np.array([t for t, _, _ in rows], np.int64)
    return Triggers(
        source_id,
        np.array([SENSORS.channels[sensor] for _, sensor, _ in rows]),
        t_ns,
        t_ns + NS_PER_S // 100,
        np.full(len(rows), 1.5e6),
        np.full(len(rows), "impulse"),
        np.array([score for _, _, score in rows], np.float64),
        np.full(len(rows), np.nan),
    )


def part(whole, rows):
    columns = (whole.t_end_ns, whole.sigma_ns, whole.kind, whole.score, whole.p_log10)
    return Triggers(whole.source_id, whole.channel[rows], whole.t_ns[rows], *(one[rows] for one in columns))


def shot(place, t_s, random, *, score=40.0, path_s=0.008, heard=ALL, echoes=()):
    """Rows of one shot; an echo is (delay, share of the score) at every sensor, its delay a little other at each."""
    arrivals = t_s + travel([*place, POSITION_M[:, 2].mean() - 10.0], POSITION_M, MEDIUM).time_s
    rows = []
    for sensor in heard:
        direct = arrivals[sensor] + random.normal(0, path_s)
        rows.append((direct, sensor, score))
        rows += [(direct + delay * random.uniform(0.7, 1.3), sensor, score * share) for delay, share in echoes]
    return rows


def clutter(random, duration_s, per_s, score=5.0):
    """Rows of chance: each sensor by itself."""
    times = [random.uniform(0, duration_s, random.poisson(duration_s * per_s)) for _ in ALL]
    return [(float(t), sensor, score * random.lognormal(0, 0.2)) for sensor in ALL for t in times[sensor]]
