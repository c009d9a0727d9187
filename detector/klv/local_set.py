"""Reading the items of any local set: tag, length, value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detector.klv import ber
from detector.klv.items import Item, ItemError, Value, read


@dataclass(frozen=True, slots=True)
class LocalSet:
    """What a set says, and what is wrong with it.

    values: by tag, in the table's unit; the last one where a tag is repeated
    checksum_ok: None where the set has no checksum
    unknown: items whose tag is not in the table
    faults: one sentence each
    """

    values: dict[int, Value]
    checksum_ok: bool | None = None
    unknown: dict[int, bytes] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read_items(data: bytes, start: int, end: int, table: Mapping[int, Item]) -> tuple[LocalSet, int | None]:
    """The set in data[start:end], and the offset of the value of a checksum (tag 1) if it has one."""
    values: dict[int, Value] = {}
    unknown: dict[int, bytes] = {}
    faults: list[str] = []
    checksum_at: int | None = None
    at = start
    while at < end:
        tag_here = ber.read_tag(data, at)
        length_here = ber.read_length(data, tag_here[1]) if tag_here is not None else None
        if tag_here is None or length_here is None:
            faults.append(f"cut off at byte {at}")
            break
        tag, (length, value_at) = tag_here[0], length_here
        if value_at + length > end:
            faults.append(f"tag {tag} at byte {at} claims {length} bytes, {max(0, end - value_at)} are left")
            break
        at = value_at + length
        item = table.get(tag)
        if item is None:
            unknown[tag] = data[value_at:at]
            continue
        try:
            values[tag] = read(item, data[value_at:at])
        except ItemError as error:
            faults.append(f"tag {tag} ({item.name}): {error}")
        if tag == 1:
            checksum_at = value_at
    return LocalSet(values, None, unknown, tuple(faults)), checksum_at
