"""A recorded sensor stream of any kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from detector.errors import SourceError
from detector.model import Gap, GapReason, Series
from detector.sources.series.contract import Reader, SeriesEnd
from detector.sources.series.station import Station
from detector.sources.series.tidy import Origin, Tidy, window_for


class RecordedSeries:
    """What a reader finds, tidied. readings: see `Origin`."""

    def __init__(self, path: Path, source_id: str, reader: Reader, station: Station, *, readings: bool = False) -> None:
        self.path, self.source_id, self.station = path, source_id, station
        self._reader, self._readings = reader, readings
        self.end: SeriesEnd | None = None

    @property
    def share(self) -> float | None:
        """Of the file that has been read, 0 to 1."""
        return self._reader.share

    def __iter__(self) -> Iterator[Series | Gap]:
        """Series and gaps; a stretch that could not be read is a Gap, and so is a recording that ends too early.

        Raises:
            SourceError: nothing can be read.
        """
        self.end = None
        counters: Counter[str] = Counter()
        tidy: dict[tuple[str, ...], Tidy] = {}
        extent = Extent()
        for block in self._reader.blocks():
            if isinstance(block, Gap):
                yield block
                continue
            if block.channels not in tidy:
                origin = Origin(self.source_id, self.station, dict(self._reader.units), self._readings)
                tidy[block.channels] = Tidy(origin, counters, window_for(block))
            yield from extent.seen(tidy[block.channels].push(block))
        for one in tidy.values():
            yield from extent.seen(one.finish())
        if extent.samples == 0:
            raise SourceError(self._reader.shortfall or f"{self.path}: holds no samples")
        counters.update(self._reader.counters)
        detail = self._reader.shortfall
        passed = counters["went_back_until_the_end"]
        if not detail and passed:
            detail = f"the last {passed} rows state a time that has passed already"
            if passed > extent.samples:
                detail += "; is the newest first? sort it by time"
        if detail:
            yield Gap(self.source_id, extent.end_ns, extent.end_ns + 1, GapReason.INCOMPLETE, detail)
        channels = tuple(dict.fromkeys(name for names in tidy for name in names))
        met = {name: count for name, count in sorted(counters.items()) if count}
        self.end = SeriesEnd(
            extent.samples, channels, not detail, detail, extent.start_ns, extent.end_ns, met, self._reader.passed_over
        )


class Extent:
    """How many samples were given, from when to when."""

    def __init__(self) -> None:
        self.samples, self.start_ns, self.end_ns = 0, 0, 0

    def seen(self, items: list[Series | Gap]) -> list[Series | Gap]:
        """The same items, counted."""
        for item in items:
            if isinstance(item, Series):
                end_ns = int(item.t_ns[-1]) + max(round(item.interval_ns or 0), 1)
                start_ns = int(item.t_ns[0])
                self.start_ns = min(self.start_ns, start_ns) if self.samples else start_ns
                self.end_ns = max(self.end_ns, end_ns) if self.samples else end_ns
                self.samples += item.values.size
        return items
