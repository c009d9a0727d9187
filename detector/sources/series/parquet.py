"""Parquet and Arrow tables of samples, wide or long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import Gap
from detector.sources.series.block import Block
from detector.sources.series.table import Columns, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.times import TimeColumn

ARROW_MAGIC = b"ARROW1"
_ROWS = 1 << 16
_INDEX = re.compile(r"__index_level_\d+__")


class ParquetTable(TableReader):
    """Parquet, or Arrow (Feather). Columns as `columns_of` tells them; times may be of Arrow's own type.

    An index without a name, as pandas writes it, is the time where its type is one.
    """

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 65,536 rows, of Arrow as they were written.

        Raises:
            SourceError: pyarrow is absent, the file is damaged (its index is at its end: one that was cut off cannot be
                read at all), or it has no column of time or of numbers.
        """
        self._begin()
        try:
            arrow = import_module("pyarrow")
        except ImportError:
            raise SourceError(f"{self._path}: Parquet needs the extra: pip install 'trucewatch[parquet]'") from None
        with self._path.open("rb") as raw:
            is_arrow = raw.read(len(ARROW_MAGIC)) == ARROW_MAGIC
        try:
            with _arrow(self._path) if is_arrow else _parquet(self._path) as (schema, total, batches):
                yield from self._read(schema, total, batches)
        except (arrow.ArrowException, OSError) as error:
            raise SourceError(
                f"{self._path}: cannot be read as {'Arrow' if is_arrow else 'Parquet'}: {error}"
            ) from error

    def _read(self, schema: Any, total: int, batches: Iterable[Any]) -> Iterator[Block | Gap]:
        is_time = import_module("pyarrow").types.is_timestamp
        names = ["time" if _INDEX.fullmatch(one.name) and is_time(one.type) else one.name for one in schema]
        done = 0
        columns: Columns | None = None
        time: TimeColumn | None = None
        for batch in batches:
            if columns is None or time is None:
                try:
                    columns = columns_of(names, ["1" if _numeric(kind) else "text" for kind in schema.types])
                except ValueError as error:
                    raise SourceError(f"{self._path}: {error}") from error
                self.units = columns.units
                time = self._time_of(names[columns.time])
            rows = np.arange(done, done + batch.num_rows)
            done += batch.num_rows
            self.share = done / max(total, 1)
            t_ns = self._times(batch.column(columns.time), time, done - batch.num_rows)
            values = np.column_stack([_floats(batch.column(at)) for at in columns.values])
            if columns.channel is None:
                yield Block(columns.names, t_ns, values, rows, "row")
                continue
            channels = np.array([str(one) for one in batch.column(columns.channel).to_pylist()])
            for name in np.unique(channels).tolist():
                which = channels == name
                yield Block((name,), t_ns[which], values[which], rows[which], "row")
        self._end()

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


@contextmanager
def _parquet(path: Path) -> Iterator[tuple[Any, int, Iterable[Any]]]:
    """Schema, number of rows, and pieces."""
    with import_module("pyarrow.parquet").ParquetFile(str(path)) as file:
        yield file.schema_arrow, file.metadata.num_rows, file.iter_batches(batch_size=_ROWS)


@contextmanager
def _arrow(path: Path) -> Iterator[tuple[Any, int, Iterable[Any]]]:
    """Schema, number of rows, and pieces."""
    arrow = import_module("pyarrow")
    with arrow.memory_map(str(path)) as raw, arrow.ipc.open_file(raw) as file:
        pieces = [file.get_batch(piece) for piece in range(file.num_record_batches)]
        yield file.schema, sum(one.num_rows for one in pieces), pieces
