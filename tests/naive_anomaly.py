"""Slow twins of detector/anomaly: one cell, one passage at a time, by the formulas."""

from __future__ import annotations

import math

import numpy as np
import shapely
from scipy.stats import nbinom

M_PER_DEG = 111_195.0


def cell_of(lat_deg, lon_deg, cell_m):
    row = math.floor(lat_deg * M_PER_DEG / cell_m)
    middle = math.radians((row + 0.5) * cell_m / M_PER_DEG)
    return row, math.floor(lon_deg * M_PER_DEG * math.cos(middle) / cell_m)


def cells_in_view(outline, camera, reach_m, cell_m):
    """Every cell of a square around the camera, asked one by one."""
    lat0, lon0 = camera
    east = M_PER_DEG * math.cos(math.radians(lat0))
    view = shapely.Polygon([((lon - lon0) * east, (lat - lat0) * M_PER_DEG) for lon, lat in outline])
    row0, col0 = cell_of(lat0, lon0, cell_m)
    around = math.ceil(reach_m / cell_m) + 2
    cells = []
    for row in range(row0 - around, row0 + around + 1):
        lat = (row + 0.5) * cell_m / M_PER_DEG
        shift = round((math.cos(math.radians(lat)) - math.cos(math.radians(lat0))) * lon0 * M_PER_DEG / cell_m)
        for col in range(col0 + shift - around, col0 + shift + around + 1):
            lon = (col + 0.5) * cell_m / M_PER_DEG / math.cos(math.radians(lat))
            x, y = (lon - lon0) * east, (lat - lat0) * M_PER_DEG
            if math.hypot(x, y) <= reach_m and view.buffer(0).contains(shapely.Point(x, y)):
                cells.append((row, col))
    return sorted(cells)


def alike(one_h, other_h):
    return math.exp(8 * (math.cos(2 * math.pi * (math.floor(one_h) - math.floor(other_h)) / 24) - 1))


def rare_and_many(stretches, passage, nth):
    """-log10 of the chance of a mover in an hour, and of so many in the time watched; times are UTC."""
    cell, hour = (passage.row, passage.col), passage.t_s / 3600 % 24
    watched = passed = 0.0
    for one in stretches:
        watched += alike((one.t_start_s + one.t_end_s) / 2 / 3600 % 24, hour) * one.seen_s.get(cell, 0.0) / 3600
        for other in one.passages:
            if (other.row, other.col) == cell:
                passed += alike(other.t_s / 3600 % 24, hour)
    rare = -math.log10(1 - math.exp(-(passed + 0.5) / watched))
    seen_h = max(passage.seen_s / 3600, 1 / 6)
    many = -nbinom.logsf(nth - 1, passed + 0.5, watched / (watched + seen_h)) / math.log(10)
    return rare, many


def features(passage):
    speed, heading = passage.speed_m_s, math.radians(passage.heading_deg)
    angle = 2 * math.pi * (passage.t_s / 3600 % 24) / 24
    sure = 0.6 * speed / (1 + speed)
    return (
        math.log(1 + speed), sure * math.sin(heading), sure * math.cos(heading),
        0.6 * math.log(passage.size_m), 0.1 * math.cos(angle), 0.1 * math.sin(angle),
    )  # fmt: skip


def odd(stretches, passage):
    """Distance to the third nearest of the newest 200 passages of the cell."""
    same = [p for one in stretches for p in one.passages if (p.row, p.col) == (passage.row, passage.col)][-200:]
    return sorted(math.dist(features(passage), features(one)) for one in same)[2]


def share_above(past, score):
    """Share of the past that was at least as surprising, the present one counted in."""
    return (1 + int(np.sum(np.asarray(past) >= score))) / (1 + len(past))
