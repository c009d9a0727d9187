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
from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.table import Columns, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.times import NO_ZONE_SAID, TimeColumn

ARROW_MAGIC = b"ARROW1"
_STREAM, _FEATHER_1 = b"\xff\xff\xff\xff", b"FEA1"
_ROWS = 1 << 16
_INDEX = re.compile(r"__index_level_\d+__")


class ParquetTable(TableReader):
    """Parquet, or Arrow (Feather). Columns as `columns_of` tells them; times may be of Arrow's own type.

    An index without a name, as pandas writes it, is the time where its type is one. Rows without a time or a channel
    are left out: counted (`rows_unreadable`) and a Gap (damaged).
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
            head = raw.read(len(ARROW_MAGIC))
        if head.startswith(_FEATHER_1):
            raise SourceError(f"{self._path}: Feather of version 1; write it as version 2, or Parquet")
        form = "Arrow" if head == ARROW_MAGIC else "an Arrow stream" if head.startswith(_STREAM) else "Parquet"
        opened = {"Arrow": _arrow, "an Arrow stream": _stream, "Parquet": _parquet}[form]
        try:
            with opened(self._path) as (schema, total, batches):
                yield from self._read(schema, total, batches)
        except (arrow.ArrowException, OSError) as error:
            raise SourceError(f"{self._path}: cannot be read as {form}: {error}") from error

    def _read(self, schema: Any, total: int, batches: Iterable[Any]) -> Iterator[Block | Gap]:
        is_time = import_module("pyarrow").types.is_timestamp
        names = ["time" if _INDEX.fullmatch(one.name) and is_time(one.type) else one.name for one in schema]
        done = 0
        columns: Columns | None = None
        time: TimeColumn | None = None
        for batch in batches:
            if columns is None or time is None:
                try:
                    kinds = ["1" if _numeric(kind) else f"of type {kind}" for kind in schema.types]
                    columns = columns_of(names, [kinds], *self._station.time_column)
                except ValueError as error:
                    raise SourceError(f"{self._path}: {error}") from error
                self.units, self.passed_over = columns.units, columns.passed
                time = self._time_of(names[columns.time])
            rows = np.arange(done, done + batch.num_rows)
            done += batch.num_rows
            self.share = done / max(total, 1)
            t_ns, wrong = self._times(batch.column(columns.time), time)
            values = np.column_stack([_floats(batch.column(at)) for at in columns.values])
            names_of = [_texts(batch.column(at)) for at in columns.channel]
            channel = ["/".join(one) if any(one) else "" for one in zip(*names_of, strict=True)] if names_of else []
            wrong |= {row: "no channel is named" for row, one in enumerate(channel) if not one}
            if wrong:
                yield from self._damaged(wrong, t_ns, int(rows[0]))
                keep = np.setdiff1d(np.arange(len(rows)), list(wrong))
                t_ns, values, rows = t_ns[keep], values[keep], rows[keep]
                channel = [channel[row] for row in keep] if channel else []
            if not columns.long:
                yield Block(columns.names, t_ns, values, rows, "row")
                continue
            channels = np.array(channel)
            for name in np.unique(channels).tolist():
                which = channels == name
                yield Block(columns.named(name), t_ns[which], values[which], rows[which], "row")
        self._end()

    def _times(self, column: Any, time: TimeColumn) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Of each row, and what is wrong with those that have none."""
        arrow = import_module("pyarrow")
        if arrow.types.is_timestamp(column.type):
            if column.type.tz is None and not self._assume_utc and self._station.time_zone is None:
                raise SourceError(f"{self._path}: {time.name}: {NO_ZONE_SAID}")
            if column.type.tz is None and self._station.time_zone is not None:
                cells = ["" if one is None else str(one) for one in column.cast(arrow.timestamp("us")).to_pylist()]
                return time.ns_of(cells)
            t_ns = column.cast(arrow.timestamp("ns", "UTC")).cast(arrow.int64())
            none = dict.fromkeys(np.flatnonzero(column.is_null()).tolist(), f"{time.name} is null")
            return np.asarray(t_ns.fill_null(0).to_numpy(zero_copy_only=False), np.int64), none
        return time.ns_of(_texts(column))

    def _damaged(self, wrong: dict[int, str], t_ns: NDArray[np.int64], first: int) -> Iterator[Gap]:
        """Rows that are left out."""
        self.counters["rows_unreadable"] += len(wrong)
        good = np.delete(t_ns, list(wrong))
        if not len(good):
            row, why = next(iter(wrong.items()))
            raise SourceError(f"{self._path}: row {first + row}: {why}")
        row = min(wrong)
        at_ns = int(good[np.searchsorted(np.delete(np.arange(len(t_ns)), list(wrong)), row) - 1])
        more = f", and {len(wrong) - 1} more rows near it" if len(wrong) > 1 else ""
        detail = f"{self._path}: row {first + row}: {wrong[row]}{more}"
        yield Gap(self._source_id, at_ns, at_ns + 1, GapReason.DAMAGED, detail, len(wrong))


def _texts(column: Any) -> list[str]:
    return ["" if one is None else str(one) for one in column.to_pylist()]


def _numeric(kind: Any) -> bool:
    types = import_module("pyarrow.types")
    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind))


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


@contextmanager
def _stream(path: Path) -> Iterator[tuple[Any, int, Iterable[Any]]]:
    """Schema, number of rows (not known beforehand), and pieces."""
    arrow = import_module("pyarrow")
    with arrow.memory_map(str(path)) as raw, arrow.ipc.open_stream(raw) as file:
        yield file.schema, 0, file
