"""Tables of text as loggers and spreadsheets write them, whatever they hold."""

from __future__ import annotations

import re

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")


def encoding_of(head: bytes) -> str:
    """How a text that begins with these bytes is encoded: UTF-16 with its mark, as spreadsheets save it, or UTF-8."""
    return "utf-16" if head[:2] in _UTF_16 else "utf-8-sig"


def separator_of(header: str) -> str:
    """What separates the cells of a header line: comma, semicolon, tab or bar, whichever stands there most."""
    return max(_SEPARATORS, key=header.count)


def with_point(cells: list[str], separator: str) -> list[str]:
    """The cells, with a point in numbers for the decimal comma, which is none where the comma separates."""
    if separator == ",":
        return cells
    return [cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
