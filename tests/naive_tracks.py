"""Slow twin of detector/rules/airspace.py: one step after the other, zones by tests/naive_rules.py."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from detector.geo.wgs84 import metres_per_degree
from tests.naive_rules import margin_inside

S = 1_000_000_000
Row = tuple[int, float, float, float, float, float]


def naive_path(rows: list[Row], max_gap_s: float, fastest_m_s: float) -> list[tuple]:
    """rows: t_ns, lat, lon, alt, sigma, sigma of height. Gives t_ns, fix, begins, lon, lat, alt, the two sigmas."""
    found = [(rows[0][0], True, True, rows[0][2], rows[0][1], *rows[0][3:])]
    for (t0, lat0, lon0, alt0, s0, h0), (t1, lat1, lon1, alt1, s1, h1) in pairwise(rows):
        apart_s = (t1 - t0) / S
        east, north = metres_per_degree(lat1)
        east_deg = (lon1 - lon0 + 180) % 360 - 180
        way = math.hypot(east_deg * float(east), (lat1 - lat0) * float(north))
        if apart_s > max_gap_s or way > 15 + fastest_m_s * apart_s:
            found.append((t1, True, True, lon1, lat1, alt1, s1, h1))
            continue
        steps = min(max(math.ceil(way / 200), 1), 100)
        for step in range(1, steps):
            share = step / steps
            bow = share * (1 - share) * apart_s**2 / 2
            found.append(
                (
                    t0 + round(share * (t1 - t0)), False, False,
                    (lon0 + share * east_deg + 180) % 360 - 180, lat0 + share * (lat1 - lat0),
                    alt0 + share * (alt1 - alt0),
                    math.hypot(s0 + share * (s1 - s0), 3.0 * bow), math.hypot(h0 + share * (h1 - h0), 0.5 * bow),
                )
            )  # fmt: skip
        found.append((t1, True, False, lon1, lat1, alt1, s1, h1))
    return found


def naive_decision(point: tuple, zone: object, floor: float | None, ceiling: float | None) -> int:
    """+1 inside, -1 outside, 0 undecidable. point: as `naive_path` gives it."""
    *_, lon, lat, alt, sigma, sigma_alt = point
    scale = np.array([float(one) for one in metres_per_degree(lat)])
    margin = margin_inside(zone, np.array([lon, lat]), scale, np.eye(2) * sigma**2) / math.sqrt(-2 * math.log(0.05))
    level = 1 if margin > 1 else -1 if margin <= -1 else 0
    standing = 1
    for limit, sign in ((floor, 1), (ceiling, -1)):
        if limit is None:
            continue
        if math.isnan(alt):
            standing = 0
            break
        height = sign * (alt - limit) / sigma_alt / 1.96
        standing = min(standing, 1 if height > 1 else -1 if height <= -1 else 0)
    return min(level, standing)
