"""What is known about a stream beyond its samples: when it starts, where its sensors stand, how good its clock is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from detector.errors import Complaint, SourceError
from detector.model.series import ASSUMED_CLOCK_SIGMA_NS
from detector.sources.series.times import ORDERS
from detector.timebase import ns_from_iso, ns_from_seconds

_GEODETIC = (("lon_deg", "lon", "longitude"), ("lat_deg", "lat", "latitude"), ("alt_m", "alt", "elevation"))
_LOCAL = (("x_m", "x"), ("y_m", "y"), ("z_m", "z"))
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
KNOWN_KEYS = frozenset({
    "start", "timestamp", "sensor", "serial_number", "position", "location", "positions", "unit", "units",
    "clock_sigma_s", "time_column", "time_format", "time_zone",
})  # fmt: skip
_UNKNOWN = (math.nan, math.nan, math.nan)

Position = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Station:
    """One or more sensors with one clock.

    start_ns: UTC of the first sample, for recordings that carry no time.
    sensor: name; the channel's, where a recording has one channel without a name.
    position: of all channels: lon, lat [deg], height [m], or x, y, z [m] where `local`.
    positions: of single channels.
    unit, units: of all channels, of single ones.
    clock_sigma_ns: standard deviation of the clock against UTC. [ns]
    time_column: of a table, the column of its times, or those of date and time of day, where their names do not say it.
    time_format: how its times are written (`TimeColumn`), where they do not say it.
    time_zone: of times without one.
    unknown: keys that mean nothing here.
    """

    start_ns: int | None = None
    sensor: str = ""
    position: Position = _UNKNOWN
    positions: Mapping[str, Position] = field(default_factory=dict)
    local: bool = False
    unit: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    clock_sigma_ns: float = ASSUMED_CLOCK_SIGMA_NS
    time_column: tuple[str, ...] = ()
    time_format: str = ""
    time_zone: tzinfo | None = None
    unknown: tuple[str, ...] = ()

    def positions_of(self, channels: tuple[str, ...]) -> NDArray[np.float64]:
        """Shape (C, 3); NaN where unknown."""
        return np.array([self.positions.get(name, self.position) for name in channels], np.float64).reshape(-1, 3)

    def units_of(self, channels: tuple[str, ...], default: Mapping[str, str]) -> tuple[str, ...]:
        """Of each channel: as stated here, else as the file has it."""
        return tuple(self.units.get(name) or self.unit or default.get(name, "") for name in channels)


def find_station(media: Path) -> Path | None:
    """The .json with the name of the recording beside it; of a recording that is a .json itself, its .station.json."""
    beside = media.absolute().with_suffix(".station.json" if media.suffix.lower() == ".json" else ".json")
    return beside if beside.is_file() else None


def read_station(path: Path) -> Station:
    """Read a station's file: one JSON object.

    Known keys: `start` or `timestamp` (ISO 8601 with its zone), `sensor` or `serial_number`, `position` or `location`
    ({lon_deg, lat_deg, alt_m} or {x_m, y_m, z_m}; alt_m and z_m may be left out), `positions` ({channel: position}),
    `unit`, `units` ({channel: unit}), `clock_sigma_s`; of tables `time_column` (a name, or two: date and time of day),
    `time_format` (day_first, month_first, or a pattern of strptime), `time_zone` (Europe/Vienna, UTC, +02:00). Others
    are passed over: such files are made by many.

    Raises:
        SourceError: it cannot be read, is no JSON object, or a known key has a value that cannot be.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise SourceError(str(Complaint(str(path), error.lineno, f"not JSON here: {error.msg}"))) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise SourceError(
            f"{path}: one JSON object is needed, with what is known about the sensor "
            "(if it is a recording, give it another name)"
        )
    try:
        return _station(data)
    except (ValueError, TypeError) as error:
        raise SourceError(f"{path}: {error}") from error


def _station(data: dict[str, Any]) -> Station:
    start = data.get("start", data.get("timestamp"))
    one = data.get("position", data.get("location"))
    several = data.get("positions", {})
    units = data.get("units", {})
    for name, value in (("positions", several), ("units", units)):
        if not isinstance(value, dict):
            raise TypeError(f"{name} must be an object with one entry a channel")
    places = {str(name): _place(str(name), value) for name, value in several.items()}
    position, local = (_UNKNOWN, None) if one is None else _place("position", one)
    kinds = {kind for _, kind in places.values()} | ({local} if local is not None else set())
    if len(kinds) > 1:
        raise ValueError("some positions are longitude and latitude, others x and y: one kind is needed")
    sigma_s = _number("clock_sigma_s", data.get("clock_sigma_s", ASSUMED_CLOCK_SIGMA_NS / 1e9))
    if not sigma_s >= 0:
        raise ValueError(f"clock_sigma_s is {sigma_s:g}: 0 or more is allowed")
    return Station(
        start_ns=None if start is None else ns_from_iso(str(start)),
        sensor=str(data.get("sensor", data.get("serial_number", ""))),
        position=position,
        positions={name: place for name, (place, _) in places.items()},
        local=True in kinds,
        unit=str(data.get("unit", "")),
        units={str(name): str(unit) for name, unit in units.items()},
        clock_sigma_ns=float(ns_from_seconds(sigma_s)),
        time_column=_time_column(data.get("time_column", ())),
        time_format=_time_format(data.get("time_format", "")),
        time_zone=_time_zone(data.get("time_zone")),
        unknown=tuple(sorted(data.keys() - KNOWN_KEYS)),
    )


def _time_column(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (None,)
    if len(names) > 2 or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"time_column is {value!r}: the name of a column is needed, or two, [date, time of day]")
    return tuple(str(name).strip() for name in names)


def _time_format(value: Any) -> str:
    if not isinstance(value, str) or (value and value not in ORDERS and "%" not in value):
        raise ValueError(f"time_format is {value!r}: {', '.join(ORDERS)} or a pattern like %d.%m.%Y %H:%M is needed")
    return value


def _time_zone(value: Any) -> tzinfo | None:
    if value is None:
        return None
    try:
        offset = _OFFSET.fullmatch(str(value))
        return datetime.strptime(offset[0], "%z").tzinfo if offset else ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone is {value!r}: a name like Europe/Vienna, UTC, or +02:00 is needed") from None


def _place(name: str, data: Any) -> tuple[Position, bool]:
    """The position, and whether it is local."""
    if not isinstance(data, dict):
        raise TypeError(f"{name} must be an object like {{lon_deg, lat_deg, alt_m}} or {{x_m, y_m, z_m}}")
    for keys, local in ((_GEODETIC, False), (_LOCAL, True)):
        found = [next((_number(key, data[key]) for key in names if key in data), math.nan) for names in keys]
        if not math.isnan(found[0]) and not math.isnan(found[1]):
            if not local and not (abs(found[0]) <= 180 and abs(found[1]) <= 90):
                raise ValueError(
                    f"{name} is {found[0]:g}, {found[1]:g}: no longitude and latitude (-180 to 180, -90 to 90)"
                )
            return (found[0], found[1], found[2]), local
    raise ValueError(
        f"{name} has the keys {', '.join(map(str, data))}: lon_deg and lat_deg, or x_m and y_m, are needed"
    )


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}: a number is needed")
    return float(value)
