"""Times as tables write them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from detector.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, ns_from_iso

TIME_NAMES = (
    "t_ns", "time_utc", "t_s", "time", "timestamp", "datetime", "date_time", "utc", "ts", "epoch", "epoch_s",
    "epoch_ms", "epoch_us", "epoch_ns", "t", "date/time", "date",
)  # fmt: skip
_TIMES_OF_DAY = ("time", "time_utc", "utc")
_PER_UNIT = {"ns": 1, "us": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_S}
_NUMBER = re.compile(r"\s*([+-]?)(\d+)(?:\.(\d*))?\s*")
_POWER = re.compile(r"\s*[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,2}\s*")
_ZONE_IN_WORDS = re.compile(r"\s*(?:UTC|GMT)\s*")
_NO_ZONE = re.compile(r"\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\s*")
# Epoch numbers of the years 1990 to 2100 by their unit; below all of them, seconds from the start.
_YEARS = (631_152_000, 4_102_444_800)


class TimeColumn:
    """Turns the cells of a time column into ns UTC. What kind of time it is, the first cell decides for all.

    Known: ISO 8601 with its zone, UTC and GMT too (without: only if `assume_utc`); numbers since 1970 in s, ms, us or
    ns, told apart by their size (1990 to 2100) or by the column's name; smaller numbers are seconds from `start_ns`.
    """

    def __init__(self, name: str, start_ns: int | None, *, assume_utc: bool) -> None:
        self.name, self._start_ns, self._assume_utc = name, start_ns, assume_utc
        self._kind: str | None = None

    @property
    def has_no_start(self) -> bool:
        """It counts seconds from a start that nobody stated."""
        return self._kind == "from start" and self._start_ns is None

    def ns_of(self, cells: Sequence[str]) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Times, and what is wrong with those cells that cannot be read (their times are 0)."""
        if cells and self._kind is None:
            self._kind = self._decide(cells)
        quick = self._quick(cells)
        if quick is not None:
            return quick, {}
        t_ns, wrong = np.zeros(len(cells), np.int64), {}
        for row, cell in enumerate(cells):
            try:
                t_ns[row] = self._one(cell)
            except (ValueError, OverflowError) as error:
                wrong[row] = f"{self.name} is {cell!r}: {error}"
        return t_ns, wrong

    def _decide(self, cells: Sequence[str]) -> str | None:
        """By the first cell that can be a time."""
        for cell in cells:
            match = _NUMBER.fullmatch(_plain(cell))
            if match is None:
                if re.match(r"\s*\d{4}-\d\d", cell):
                    return "iso"
                continue
            if self.name.lower() in {"t_s"}:
                return "from start"
            stated = re.fullmatch(r"(?:t|epoch)_(ns|us|ms|s)", self.name.lower())
            if stated:
                return stated[1]
            size = abs(int(match[2]))
            for unit, per in _PER_UNIT.items():
                if _YEARS[0] <= size * per // NS_PER_S <= _YEARS[1]:
                    return unit
            return "from start"
        return None

    def _quick(self, cells: Sequence[str]) -> NDArray[np.int64] | None:
        """All at once, where every cell is plain; None where some is not."""
        try:
            if self._kind == "ns":
                return np.array(cells, dtype=np.int64)
            if self._kind == "iso" and all(len(cell) >= 20 and cell[-1] in "Zz" for cell in cells):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    return np.array([cell[:-1] for cell in cells], "datetime64[ns]").astype(np.int64)
        except (ValueError, OverflowError, UserWarning, DeprecationWarning):
            return None
        return None

    def _one(self, cell: str) -> int:
        if self._kind == "iso":
            cell = _ZONE_IN_WORDS.sub("Z", cell)
            if _NO_ZONE.fullmatch(cell):
                if not self._assume_utc:
                    raise ValueError("it has no zone; if it is UTC, say so (--utc)")
                cell = cell.strip() + "Z"
            return ns_from_iso(cell)
        match = _NUMBER.fullmatch(_plain(cell))
        per = NS_PER_S if self._kind == "from start" else _PER_UNIT.get(self._kind or "", 0)
        if match is None or not per:
            raise ValueError("neither a number nor a time like 2026-03-01T06:30:00Z")
        digits = len(str(per)) - 1
        fraction = (match[3] or "").ljust(digits, "0")[:digits]
        size = int(match[2]) * per + int(fraction or "0")
        if size > np.iinfo(np.int64).max:
            raise ValueError("too large")
        ns = -size if match[1] == "-" else size
        return ns + (self._start_ns or 0) if self._kind == "from start" else ns


def date_and_time(header: Sequence[str]) -> tuple[int, int] | None:
    """Which columns hold a date and the time of that day, where they stand apart; None where they do not."""
    lower = [name.strip().lower() for name in header]
    day = next((name for name in _TIMES_OF_DAY if name in lower), None)
    return (lower.index("date"), lower.index(day)) if day is not None and "date" in lower else None


def one_time(cells: Sequence[str], date: int, time: int) -> list[str]:
    """The same cells with the date put before the time of day; of a header the name of the time stays."""
    if max(date, time) >= len(cells):
        return list(cells)
    joined = list(cells)
    day = joined[date].strip()
    joined[time] = joined[time] if day.lower() == "date" else f"{day}T{joined[time].strip()}"
    del joined[date]
    return joined


def _plain(cell: str) -> str:
    """A number without a power of ten."""
    return f"{Decimal(cell.strip()):f}" if _POWER.fullmatch(cell) else cell
