"""Tables of text as loggers and spreadsheets write them, whatever they hold."""

from __future__ import annotations

import re

_SEPARATORS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")


def separator_of(header: str) -> str:
    """What separates the cells of a header line: comma, semicolon, tab or bar, whichever stands there most."""
    return max(_SEPARATORS, key=header.count)


def with_point(cells: list[str], separator: str) -> list[str]:
    """The cells, with a point in numbers for the decimal comma, which is none where the comma separates."""
    if separator == ",":
        return cells
    return [cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
