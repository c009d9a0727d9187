"""The Numenta Anomaly Benchmark: its files, its windows and its score.

Lavin and Ahmad 2015, "Evaluating real-time anomaly detection algorithms" (arXiv 1510.03336), sections II and III;
as computed since NAB v1.0: the worth of an alarm in a window is divided by that of its first row, rows 1/width early.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

PROBATION, MOST_PROBATION = 0.15, 750


@dataclass(frozen=True)
class Profile:
    """What hits, misses and false alarms are worth."""

    hit: float
    miss: float
    false: float


PROFILES = {
    "standard": Profile(1.0, 1.0, 0.11),
    "reward_low_FP": Profile(1.0, 1.0, 0.22),
    "reward_low_FN": Profile(1.0, 2.0, 0.11),
}


@dataclass(frozen=True, eq=False)
class NabFile:
    """One series. windows: first and last row of each, both inside."""

    category: str
    name: str
    t_ns: np.ndarray
    values: np.ndarray
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Rows at the head whose alarms do not count."""
        return probation_of(len(self.values))


def probation_of(count: int) -> int:
    return min(math.floor(PROBATION * count), MOST_PROBATION)


def load(folder: Path) -> list[NabFile]:
    """All series under `folder`/data that have an entry in the labels."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text("utf-8"))
    found = []
    for path in sorted((folder / "data").glob("*/*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        t_ns = np.array([_ns(row[0]) for row in rows], np.int64)
        limits = sorted(tuple(map(_ns, one)) for one in windows[f"{path.parent.name}/{path.name}"])
        # Some series state a time twice: the first row of it counts, as in NAB.
        rows_of = {t: row for row, t in reversed(list(enumerate(t_ns.tolist())))}
        inside = tuple((rows_of[first], rows_of[last]) for first, last in limits)
        found.append(NabFile(path.parent.name, path.stem, t_ns, np.array([float(row[1]) for row in rows]), inside))
    return found


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def worth(position: float) -> float:
    """-1 at a window's first row, 0 just behind it, growing behind it. Worth .987 to 0, then down to -1."""
    return -1.0 if position >= 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def score(count: int, windows: tuple[tuple[int, int], ...], alarms: list[int], profile: Profile) -> float:
    """Of one series: the first alarm in each window, every alarm outside, every window without one."""
    probation = probation_of(count)
    late = [row for row in alarms if row >= probation]
    total = 0.0
    for first, last in windows:
        hits = [row for row in late if first <= row <= last]
        if hits:
            total += profile.hit * worth(-(last - hits[0] + 1) / (last - first + 1)) / worth(-1.0)
        elif last >= probation:
            total -= profile.miss
    for row in late:
        if any(first <= row <= last for first, last in windows):
            continue
        before = [(first, last) for first, last in windows if last < row]
        position = 3.0 if not before else (row - before[-1][1]) / (before[-1][1] - before[-1][0])
        total += profile.false * worth(position)
    return total


def normalised(total: float, windows: int, profile: Profile) -> float:
    """0 for no alarm at all, 100 for one at the first row of each window and none else. [1]"""
    least = -profile.miss * windows
    return 100.0 * (total - least) / (profile.hit * windows - least)


def corpus_score(files: list[NabFile], alarms: list[list[int]], profile: Profile) -> float:
    """Of all series together."""
    total = sum(score(len(one.values), one.windows, rows, profile) for one, rows in zip(files, alarms, strict=True))
    return normalised(total, sum(len(one.windows) for one in files), profile)
