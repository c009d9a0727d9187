"""What one network listens to: its recordings, or its live streams."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np

from detector.config import SensorNetwork
from detector.config.mqtt_address import MqttAddress
from detector.errors import SourceError
from detector.model import Gap, Series, read_only
from detector.sources.series import (
    Extent,
    LiveSeries,
    MqttArrivals,
    RecordedSeries,
    Station,
    merged,
    open_series,
    read_station,
    series_kind,
)


class HeardSource(Protocol):
    """Something that a network listens to.

    failure: why it is not whole, empty if it is; known once it has ended.
    extent: of what it gave so far.
    """

    source_id: str
    failure: str
    extent: Extent

    @property
    def waits_for(self) -> str:
        """Why nothing comes now; empty while it does, and of recordings."""
        ...

    @property
    def share(self) -> float | None:
        """Of a recording that has been read, 0 to 1; None: live."""
        ...

    def heads(self, *, places_needed: bool) -> list[Series]:
        """Channels and places of each of its streams, of those with a known place if that is needed."""
        ...

    def leave_out(self, channel: str, why_not: str) -> None:
        """Do not listen to this channel, if it has it; call before `items`."""
        ...

    def items(self) -> Iterator[Series | Gap | None]:
        """What it gives, from the start; None now and then, if it is live."""
        ...


def sources_of(network: SensorNetwork, media: Sequence[Path], stopped: Event | None) -> list[HeardSource]:
    """All that a network listens to. stopped: ends live streams."""
    if network.live:
        return [LiveSensors(network, stopped)]
    return [RecordedSensors(path, network) for path in media]


def together_in_time(sources: Sequence[HeardSource]) -> Iterator[Series | Gap | None]:
    """All items by the time each block begins; live streams see to that by themselves."""
    live = [one for one in sources if isinstance(one, LiveSensors)]
    return live[0].items() if live else merged([one.items() for one in sources if isinstance(one, RecordedSensors)])


class RecordedSensors:
    """One file of a network. failure: why it is not whole, empty if it is."""

    waits_for = ""

    def __init__(self, path: Path, network: SensorNetwork) -> None:
        self.failure, self.extent = "", Extent()
        self._placed: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._path, self.source_id = path, f"{network.id}/{path.name}"
        self._source: RecordedSeries | None = None
        try:
            source = open_series(path, source_id=self.source_id, assume_utc=network.utc)
            timeless = series_kind(path) == "sound" and source.station.start_ns is None
            self._source = self._begun_at(network) if timeless else source
        except SourceError as error:
            self.failure = str(error)

    def _begun_at(self, network: SensorNetwork) -> RecordedSeries:
        if network.start is None:
            raise SourceError(f"{self._path}: it carries no time: the .json of its name, or `start:`, has to say it")
        return open_series(self._path, source_id=self.source_id, start_ns=network.start)

    @property
    def share(self) -> float | None:
        """Of it that has been read, 0 to 1."""
        return 1.0 if self._source is None or self._source.share is None else self._source.share

    def heads(self, *, places_needed: bool) -> list[Series]:
        """One block of each of its streams, of those with a known place if that is needed: these are listened to.

        Of a sound file the first block tells; of others all have to be looked at.
        """
        found: dict[tuple[str, ...], Series] = {}
        for item in self._guarded():
            if isinstance(item, Series):
                found.setdefault(item.channels, item)
                if series_kind(self._path) == "sound":
                    break
        lacking: list[str] = []
        for head in found.values():
            placed = np.isfinite(head.positions[:, :2]).all(axis=1) | (not places_needed)
            self._placed[head.channels] = tuple(np.array(head.channels)[placed].tolist())
            lacking += np.array(head.channels)[~placed].tolist()
        if lacking:
            whose = "its sensor stands" if not any(self._placed.values()) else f"{', '.join(lacking)} stand"
            self.failure = f"{self._path}: where {whose} is not known: the .json of its name has to say it"
        heads = [only(head, self._placed[head.channels]) for head in found.values()]
        return [head for head in heads if head.channels]

    def leave_out(self, channel: str, why_not: str) -> None:
        """Do not listen to this channel, if it has it."""
        for channels, placed in self._placed.items():
            if channel in placed:
                self._placed[channels] = tuple(name for name in placed if name != channel)
                self.failure = f"{self._path}: {why_not}"

    def items(self) -> Iterator[Series | Gap]:
        """What it holds, from the start; how it ended is known afterwards."""
        for item in self._guarded():
            if isinstance(item, Series):
                item = only(item, self._placed.get(item.channels, ()))  # noqa: PLW2901  (of what is listened to)
                if not item.channels:
                    continue
                self.extent.seen([item])
            yield item
        if not self.failure and self._source is not None and self._source.end is not None:
            self.failure = self._source.end.detail

    def _guarded(self) -> Iterator[Series | Gap]:
        if self._source is None:
            return
        try:
            yield from self._source
        except SourceError as error:
            self.failure = str(error)


class LiveSensors:
    """All live streams of a network, as one source."""

    share = None

    def __init__(self, network: SensorNetwork, stopped: Event | None) -> None:
        self.source_id, self.failure, self.extent = network.id, "", Extent()
        self._source: LiveSeries | None = None
        self._station = Station()
        self._placed: tuple[str, ...] = ()
        try:
            if network.station is not None:
                self._station = read_station(network.station)
                self._placed = tuple(sorted(self._station.positions))
            arrivals = MqttArrivals(
                [MqttAddress.parse(name) for name in network.media],
                client_id=f"trucewatch-{network.id}-{platform.node()}",
                password_file=network.password_file,
                ca_file=network.ca_file,
                stopped=stopped,
            )
            asked_for = frozenset(self._placed) if network.window_s is None else None
            self._source = LiveSeries(arrivals, network.id, self._station, channels=asked_for, wait_s=network.wait_s)
        except SourceError as error:
            self.failure = str(error)

    @property
    def waits_for(self) -> str:
        """Why nothing comes now; empty while it does."""
        trouble = "" if self._source is None else self._source.trouble
        return trouble or ("" if self.extent.samples else "nothing has been sent yet")

    def heads(self, *, places_needed: bool) -> list[Series]:  # noqa: ARG002  a station has places only
        """One empty block of all channels that the station knows: nothing has come yet."""
        channels = self._placed
        if self._source is None or not channels:
            return []
        places = read_only(self._station.positions_of(channels))
        none, empty = np.zeros(0, np.int64), np.zeros((0, len(channels)))
        units = self._station.units_of(channels, {})
        return [Series(self.source_id, none, empty, channels, units, places, self._station.local)]

    def leave_out(self, channel: str, why_not: str) -> None:
        """What comes of this channel is heard by nobody."""
        if channel in self._placed:
            self.failure = "; ".join(one for one in (self.failure, why_not) if one)

    def items(self) -> Iterator[Series | Gap | None]:
        """What comes, until it is stopped."""
        if self._source is None:
            return
        import_module("scipy.signal")  # the first messages would wait for it, .7 s of CPU
        for item in self._source:
            if isinstance(item, Series):
                self.extent.seen([item])
            yield item
        if self._source.end is not None:
            self.failure = "; ".join(one for one in (self.failure, self._source.end.detail) if one)


def only(series: Series, names: tuple[str, ...]) -> Series:
    """These channels of it."""
    if names == series.channels:
        return series
    at = [series.channels.index(name) for name in names]
    return replace(
        series,
        values=read_only(np.ascontiguousarray(series.values[:, at])),
        channels=names,
        units=tuple(series.units[one] for one in at),
        positions=read_only(series.positions[at]),
    )
