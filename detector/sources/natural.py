"""Pictures of a folder in the order a person means: frame_2 before frame_10."""

from __future__ import annotations

import re
from pathlib import Path

from detector.errors import SourceError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".webp", ".jp2"})


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Runs of digits compare as numbers."""
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures directly in a folder, naturally sorted.

    Raises:
        SourceError: there are none, or the folder cannot be read.
    """
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be read: {error.strerror}") from error
    if not files:
        raise SourceError(f"{folder}: holds no pictures; known are {', '.join(sorted(SUFFIXES))}")
    return sorted(files, key=lambda file: natural_key(file.name))
