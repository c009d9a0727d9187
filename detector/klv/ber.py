"""BER lengths and BER-OID tags, as SMPTE 336 uses them."""

from __future__ import annotations


def read_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Length that stands at offset `at`, and the offset behind it; None if cut off or of the indefinite form."""
    if at >= len(data):
        return None
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if size == 0 or size > 8 or at + 1 + size > len(data):
        return None
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def read_tag(data: bytes, at: int) -> tuple[int, int] | None:
    """BER-OID tag at offset `at`, and the offset behind it; None if cut off or longer than 5 bytes."""
    tag = 0
    for offset in range(at, min(at + 5, len(data))):
        byte = data[offset]
        tag = tag << 7 | byte & 0x7F
        if byte < 0x80:
            return tag, offset + 1
    return None


def length_bytes(length: int) -> bytes:
    """Shortest form of a length."""
    if length < 0x80:
        return bytes([length])
    size = (length.bit_length() + 7) // 8
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def tag_bytes(tag: int) -> bytes:
    """Shortest BER-OID form of a tag."""
    out = [tag & 0x7F]
    while tag := tag >> 7:
        out.append(0x80 | tag & 0x7F)
    return bytes(reversed(out))
