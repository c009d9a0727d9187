"""Whether a file has been changed since it was last looked at."""

from __future__ import annotations

from pathlib import Path


def stamp_of(path: Path) -> tuple[int, int] | None:
    """When it was last written [ns] and its size [bytes]; None where there is none that can be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
