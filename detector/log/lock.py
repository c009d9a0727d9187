"""One writer a log: an operating system lock on a small file beside it, gone with the process that held it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from detector.errors import LogError


class WriterLock:
    """Held from construction to `release`; the kernel lets go of it when the process dies, however it dies.

    Raises:
        LogError: another writer holds it, or the folder cannot be written to.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self.path = log.with_name(log.name + ".lock")
        self._descriptor = self._take()

    def _take(self) -> int:
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "another process"
                os.close(descriptor)
                raise LogError(f"{self._log}: {holder} is already writing to this log; one writer at a time") from None
            if self._is_still_there(descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
                return descriptor
            os.close(descriptor)  # its last holder removed the file between our open and our lock

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise LogError(f"{self._log}: cannot be written: {error.strerror} ({self.path})") from error

    def _is_still_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let another writer in. The file goes first: whoever opened it meanwhile sees that and starts over."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
