"""Inputs by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from detector.errors import SourceError
from detector.model import MediaFile
from detector.sources.natural import pictures_in

_CHUNK = 1 << 20


def refuse_what_flows_by(path: Path) -> None:
    """A recording is read more than once, for its hash, its times and its pictures: a pipe or a device cannot be.

    Raises:
        SourceError: it is there, and is neither a file nor a folder.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SourceError(f"{path}: a pipe or a device cannot be read twice; write it to a file first")


def size_bytes(path: Path) -> int:
    """Size of a file, or of all pictures of a folder, now. Raises OSError, SourceError."""
    return sum(file.stat().st_size for file in (pictures_in(path) if path.is_dir() else [path]))


def media_file(path: Path | str, source_id: str) -> MediaFile:
    """SHA-256 and size of a file, or of all pictures of a folder with their names.

    Raises:
        SourceError: it cannot be read.
    """
    path = Path(path)
    refuse_what_flows_by(path)
    files = pictures_in(path) if path.is_dir() else [path]
    digest, size = hashlib.sha256(), 0
    try:
        for file in files:
            if path.is_dir():
                digest.update(os.fsencode(file.name) + f"\0{file.stat().st_size}\0".encode())
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    return MediaFile(source_id, path.name, digest.hexdigest(), size)
