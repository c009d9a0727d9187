"""The 16-bit running sum that ends every ST 0601 set."""

from __future__ import annotations


def running_sum(data: bytes) -> int:
    """Sum of big-endian 16-bit words, an odd last byte counting as the high one, modulo 2**16.

    Source: ST 0601, tag 1. `data` is the packet up to and with the checksum's own tag and length.
    """
    return ((sum(data[0::2]) << 8) + sum(data[1::2])) & 0xFFFF
