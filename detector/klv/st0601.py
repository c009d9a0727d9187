"""MISB ST 0601 UAS Datalink Local Set: whole packets to values in engineering units and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from detector.klv import ber
from detector.klv.checksum import running_sum
from detector.klv.items import ItemError, Value, write
from detector.klv.local_set import LocalSet, read_items
from detector.klv.st0601_table import ITEMS

KEY = bytes.fromhex("060e2b34020b01010e01030101000000")
_CHECKSUM, _TIME = 1, 2


def decode(packet: bytes) -> LocalSet:
    """Values of one packet (key, length, items). Angles in deg, lengths in m, tag 2 in us UTC.

    Never raises: a wrong checksum, a cut-off or malformed item and a wrong key are told in the result, and
    everything that can still be read is. Encoders in the field compute the checksum wrongly, so a wrong one
    does not void the values; the caller decides.
    """
    if packet[:16] != KEY:
        return LocalSet({}, None, {}, (f"not an ST 0601 key: {packet[:16].hex()}",))
    length_here = ber.read_length(packet, 16)
    if length_here is None:
        return LocalSet({}, None, {}, ("length of the set is cut off",))
    length, start = length_here
    end = min(len(packet), start + length)
    found, checksum_at = read_items(packet, start, end, ITEMS)
    faults = found.faults
    if start + length > len(packet):
        faults = (f"set of {length} bytes is cut off after {len(packet) - start}", *faults)
    return replace(found, checksum_ok=_checksum_ok(packet, checksum_at, found.values), faults=faults)


def _checksum_ok(packet: bytes, checksum_at: int | None, values: Mapping[int, Value]) -> bool | None:
    if checksum_at is None or _CHECKSUM not in values:
        return None
    return values[_CHECKSUM] == running_sum(packet[:checksum_at])


def encode(values: Mapping[int, Value], *, break_checksum: bool = False) -> bytes:
    """A whole packet: key, length, tag 2 first, the rest in the order given, the checksum last.

    Args:
        values: by tag, in the table's unit. NaN is written as the standard's "no value" code.
        break_checksum: write a wrong one, for tests.

    Raises:
        ValueError: a tag that is not in the table, a value outside its range or of the wrong type.
    """
    order = sorted((tag for tag in values if tag != _CHECKSUM), key=lambda tag: tag != _TIME)
    items = b"".join(_item_bytes(tag, values[tag]) for tag in order) + bytes([_CHECKSUM, 2])
    packet = KEY + ber.length_bytes(len(items) + 2) + items
    checksum = running_sum(packet) ^ (0x5A5A if break_checksum else 0)
    return packet + checksum.to_bytes(2, "big")


def _item_bytes(tag: int, value: Value) -> bytes:
    item = ITEMS.get(tag)
    if item is None:
        raise ValueError(f"tag {tag} is not in ST 0601; allowed are 1 to 142")
    try:
        raw = write(item, value)
    except ItemError as error:
        raise ValueError(f"tag {tag} ({item.name}): {error}") from None
    return ber.tag_bytes(tag) + ber.length_bytes(len(raw)) + raw
