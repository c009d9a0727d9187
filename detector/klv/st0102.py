"""MISB ST 0102 security set, nested in ST 0601 tag 48: shown to people, never judged by."""

from __future__ import annotations

from detector.klv.items import Item
from detector.klv.local_set import LocalSet, read_items

_CLASSIFICATION = {1: "UNCLASSIFIED", 2: "RESTRICTED", 3: "CONFIDENTIAL", 4: "SECRET", 5: "TOP SECRET"}
ITEMS: dict[int, Item] = {
    1: Item("Security Classification", "", "uint", 1),
    2: Item("Classifying Country Coding Method", "", "uint", 1),
    3: Item("Classifying Country", "", "text"),
    4: Item("SCI/SHI Information", "", "text"),
    5: Item("Caveats", "", "text"),
    6: Item("Releasing Instructions", "", "text"),
    7: Item("Classified By", "", "text"),
    8: Item("Derived From", "", "text"),
    9: Item("Classification Reason", "", "text"),
    10: Item("Declassification Date", "", "text"),
    11: Item("Marking System", "", "text"),
    12: Item("Object Country Coding Method", "", "uint", 1),
    13: Item("Object Country Codes", "", "raw"),
    14: Item("Classification Comments", "", "text"),
    19: Item("Stream ID", "", "uint", 1),
    20: Item("Transport Stream ID", "", "uint", 2),
    21: Item("Item Designator ID", "", "raw"),
    22: Item("Version", "", "uint", 2),
    23: Item("Classifying Country Method Date", "", "text"),
    24: Item("Object Country Method Date", "", "text"),
}


def decode(value: bytes) -> LocalSet:
    """Items of the nested set (no key, no checksum of its own). Never raises."""
    return read_items(value, 0, len(value), ITEMS)[0]


def classification(value: bytes) -> str | None:
    """The classification in words, None where it is missing or not one of the five."""
    code = decode(value).values.get(1)
    return _CLASSIFICATION.get(code) if isinstance(code, int) else None
