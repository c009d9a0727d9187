"""Text files of lines."""

from __future__ import annotations

import os
from pathlib import Path


def ends_with_newline(path: Path) -> bool:
    """Whether the last line of a file is a whole one; an empty file has none."""
    with path.open("rb") as raw:
        if raw.seek(0, os.SEEK_END) == 0:
            return False
        raw.seek(-1, os.SEEK_END)
        return raw.read(1) in b"\r\n"
