"""JSON Lines of samples: wide, long, or stretches of a waveform."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from detector.errors import Complaint, SourceError
from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.lines import ends_with_newline
from detector.sources.series.message import own_block
from detector.sources.series.table import CHANNEL_NAMES, ROWS, Columns, RowsToBlocks, columns_of
from detector.sources.series.table_reader import TableReader
from detector.sources.series.times import TIME_NAMES, TimeColumn
from detector.timebase import NS_PER_S

Line = tuple[int, dict[str, Any]]


class JsonLines(TableReader):
    """One object a line, all of the first one's form:

    - wide: `{"time": …, "a": 1.5, "b": null}`; the channels are the numbers of the first line
    - long: `{"time": …, "channel": "a", "value": 1.5}`
    - a stretch of a waveform: `{"time": …, "channel": "a", "rate_hz": 100, "values": [1.5, …]}`, from the time on
    - messages as data loggers send them live (`read_message`), recorded one a line: with `t`, and `values` an object
    """

    def blocks(self) -> Iterator[Block | Gap]:
        """Lines in the order of the file.

        Raises:
            SourceError: it cannot be opened, its first line is no sample, or no line can be read; as file:line.
        """
        self._begin()
        try:
            size = max(self._path.stat().st_size, 1)
            with self._path.open("rb") as raw:
                for item in self._read(raw):
                    self.share = min(raw.tell() / size, 1.0)
                    yield item
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error

    def _read(self, raw: Any) -> Iterator[Block | Gap]:
        file = str(self._path)
        turn: _Stretches | _Samples | None = None
        batch: list[Line] = []
        wrong: list[Complaint] = []
        count = 0
        for count, text in enumerate(raw, 1):
            if not text.strip():
                continue
            try:
                data = json.loads(text)
                if not isinstance(data, dict):
                    raise ValueError("an object {…} is needed")
            except (ValueError, RecursionError) as error:
                message = (
                    f"not JSON: {error.msg} (column {error.colno})"
                    if isinstance(error, json.JSONDecodeError)
                    else str(error)
                )
                wrong.append(Complaint(file, count, message))
                if turn is None and len(wrong) >= 100:
                    break
                continue
            batch.append((count, data))
            if len(batch) >= ROWS:
                turn = turn or self._form(batch[0])
                yield from turn.blocks(batch, wrong)
                batch, wrong = [], []
        if not batch and turn is None:
            raise SourceError(
                "\n".join(map(str, wrong[:20])) or f"{file}: it is empty; one JSON object a line is needed"
            )
        if wrong and wrong[-1].line == count and not ends_with_newline(self._path):
            self.shortfall = str(Complaint(file, count, "the file ends in the middle of this line"))
        turn = turn or self._form(batch[0])
        yield from turn.blocks(batch, wrong)
        self._end()
        turn.refuse_if_nothing()

    def _form(self, first: Line) -> _Stretches | _Samples:
        line, data = first
        try:
            if isinstance(data.get("values"), dict):
                return _Messages(str(self._path), self._source_id, self.counters)
            if isinstance(data.get("values"), list):
                return _Waveforms(str(self._path), self._source_id, self.counters, self._time_in(data))
            keys = list(data)
            columns = columns_of(keys, [_cell(data[key]) for key in keys])
        except ValueError as error:
            raise SourceError(str(Complaint(str(self._path), line, str(error)))) from error
        self.units = columns.units
        return _Samples(
            str(self._path), self._source_id, keys, columns, self._time_of(keys[columns.time]), self.counters
        )

    def _time_in(self, data: dict[str, Any]) -> TimeColumn:
        name = next((key for key in data if key.lower() in TIME_NAMES), None)
        if name is None:
            raise ValueError(f"no time: one of {', '.join(TIME_NAMES)} is needed; found {', '.join(data)}")
        return self._time_of(name)


class _Samples:
    """Objects with one instant each, as rows of a table."""

    def __init__(
        self, file: str, source_id: str, keys: list[str], columns: Columns, time: TimeColumn, counters: Counter[str]
    ) -> None:
        self._file, self._source_id, self._keys, self._counters = file, source_id, keys, counters
        self._known = set(keys)
        self._rows = RowsToBlocks(file, source_id, columns, len(keys), time, counters)

    def blocks(self, batch: list[Line], wrong: list[Complaint]) -> list[Block | Gap]:
        for _, data in batch:
            self._counters["keys_not_in_the_first_line"] += len(data.keys() - self._known)
        rows = [[_cell(data.get(key)) for key in self._keys] for _, data in batch]
        return self._rows.blocks(rows, [line for line, _ in batch], wrong)

    def refuse_if_nothing(self) -> None:
        self._rows.refuse_if_nothing()


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
            try:
                block = self._block(line, data)
            except ValueError as error:
                wrong.append(Complaint(self._file, line, str(error)))
                continue
            if len(block):
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
            raise SourceError("\n".join(map(str, self._wrong[:20])))

    @abstractmethod
    def _block(self, line: int, data: dict[str, Any]) -> Block:
        """Raises ValueError if there is none in it."""


class _Messages(_Stretches):
    """As data loggers send them: `t`, and `values` by channel. The channels are those of the first."""

    _channels: tuple[str, ...] = ()

    def _block(self, line: int, data: dict[str, Any]) -> Block:
        if "status" in data:  # of its logger; it holds no samples
            self._counters["status_messages"] += 1
            none = np.zeros(0, np.int64)
            return Block(self._channels, none, np.zeros((0, len(self._channels))), none, "line")
        block = own_block(data, "", line, "line")
        self._channels = self._channels or block.channels
        self._counters["keys_not_in_the_first_line"] += len(set(block.channels) - set(self._channels))
        return block.with_channels(self._channels)


class _Waveforms(_Stretches):
    """One channel each."""

    def __init__(self, file: str, source_id: str, counters: Counter[str], time: TimeColumn) -> None:
        super().__init__(file, source_id, counters)
        self._time = time

    def _block(self, line: int, data: dict[str, Any]) -> Block:
        times, bad = self._time.ns_of([_cell(data.get(self._time.name))])
        if bad:
            raise ValueError(bad[0])
        rate = data.get("rate_hz")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e9:
            raise ValueError(f"rate_hz is {rate!r}: a number above 0 is needed")
        channel = next((str(data[key]) for key in CHANNEL_NAMES if key in data), "")
        if not channel:
            raise ValueError(f"no channel: one of {', '.join(CHANNEL_NAMES)} is needed")
        samples = data.get("values")
        if not isinstance(samples, list):
            raise ValueError("values is no list of numbers")
        try:
            values = np.array([np.nan if one is None else one for one in samples], np.float64)
        except (ValueError, TypeError) as error:
            raise ValueError(f"values: {error}") from error
        if values.ndim != 1:
            raise ValueError("values is no list of numbers")
        interval_ns = NS_PER_S / rate
        t_ns = times[0] + np.rint(np.arange(len(values)) * interval_ns).astype(np.int64)
        return Block((channel,), t_ns, values[:, None], np.full(len(values), line), "line", interval_ns)


def _cell(value: Any) -> str:
    """As a table would write it."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
