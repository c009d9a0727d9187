"""Whether a file is a table of aircraft positions."""

from __future__ import annotations

import csv
from pathlib import Path

from detector.sources.tracks.columns import track_columns

_LONGEST_HEADER = 1 << 20


def is_track_table(path: Path) -> bool:
    """By its header: a time, an id, latitude and longitude. What cannot be read is none: opening it tells why."""
    if path.suffix.lower() not in {".csv", ".tsv"} or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            head = file.readline(_LONGEST_HEADER)
    except OSError:
        return False
    separator = max((",", ";", "\t"), key=head.count)
    try:
        track_columns(next(csv.reader([head], delimiter=separator), []))
    except (ValueError, csv.Error):
        return False
    return True
