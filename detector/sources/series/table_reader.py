"""What readers of tables have in common: what they are given, and what they tell of the file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from detector.sources.series.station import Station
from detector.sources.series.times import TimeColumn


class TableReader:
    """A file of rows or objects with a time each. The rest is the reader's own (see `contract.Reader`)."""

    def __init__(self, path: Path, source_id: str, station: Station, *, assume_utc: bool = False) -> None:
        self._path, self._source_id, self._station, self._assume_utc = path, source_id, station, assume_utc
        self.units: dict[str, str] = {}
        self._begin()

    def _begin(self) -> None:
        """Nothing has been read yet."""
        self.shortfall, self.share = "", 0.0
        self.counters: Counter[str] = Counter()
        self.passed_over: tuple[str, ...] = ()
        self._time: TimeColumn | None = None

    def _time_of(self, name: str) -> TimeColumn:
        """The times of the column that is called so."""
        station = self._station
        self._time = TimeColumn(
            name, station.start_ns, assume_utc=self._assume_utc, zone=station.time_zone, form=station.time_format
        )
        return self._time

    def _end(self) -> None:
        """Everything has been read."""
        self.counters["no_start"] += self._time is not None and self._time.has_no_start
