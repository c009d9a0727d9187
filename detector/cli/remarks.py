"""What is said once of a recording's pictures, beside what was found in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from detector.sources.series import series_kind
from detector.sources.streams import remarks
from detector.sources.tracks import is_track_table


def say_remarks(console: Console, recordings: Iterable[tuple[str, Path]]) -> None:
    """A line for each. recordings: id and file of each source; sensor files and tables have no pictures."""
    for source_id, path in recordings:
        if series_kind(path) is None and not is_track_table(path):
            for remark in remarks(path):
                console.print(f"{source_id}: {remark}", markup=False)
