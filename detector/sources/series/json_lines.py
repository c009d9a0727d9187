"""JSON Lines of samples: wide, long, or stretches of a waveform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from detector.errors import Complaint, SourceError
from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.json_items import JsonItems
from detector.sources.series.lines import ends_with_newline
from detector.sources.series.message import own_block
from detector.sources.series.senml import senml_samples
from detector.sources.series.table import CHANNEL_NAMES, ROWS, Columns, RowsToBlocks, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.time_names import no_time, time_at
from detector.sources.series.times import TimeColumn
from detector.timebase import NS_PER_S

Line = tuple[int, Any]
_SHOWN = 3
"""Complaints about a file of which nothing can be read."""


class JsonLines(TableReader):
    """One object a line, or an array of objects; all of the first one's form:

    - wide: `{"time": …, "a": 1.5, "b": null}`; what is nested is called a.b. The channels are the numbers of the first
      4,096 objects; those that never stand in one object are streams of their own
    - long: `{"time": …, "channel": "a", "value": 1.5}`
    - a stretch of a waveform: `{"time": …, "channel": "a", "rate_hz": 100, "values": [1.5, …]}`, from the time on
    - messages as data loggers send them live (`read_message`), recorded one a line: with `t`, and `values` an object or
      of one channel, named after the sensor or the file; SenML
    """

    def blocks(self) -> Iterator[Block | Gap]:
        """Objects in the order of the file.

        Raises:
            SourceError: it cannot be opened, its first line is no sample, or no line can be read; as file:line.
        """
        self._begin()
        try:
            yield from self._read(JsonItems(self._path))
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error

    def _read(self, items: JsonItems) -> Iterator[Block | Gap]:
        file = str(self._path)
        turn: _Stretches | _Samples | None = None
        batch: list[Line] = []
        wrong: list[Complaint] = []
        ended = 0
        for item in items:
            self.share, ended = items.share, item.line
            if item.wrong:
                wrong.append(Complaint(file, item.line, item.wrong))
                if turn is None and len(wrong) >= 100:
                    break
                continue
            batch.append((item.line, item.data))
            if len(batch) >= ROWS:
                turn = turn or self._form(batch, is_array=items.is_array)
                yield from turn.blocks(batch, wrong)
                batch, wrong = [], []
        if not batch and turn is None and items.cut_at and not wrong:
            wrong = [Complaint(file, items.cut_at, "the file ends before its array does")]
        if not batch and turn is None:
            raise SourceError(
                "\n".join(map(str, wrong[:_SHOWN]))
                or f"{file}: it is empty; one JSON object a line, or an array, is needed"
            )
        if items.cut_at:
            self.shortfall = str(Complaint(file, items.cut_at, "the file ends before its array does"))
        elif wrong and wrong[-1].line == ended and not items.is_array and not ends_with_newline(self._path):
            self.shortfall = str(Complaint(file, ended, "the file ends in the middle of this line"))
        turn = turn or self._form(batch, is_array=items.is_array)
        yield from turn.blocks(batch, wrong)
        yield from turn.finish()
        self._end()
        turn.refuse_if_nothing()

    def _form(self, batch: list[Line], *, is_array: bool) -> _Stretches | _Samples:
        """By the first object that is no logger's status."""
        file, name = str(self._path), self._station.sensor or self._path.stem
        line, first = next((one for one in batch if not _is_status(one[1])), batch[0])
        try:
            if _is_senml(first) if is_array else isinstance(first, list):
                return _Messages(file, self._source_id, self.counters, self.units, name, one_pack=is_array)
            if not isinstance(first, dict):
                raise ValueError("an object {…} is needed")
            values = first.get("values")
            if isinstance(values, dict) or (_is_number(values) and "t" in first) or _is_status(first):
                return _Messages(file, self._source_id, self.counters, self.units, name)
            if isinstance(values, list):
                return _Waveforms(file, self._source_id, self.counters, self._time_in(first), name)
            keys, columns = self._columns([data for _, data in batch if isinstance(data, dict)])
        except ValueError as error:
            raise SourceError(str(Complaint(file, line, str(error)))) from error
        self.units, self.passed_over = dict(columns[0].units), columns[0].passed
        time = self._time_of(keys[columns[0].time])
        return _Samples(file, self._source_id, keys, columns, time, self.counters)

    def _columns(self, objects: list[dict[str, Any]]) -> tuple[list[str], list[Columns]]:
        """All keys, and which of them is what; of each stream by itself.

        Raises:
            ValueError: it cannot be told.
        """
        flat = [_flat(one) for one in objects]
        keys = list(dict.fromkeys(key for one in flat for key in one))
        columns = columns_of(keys, [[one.get(key, "") for key in keys] for one in flat], *self._station.time_column)
        if columns.long:
            return keys, [columns]
        streams: list[set[int]] = []
        for one in flat:
            here = {at for at in columns.values if keys[at] in one}
            apart = [stream for stream in streams if not stream & here]
            streams = [*apart, here.union(*(stream for stream in streams if stream & here))] if here else streams
        streams.sort(key=min)
        name = dict(zip(columns.values, columns.names, strict=True))
        return keys, [
            replace(columns, values=tuple(sorted(stream)), names=tuple(name[at] for at in sorted(stream)))
            for stream in streams
        ]

    def _time_in(self, data: dict[str, Any]) -> TimeColumn:
        keys = list(data)
        at = time_at(keys, *self._station.time_column)
        if at is None:
            raise ValueError(no_time(keys))
        return self._time_of(keys[at])


