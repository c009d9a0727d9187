"""EG 0104 Predator universal set, the predecessor of ST 0601: items with 16-byte keys, IEEE floats, no checksum."""

from __future__ import annotations

import math
import struct

from detector.klv import ber
from detector.klv.items import Value
from detector.klv.local_set import LocalSet
from detector.klv.st0601_table import ITEMS

KEY = bytes.fromhex("060e2b34020101010e01010201010000")

# Byte 8 of a label is the register's version, which differs between encoders: it is not compared.
_LABEL_START = bytes.fromhex("060e2b34010101")
_ITEMS: dict[str, tuple[int, str]] = {
    "0702010101050000": (2, "time"),
    "0101200100000000": (10, "text"),
    "0420010201010000": (11, "text"),
    "0701010100000000": (12, "text"),
    "0701020102040200": (13, "float"),
    "0701020102060200": (14, "float"),
    "0701020102020000": (15, "float"),
    "0701100106000000": (5, "float"),
    "0701100105000000": (6, "float"),
    "0701100104000000": (7, "float"),
    "0420020101080000": (16, "float"),
    "04200201010a0100": (17, "float"),
    "0701080101000000": (21, "float"),
    "0701090201000000": (22, "float"),
    "0701020103020000": (23, "float"),
    "0701020103040000": (24, "float"),
    "0701020103160000": (25, "float"),
    "0701020103070100": (82, "float"),
    "07010201030b0100": (83, "float"),
    "0701020103080100": (84, "float"),
    "07010201030c0100": (85, "float"),
    "0701020103090100": (86, "float"),
    "07010201030d0100": (87, "float"),
    "07010201030a0100": (88, "float"),
    "07010201030e0100": (89, "float"),
    # Angles of the optical axis itself, which ST 0601 does not have: numbered from 1001.
    "0701100102000000": (1001, "float"),
    "0701100103000000": (1002, "float"),
    "0701100101000000": (1003, "float"),
}
_BY_LABEL = {bytes.fromhex(label): item for label, item in _ITEMS.items()}
_PLACES = frozenset((13, 14, 23, 24, *range(82, 90)))
AXIS_AZIMUTH, AXIS_ELEVATION, AXIS_ROLL = 1001, 1002, 1003


def decode(packet: bytes) -> LocalSet:
    """Values of one packet under the ST 0601 tag of the same meaning, in the same units; never raises.

    `AXIS_AZIMUTH` (angle to north) and `AXIS_ELEVATION` (obliquity, negative below the horizon) give the
    optical axis directly. Labels that are not known are counted in `unknown` under -1, -2, ... A latitude or longitude
    that cannot be is NaN, and a fault: a float holds any number.
    """
    length_here = ber.read_length(packet, 16) if packet[:16] == KEY else None
    if length_here is None:
        return LocalSet({}, None, {}, ("not an EG 0104 set, or cut off in its head",))
    values: dict[int, Value] = {}
    unknown: dict[int, bytes] = {}
    length, at = length_here
    end = min(len(packet), at + length)
    faults = () if at + length <= len(packet) else (f"set of {length} bytes is cut off",)
    while at < end:
        item_length = ber.read_length(packet, at + 16)
        if item_length is None or item_length[1] + item_length[0] > end:
            return LocalSet(values, None, unknown, (*faults, f"item at byte {at} is cut off"))
        label, (size, start) = packet[at : at + 16], item_length
        at = start + size
        tag, kind = _BY_LABEL.get(label[8:], (0, "")) if label.startswith(_LABEL_START) else (0, "")
        value = _value(kind, packet[start:at])
        if value is None:
            unknown[-1 - len(unknown)] = packet[start:at]
        elif isinstance(value, float) and tag in _PLACES and abs(value) > ITEMS[tag].high:
            values[tag], faults = math.nan, (*faults, f"tag {tag} ({ITEMS[tag].name}): {value:g} deg")
        else:
            values[tag] = value
    return LocalSet(values, None, unknown, faults)


def _value(kind: str, raw: bytes) -> Value | None:
    if kind == "float" and len(raw) in (4, 8):
        number = float(struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0])
        return number if math.isfinite(number) else math.nan
    if kind == "time" and len(raw) == 8:
        return int.from_bytes(raw, "big")
    return raw.decode("utf-8", "replace") if kind == "text" else None
