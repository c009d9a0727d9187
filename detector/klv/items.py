"""How one item of a local set is written: mapped integers, IMAPB, plain integers, text, bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

Value = float | int | str | bytes


class ItemError(ValueError):
    """The bytes (or the value) do not fit the item. Caught by the set's codec, which counts it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a set's table.

    kind: map (unsigned), smap (signed, its lowest code means "no value"), imap (ST 1201), uint, sint, text, raw
    size: bytes when written; map and smap accept no other when read
    low, high: range in `unit`
    """

    name: str
    unit: str
    kind: str
    size: int = 0
    low: float = 0.0
    high: float = 0.0

    @property
    def step(self) -> float:
        """Distance between neighbouring codes, for the mapped kinds. [unit]"""
        if self.kind == "imap":
            return 1.0 / _imap_scale(self.low, self.high, self.size)[0]
        codes = (1 << 8 * self.size) - (2 if self.kind == "smap" else 1)
        return (self.high - self.low) / codes if self.kind in ("map", "smap") else 1.0


@lru_cache(maxsize=256)
def _imap_scale(low: float, high: float, size: int) -> tuple[float, float]:
    """Factor and zero offset of IMAPB. Source: ST 1201, 7.1."""
    factor = 2.0 ** (8 * size - 1 - math.ceil(math.log2(high - low)))
    offset = factor * low - math.floor(factor * low) if low < 0 < high else 0.0
    return factor, offset


def read(item: Item, raw: bytes) -> Value:
    """Value of the bytes in the item's unit; NaN where the standard's "no value" code stands.

    Raises:
        ItemError: of a length that the item cannot have.
    """
    kind = item.kind
    if kind == "raw":
        return raw
    if kind == "text":
        return raw.rstrip(b"\0").decode("utf-8", "replace")
    if not raw:
        return math.nan  # ST 0601.9 and later: an empty item says that the value is no longer known
    if kind in ("map", "smap"):
        return _read_mapped(item, raw)
    if len(raw) > 8:
        raise ItemError(f"{len(raw)} bytes, at most 8 are allowed")
    if kind == "imap":
        return _read_imap(item, raw)
    return int.from_bytes(raw, "big", signed=kind == "sint")


def _read_mapped(item: Item, raw: bytes) -> float:
    if len(raw) != item.size:
        raise ItemError(f"{len(raw)} bytes, {item.size} are needed")
    code = int.from_bytes(raw, "big", signed=item.kind == "smap")
    if item.kind == "map":
        return item.low + (item.high - item.low) * code / ((1 << 8 * item.size) - 1)
    if code == -(1 << 8 * item.size) // 2:
        return math.nan
    return (item.high - item.low) * code / ((1 << 8 * item.size) - 2)


def _read_imap(item: Item, raw: bytes) -> float:
    code = int.from_bytes(raw, "big")
    if code > 1 << (8 * len(raw) - 1):
        return math.nan  # the special values: infinities, NaN, below, above
    factor, offset = _imap_scale(item.low, item.high, len(raw))
    return (code - offset) / factor + item.low


def write(item: Item, value: Value) -> bytes:
    """Bytes of a value in the item's unit; NaN becomes the "no value" code.

    Raises:
        ItemError: outside the range, or of the wrong type.
    """
    if item.kind == "raw" and isinstance(value, bytes):
        return value
    if item.kind == "text" and isinstance(value, str):
        return value.encode()
    if isinstance(value, str | bytes) or item.kind in ("raw", "text"):
        raise ItemError(f"{value!r} cannot be written as {item.kind}")
    if math.isnan(value):
        return b"\x80" + bytes(item.size - 1) if item.kind == "smap" else b""
    return _code(item, value).to_bytes(item.size, "big", signed=item.kind in ("smap", "sint"))


def _code(item: Item, number: float) -> int:
    if item.kind in ("uint", "sint"):
        low, high = (0, (1 << 8 * item.size) - 1) if item.kind == "uint" else _signed_range(item.size)
        _must_lie_in(item, number, low, high)
        return int(number)
    _must_lie_in(item, number, item.low, item.high)
    if item.kind == "imap":
        factor, offset = _imap_scale(item.low, item.high, item.size)
        return math.floor(factor * (number - item.low) + offset)
    return round((number - item.low if item.kind == "map" else number) / item.step)


def _must_lie_in(item: Item, number: float, low: float, high: float) -> None:
    if not low <= number <= high:
        raise ItemError(f"{number} {item.unit}: allowed are {low} to {high}")


def _signed_range(size: int) -> tuple[int, int]:
    half = (1 << 8 * size) // 2
    return -half, half - 1
