"""One network of sensors: its files, what they heard together, its evidence and its gaps, as the log will hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector import pipeline
from detector.association import (
    Alone,
    AssociationConfig,
    Associator,
    Medium,
    Sensors,
    WindowAssociator,
    WindowConfig,
    air,
    ground,
)
from detector.config import Configuration, SensorNetwork
from detector.detectors.series import LevelConfig
from detector.errors import SourceError
from detector.evidence import SampleRecorder
from detector.feed import Entry, Kept, Progress
from detector.listening import Association, Reached, Stages, listen
from detector.listening_health import ListeningHealth
from detector.log import EvidenceStore
from detector.model import Gap, Hearing, Incident, Means, RunEnd, Series, State, Undecided, Violation
from detector.sources.series import RecordedSeries, find_station, merged, open_series, series_kind
from detector.timebase import NS_PER_S

# Samples are held until an incident is decided, and a little longer: a block of a recording may be so long. [s]
_SLACK_S = 15.0


@dataclass(frozen=True, slots=True)
class ListeningJob:
    """One network to be listened to. `media` are resolved, in the order of the configuration."""

    network: SensorNetwork
    media: tuple[Path, ...]
    out: Path

    @property
    def source_id(self) -> str:
        """The network's name in the log."""
        return self.network.id

    @property
    def recordings(self) -> tuple[Path, ...]:
        """What is listened to."""
        return self.media

    @property
    def beside(self) -> tuple[Path, ...]:
        """What lies beside the recordings and is read with them."""
        return tuple(station for path in self.media if (station := find_station(path)) is not None)


def listen_to(configuration: Configuration, job: ListeningJob, run_id: str) -> Iterator[Entry]:
    """Everything the log has to say about one network, in the order in which it becomes known.

    A file that cannot be read makes the network's RunEnd incomplete, and is a gap of its sensor; the others are
    listened to all the same, as long as two are left whose places are known.

    Raises:
        LogError: evidence cannot be written.
    """
    network = job.network
    recordings = [_Recording(path, network) for path in job.media]
    heads = [
        head
        for one in recordings
        for head in one.heads(places_needed=network.window_s is None and network.preset != "level")
    ]
    try:
        together = _together(network, heads)
    except ValueError as error:
        failures = [one.failure for one in recordings if one.failure]
        yield RunEnd(run_id, network.id, 0, False, 0, 0, "; ".join([*failures, str(error)]), "samples")
        return
    rules = pipeline.heard_rules_for(configuration, network.id, network.means, run_id, together.origin)
    held_s = together.decided_within_s + _SLACK_S
    store = EvidenceStore(job.out / "evidence")
    recorder = SampleRecorder(store, configuration.settings.evidence, held_s, together.sensors, together.speed_m_s)
    health, newest = ListeningHealth(configuration.settings.coverage, network.source_at_100m), None
    source = merged([one.items() for one in recordings])
    budget = LevelConfig().alarms_per_day if network.alarms_per_day is None else network.alarms_per_day
    for event in listen(source, Stages(network.preset, together.associator, rules, budget)):
        match event:
            case Series():
                recorder.observe(event)
                health.heard(event)
            case Gap():
                yield from health.gap(event)
            case Hearing():
                health.hearing(event)
            case Incident():
                newest = event
            case Violation(state=State.OPEN):
                if newest is None:
                    raise RuntimeError("a violation before any incident")  # cannot happen: the order tells it first
                recorder.opened(event, newest)
                yield event
            case Violation() | Undecided():
                yield event
            case Reached():
                yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.reached(event.t_ns))
                yield _progress(network.id, recordings)
    yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.finish())
    end = _end(run_id, network.id, recordings)
    unread = {one.source_id: one.failure for one in recordings if not one.samples}
    yield from health.finish(end.t_start_ns, end.t_end_ns, unread)
    yield end


