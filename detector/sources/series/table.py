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
from detector.sources.series.time_names import no_time, time_at
from detector.sources.series.times import TimeColumn

CHANNEL_NAMES = ("channel", "sensor", "sensor_id", "station", "station_id", "series", "device", "device_id", "node",
    "node_id", "name", "parameter", "metric", "variable", "quantity", "tag",
)  # fmt: skip
VALUE_NAMES = ("value", "reading", "sample")
UNIT_NAMES = ("unit", "units")
BLANK = frozenset({"", "nan", "null", "none", "na", "n/a", "-", "#n/a", "--", "nil", "1.#qnan"})
ROWS = 4096
_MOST_COMPLAINTS = 3
_EXAMPLE = "`time,temperature`"
_UNIT = re.compile(r"(.+?)\s*[\[(]([^\])]+)[\])]\s*")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what. long: rows are of several channels, named in `channel`.

    names: of the values; of a long table with one value there are none: the channel's is enough.
    channel: columns that name the channel, joined by a slash; none: the table is wide.
    each: a channel is named after both, `channel`/`names`.
    nameless: rows in which no channel is named are given, too.
    unit: column of a long table with the value's unit.
    passed: names of columns that nothing is made of.
    """

    time: int
    values: tuple[int, ...]
    names: tuple[str, ...]
    units: dict[str, str]
    channel: tuple[int, ...] = ()
    each: bool = False
    nameless: bool = False
    unit: int | None = None
    passed: tuple[str, ...] = ()

    @property
    def long(self) -> bool:
        """Rows are of several channels."""
        return bool(self.channel)

    def named(self, channel: str) -> tuple[str, ...]:
        """Channels of a long table's rows that name this one; their units are those of their columns."""
        if not self.each:
            return (channel,)
        names = tuple(f"{channel}/{name}" for name in self.names)
        for name, joined in zip(self.names, names, strict=True):
            if name in self.units:
                self.units.setdefault(joined, self.units[name])
        return names


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]], stated_time: str = "") -> Columns:
    """Tell a table's columns by their names, and by what stands in its first rows.

    Time is the column that is stated, else named like one (t_ns, time_utc, timestamp, …). With a column `channel` (or
    sensor, station, device) and one `value`, the table is long: one channel a row. With such a column of names and no
    `value`, each other column is a channel of each name. Else it is wide: each other column with a name is a channel if
    half of its cells that are not blank are numbers. "name [unit]" and "name (unit)" state the unit.

    Raises:
        ValueError: no time, no channel, or a name stands there twice.
    """
    lower = [name.strip().lower() for name in header]
    twice = [name for name, count in Counter(lower).items() if count > 1 and name]
    time = time_at(header, stated_time)
    if time is None and any(_is_number(name) for name in header):
        raise ValueError(f"the first line holds values; one with the columns' names is needed, as in {_EXAMPLE}")
    if twice:
        raise ValueError(f"column {twice[0]!r} stands there twice")
    if time is None:
        raise ValueError(no_time(header))
    named = [at for at, name in enumerate(lower) if name in CHANNEL_NAMES and at != time]
    value = next((lower.index(name) for name in VALUE_NAMES if name in lower), None)
    unit = next((lower.index(name) for name in UNIT_NAMES if name in lower), None)
    if named and value is not None:
        passed = _others(header, {time, value, *named, *([] if unit is None else [unit])})
        return Columns(time, (value,), (), {}, tuple(named), unit=unit, passed=passed)
    numeric = {
        at for at, name in enumerate(lower) if at != time and name and _may_be_numbers([row[at] for row in rows])
    }
    groups = tuple(at for at in named if at not in numeric or lower[at].endswith("_id"))
    channels = [at for at in sorted(numeric) if at not in groups]
    if not channels:
        found = ", ".join(f"{name} {cell[:40]!r}" for name, cell in zip(header, rows[0] if rows else (), strict=False))
        why = "numbers stand alone, their unit beside the name as in `temperature [K]`"
        raise ValueError(f"no column of numbers beside {header[time]}; the first row has {found}; {why}")
    parts = [_UNIT.fullmatch(header[at].strip()) for at in channels]
    names = tuple(part[1] if part else header[at].strip() for part, at in zip(parts, channels, strict=True))
    if len(set(names)) < len(names):
        names = tuple(header[at].strip() for at in channels)
    units = {name: part[2] for name, part in zip(names, parts, strict=True) if part}
    passed = _others(header, {time, *channels, *groups})
    return Columns(time, tuple(channels), names, units, groups, each=bool(groups), passed=passed)


