"""Parquet tables of samples, wide or long."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import Gap
from detector.sources.series.block import Block
from detector.sources.series.table import Columns, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.times import TimeColumn

_ROWS = 1 << 16


class ParquetTable(TableReader):
    """Columns as `columns_of` tells them; times may be of Parquet's own type."""

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 65,536 rows.

        Raises:
            SourceError: pyarrow is absent, the file is damaged (its index is at its end: one that was cut off cannot be
                read at all), or it has no column of time or of numbers.
        """
        self._begin()
        try:
            arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError:
            raise SourceError(f"{self._path}: Parquet needs the extra: pip install 'trucewatch[parquet]'") from None
        try:
            with parquet.ParquetFile(str(self._path)) as file:
                yield from self._read(file)
        except (arrow.ArrowException, OSError) as error:
            raise SourceError(f"{self._path}: cannot be read as Parquet: {error}") from error

    def _read(self, file: Any) -> Iterator[Block | Gap]:
        names = list(file.schema_arrow.names)
        total, done = max(file.metadata.num_rows, 1), 0
        columns: Columns | None = None
        time: TimeColumn | None = None
        for batch in file.iter_batches(batch_size=_ROWS):
            if columns is None or time is None:
                try:
                    columns = columns_of(names, ["1" if _numeric(kind) else "text" for kind in batch.schema.types])
                except ValueError as error:
                    raise SourceError(f"{self._path}: {error}") from error
                self.units = columns.units
                time = TimeColumn(names[columns.time], self._station.start_ns, assume_utc=self._assume_utc)
            rows = np.arange(done, done + batch.num_rows)
            done += batch.num_rows
            self.share = done / total
            t_ns = self._times(batch.column(columns.time), time, done - batch.num_rows)
            values = np.column_stack([_floats(batch.column(at)) for at in columns.values])
            if columns.channel is None:
                yield Block(columns.names, t_ns, values, rows, "row")
                continue
            channels = np.array([str(one) for one in batch.column(columns.channel).to_pylist()])
            for name in np.unique(channels).tolist():
                which = channels == name
                yield Block((name,), t_ns[which], values[which], rows[which], "row")

    def _times(self, column: Any, time: TimeColumn, first: int) -> NDArray[np.int64]:
        arrow = import_module("pyarrow")
        if arrow.types.is_timestamp(column.type):
            if column.type.tz is None and not self._assume_utc:
                raise SourceError(
                    f"{self._path}: the times of {time.name} have no zone; if they are UTC, say so (--utc)"
                )
            cells = [str(one) for one in column.cast(arrow.timestamp("ns", "UTC")).cast(arrow.int64()).to_pylist()]
            time = TimeColumn("t_ns", None, assume_utc=True)
        else:
            cells = [str(one) for one in column.to_pylist()]
        t_ns, wrong = time.ns_of(cells)
        if wrong:
            row, why = next(iter(wrong.items()))
            raise SourceError(f"{self._path}: row {first + row}: {why}")
        return t_ns


def _numeric(kind: Any) -> bool:
    types = import_module("pyarrow.types")
    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind))


def _floats(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.cast("float64").to_numpy(zero_copy_only=False), np.float64)
