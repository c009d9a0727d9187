"""Two transport streams as two programmes of one."""

from __future__ import annotations

_UNIT = 188
_MAP_PID = 0x1000  # where FFmpeg's muxer puts its programme map


def crc32(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc.to_bytes(4, "big")


def moved(pid: int, by: int) -> int:
    """Three bits that are kept, and a PID."""
    return pid & 0xE000 | (pid & 0x1FFF) + by


def renumbered(stream: bytes, by: int, number: int) -> list[bytes]:
    """Packets of a stream of one programme, its PIDs raised, its map telling of programme `number`."""
    packets = []
    for at in range(0, len(stream) // _UNIT * _UNIT, _UNIT):
        packet = bytearray(stream[at : at + _UNIT])
        pid = int.from_bytes(packet[1:3], "big")
        if pid & 0x1FFF in (0, 0x11):  # the old tables
            continue
        packet[1:3] = moved(pid, by).to_bytes(2, "big")
        if pid & 0x1FFF == _MAP_PID:
            first = 5 + (1 + packet[4] if packet[3] & 0x20 else 0)
            end = first + 3 + (int.from_bytes(packet[first + 1 : first + 3], "big") & 0xFFF)
            section = packet[first:end]
            section[3:5] = number.to_bytes(2, "big")
            place = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
            section[8:10] = moved(int.from_bytes(section[8:10], "big"), by).to_bytes(2, "big")
            while place < len(section) - 4:
                section[place + 1 : place + 3] = moved(
                    int.from_bytes(section[place + 1 : place + 3], "big"), by
                ).to_bytes(2, "big")
                place += 5 + (int.from_bytes(section[place + 3 : place + 5], "big") & 0xFFF)
            section[-4:] = crc32(bytes(section[:-4]))
            packet[first:end] = section
        packets.append(bytes(packet))
    return packets


def multiplex(first: bytes, second: bytes) -> bytes:
    """Both as programmes 1 and 2, twenty packets of each in turn."""
    table = bytes([0, 0xB0, 17, 0, 1, 0xC1, 0, 0])
    for number in (1, 2):
        table += number.to_bytes(2, "big") + (0xE000 | _MAP_PID + 0x100 * (number - 1)).to_bytes(2, "big")
    table += crc32(table)
    tables = bytes([0x47, 0x40, 0, 0x10, 0]) + table
    tables += bytes([0xFF]) * (_UNIT - len(tables))
    one, other = renumbered(first, 0, 1), renumbered(second, 0x100, 2)
    out = b""
    for turn, at in enumerate(range(0, max(len(one), len(other)), 20)):
        out += tables[:3] + bytes([0x10 | turn & 15]) + tables[4:]
        out += b"".join(one[at : at + 20] + other[at : at + 20])
    return out
