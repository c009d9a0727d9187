"""One door to all recorded sensor streams."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from detector.errors import SourceError
from detector.sources.series import dataflash, ulog
from detector.sources.series.contract import Reader
from detector.sources.series.csv_table import CsvTable
from detector.sources.series.dataflash import DataflashFile
from detector.sources.series.flight_log import CLOCK_SIGMA_NS
from detector.sources.series.json_lines import JsonLines
from detector.sources.series.parquet import ARROW_MAGIC, ParquetTable
from detector.sources.series.recorded import RecordedSeries
from detector.sources.series.seismic import SeismicFile, is_miniseed
from detector.sources.series.sound import SoundFile
from detector.sources.series.station import Station, find_station, read_station
from detector.sources.series.ulog import UlogFile

Make = Callable[[Path, str, Station, bool], Reader]

SERIES_SOURCES: dict[str, Make] = {
    "csv": lambda path, source_id, station, utc: CsvTable(path, source_id, station, assume_utc=utc),
    "jsonl": lambda path, source_id, station, utc: JsonLines(path, source_id, station, assume_utc=utc),
    "parquet": lambda path, source_id, station, utc: ParquetTable(path, source_id, station, assume_utc=utc),
    "sound": lambda path, source_id, station, _: SoundFile(path, source_id, station),
    "seismic": lambda path, source_id, *_: SeismicFile(path, source_id),
    "ulog": lambda path, source_id, station, _: UlogFile(path, source_id, station),
    "dataflash": lambda path, source_id, station, _: DataflashFile(path, source_id, station),
}

_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".feather": "parquet", ".arrow": "parquet",
    ".wav": "sound", ".flac": "sound", ".aif": "sound", ".aiff": "sound", ".au": "sound", ".caf": "sound",
    ".w64": "sound", ".rf64": "sound",
    ".mseed": "seismic", ".miniseed": "seismic", ".msd": "seismic", ".sac": "seismic",
    ".gse2": "seismic", ".slist": "seismic", ".ulg": "ulog",
}  # fmt: skip
# Coded with losses: the reader says why not.
_REFUSED = {".mp3": "sound", ".ogg": "sound", ".opus": "sound"}
_MAGIC = {"parquet": b"PAR1", "ulog": ulog.MAGIC, "dataflash": dataflash.MAGIC}
FLIGHT_LOGS = frozenset({"ulog", "dataflash"})


def series_kind(path: Path) -> str | None:
    """Which kind of sensor file it is, by its name, else by its first bytes; None: none of them."""
    by_name = (_SUFFIXES | _REFUSED).get(path.suffix.lower())
    if by_name is not None or not path.is_file():
        return by_name
    try:
        with path.open("rb") as raw:
            head = raw.read(12)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                head = packed.read(12)
    except (OSError, EOFError):
        return None
    if is_miniseed(head) or head.startswith((b"TIMESERIES ", b"WID2 ")):
        return "seismic"
    if head.startswith(b"fLaC") or (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        return "sound"
    if head.startswith(ARROW_MAGIC):
        return "parquet"
    return next((kind for kind, magic in _MAGIC.items() if head.startswith(magic)), None)


def open_series(
    path: Path | str,
    *,
    source_id: str,
    start_ns: int | None = None,
    station: Station | None = None,
    assume_utc: bool = False,
) -> RecordedSeries:
    """A recorded sensor stream.

    Args:
        path: CSV, JSON Lines, Parquet, Arrow, WAV, FLAC, AIFF, miniSEED and its like, flight logs of PX4 and ArduPilot.
        source_id: goes into every series and gap.
        start_ns: UTC of the first sample, where the file carries no time; goes before what the station's file says.
        station: what is known beyond the file; default: the .json of the same name beside it, if there is one.
        assume_utc: times without a zone are UTC; otherwise they cannot be read.

    Raises:
        SourceError: there is no such file, of a known kind, or what lies beside it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file")
    kind = series_kind(path)
    if kind is None:
        raise SourceError(f"{path}: no sensor file; known are {', '.join(sorted(_SUFFIXES))}")
    if station is None:
        beside = find_station(path)
        unknown = Station(clock_sigma_ns=CLOCK_SIGMA_NS) if kind in FLIGHT_LOGS else Station()
        station = unknown if beside is None else read_station(beside)
    if start_ns is not None:
        station = replace(station, start_ns=start_ns)
    reader = SERIES_SOURCES[kind](path, source_id, station, assume_utc)
    return RecordedSeries(path, source_id, reader, station, readings=kind in FLIGHT_LOGS)
