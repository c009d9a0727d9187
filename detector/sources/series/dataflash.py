"""ArduPilot's flight logs (.BIN): messages that the log itself describes.

Source: https://ardupilot.org/dev/docs/code-overview-adding-a-new-log-message.html, and pymavlink's DFReader, which the
tests compare with; it prints what it meets in damage, and takes 12 times as long (5.8 s for 800,000 messages, 33 MB).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import GapReason
from detector.sources.series.flight_log import LATEST_US, FlightLog, Lost, Message, utc_minus_clock_us

MAGIC = b"\xa3\x95\x80"
MESSAGES = frozenset({
    "AHR2", "ARSP", "ATT", "BARO", "BAT", "BAT2", "CURR", "GPA", "GPA2", "GPS", "GPS2", "IMU", "MAG", "MODE", "NKF1",
    "NKF3", "NKF4", "PM", "POS", "POWR", "RAD", "RSSI", "STAT", "VIBE", "XKF1", "XKF3", "XKF4",
})  # fmt: skip
"""Where it was and how it knew, what the receiver heard, links, power, vibration, and what state it was in."""
_HEAD = MAGIC[:2]
_FORMAT = 0x80
_FORMAT_BODY = struct.Struct("<BB4s16s64s")
_HEADER = 3
_PADDING = 528
"""Logs are sized in pages: less than so much at the end may be filler. [bytes]"""
_TIMES = {"TimeUS": 1, "TimeMS": 1000}
_FIX = 3
_GPS_EPOCH_S = 315_964_800
_WEEK_S = 604_800
# GPS time runs ahead of UTC by so much since these dates [s since 1970]: IERS Bulletin C 36, 43, 49, 52.
_LEAP_S = ((1_230_768_000, 15), (1_341_100_800, 16), (1_435_708_800, 17), (1_483_228_800, 18))
# What a letter of a format is, and what a number of it is multiplied by.
_LETTERS = {
    "a": ("S64", 1.0), "b": ("i1", 1.0), "B": ("u1", 1.0), "h": ("<i2", 1.0), "H": ("<u2", 1.0), "i": ("<i4", 1.0),
    "I": ("<u4", 1.0), "f": ("<f4", 1.0), "d": ("<f8", 1.0), "g": ("<f2", 1.0), "n": ("S4", 1.0), "N": ("S16", 1.0),
    "Z": ("S64", 1.0), "c": ("<i2", 0.01), "C": ("<u2", 0.01), "e": ("<i4", 0.01), "E": ("<u4", 0.01),
    "L": ("<i4", 1e-7), "M": ("u1", 1.0), "q": ("<i8", 1.0), "Q": ("<u8", 1.0),
}  # fmt: skip


@dataclass(slots=True, eq=False)
class _Form:
    """One kind of message. offsets: where its whole messages begin. units, instance: as the log has them."""

    name: str
    length: int
    letters: str
    columns: tuple[str, ...]
    offsets: list[int] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    instance: str | None = None

    @property
    def time(self) -> str | None:
        """The column with its time."""
        return next((name for name in _TIMES if name in self.columns), None)

    @property
    def dtype(self) -> np.dtype[np.void] | None:
        """Of a body; None where format, columns and length disagree."""
        if len(self.letters) != len(self.columns) or not set(self.letters) <= set(_LETTERS):
            return None
        if len(set(self.columns)) != len(self.columns) or "" in self.columns:
            return None
        kind = np.dtype([(name, _LETTERS[one][0]) for name, one in zip(self.columns, self.letters, strict=True)])
        return kind if kind.itemsize == self.length - _HEADER else None


class DataflashFile(FlightLog):
    """Each number of the messages in `MESSAGES` is a channel `MESSAGE.Field`, of further instances `MESSAGE.1.Field`.

    UTC by week and time of week of the receiver's messages while it had a 3D fix. The whole file is held in memory.
    """

    def _read(self) -> list[Message]:
        try:
            self._data = self._path.read_bytes()
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error
        if not self._data.startswith(MAGIC):
            raise SourceError(f"{self._path}: cannot be read as an ArduPilot log: it does not begin like one")
        self._forms: dict[int, _Form] = {}
        self._holes: list[tuple[int, int]] = []
        self._index()
        self._describe()
        self.counters["damaged_stretches"] += len(self._holes)
        chosen = sorted((one for one in self._forms.values() if one.name in MESSAGES), key=lambda one: one.name)
        return [message for form in chosen for message in self._messages(form)]

    def _index(self) -> None:
        """Where the messages are. After damage only what another message follows, or the end, is taken for one."""
        data, size = self._data, len(self._data)
        at, lost_since = 0, None
        while at + _HEADER <= size:
            form = self._forms.get(data[at + 2]) if data.startswith(_HEAD, at) else None
            length = _HEADER + _FORMAT_BODY.size if data.startswith(MAGIC, at) else 0 if form is None else form.length
            behind = at + length
            if lost_since is not None and length and behind < size and not data.startswith(_HEAD, behind):
                length = 0
            if not length:
                lost_since = at if lost_since is None else lost_since
                at = data.find(_HEAD, at + 1)
                at = size if at < 0 else at
                continue
            if lost_since is not None:
                self._holes.append((lost_since, at))
                lost_since = None
            if behind > size:
                self.shortfall = self._cut_at(size, at)
                return
            if data[at + 2] == _FORMAT:
                self._define(at)
            elif form is not None:
                form.offsets.append(at)
            at = behind
        if lost_since is not None and size - lost_since >= _PADDING:
            self._holes.append((lost_since, size))
        elif lost_since is None and at < size:
            self.shortfall = self._cut_at(size, at)

    def _define(self, at: int) -> None:
        kind, length, name, letters, columns = _FORMAT_BODY.unpack_from(self._data, at + _HEADER)
        if kind == _FORMAT or length <= _HEADER:
            return
        told = [part.split(b"\0", 1)[0].decode("ascii", "replace") for part in (name, letters, columns)]
        known = self._forms.get(kind)
        if known is None or (known.name, known.letters) != (told[0], told[1]):
            self._forms[kind] = _Form(told[0], length, told[1], tuple(told[2].split(",")))

    def _describe(self) -> None:
        """Units and instances, where the log says them."""
        by_name = {one.name: one for one in self._forms.values()}
        units = {"-": "", "?": ""}
        for row in self._rows(by_name.get("UNIT"), "Id", "Label"):
            units[chr(int(row["Id"]) % 256)] = row["Label"].decode("utf-8", "replace")
        for row in self._rows(by_name.get("FMTU"), "FmtType", "UnitIds"):
            form = self._forms.get(int(row["FmtType"]))
            if form is not None:
                letters = row["UnitIds"].decode("ascii", "replace")
                form.units = {name: units.get(one, "") for name, one in zip(form.columns, letters, strict=False)}
                form.instance = next(
                    (name for name, one in zip(form.columns, letters, strict=False) if one == "#"), None
                )

    def _rows(self, form: _Form | None, *needed: str) -> Iterator[np.void]:
        records = None if form is None else self._records(form)
        if form is not None and records is not None and set(needed) <= set(form.columns):
            yield from records

    def _records(self, form: _Form) -> NDArray[np.void] | None:
        """Its messages as they stand in the file, a field a column."""
        kind = form.dtype
        if kind is None or not form.offsets:
            return None
        offsets = np.array(form.offsets, np.int64)
        bodies = np.frombuffer(self._data, np.uint8)[offsets[:, None] + np.arange(_HEADER, form.length)]
        return np.ascontiguousarray(bodies).view(kind)[:, 0]

    def _messages(self, form: _Form) -> list[Message]:
        records, time = self._records(form), form.time
        if records is None or time is None:
            return []
        t_us = records[time].astype(np.int64) * _TIMES[time]
        names = [
            name for name in form.columns if name not in {time, form.instance} and records[name].dtype.kind in "iuf"
        ]
        if not names:
            return []
        scale = {name: _LETTERS[one][1] for name, one in zip(form.columns, form.letters, strict=True)}
        values = np.column_stack([records[name].astype(np.float64) * scale[name] for name in names])
        numbers = np.zeros(len(records), np.int64) if form.instance is None else records[form.instance]
        found = []
        for number in np.unique(numbers).tolist():
            label = number.decode("utf-8", "replace") if isinstance(number, bytes) else str(number)
            prefix = form.name if label in {"0", ""} else f"{form.name}.{label}"
            self.units |= {f"{prefix}.{name}": form.units[name] for name in names if form.units.get(name)}
            rows = numbers == number
            found.append(Message(tuple(f"{prefix}.{name}" for name in names), t_us[rows], values[rows]))
        return found

    def _utc_minus_clock_us(self) -> int | None:
        for name in ("GPS", "GPS2"):
            form = next((one for one in self._forms.values() if one.name == name), None)
            records = None if form is None else self._records(form)
            if form is None or records is None or not {"TimeUS", "GWk", "GMS", "Status"} <= set(form.columns):
                continue
            fixed = records[(records["Status"] >= _FIX) & (records["GWk"] > 0)]
            gps_s = _GPS_EPOCH_S + fixed["GWk"].astype(np.int64) * _WEEK_S
            utc_us = (gps_s - _leap_s(gps_s)) * 1_000_000 + fixed["GMS"].astype(np.int64) * 1000
            found = utc_minus_clock_us(utc_us, fixed["TimeUS"].astype(np.int64))
            if found is not None:
                return found
        return None

    def _lost(self) -> list[Lost]:
        """Damaged stretches, from the time of the last message before to that of the first after."""
        if not self._holes:
            return []
        timed = [
            (np.array(form.offsets, np.int64), records[form.time].astype(np.int64) * _TIMES[form.time])
            for form in self._forms.values()
            if form.time is not None and (records := self._records(form)) is not None
        ]
        at = np.concatenate([np.zeros(0, np.int64), *(offsets for offsets, _ in timed)])
        order = np.argsort(at)
        at, t_us = at[order], np.concatenate([np.zeros(0, np.int64), *(t for _, t in timed)])[order]
        possible = (t_us >= 0) & (t_us < LATEST_US)  # a damaged message's time says nothing
        at, t_us = at[possible], t_us[possible]
        lost = []
        for begin, end in self._holes if len(at) else ():
            before, after = int(np.searchsorted(at, begin)) - 1, int(np.searchsorted(at, end))
            start_us, end_us = int(t_us[max(before, 0)]), int(t_us[min(after, len(at) - 1)])
            lost.append(Lost(start_us, end_us, GapReason.DAMAGED, f"bytes {begin} to {end} are no messages"))
        return lost


def _leap_s(gps_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """GPS time less UTC. [s] Before 2009 as in 2009: there was no ArduPilot."""
    since = np.array([date for date, _ in _LEAP_S])
    return np.array([leap for _, leap in _LEAP_S])[np.maximum(np.searchsorted(since, gps_s, "right") - 1, 0)]
