"""Whether a file is a table of aircraft positions."""

from __future__ import annotations

import csv
from pathlib import Path

from detector.errors import SourceError
from detector.sources.series.station import find_station, read_station
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
        header = next(csv.reader([head], delimiter=separator), [])
        beside = find_station(path)
        stated = read_station(beside).time_column if beside is not None else ()
        if len(stated) == 2:
            header = [name for name in header if name.strip() != stated[0]]
        track_columns(header, *stated[-1:])
    except (ValueError, csv.Error, SourceError):
        return False
    return True
