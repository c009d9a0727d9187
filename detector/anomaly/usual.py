"""What is usual: how rare a mover is at this place and hour, how odd its way of moving, how many there are.

Three questions, each with a score that grows with surprise, and each with a bar so high that the past, judged day by
day by what the other days taught, would have passed it no oftener than the budget of false alarms allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.anomaly.stretch import Cell, Passage, Stretch

QUESTIONS = ("rare", "odd", "many")
# Below these nothing is worth a sentence, however quiet the place: a mover in four hours of watching; half as fast
# again; three movers where one and a half are usual.
_FLOORS = {"rare": -math.log10(1 - math.exp(-0.25)), "odd": 0.35, "many": 1.0}
_FEWEST_MANY, _LEAST_RATIO = 3, 2.0
LEAST_SEEN_H = 1 / 6  # three in a row as the picture opens are no rush hour: numbers are those of ten minutes or more
_FOLDS = 5
_NEIGHBOURS = 3
_LEAST_PASSAGES, _MOST_PASSAGES = 20, 200
_HEADING_WEIGHT, _SIZE_WEIGHT, _HOUR_WEIGHT = 0.6, 0.6, 0.1
_HOURS = 24
# Hours count as alike by exp(8 (cos - 1)) of the angle between them on the clock: half at an hour and a half away,
# nothing at six, and midnight is no border.
_ALIKE = np.exp(8.0 * (np.cos(2 * np.pi / _HOURS * np.subtract.outer(np.arange(_HOURS), np.arange(_HOURS))) - 1.0))

_Float = NDArray[np.float64]
_Int = NDArray[np.int64]


class Rows(NamedTuple):
    """Passages as columns.

    cell: position in the history's list, -1 for a cell that was never in view.
    nth: how many movers had passed the cell in the stretch by then, this one included.
    unit: which mover of which stretch. stretch, day: in the order of time.
    hour: local time of day. [h]
    features: how it moved. shape (P, 6)
    """

    cell: _Int
    unit: _Int
    stretch: _Int
    day: _Int
    nth: _Int
    seen_h: _Float
    hour: _Float
    features: _Float

    def at(self, rows: NDArray[Any]) -> Rows:
        """Some of them."""
        return Rows(*(column[rows] for column in self))


@dataclass(frozen=True, slots=True)
class Finding:
    """A passage that is unusual.

    question: rare, odd or many.
    nth: how many have passed the cell in the stretch by then, this one included.
    p: share of the past that was at least as surprising, itself counted in. [1]
    score, bar: in the question's own unit: log10 of a probability (rare, many), distance in features (odd).
    """

    question: str
    passage: Passage
    nth: int
    p: float
    score: float
    bar: float


class History:
    """Stretches of the past as tables by cell, hour and fold. Every fold is a fifth of the days.

    Times are local, so that a day has one rush hour all year.
    """

    def __init__(self, stretches: Sequence[Stretch], time_zone: str) -> None:
        self.zone = ZoneInfo(time_zone)
        stretches = [one for one in stretches if one.seen_s]  # without any ground in view nothing was watched
        self.stretches = tuple(stretches)
        seen = [(k, cell, seconds) for k, one in enumerate(stretches) for cell, seconds in one.seen_s.items()]
        self.cells = {cell: i for i, cell in enumerate(sorted({cell for _, cell, _ in seen}))}
        # The middle of a stretch, for a clock that is some minutes off whole hours.
        middles = [local_hours((one.t_start_s + one.t_end_s) // 2, self.zone) for one in stretches]
        dates = [math.floor(hours / _HOURS) for hours in middles]
        days = {date: rank for rank, date in enumerate(sorted(set(dates)))}
        self.days = len(days)
        day = np.array([days[date] for date in dates], np.int64)
        hour = np.array([math.floor(hours) % _HOURS for hours in middles], np.int64)
        self.passages = [passage for one in stretches for passage in one.passages]
        self.rows = self._columns(day)
        self.watched_h = np.zeros((_FOLDS, len(self.cells), _HOURS))
        self.passed = np.zeros_like(self.watched_h)
        if seen:
            stretch = np.array([k for k, _, _ in seen], np.int64)
            cell = np.array([self.cells[cell] for _, cell, _ in seen], np.int64)
            hours = np.array([seconds for _, _, seconds in seen]) / 3600.0
            np.add.at(self.watched_h, (day[stretch] % _FOLDS, cell, hour[stretch]), hours)
        known = self.rows.cell >= 0
        rows = self.rows.at(known)
        np.add.at(self.passed, (rows.day % _FOLDS, rows.cell, rows.hour.astype(np.int64)), 1.0)

    def columns(self, passages: Sequence[tuple[Passage, int]]) -> Rows:
        """Passages of one stretch that is going on, each with its number in its cell."""
        zeros = [0] * len(passages)
        return self._rows([one for one, _ in passages], zeros, zeros, [nth for _, nth in passages])

    def _columns(self, day: _Int) -> Rows:
        stretch: list[int] = []
        nth: list[int] = []
        for k, one in enumerate(self.stretches):
            count: dict[Cell, int] = {}
            for passage in one.passages:
                cell = (passage.row, passage.col)
                count[cell] = count.get(cell, 0) + 1
                stretch.append(k)
                nth.append(count[cell])
        return self._rows(self.passages, stretch, day[stretch].tolist() if stretch else [], nth)

    def _rows(
        self, passages: Sequence[Passage], stretch: Sequence[int], day: Sequence[int], nth: Sequence[int]
    ) -> Rows:
        units: dict[tuple[int, int], int] = {}
        unit = [units.setdefault((k, one.track_id), len(units)) for k, one in zip(stretch, passages, strict=True)]
        hour = np.array([local_hours(one.t_s, self.zone) % _HOURS for one in passages], np.float64)
        return Rows(
            np.array([self.cells.get((one.row, one.col), -1) for one in passages], np.int64),
            np.array(unit, np.int64),
            np.array(stretch, np.int64),
            np.array(day, np.int64),
            np.array(nth, np.int64),
            np.array([one.seen_s for one in passages], np.float64) / 3600.0,
            hour,
            features(passages, hour),
        )


def local_hours(t_s: int, zone: ZoneInfo) -> float:
    """Hours since 1970 on the clock of that zone."""
    offset = datetime.fromtimestamp(t_s, zone).utcoffset()
    return (t_s + (offset.total_seconds() if offset is not None else 0.0)) / 3600.0


def features(passages: Sequence[Passage], hour: _Float) -> _Float:
    """How movers move, so that distances mean the same everywhere. shape (P, 5) [1]

    The speed as ln(1 + m/s): twice as fast is a step of about .7 at any speed. The heading as a point on a circle, a
    small one for what hardly moves. The size by its logarithm. The hour as a point on the smallest circle.
    """
    speed = np.array([one.speed_m_s for one in passages], np.float64)
    heading = np.radians(np.array([one.heading_deg for one in passages], np.float64))
    size = np.array([one.size_m for one in passages], np.float64)
    sure, angle = _HEADING_WEIGHT * speed / (1.0 + speed), 2 * np.pi / _HOURS * hour
    columns = [
        np.log1p(speed),
        sure * np.sin(heading),
        sure * np.cos(heading),
        _SIZE_WEIGHT * np.log(np.maximum(size, 0.1)),
        _HOUR_WEIGHT * np.cos(angle),
        _HOUR_WEIGHT * np.sin(angle),
    ]
    return np.stack(columns, -1)


class Taught:
    """Scores by what some days taught. Slow twin: tests/naive_anomaly.py.

    leave_out: the fold that taught nothing; what the others taught then counts for all days.
    watched_h, passed: for each cell and hour of the day, how long it was watched and how many passed, hours around it
        counting the less the farther they are. shape (cells, 24) [h], [1]
    """

    def __init__(self, history: History, leave_out: int | None, min_watched_h: float) -> None:
        days = np.arange(history.days)
        folds = [fold for fold in range(_FOLDS) if fold != leave_out]
        taught = int(np.isin(days % _FOLDS, folds).sum())
        grown = history.days / taught if taught else 0.0
        self.watched_h = grown * history.watched_h[folds].sum(0) @ _ALIKE
        self.passed = grown * history.passed[folds].sum(0) @ _ALIKE
        self._min_watched_h = min_watched_h
        rows = history.rows
        keep = np.flatnonzero(np.isin(rows.day % _FOLDS, folds) & (rows.cell >= 0))
        order = keep[np.argsort(rows.cell[keep], kind="stable")]
        ends = np.searchsorted(rows.cell[order], np.arange(len(history.cells) + 1))
        self._features = rows.features
        self._of_cell = (order, ends)
        self._models: dict[int, Any] = {}

    def of_cell(self, cell: int) -> _Int:
        """Rows of the history that passed the cell: the newest ones, as many as are compared with."""
        order, ends = self._of_cell
        return order[ends[cell] : ends[cell + 1]][-_MOST_PASSAGES:]

    def scores(self, rows: Rows) -> dict[str, _Float]:
        """Scores of passages by question, NaN where too little is known. Each of shape (P,)"""
        rare, many = self._by_number(rows)
        return {"rare": rare, "odd": self._by_manner(rows), "many": many}

    def _by_number(self, rows: Rows) -> tuple[_Float, _Float]:
        """-log10 of the chance of a mover in an hour of watching, and of so many in the time that was watched.

        The rate has a gamma distribution around what was seen; numbers then follow a negative binomial one.
        """
        from scipy.special import betainc  # noqa: PLC0415 - 20 MB, where nothing may be unusual

        cell, hour = rows.cell, rows.hour.astype(np.int64)
        if not len(self.watched_h):
            return np.full(len(cell), np.nan), np.full(len(cell), np.nan)
        watched_h, passed = self.watched_h[cell, hour], self.passed[cell, hour]
        known = (cell >= 0) & (watched_h >= self._min_watched_h)
        watched_h = np.where(known, watched_h, 1.0)
        rare = -np.log10(-np.expm1(-(passed + 0.5) / watched_h))
        seen_h = np.maximum(rows.seen_h, LEAST_SEEN_H)
        expected = passed / watched_h * seen_h
        chance = betainc(rows.nth, passed + 0.5, seen_h / (seen_h + watched_h))
        enough = known & (rows.nth >= _FEWEST_MANY) & (rows.nth >= _LEAST_RATIO * expected)
        many = -np.log10(np.maximum(chance, 1e-300))
        return np.where(known, rare, np.nan), np.where(enough, many, np.where(known, 0.0, np.nan))

    def _by_manner(self, rows: Rows) -> _Float:
        """Distance to the third nearest of what passed the cell before."""
        found = np.full(len(rows.cell), np.nan)
        for cell in np.unique(rows.cell[rows.cell >= 0]).tolist():
            model = self._model(cell)
            if model is not None:
                here = np.flatnonzero(rows.cell == cell)
                found[here] = model.kneighbors(rows.features[here])[0][:, -1]
        return found

    def _model(self, cell: int) -> Any:
        """The neighbours of the cell's passages; None where they are too few."""
        if cell not in self._models:
            from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - two seconds, where nothing may be unusual

            known = self._features[self.of_cell(cell)]
            enough = len(known) >= _LEAST_PASSAGES
            self._models[cell] = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(known) if enough else None
        return self._models[cell]


