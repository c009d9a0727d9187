"""Programmes of a transport stream: two drones in one multiplex have a programme each, with its own telemetry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_SYNC, _UNIT = 0x47, 188
_LOOKED_AT = 8 << 20  # tables are repeated several times a second
_PAT_PID, _PAT, _PMT = 0, 0x00, 0x02


def packet_layout(head: bytes) -> tuple[int, int]:
    """Bytes from one transport packet to the next, and where the first begins; (0, 0): this is no transport stream."""
    for unit, lead in ((188, 0), (192, 4), (204, 0)):
        if len(head) > lead + 3 * unit and all(head[lead + k * unit] == _SYNC for k in range(4)):
            return unit, lead
    return 0, 0


def beside(path: Path, pid: int) -> frozenset[int] | None:
    """PIDs of the programme that `pid` belongs to.

    None: there is but one programme, or the tables do not tell.
    """
    with path.open("rb") as stream:
        data = stream.read(_LOOKED_AT)
    unit, lead = packet_layout(data)
    if not unit:
        return None
    maps: set[int] = set()
    programmes: dict[int, frozenset[int]] = {}
    for at, section in _sections(data, unit, lead, maps):
        if at == _PAT_PID and section[0] == _PAT:
            maps |= set(_maps_in(section))
        elif at in maps and section[0] == _PMT:
            programmes[at] = frozenset(_streams_in(section))
        if maps and len(programmes) == len(maps):
            break
    if len(programmes) < 2:
        return None
    return next((pids for pids in programmes.values() if pid in pids), None)


def _sections(data: bytes, unit: int, lead: int, maps: set[int]) -> Iterator[tuple[int, bytes]]:
    """PID and bytes, without the CRC, of each whole section of the tables."""
    begun: dict[int, bytearray] = {}
    for at in range(lead, len(data) - _UNIT + 1, unit):
        if data[at] != _SYNC:
            return
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if pid != _PAT_PID and pid not in maps:
            continue
        first = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
        payload = data[first : at + _UNIT]
        if not data[at + 3] & 0x10 or not payload:
            continue
        if data[at + 1] & 0x40:
            begun[pid] = bytearray(payload[1 + payload[0] :])
        elif pid in begun:
            begun[pid] += payload
        section = begun.get(pid, b"")
        length = 3 + ((section[1] & 0x0F) << 8 | section[2]) if len(section) > 3 else 0
        if length and len(section) >= length > 12:
            yield pid, bytes(section[: length - 4])
            del begun[pid]


def _maps_in(section: bytes) -> Iterator[int]:
    """PIDs of the programmes' maps."""
    for at in range(8, len(section) - 3, 4):
        if section[at] or section[at + 1]:  # number 0 is the network's own table
            yield (section[at + 2] & 0x1F) << 8 | section[at + 3]


def _streams_in(section: bytes) -> Iterator[int]:
    """PIDs of a programme's streams."""
    at = 12 + ((section[10] & 0x0F) << 8 | section[11])
    while at + 5 <= len(section):
        yield (section[at + 1] & 0x1F) << 8 | section[at + 2]
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
