"""Weeks of traffic as located passages: two roads, a path, and what strays; watched all day or by sorties."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from detector.anomaly import Passage, Stretch

CELLS = 10  # a square of so many cells of 100 m
CELL_M = 100.0
MIDNIGHT_S = 1_750_032_000  # 2025-06-16T00:00:00Z
DAY_S, HOUR_S = 86_400, 3_600

# Movers an hour by day, share of that by night, speed [m/s], size [m]; the way as (row, col) from its start.
ROAD = [(4, col) for col in range(CELLS)]
SIDE_ROAD = [(row, 7) for row in range(CELLS)]
PATH = [(row, 2) for row in range(CELLS)]


@dataclass(frozen=True)
class Kind:
    way: tuple[tuple[int, int], ...]
    by_day: float
    by_night: float
    speed_m_s: float
    size_m: float
    both_ways: bool


KINDS = (
    Kind(tuple(ROAD), 20.0, 0.05, 13.0, 4.5, True),
    Kind(tuple(SIDE_ROAD), 6.0, 0.0, 9.0, 4.5, False),
    Kind(tuple(PATH), 4.0, 0.0, 1.5, 1.2, True),
)


class Traffic:
    """Seeded. Numbers vary more than by chance alone: each hour by a gamma factor; one mover in five has company."""

    def __init__(self, seed: int, strays_a_day: float = 2.0) -> None:
        self.random = np.random.default_rng(seed)
        self.busy = 1.0
        self.strays_a_day = strays_a_day
        self._track = 0

    def hour(self, day: int, hour: int, *, seen: set[tuple[int, int]] | None = None, busy: float = 1.0) -> Stretch:
        """What was seen in one hour; `seen`: the cells in view all the while (every one if left out)."""
        t_s = MIDNIGHT_S + day * DAY_S + hour * HOUR_S
        cells = seen if seen is not None else {(row, col) for row in range(CELLS) for col in range(CELLS)}
        passages = [passage for kind in KINDS for passage in self._of_kind(kind, hour, t_s, busy)]
        if self.random.random() < self.strays_a_day / 24:
            row, col = self.random.integers(CELLS, size=2).tolist()
            passages += self.drive(((row, col), (row, min(col + 1, CELLS - 1))), t_s, 4.0, 4.5)
        kept = sorted((one for one in passages if (one.row, one.col) in cells), key=lambda one: (one.t_s, one.track_id))
        return Stretch("uav", f"day {day}", t_s, t_s + HOUR_S, dict.fromkeys(sorted(cells), float(HOUR_S)), kept)

    def drive(self, way, t_s: int, speed_m_s: float, size_m: float, delay_s: float | None = None) -> list[Passage]:
        """One mover along cells, measured as well as a drone does: 8 % in speed, 6 degrees, a fifth in size."""
        self._track += 1
        random = self.random
        start_s = random.uniform(0, HOUR_S - 1) if delay_s is None else delay_s
        passages = []
        for k, (row, col) in enumerate(way):
            north, east = np.subtract(way[min(k + 1, len(way) - 1)], way[max(k - 1, 0)])
            after_s = start_s + 2 + k * CELL_M / speed_m_s
            if after_s >= HOUR_S:
                break
            heading = (math.degrees(math.atan2(east, north)) + random.normal(0, 6)) % 360
            speed, size = speed_m_s * random.normal(1, 0.08), size_m * math.exp(random.normal(0, 0.2))
            when = (int(t_s + after_s), round(after_s, 1))
            passages.append(Passage(row, col, self._track, *when, round(speed, 2), round(heading, 1), round(size, 2)))
        return passages

    def _of_kind(self, kind: Kind, hour: int, t_s: int, busy: float) -> list[Passage]:
        light = max(0.0, math.cos(2 * math.pi * (hour - 13) / 24) + 0.3) / 1.3
        rate = kind.by_day * max(kind.by_night, light) * self.busy * busy * self.random.gamma(8, 1 / 8)
        passages = []
        for _ in range(self.random.poisson(rate / 1.2)):
            way = kind.way[::-1] if kind.both_ways and self.random.random() < 0.5 else kind.way
            start_s = self.random.uniform(0, HOUR_S - 1)
            for behind in range(1 + int(self.random.random() < 0.2)):
                speed = kind.speed_m_s * math.exp(self.random.normal(0, 0.15))
                passages += self.drive(
                    way, t_s, speed, kind.size_m * math.exp(self.random.normal(0, 0.15)), start_s + 3 * behind
                )
        return passages


def all_day(traffic: Traffic, days: range) -> list[Stretch]:
    return [traffic.hour(day, hour) for day in days for hour in range(24)]


def sorties(traffic: Traffic, days: range) -> list[Stretch]:
    """Four hours of every day, each at another half of the ground."""
    stretches = []
    for day in days:
        for hour in sorted(traffic.random.choice(24, 4, replace=False).tolist()):
            first = int(traffic.random.integers(0, CELLS // 2 + 1))
            seen = {(row, col) for row in range(CELLS) for col in range(first, first + CELLS // 2)}
            stretches.append(traffic.hour(day, hour, seen=seen))
    return stretches


def with_more(stretch: Stretch, passages: list[Passage]) -> Stretch:
    """The same hour with something added."""
    return replace(stretch, passages=sorted([*stretch.passages, *passages], key=lambda one: (one.t_s, one.track_id)))


def numbered(stretch: Stretch) -> list[tuple[Passage, int]]:
    """Its passages, each with its number in its cell."""
    count: Counter[tuple[int, int]] = Counter()
    told = []
    for one in stretch.passages:
        count[one.row, one.col] += 1
        told.append((one, count[one.row, one.col]))
    return told
