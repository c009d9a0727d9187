"""Whether a file ends inside one of its parts: what a recorder that lost its power leaves, also without an index.

MP4 and MOV are a row of boxes (ISO/IEC 14496-12, 4.2), Matroska and WebM of elements (RFC 8794, 4 to 6). Each tells its
own length, so the walk reads a few bytes of each: a thousandth of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    (
        b"ftyp",
        b"styp",
        b"moov",
        b"moof",
        b"mdat",
        b"mfra",
        b"sidx",
        b"ssix",
        b"free",
        b"skip",
        b"wide",
        b"uuid",
        b"meta",
    )
)
_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_ELEMENTS = {
    _EBML: "EBML", _SEGMENT: "Segment", _CLUSTER: "Cluster", 0x114D9B74: "SeekHead", 0x1549A966: "Info",
    0x1654AE6B: "Tracks", 0x1C53BB6B: "Cues", 0x1941A469: "Attachments", 0x1043A770: "Chapters", 0x1254C367: "Tags",
    0xEC: "Void", 0xBF: "CRC-32", 0xE7: "Timestamp", 0xA7: "Position", 0xAB: "PrevSize", 0xA3: "SimpleBlock",
    0xA0: "BlockGroup",
}  # fmt: skip


def cut_inside(path: Path, form: str) -> str:
    """The part that the file ends in, in words; empty if its last part is whole, or cannot be made out.

    form: FFmpeg's name of the container; others than MP4, MOV, Matroska and WebM are not looked at.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if "mp4" in form.split(","):
            found = _last_box(file, size)
        elif "matroska" in form.split(","):
            found = _last_element(file, size)
        else:
            return ""
    if found is None:
        return ""
    name, start, end = found
    until = f"reaches to {end}" if end else "is longer"
    return f"the file ends at byte {size}, inside its part {name} that begins at byte {start} and {until}"


Part = tuple[str, int, int]
"""Name, first byte, and the byte after its last one: 0 where even that is cut off."""


def _last_box(file: BinaryIO, size: int) -> Part | None:
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        name = head[4:8]
        if name not in _BOXES:
            return None
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end of the file, wherever that is
            return None
        if length < 8 or at + length > size:
            return (name.decode(), at, at + length) if length >= 8 else None
        at += length
    return None


def _last_element(file: BinaryIO, size: int) -> Part | None:
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        wide = _width(head)
        name = _ELEMENTS.get(int.from_bytes(head[:wide], "big")) if wide else None
        if name is None:
            return None
        more = _width(head[wide:])
        if len(head) < wide + more or not more:
            return (name, at, 0) if at + len(head) == size else None
        first = at + wide + more
        value = int.from_bytes(head[wide : wide + more], "big") & (1 << 7 * more) - 1
        unknown = value == (1 << 7 * more) - 1
        if not unknown and first + value > size:
            return name, at, first + value
        # A segment is walked through; a cluster only where nobody could say how long it would become.
        at = first if unknown or name == "Segment" else first + value
    return None


def _width(head: bytes) -> int:
    """Bytes of the EBML number at the beginning: one more than zeros before its first bit; 0: there is none."""
    return 9 - head[0].bit_length() if head and head[0] else 0
