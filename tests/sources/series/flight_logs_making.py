"""Small flight logs, byte by byte as the formats' descriptions have them.

https://docs.px4.io/main/en/dev_log/ulog_file_format.html, https://ardupilot.org/dev/docs/code-overview-adding-a-new-log-message.html
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GPS_EPOCH_S, WEEK_S, LEAP_S = 315_964_800, 604_800, 18
BOOT_US = 5_000_000
"""What the autopilot's clock stands at when the first sample is taken."""


def _ulog_message(kind: str, body: bytes) -> bytes:
    return struct.pack("<HB", len(body), ord(kind)) + body


def ulog(
    path: Path,
    values: NDArray[np.float64],
    t_ns: NDArray[np.int64],
    *,
    utc: bool = True,
    marks: bool = True,
    dropout_ms: int | None = None,
    extra: Sequence[tuple[str, str, list[bytes]]] = (),
) -> Path:
    """Three fields of `vehicle_air_data`, and three messages of `sensor_gps` before that say what time it is.

    extra: further messages: name, fields, records.
    """
    t_us = (t_ns - t_ns[0]) // 1000 + BOOT_US
    parts = [b"ULog\x01\x12\x35\x01" + struct.pack("<Q", BOOT_US - 100_000), _ulog_message("B", bytes(40))]
    forms = [
        ("vehicle_air_data", "uint64_t timestamp;double a;double b;double c;"),
        ("sensor_gps", "uint64_t timestamp;uint64_t time_utc_usec;uint8_t fix_type;"),
        *((name, fields) for name, fields, _ in extra),
    ]
    parts += [_ulog_message("F", f"{name}:{fields}".encode()) for name, fields in forms]
    parts += [
        _ulog_message("A", struct.pack("<BH", 0, number) + name.encode()) for number, (name, _) in enumerate(forms)
    ]
    if utc:
        for k in range(3):
            at_us = BOOT_US - 90_000 + 10_000 * k
            stated_us = int(t_ns[0]) // 1000 - 90_000 + 10_000 * k
            parts.append(_ulog_message("D", struct.pack("<HQQB", 1, at_us, stated_us, 3)))
    for number, (_, _, records) in enumerate(extra, 2):
        parts += [_ulog_message("D", struct.pack("<H", number) + record) for record in records]
    for row, (at_us, three) in enumerate(zip(t_us.tolist(), values.tolist(), strict=True)):
        parts.append(_ulog_message("D", struct.pack("<HQ3d", 0, at_us, *three)))
        if marks and row % 50 == 0:
            parts.append(_ulog_message("S", b"\x2f\x73\x13\x20\x25\x0c\xbb\x12"))
        if dropout_ms is not None and row == len(values) // 2:
            parts.append(_ulog_message("O", struct.pack("<H", dropout_ms)))
    path.write_bytes(b"".join(parts))
    return path


def _dataflash_format(number: int, name: str, form: str, columns: str) -> bytes:
    sizes = {"Q": 8, "d": 8, "B": 1, "H": 2, "I": 4, "f": 4, "L": 4, "c": 2, "n": 4, "N": 16, "Z": 64, "b": 1}
    length = 3 + sum(sizes[one] for one in form)
    body = struct.pack("<BB4s16s64s", number, length, name.encode(), form.encode(), columns.encode())
    return b"\xa3\x95\x80" + body


def dataflash(
    path: Path, values: NDArray[np.float64], t_ns: NDArray[np.int64], *, utc: bool = True, status: int = 3
) -> Path:
    """Three fields of `POS`; and `GPS` messages that have no field but the time and the kind of fix."""
    t_us = (t_ns - t_ns[0]) // 1000 + BOOT_US
    gps_ms = int(t_ns[0]) // 1_000_000 - 1000 * (GPS_EPOCH_S - LEAP_S) - 90
    week, of_week_ms = divmod(gps_ms, 1000 * WEEK_S)
    parts = [
        _dataflash_format(128, "FMT", "BBnNZ", "Type,Length,Name,Format,Columns"),
        _dataflash_format(1, "POS", "Qddd", "TimeUS,a,b,c"),
        _dataflash_format(2, "GPS", "QBIH", "TimeUS,Status,GMS,GWk"),
    ]
    if utc:
        parts += [
            b"\xa3\x95\x02" + struct.pack("<QBIH", BOOT_US - 90_000, status, of_week_ms, week),
        ]
    parts += [
        b"\xa3\x95\x01" + struct.pack("<Q3d", at, *three)
        for at, three in zip(t_us.tolist(), values.tolist(), strict=True)
    ]
    path.write_bytes(b"".join(parts))
    return path
