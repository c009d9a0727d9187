"""A queue on the disk: packets of a feed that is to be judged completely, while judging is slower than the stream."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from detector.errors import LogError
from detector.sources.live.arrived import Arrived, Item

_FILE_BYTES = 64 << 20


class Spool:
    """First in, first out. Payloads lie in nameless files of 64 MB in `folder`; the kernel frees them with the process.

    Raises:
        LogError: the disk is full, or cannot be written or read.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._items: deque[Item] = deque()
        self._files: deque[IO[bytes]] = deque()
        self._written = self._read = 0  # within the last and the first file
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """No packet more is to be put in."""
        return self.bytes >= self._limit

    def append(self, item: Item) -> None:
        """Put one in."""
        if isinstance(item, Arrived):
            try:
                self._write(item.data)
            except OSError as error:
                raise LogError(f"{self._folder}: pictures that wait cannot be written: {error.strerror}") from error
            item = replace(item, data=b"", size=len(item.data))
        self._items.append(item)

    def take(self) -> Item:
        """Take the oldest one out."""
        item = self._items.popleft()
        if not isinstance(item, Arrived):
            return item
        file = self._files[0]
        file.seek(self._read)
        data = file.read(item.size)
        if len(data) != item.size:
            raise LogError(f"{self._folder}: pictures that wait cannot be read back")
        self._read += item.size
        self.bytes -= item.size
        if self._read >= _FILE_BYTES or not self.bytes:
            self._files.popleft().close()
            self._read = 0
            self._written = self._written if self._files else 0
        return replace(item, data=data)

    def close(self) -> None:
        """Give the disk back."""
        while self._files:
            self._files.pop().close()
        self._items.clear()
        self.bytes = 0

    def _write(self, data: bytes) -> None:
        if not self._files or self._written >= _FILE_BYTES:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._files.append(TemporaryFile(dir=self._folder))  # noqa: SIM115 - open until it has been read
            self._written = 0
        self._files[-1].seek(self._written)
        self._files[-1].write(data)
        self._written += len(data)
        self.bytes += len(data)