def _others(header: Sequence[str], used: set[int]) -> tuple[str, ...]:
    return tuple(name.strip() or f"column {at + 1}" for at, name in enumerate(header) if at not in used)


def _may_be_numbers(cells: Sequence[str]) -> bool:
    """Half of those that are not blank are numbers."""
    try:
        np.array(cells, np.float64)
    except ValueError:
        told = [cell for cell in cells if cell.strip().lower() not in BLANK]
        return 2 * sum(map(_is_number, told)) >= len(told)
    return True


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class RowsToBlocks:
    """Blocks and gaps from rows of cells.

    A row that cannot be read (no time, another number of cells) is left out, a cell that is no number is NaN: both are
    counted (`rows_unreadable`, `cells_unreadable`) and told by a Gap (damaged) with the first line's number. So are
    rows that name no channel, and values of a channel in another unit than its first.

    units: of channels, as they are met in the rows.
    """

    def __init__(
        self, file: str, source_id: str, columns: Columns, width: int, time: TimeColumn, counters: Counter[str]
    ) -> None:
        self._file, self._source_id, self._columns, self._width = file, source_id, columns, width
        self._time, self._counters = time, counters
        self.units = columns.units
        self._last_ns: int | None = None
        self._complaints: list[Complaint] = []

    def blocks(
        self, rows: Sequence[Sequence[str]], lines: Sequence[int], wrong: Sequence[Complaint] = ()
    ) -> list[Block | Gap]:
        """Rows of one piece of the table. wrong: lines of it that are no rows at all."""
        good = [row for row, cells in enumerate(rows) if len(cells) == self._width]
        complaints = [*wrong, *([] if len(good) == len(rows) else self._wrong_width(rows, lines))]
        if self._columns.long and not self._columns.nameless:
            unnamed = [row for row in good if not self._channel(rows[row])]
            complaints += [Complaint(self._file, lines[row], "no channel is named") for row in unnamed]
            good = [row for row in good if self._channel(rows[row])] if unnamed else good
        t_ns, timeless = self._time.ns_of([rows[row][self._columns.time] for row in good])
        complaints += [Complaint(self._file, lines[good[row]], why) for row, why in timeless.items()]
        self._counters["rows_unreadable"] += len(complaints)
        if timeless:
            keep = [row for row in range(len(good)) if row not in timeless]
            good, t_ns = [good[row] for row in keep], t_ns[keep]
        places = np.array([lines[row] for row in good], np.int64)
        values, bad_cells = self._values([rows[row] for row in good], places)
        if self._columns.unit is not None:
            bad_cells += self._other_units([rows[row] for row in good], places, values)
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
    def nothing(self) -> bool:
        """No row could be read so far."""
        return self._last_ns is None

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

    def _other_units(
        self, rows: Sequence[Sequence[str]], places: NDArray[np.int64], values: NDArray[np.float64]
    ) -> list[Complaint]:
        """Of a long table; a value in another unit than its channel's first is taken out."""
        assert self._columns.unit is not None
        bad: list[Complaint] = []
        for row, cells in enumerate(rows):
            name, unit = self._channel(cells), cells[self._columns.unit].strip()
            known = self.units.setdefault(name, unit) if unit else ""
            if unit != known:
                values[row] = np.nan
                bad.append(
                    Complaint(self._file, int(places[row]), f"{name} is in {unit}, {known} before: one is needed")
                )
        return bad

    def _channel(self, cells: Sequence[str]) -> str:
        """The name of a row of a long table; empty: it says none."""
        named = [cells[at].strip() for at in self._columns.channel]
        return "/".join(named) if any(named) else ""

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
        at: dict[str, list[int]] = {}
        for row, cells in enumerate(rows):
            at.setdefault(self._channel(cells), []).append(row)
        return [
            Block(self._columns.named(name), t_ns[which], values[which], places[which], "line")
            for name, which in sorted(at.items())
        ]
