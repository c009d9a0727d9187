"""Evidence as it leaves the log: only what the log lists, and only if it is still what was logged."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from detector.log import EvidenceStore
from detector.model import EvidenceFile

MOST_READ_BYTES = 32 * 1024 * 1024
"""Of a table that is read whole."""

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".flac": "audio/flac",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".ts": "video/mp2t",
    ".mkv": "video/x-matroska",
    ".zip": "application/zip",
}
"""By suffix; what is not here is sent as bytes to be kept."""

SHOWN = frozenset({".mp4", ".jpg", ".png", ".flac"})
"""What a page may show; the rest is for keeping."""


class Proof:
    """Checks each file's SHA-256 before it is sent, and again whenever the file was touched since."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store
        self._good: dict[str, tuple[int, ...]] = {}

    def path(self, file: EvidenceFile) -> Path:
        """Where the file lies.

        Raises:
            ValueError: it is missing, was changed, or is not where evidence is kept; in words.
        """
        path = self._store.folder / file.path
        before = _state(path)
        if before is None or self._good.get(file.path) != before:
            problem = self._store.problem(file)
            if problem is not None:
                self._good.pop(file.path, None)
                raise ValueError(problem)
            if before is not None and before == _state(path):
                self._good[file.path] = before
        return path

    def bytes(self, file: EvidenceFile) -> bytes:
        """Its content. Raises ValueError: as `path`; or it is too large to be read whole."""
        if file.bytes > MOST_READ_BYTES:
            raise ValueError(f"evidence {file.path} has {file.bytes} bytes; at most {MOST_READ_BYTES} are read")
        content = self.path(file).read_bytes()
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise ValueError(f"evidence {file.path} was changed")
        return content


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file's content or name does; None if it is no plain file."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
