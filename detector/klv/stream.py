"""Sets out of a stream of bytes: split over packets, several in one, with or without access unit headers."""

from __future__ import annotations

from collections.abc import Iterator

from detector.klv import ber, eg0104, st0601
from detector.klv.local_set import LocalSet

_PREFIX = bytes.fromhex("060e2b34")
_SETS = (st0601.KEY, eg0104.KEY)
_LONGEST = 1 << 20


def decode(packet: bytes) -> LocalSet | None:
    """The set by its key; None where the key is not one of ST 0601 and EG 0104."""
    if packet.startswith(st0601.KEY):
        return st0601.decode(packet)
    return eg0104.decode(packet) if packet.startswith(eg0104.KEY) else None


class SetAssembler:
    """Cuts whole sets from the bytes fed to it. Bytes that belong to no set are counted, never fatal."""

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole sets that `data` completes.

        A set still open when one with a known key begins is cut off: it comes as it is, and its decoder says so.
        """
        data = _without_cell_headers(data)
        if self._rest and data.startswith(_SETS):
            yield from self.finish()
        self._rest += data
        while self._rest:
            at = self._rest.find(_PREFIX)
            if at < 0:
                self._skip(max(0, len(self._rest) - 3))
                return
            self._skip(at)
            length = ber.read_length(self._rest, 16)
            if length is None and len(self._rest) < 25:
                return
            if length is None or length[0] > _LONGEST:
                self._skip(4)
                continue
            end = sum(length)
            if end > len(self._rest):
                return
            packet, self._rest = self._rest[:end], self._rest[end:]
            yield packet

    def finish(self) -> Iterator[bytes]:
        """The set that is still open, if any: cut off."""
        rest, self._rest = self._rest, b""
        if rest.startswith(_SETS):
            yield rest
        else:
            self.junk_bytes += len(rest)

    def _skip(self, count: int) -> None:
        self.junk_bytes += count
        self._rest = self._rest[count:]


def _without_cell_headers(data: bytes) -> bytes:
    """Payload of metadata access unit cells (ISO 13818-1, 2.12.4), where `data` is made of exactly such cells."""
    if data[5:9] != _PREFIX:
        return data
    cells, at = [], 0
    while at + 5 <= len(data):
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        cells.append(data[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(cells) if at == len(data) else data
