"""CSV tables of aircraft positions: one row a position, with the aircraft's id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from detector.sources.series.csv_table import CsvTable
from detector.sources.series.table import Columns
from detector.sources.tracks.columns import LANDED_M, track_columns


class TrackTable(CsvTable):
    """Blocks as of a long table: `channels` is the aircraft's id alone, `values` has a column for each of `columns`."""

    columns: Columns

    def _columns_of(self, header: Sequence[str], _rows: Sequence[Sequence[str]], stated_time: str = "") -> Columns:
        self.columns = track_columns(header, stated_time)
        return self.columns

    def _rows(self, text: TextIO, separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
        """Of an aircraft that has landed readsb writes `ground` for its height: a height below all others."""
        for number, cells in super()._rows(text, separator, before):
            yield number, [f"{LANDED_M}" if cell == "ground" else cell for cell in cells]
