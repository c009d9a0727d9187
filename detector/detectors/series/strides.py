"""How a stream is taken in strides: what is known of its past changes only between them."""

from __future__ import annotations

from collections.abc import Iterator

STRIDE = 64
"""Strides are counted from the stream's beginning, so that it does not matter how it is cut. [samples]"""

_MOST = 16  # strides


def is_renewed(seen: int) -> bool:
    """Whether what costs a sorting of the whole past is made anew at the stride that begins after `seen` samples.

    At each stride up to 2048 samples, then at every second, fourth, eighth, at last every sixteenth.
    """
    every = min(max(1 << (seen.bit_length() - 11), 1), _MOST) if seen >= 2048 else 1
    return seen // STRIDE % every == 0


def whole_strides(samples: int) -> int:
    """So many strides hold them."""
    return -(-samples // STRIDE)


def pieces(count: int, seen: int) -> Iterator[slice]:
    """The next `count` samples, after `seen` of the stream, by the strides they lie in."""
    for begin in range(-(seen % STRIDE), count, STRIDE):
        yield slice(max(begin, 0), min(begin + STRIDE, count))