def _is_status(data: Any) -> bool:
    return isinstance(data, dict) and "status" in data and not {"values", "value"} & data.keys() and len(data) <= 3


def _is_senml(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and bool({"n", "bn"} & data.keys())
        and bool({"v", "vs", "vb", "vd", "s", "bv"} & data.keys())
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Samples:
    """Objects with one instant each, as rows of a table. columns: of each stream."""

    def __init__(
        self,
        file: str,
        source_id: str,
        keys: list[str],
        columns: list[Columns],
        time: TimeColumn,
        counters: Counter[str],
    ) -> None:
        self._file, self._keys, self._counters = file, keys, counters
        self._known = set(keys)
        self._streams = [
            ([keys[at] for at in one.values], RowsToBlocks(file, source_id, one, len(keys), time, counters))
            for one in columns
        ]

    def blocks(self, batch: list[Line], wrong: list[Complaint]) -> list[Block | Gap]:
        found: list[Block | Gap] = []
        lines: list[int] = []
        flat: list[dict[str, str]] = []
        for line, data in batch:
            if not isinstance(data, dict):
                wrong = [*wrong, Complaint(self._file, line, "an object {…} is needed")]
                continue
            flat.append(_flat(data))
            lines.append(line)
            self._counters["keys_that_came_later"] += len(flat[-1].keys() - self._known)
        for names, rows in self._streams:
            mine = list(range(len(flat)))
            if len(self._streams) > 1:
                mine = [at for at, one in enumerate(flat) if any(name in one for name in names)]
            cells = [[flat[at].get(key, "") for key in self._keys] for at in mine]
            found += rows.blocks(cells, [lines[at] for at in mine], wrong)
            wrong = []
        return found

    def finish(self) -> list[Block | Gap]:
        """Nothing is held back."""
        return []

    def refuse_if_nothing(self) -> None:
        if all(rows.nothing for _, rows in self._streams):
            self._streams[0][1].refuse_if_nothing()


class _Stretches(ABC):
    """Objects with a stretch of samples each."""

    def __init__(self, file: str, source_id: str, counters: Counter[str]) -> None:
        self._file, self._source_id, self._counters = file, source_id, counters
        self._last_ns: int | None = None
        self._wrong: list[Complaint] = []

    def blocks(self, batch: list[Line], wrong: list[Complaint]) -> list[Block | Gap]:
        found: list[Block | Gap] = []
        wrong = list(wrong)
        for line, data in batch:
            if _is_status(data):  # of its logger; it holds no samples
                self._counters["status_messages"] += 1
                continue
            try:
                blocks = self._blocks(line, data)
            except ValueError as error:
                wrong.append(Complaint(self._file, line, str(error)))
                continue
            for block in blocks:
                found.append(block)
                self._last_ns = int(block.t_ns[-1]) if self._last_ns is None else self._last_ns
        self._wrong += wrong
        self._counters["rows_unreadable"] += len(wrong)
        if wrong and self._last_ns is not None:
            detail = f"{wrong[0]}{f', and {len(wrong) - 1} more lines near it' if len(wrong) > 1 else ''}"
            gap = Gap(self._source_id, self._last_ns, self._last_ns + 1, GapReason.DAMAGED, detail, len(wrong))
            found.insert(0, gap)
        last = found[-1] if found else None
        self._last_ns = int(last.t_ns[-1]) if isinstance(last, Block) else self._last_ns
        return found

    def refuse_if_nothing(self) -> None:
        if self._last_ns is None:
            more = [f"and {len(self._wrong) - _SHOWN} more lines"] if len(self._wrong) > _SHOWN else []
            raise SourceError("\n".join([*map(str, self._wrong[:_SHOWN]), *more]) or f"{self._file}: holds no samples")

    def finish(self) -> list[Block | Gap]:
        """What was held back until the end."""
        return []

    @abstractmethod
    def _blocks(self, line: int, data: Any) -> list[Block]:
        """Raises ValueError if it cannot be read."""


class _Messages(_Stretches):
    """As data loggers send them. Messages that share a channel are one stream, with the channels of its first.

    name: of a channel that has none. units: of channels, filled in as they are met. one_pack: each item is a record of
    one SenML pack.
    """

    def __init__(
        self,
        file: str,
        source_id: str,
        counters: Counter[str],
        units: dict[str, str],
        name: str,
        *,
        one_pack: bool = False,
    ) -> None:
        super().__init__(file, source_id, counters)
        self._units, self._name = units, name
        self._pack: list[Any] | None = [] if one_pack else None
        self._streams: list[tuple[str, ...]] = []

    def _blocks(self, line: int, data: Any) -> list[Block]:
        if self._pack is not None:
            self._pack.append(data)
            return []
        if isinstance(data, list):
            return self._senml(line, data)
        if not isinstance(data, dict):
            raise ValueError("an object {…} is needed")
        block = own_block(data, self._name, line, "line")
        known = next((one for one in self._streams if not set(one).isdisjoint(block.channels)), None)
        if known is None:
            self._streams.append(block.channels)
            return [block]
        self._counters["keys_that_came_later"] += len(set(block.channels) - set(known))
        return [block.with_channels(known)]

    def _senml(self, line: int, pack: list[Any]) -> list[Block]:
        samples = senml_samples(pack, self._counters)
        self._units |= {one.name: one.unit for one in samples if one.unit}
        return [
            Block((one.name,), one.t_ns, one.values[:, None], np.full(len(one.t_ns), line), "line") for one in samples
        ]

    def finish(self) -> list[Block | Gap]:
        pack, self._pack = self._pack, None
        return self.blocks([(1, pack)], []) if pack else []


class _Waveforms(_Stretches):
    """One channel each."""

    def __init__(self, file: str, source_id: str, counters: Counter[str], time: TimeColumn, name: str) -> None:
        super().__init__(file, source_id, counters)
        self._time, self._name = time, name

    def _blocks(self, line: int, data: Any) -> list[Block]:
        if not isinstance(data, dict):
            raise ValueError("an object {…} is needed")
        times, bad = self._time.ns_of([_cell(data.get(self._time.name))])
        if bad:
            raise ValueError(bad[0])
        rate = data.get("rate_hz")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e9:
            raise ValueError(f"rate_hz is {rate!r}: a number above 0 is needed")
        channel = next((str(data[key]) for key in CHANNEL_NAMES if key in data), self._name)
        samples = data.get("values")
        if not isinstance(samples, list):
            raise ValueError("values is no list of numbers")
        try:
            values = np.array([np.nan if one is None else one for one in samples], np.float64)
        except (ValueError, TypeError) as error:
            raise ValueError(f"values: {error}") from error
        if values.ndim != 1:
            raise ValueError("values is no list of numbers")
        if not len(values):
            raise ValueError("values has no samples")
        interval_ns = NS_PER_S / rate
        t_ns = times[0] + np.rint(np.arange(len(values)) * interval_ns).astype(np.int64)
        return [Block((channel,), t_ns, values[:, None], np.full(len(values), line), "line", interval_ns)]


def _cell(value: Any) -> str:
    """As a table would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _flat(data: dict[str, Any]) -> dict[str, str]:
    """Cells by their keys; those of an object within an object are called a.b."""
    cells: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            cells |= {f"{key}.{inner}": cell for inner, cell in _flat(value).items()}
        else:
            cells[key] = _cell(value)
    return cells