class _Recording:
    """One file of a network. failure: why it is not whole, empty if it is."""

    def __init__(self, path: Path, network: SensorNetwork) -> None:
        self.failure, self.samples, self.extent_ns = "", 0, (0, 0)
        self._placed: set[tuple[str, ...]] = set()
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
    def share(self) -> float:
        """Of it that has been read."""
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
        placed = [one for one in found.values() if not places_needed or np.isfinite(one.positions).all()]
        if len(placed) < len(found):
            self.failure = f"{self._path}: where its sensor stands is not known: the .json of its name has to say it"
        self._placed = {one.channels for one in placed}
        return placed

    def items(self) -> Iterator[Series | Gap]:
        """What it holds, from the start; how it ended is known afterwards."""
        for item in self._guarded():
            if isinstance(item, Series):
                if item.channels not in self._placed:
                    continue
                start_ns, end_ns = int(item.t_ns[0]), int(item.t_ns[-1]) + max(round(item.interval_ns or 0), 1)
                before = self.extent_ns if self.samples else (start_ns, end_ns)
                self.extent_ns = min(before[0], start_ns), max(before[1], end_ns)
                self.samples += item.values.size
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


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    """How a network's triggers are put together. sensors, speed_m_s: None where places are not known.

    origin: longitude and latitude of the zero of the sensors' plane; None where it is on no map. [deg]
    decided_within_s: so long after its first arrival an incident is decided. [s]
    """

    associator: Association
    sensors: Sensors | None
    speed_m_s: float | None
    origin: tuple[float, float] | None
    decided_within_s: float


def _together(network: SensorNetwork, heads: list[Series]) -> _Together:
    """Raises ValueError if the sensors cannot listen together."""
    if network.preset == "level":
        return _each_alone(network, heads)
    if len({name for head in heads for name in head.channels}) < 2:
        raise ValueError("two sensors or more are needed to listen together")
    if network.window_s is not None:
        window = WindowConfig(window_s=network.window_s, min_sensors=network.min_sensors or 3)
        return _Together(WindowAssociator(window, source_id=network.id), None, None, None, 2 * network.window_s)
    _same_places(heads)
    sensors, plane = Sensors.of(heads)
    medium = _medium(network)
    config = AssociationConfig(min_sensors=network.min_sensors, reach_m=network.reach_m)
    associator = Associator(sensors, medium, config, source_id=network.id)
    decided_within_s = network.reach_m / medium.speed_m_s + config.settle_s
    return _Together(associator, sensors, medium.speed_m_s, plane or network.origin, decided_within_s)


def _each_alone(network: SensorNetwork, heads: list[Series]) -> _Together:
    """Readings: each for itself, at the place of its sensor where that is known."""
    streams = [(head.source_id, name) for head in heads for name in head.channels]
    if not streams:
        raise ValueError("there is no reading in any of its files")
    files: dict[str, str] = {}
    for source_id, name in streams:
        if files.setdefault(name, source_id) != source_id:
            raise ValueError(f"{files[name]} and {source_id} both have a channel {name}: give each a name of its own")
    placed = [head for head in heads if np.isfinite(head.positions).all()]
    sensors, plane = Sensors.of(placed) if placed else (None, None)
    associator = Alone(sensors, source_id=network.id)
    return _Together(associator, sensors, None, plane or network.origin, LevelConfig().hop_s)


def _same_places(heads: list[Series]) -> None:
    """Raises ValueError where two files put one sensor at two places."""
    places: dict[str, tuple[float, ...]] = {}
    for head in heads:
        for name, place in zip(head.channels, head.positions.tolist(), strict=True):
            if places.setdefault(name, tuple(place)) != tuple(place):
                raise ValueError(f"{name} stands at two places: give each sensor a name of its own")


def _medium(network: SensorNetwork) -> Medium:
    if network.means is Means.SEISMIC and network.wave_m_s is not None:
        return ground(network.wave_m_s)
    return air(network.temperature_c, network.wind_m_s, network.wind_from_deg)


def _progress(source_id: str, recordings: list[_Recording]) -> Progress:
    started = [one for one in recordings if one.samples]
    first_ns, last_ns = min(one.extent_ns[0] for one in started), max(one.extent_ns[1] for one in started)
    done_s, share = (last_ns - first_ns) / NS_PER_S, min(one.share for one in started)
    return Progress(source_id, sum(one.samples for one in started), done_s, done_s / share if share else None)


def _end(run_id: str, source_id: str, recordings: list[_Recording]) -> RunEnd:
    read = [one for one in recordings if one.samples]
    first_ns = min((one.extent_ns[0] for one in read), default=0)
    last_ns = max((one.extent_ns[1] for one in read), default=0)
    detail = "; ".join(one.failure for one in recordings if one.failure)
    return RunEnd(run_id, source_id, sum(one.samples for one in read), not detail, first_ns, last_ns, detail, "samples")
