"""What is said once of a recording, beside what was found in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from detector.replay import source_id_of
from detector.sources.series import series_kind
from detector.sources.streams import remarks
from detector.sources.tracks import is_track_table


def say_remarks(console: Console, recordings: Iterable[tuple[str, Path]]) -> None:
    """A line for each. recordings: id and file of each source; sensor files and tables have no pictures."""
    for source_id, path in recordings:
        if source_id == source_id_of(path) and not path.stem.isascii():
            console.print(f"{source_id} is {path.name}", markup=False)
        if series_kind(path) is None and not is_track_table(path):
            for remark in remarks(path):
                console.print(f"{source_id}: {remark}", markup=False)
