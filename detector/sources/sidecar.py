"""Telemetry beside the media: DJI .SRT or .csv."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from detector.errors import SourceError
from detector.sources.csv_sidecar import parse_csv
from detector.sources.srt import parse_srt
from detector.sources.table_text import encoding_of
from detector.sources.telemetry import Sample


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says. relative: its times count from the first picture, not from 1970."""

    samples: list[Sample]
    relative: bool
    counters: dict[str, int] = field(default_factory=dict)


def find_sidecar(media: Path) -> Path | None:
    """The .csv or .srt with the name of the media beside it: drones write the one, people add the other on purpose."""
    media = media.absolute()  # "." has no name; a link's own name counts, not that of what it points to
    if not media.name:
        return None
    name = media.name if media.is_dir() else media.stem
    names = (media.with_name(name + suffix) for suffix in (".csv", ".CSV", ".SRT", ".srt"))
    return next((name for name in names if name != media and name.is_file()), None)


def read_sidecar(path: Path, hfov_deg: float | None) -> Sidecar:
    """Read a sidecar by its suffix.

    Raises:
        SourceError: it cannot be read, is of neither kind, or is a table with mistakes: each as file:line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    text = data.decode(encoding_of(data), "replace")
    if path.suffix.lower() == ".srt":
        found = parse_srt(text, hfov_deg)
        return Sidecar(found.samples, True, found.counters)
    if path.suffix.lower() == ".csv":
        samples, relative, counters = parse_csv(text, hfov_deg, str(path))
        return Sidecar(samples, relative, counters)
    raise SourceError(f"{path}: telemetry is read from .srt and .csv files")
