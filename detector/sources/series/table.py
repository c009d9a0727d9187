"""Rows of a table of samples, whatever it is written in: which column is what, and blocks from rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.errors import Complaint, SourceError
from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.times import TIME_NAMES, TimeColumn

CHANNEL_NAMES = ("channel", "sensor", "sensor_id", "station", "series")
VALUE_NAMES = ("value", "reading", "sample")
BLANK = frozenset({"", "nan", "null", "none", "na", "n/a", "-", "#n/a", "--", "nil", "1.#qnan"})
ROWS = 4096
_MOST_COMPLAINTS = 3
_EXAMPLE = "`time,temperature`"
_UNIT = re.compile(r"(.+?)\s*[\[(]([^\])]+)[\])]\s*")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what. long: one channel a row, named in `channel`, its value in `values[0]`."""

    time: int
    values: tuple[int, ...]
    names: tuple[str, ...]
    units: dict[str, str]
    channel: int | None = None

    @property
    def long(self) -> bool:
        """One channel a row."""
        return self.channel is not None


def columns_of(header: Sequence[str], first: Sequence[str]) -> Columns:
    """Tell a table's columns by their names, and by what stands in the first row.

    Time is the column named like one (t_ns, time_utc, timestamp, …). With a column `channel` (or sensor, station) and
    one `value`, the table is long: one channel a row. Else it is wide: each other column with a name that holds a
    number (or nothing) in the first row is a channel. "name [unit]" and "name (unit)" state the unit.

    Raises:
        ValueError: no time, no channel, or a name stands there twice.
    """
    lower = [name.strip().lower() for name in header]
    twice = [name for name, count in Counter(lower).items() if count > 1]
    if twice:
        raise ValueError(f"column {twice[0]!r} stands there twice")
    time = next((lower.index(name) for name in TIME_NAMES if name in lower), None)
    if time is None and any(_is_number(name) for name in header):
        raise ValueError(f"the first line holds values; one with the columns' names is needed, as in {_EXAMPLE}")
    if time is None:
        raise ValueError(f"no column of time: one of {', '.join(TIME_NAMES)} is needed; found {', '.join(header)}")
    channel = next((lower.index(name) for name in CHANNEL_NAMES if name in lower), None)
    value = next((lower.index(name) for name in VALUE_NAMES if name in lower), None)
    if channel is not None and value is not None:
        return Columns(time, (value,), (), {}, channel)
    numeric = [
        at
        for at, cell in enumerate(first)
        if at != time and at < len(header) and header[at].strip() and _may_be_number(cell)
    ]
    if not numeric:
        found = ", ".join(f"{name} {cell!r}" for name, cell in zip(header, first, strict=False))
        raise ValueError(f"no column of numbers beside {header[time]}; the first row has {found}")
    parts = [_UNIT.fullmatch(header[at].strip()) for at in numeric]
    names = tuple(part[1] if part else header[at].strip() for part, at in zip(parts, numeric, strict=True))
    units = {name: part[2] for name, part in zip(names, parts, strict=True) if part}
    return Columns(time, tuple(numeric), names, units)


