"""Slow twins of what is done to sensor streams: one sample after the other."""

from __future__ import annotations

import math

import numpy as np


def naive_time_order(t_ns: list[int], window_ns: int) -> tuple[list[int], dict[str, int]]:
    """Rows that stay, by their place in the input, in the order of time; and what was counted. No times far ahead."""
    newest = None
    kept: dict[int, int] = {}
    counted = {"sorted_in": 0, "went_back": 0, "duplicates": 0}
    for row, t in enumerate(t_ns):
        if newest is not None and t < newest - window_ns:
            counted["went_back"] += 1
            continue
        if newest is not None and t < newest:
            counted["sorted_in"] += 1
        if t in kept:
            counted["duplicates"] += 1
        else:
            kept[t] = row
        newest = t if newest is None else max(newest, t)
    return [kept[t] for t in sorted(kept)], counted


def naive_stand_still(values: list[float], interval_s: float) -> list[bool]:
    """Which samples of one channel are blanked."""
    per_s = 1 / interval_s
    shortest, rail = max(32, math.ceil(0.02 * per_s - 1e-9)), math.ceil(per_s - 1e-9)
    blank = [False] * len(values)
    seen = same = 0
    at = 0
    while at < len(values):
        end = at + 1
        while end < len(values) and values[end] == values[at]:
            end += 1
        before = [value for value in values[: at + 1] if not math.isnan(value)]
        seen += 1
        repeats = end - at - 1
        habit = (same + 90) / (seen + 100)
        limit = max(shortest, math.ceil(25 / -math.log(habit)))
        if values[at] != 0 and before and (values[at] in {max(before), min(before)}):
            limit = max(limit, rail)
        if repeats >= limit:
            for row in range(at + 1, end):
                blank[row] = True
        else:
            seen += repeats
            same += repeats
        at = end
    return blank


def naive_clipped(values: list[float]) -> int:
    """How many samples of one channel are cut off."""
    count, run, total = 0, 0, 0.0
    known, peak = 0, 0.0
    for at, value in enumerate(values):
        run = run + 1 if at and value == values[at - 1] else 1
        if math.isnan(value):
            run = 0
            continue
        known, total = known + 1, total + abs(value)
        if run >= 3 and abs(value) >= peak and abs(value) > 0 and abs(value) >= 8 * total / known:
            count += 3 if run == 3 else 1
        peak = max(peak, abs(value))
    return count


def cut(length: int, random: np.random.Generator, pieces: int) -> list[slice]:
    """A stream cut anywhere, empty pieces too."""
    edges = np.sort(random.integers(0, length + 1, pieces))
    return [slice(int(a), int(b)) for a, b in zip(np.r_[0, edges], np.r_[edges, length], strict=True)]
