"""Secrets live in files beside the configuration, not in it: it is hashed, kept and shown."""

from __future__ import annotations

from pathlib import Path

from detector.outbox.sink import SinkError


def read_secret(path: Path | None) -> bytes:
    """The file's first line; nothing without a file.

    Raises:
        SinkError: it cannot be read, or is empty.
    """
    if path is None:
        return b""
    try:
        line = path.read_bytes().partition(b"\n")[0].strip()
    except OSError as error:
        raise SinkError(f"{path}: cannot be read: {error.strerror}") from None
    if not line:
        raise SinkError(f"{path}: its first line is empty; the secret is wanted there")
    return line