def _may_be_number(cell: str) -> bool:
    return cell.strip().lower() in BLANK or _is_number(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class RowsToBlocks:
    """Blocks and gaps from rows of cells.

    A row that cannot be read (no time, another number of cells) is left out, a cell that is no number is NaN: both are
    counted (`rows_unreadable`, `cells_unreadable`) and told by a Gap (damaged) with the first line's number.
    """

    def __init__(
        self, file: str, source_id: str, columns: Columns, width: int, time: TimeColumn, counters: Counter[str]
    ) -> None:
        self._file, self._source_id, self._columns, self._width = file, source_id, columns, width
        self._time, self._counters = time, counters
        self._last_ns: int | None = None
        self._complaints: list[Complaint] = []

    def blocks(
        self, rows: Sequence[Sequence[str]], lines: Sequence[int], wrong: Sequence[Complaint] = ()
    ) -> list[Block | Gap]:
        """Rows of one piece of the table. wrong: lines of it that are no rows at all."""
        good = [row for row, cells in enumerate(rows) if len(cells) == self._width]
        complaints = [*wrong, *([] if len(good) == len(rows) else self._wrong_width(rows, lines))]
        t_ns, timeless = self._time.ns_of([rows[row][self._columns.time] for row in good])
        complaints += [Complaint(self._file, lines[good[row]], why) for row, why in timeless.items()]
        self._counters["rows_unreadable"] += len(complaints)
        if timeless:
            keep = [row for row in range(len(good)) if row not in timeless]
            good, t_ns = [good[row] for row in keep], t_ns[keep]
        places = np.array([lines[row] for row in good], np.int64)
        values, bad_cells = self._values([rows[row] for row in good], places)
        self._counters["cells_unreadable"] += len(bad_cells)
        self._complaints += complaints
        if self._last_ns is None and not len(t_ns):
            return []
        damaged = self._damaged([*complaints, *bad_cells], int(t_ns[0]) if len(t_ns) else None)
        if len(t_ns):
            self._last_ns = int(t_ns[-1])
        if not self._columns.long:
            blocks = [Block(self._columns.names, t_ns, values, places, "line")] if len(t_ns) else []
            return [*damaged, *blocks]
        return [*damaged, *self._by_channel([rows[row] for row in good], t_ns, values, places)]

    def refuse_if_nothing(self) -> None:
        """Raises SourceError with the first complaints if no row could be read."""
        if self._last_ns is None:
            first = self._complaints[:_MOST_COMPLAINTS]
            more = len(self._complaints) - len(first)
            lines = [*map(str, first), *([f"and {more} more lines"] if more else [])]
            raise SourceError("\n".join(lines) or f"{self._file}: the table has no rows")

    @property
    def hopeless(self) -> bool:
        """A hundred rows and none of them readable."""
        return self._last_ns is None and len(self._complaints) >= 100

    def _wrong_width(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Complaint]:
        return [
            Complaint(self._file, line, f"{len(cells)} cells under {self._width} columns")
            for cells, line in zip(rows, lines, strict=True)
            if len(cells) != self._width
        ]

    def _values(
        self, rows: Sequence[Sequence[str]], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], list[Complaint]]:
        cells = [[row[at] for at in self._columns.values] for row in rows]
        try:
            return np.array(cells, dtype=np.float64).reshape(-1, len(self._columns.values)), []
        except ValueError:
            pass
        values = np.full((len(cells), len(self._columns.values)), np.nan)
        bad: list[Complaint] = []
        for row, line in enumerate(cells):
            for column, cell in enumerate(line):
                if cell.strip().lower() in BLANK:
                    continue
                try:
                    values[row, column] = float(cell)
                except ValueError:
                    name = self._columns.names[column] if self._columns.names else "value"
                    bad.append(Complaint(self._file, int(places[row]), f"{name} is {cell!r}: a number is needed"))
        return values, bad

    def _damaged(self, complaints: Sequence[Complaint], first_ns: int | None) -> list[Gap]:
        if not complaints:
            return []
        at_ns = self._last_ns if self._last_ns is not None else first_ns
        if at_ns is None:
            return []
        first = min(complaints, key=lambda one: one.line or 0)
        more = f", and {len(complaints) - 1} more lines or cells near it" if len(complaints) > 1 else ""
        return [Gap(self._source_id, at_ns, at_ns + 1, GapReason.DAMAGED, f"{first}{more}", len(complaints))]

    def _by_channel(
        self,
        rows: Sequence[Sequence[str]],
        t_ns: NDArray[np.int64],
        values: NDArray[np.float64],
        places: NDArray[np.int64],
    ) -> list[Block]:
        assert self._columns.channel is not None
        at: dict[str, list[int]] = {}
        for row, cells in enumerate(rows):
            at.setdefault(cells[self._columns.channel].strip(), []).append(row)
        return [Block((name,), t_ns[which], values[which], places[which], "line") for name, which in sorted(at.items())]
