"""Tracks of a table of aircraft positions as JSON Lines: what `trucewatch detect` writes for it.

One object an aircraft, in the order of their ids, then one for the end of the table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from detector.errors import SourceError
from detector.jsonl_file import gap_lines, write_line
from detector.sources.tracks import read_tracks


@dataclass(frozen=True, slots=True)
class TracksResult:
    """One table, in numbers."""

    source_id: str
    positions: int
    tracks: int
    complete: bool
    detail: str

    @property
    def found(self) -> str:
        """In words."""
        return f"{self.positions} positions, aircraft: {self.tracks}"


def detect_tracks(path: Path, source_id: str, file: TextIO, *, assume_utc: bool = False) -> TracksResult:
    """Write what is known of each aircraft; a table that cannot be read gets its end line too, with the reason."""
    try:
        found = read_tracks(path, source_id, assume_utc=assume_utc)
        tracks, gaps, detail = found.tracks, found.gaps, found.detail
    except SourceError as error:
        tracks, gaps, detail = [], [], str(error)
    positions = sum(one.positions for one in tracks)
    for one in tracks:
        write_line(file, {"source": source_id, **asdict(one)})
    end = {"end": True, "source": source_id, "positions": positions, "complete": not detail, "detail": detail}
    write_line(file, {**end, "gaps": gap_lines(gaps)})
    return TracksResult(source_id, positions, len(tracks), not detail, detail)