class Usual:
    """What the past teaches, and how surprising something has to be to be reported.

    budget_per_day: false alarms; each question has a third of it.
    min_days: nothing is reported before so many days were watched.
    """

    def __init__(
        self,
        stretches: Sequence[Stretch],
        *,
        budget_per_day: float,
        min_days: int,
        min_watched_h: float,
        time_zone: str = "UTC",
    ) -> None:
        self.history = History(stretches, time_zone)
        self.taught = Taught(self.history, None, min_watched_h)
        days = self.history.days
        self._allowed = math.floor(budget_per_day / len(QUESTIONS) * days + 1e-9)
        self.days_needed = max(min_days, 2, math.ceil(len(QUESTIONS) / budget_per_day - 1e-9))
        self.is_warm = days >= self.days_needed
        self.past = self._past(min_watched_h) if self.is_warm else {}

    def bar(self, question: str) -> float:
        """A score above it is unusual: so few of the past were above it that the budget holds."""
        past = self.past[question]
        highest = past[-self._allowed] if len(past) >= self._allowed else -math.inf
        return max(float(highest), _FLOORS[question])

    def judge(self, passages: Sequence[tuple[Passage, int]]) -> list[Finding]:
        """What is unusual about passages, each with its number in its cell and stretch; nothing while warming up."""
        if not self.is_warm or not passages:
            return []
        scores = self.taught.scores(self.history.columns(passages))
        findings = []
        for question in QUESTIONS:
            bar, past = self.bar(question), self.past[question]
            for row in np.flatnonzero(scores[question] > bar).tolist():
                score = float(scores[question][row])
                above = len(past) - int(np.searchsorted(past, score))
                findings.append(Finding(question, *passages[row], (1 + above) / (1 + len(past)), score, bar))
        return findings

    def _past(self, min_watched_h: float) -> dict[str, _Float]:
        """Scores of the past, ascending: the highest of each mover (rare, odd) or stretch (many)."""
        rows = self.history.rows
        scores = {question: np.full(len(rows.cell), np.nan) for question in QUESTIONS}
        for fold in range(min(_FOLDS, self.history.days)):
            here = np.flatnonzero(rows.day % _FOLDS == fold)
            judged = Taught(self.history, fold, min_watched_h).scores(rows.at(here))
            for question in QUESTIONS:
                scores[question][here] = judged[question]
        units = {"rare": rows.unit, "odd": rows.unit, "many": rows.stretch}
        return {question: _highest(scores[question], units[question]) for question in QUESTIONS}


def _highest(scores: _Float, unit: _Int) -> _Float:
    """The highest score of each unit that has any, ascending."""
    known = ~np.isnan(scores)
    highest = np.full(int(unit.max()) + 1 if len(unit) else 0, -np.inf)
    np.maximum.at(highest, unit[known], scores[known])
    return np.sort(highest[highest > -np.inf])
