"""CSV tables of samples, wide or long."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import count, islice
from typing import TextIO

from detector.errors import Complaint, SourceError
from detector.model import Gap
from detector.sources.series.block import Block
from detector.sources.series.lines import ends_with_newline
from detector.sources.series.table import ROWS, Columns, RowsToBlocks, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.time_names import date_and_time, one_time
from detector.sources.table_text import encoding_of, separator_of, with_point

_LONGEST_HEADER = 1 << 20
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)


class CsvTable(TableReader):
    """A table with one header line, separated by comma, semicolon, tab or bar; `columns_of` says which column is what.

    Lines before the header that are blank or begin with # are passed over; a spreadsheet's sep=; says what separates. A
    date and a time in columns of their own become one. Where the comma does not separate, it is the decimal point.
    """

    def blocks(self) -> Iterator[Block | Gap]:
        """Rows in the order of the file.

        Raises:
            SourceError: it cannot be opened, has no header that can be used, or no row of it can be read; as file:line.
        """
        self._begin()
        try:
            size = max(self._path.stat().st_size, 1)
            with self._path.open("rb") as raw, TextIOWrapper(raw, self._coding(), "replace", newline="") as text:
                for item in self._read(text):
                    self.share = min(raw.tell() / size, 1.0)
                    yield item
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error

    def _read(self, text: TextIO) -> Iterator[Block | Gap]:
        file = str(self._path)
        head, number, separator = _head(text)
        if not head:
            raise SourceError(f"{file}: it is empty; a header with the columns' names is needed")
        header = next(csv.reader([head], delimiter=separator))
        rows = self._rows(text, separator, number)
        stated_time = self._station.time_column
        try:
            parted = date_and_time(header, stated_time)
        except ValueError as error:
            raise SourceError(str(Complaint(file, number, str(error)))) from error
        if parted is not None:
            stated_time = (header[parted[1]].strip(),)
            header = [name for at, name in enumerate(header) if at != parted[0]]
            rows = ((line, one_time(cells, *parted)) for line, cells in rows)
        batch = list(islice(rows, ROWS))
        whole = [cells for _, cells in batch if len(cells) == len(header)]
        if not whole:
            message = f"{len(batch[0][1])} cells under {len(header)} columns" if batch else "the table has no rows"
            raise SourceError(str(Complaint(file, batch[0][0] if batch else number, message)))
        try:
            columns = self._columns_of(header, whole, *stated_time)
        except ValueError as error:
            above = "" if len(header) > 1 else "; lines above the header begin with #"
            raise SourceError(f"{Complaint(file, number, str(error))}{above}") from error
        self.units, self.passed_over = columns.units, columns.passed
        time = self._time_of(header[columns.time].strip())
        made = RowsToBlocks(file, self._source_id, columns, len(header), time, self.counters)
        while batch:
            following = list(islice(rows, ROWS))
            if not following:
                self._cut_off(batch, len(header))
            yield from made.blocks([cells for _, cells in batch], [line for line, _ in batch])
            if made.hopeless:
                break
            batch = following
        self._end()
        made.refuse_if_nothing()

    def _columns_of(self, header: Sequence[str], rows: Sequence[Sequence[str]], stated_time: str = "") -> Columns:
        """Raises ValueError where they cannot be told."""
        return columns_of(header, rows, stated_time)

    def _coding(self) -> str:
        with self._path.open("rb") as raw:
            return encoding_of(raw.read(2))

    def _rows(self, text: TextIO, separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row that is not empty. before: lines that have been read."""
        reader = csv.reader(text, delimiter=separator)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num + before, with_point(cells, separator)
        except csv.Error as error:
            message = f"this is no table: {error}"
            raise SourceError(str(Complaint(str(self._path), reader.line_num + before, message))) from error

    def _cut_off(self, batch: list[tuple[int, list[str]]], width: int) -> None:
        """A last line without its end and with too few cells was cut off: the file is incomplete."""
        line, cells = batch[-1]
        if len(cells) < width and not ends_with_newline(self._path):
            self.shortfall = f"{Complaint(str(self._path), line, 'the file ends in the middle of this line')}"


def _head(text: TextIO) -> tuple[str, int, str]:
    """The header's line, its number, and what separates its cells; empty: there is none."""
    separator = ""
    for number in count(1):
        line = text.readline(_LONGEST_HEADER)
        stated = _SEPARATOR.fullmatch(line)
        if stated:
            separator = stated[1]
        elif not line or (line.strip() and not line.startswith("#")):
            return line, number, separator or separator_of(line)
    raise AssertionError
