"""PX4's flight logs (.ulg), read by pyulog."""

from __future__ import annotations

import contextlib
import io
import struct
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import GapReason
from detector.sources.series.flight_log import LATEST_US, FlightLog, Lost, Message, utc_minus_clock_us

MAGIC = b"ULog\x01\x12\x35"
MESSAGES = frozenset({
    "airspeed", "battery_status", "cpuload", "estimator_innovation_test_ratios", "estimator_status",
    "estimator_status_flags", "failsafe_flags", "input_rc", "radio_status", "sensor_baro", "sensor_gps",
    "telemetry_status", "vehicle_air_data", "vehicle_attitude", "vehicle_global_position", "vehicle_gps_position",
    "vehicle_imu_status", "vehicle_land_detected", "vehicle_local_position", "vehicle_magnetometer", "vehicle_status",
    "wind", "wind_estimate",
})  # fmt: skip
"""Where it was and how it knew, what the receiver heard, links, power, vibration, and what state it was in."""
_RECEIVERS = ("sensor_gps", "vehicle_gps_position")
_SCALED = {"lat": (1e-7, "deg"), "lon": (1e-7, "deg"), "alt": (1e-3, "m"), "alt_ellipsoid": (1e-3, "m")}
"""Of a receiver, where they are whole numbers."""
_FIX = 2
_HEADER = struct.Struct("<HB")
_BEGIN = 16
_STAMP = struct.Struct("<HQ")
_KINDS, _DATA = frozenset(b"BFIMPQARDLCSO"), ord("D")
_MARK = b"\x08\x00S\x2f\x73\x13\x20\x25\x0c\xbb\x12"


class UlogFile(FlightLog):
    """Each field of the messages in `MESSAGES` is a channel `message.field`, of further instances `message.1.field`.

    UTC by `time_utc_usec` of the receiver's messages. Positions of a receiver are degrees and metres whatever the log
    holds; all else is as PX4 has it. The whole file is held in memory.
    """

    def _read(self) -> list[Message]:
        try:
            core = import_module("pyulog.core")
        except ImportError:
            raise SourceError(f"{self._path}: flight logs need the extra: pip install 'trucewatch[mavlink]'") from None
        try:
            data = self._undamaged(self._path.read_bytes())
            # What it thinks of a file it prints; what is wrong with it is told here.
            with contextlib.redirect_stdout(io.StringIO()):
                self._log = core.ULog(io.BytesIO(data), sorted(MESSAGES))
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error
        except Exception as error:  # pyulog raises what it likes on foreign bytes
            raise SourceError(f"{self._path}: cannot be read as a PX4 log: {error}") from error
        self.counters["dropouts"] += len(self._log.dropouts)
        self.counters["damaged_stretches"] += len(self._damaged)
        return [found for one in self._log.data_list if (found := self._message(one)) is not None]

    def _message(self, data: Any) -> Message | None:
        prefix = data.name if data.multi_id == 0 else f"{data.name}.{data.multi_id}"
        names = [name for name in data.data if not name.startswith(("timestamp", "_padding"))]
        columns = []
        for name in names:
            scale, unit = _SCALED.get(name, (1.0, "")) if data.name in _RECEIVERS else (1.0, "")
            whole = np.issubdtype(data.data[name].dtype, np.integer)
            columns.append(data.data[name].astype(np.float64) * (scale if whole else 1.0))
            if unit:
                self.units[f"{prefix}.{name}"] = unit
        t_us = data.data["timestamp"].astype(np.int64)
        if not names or not len(t_us):
            return None
        return Message(tuple(f"{prefix}.{name}" for name in names), t_us, np.column_stack(columns))

    def _utc_minus_clock_us(self) -> int | None:
        utc: list[NDArray[np.int64]] = []
        clock: list[NDArray[np.int64]] = []
        for data in self._log.data_list:
            if data.name in _RECEIVERS and "time_utc_usec" in data.data:
                fixed = (
                    data.data["fix_type"] >= 2
                    if "fix_type" in data.data
                    else np.ones(len(data.data["timestamp"]), bool)
                )
                utc.append(data.data["time_utc_usec"].astype(np.int64)[fixed])
                clock.append(data.data["timestamp"].astype(np.int64)[fixed])
        return utc_minus_clock_us(np.concatenate(utc), np.concatenate(clock)) if utc else None

    def _lost(self) -> list[Lost]:
        lost = []
        for one in self._log.dropouts:
            detail = f"the logger could not keep up for {one.duration} ms"
            lost.append(Lost(one.timestamp, one.timestamp + one.duration * 1000, GapReason.MISSING, detail))
        return [*self._damaged, *lost]

    def _undamaged(self, data: bytes) -> bytes:
        """Message after message to the end, without what is none: pyulog would stop there.

        Behind damage it goes on at the next mark that the log has for that purpose.
        """
        self._damaged: list[Lost] = []
        parts: list[bytes] = []
        begin = 0
        at, size, newest_us = _BEGIN, len(data), 0
        while at + _HEADER.size <= size:
            length, kind = _HEADER.unpack_from(data, at)
            behind = at + _HEADER.size + length
            if kind in _KINDS and behind > size:
                break
            if kind not in _KINDS:
                mark = data.find(_MARK, at + 1)
                if mark < 0:
                    self.shortfall = f"{self._path}: it is damaged from byte {at} on"
                    return b"".join([*parts, data[begin:at]])
                parts.append(data[begin:at])
                begin = mark
                detail = f"bytes {at} to {begin} are no messages"
                self._damaged.append(Lost(newest_us, newest_us, GapReason.DAMAGED, detail))
                at = begin
                continue
            if kind == _DATA and length >= _STAMP.size:
                newest_us = min(_STAMP.unpack_from(data, at + _HEADER.size)[1], LATEST_US)
            at = behind
        if at < size:
            self.shortfall = self._cut_at(size, at)
        return b"".join([*parts, data[begin:]])
