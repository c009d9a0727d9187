"""One network of sensors, recorded or live: what they heard together, with evidence and gaps, as the log holds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from detector import pipeline
from detector.association import (
    Alone,
    AssociationConfig,
    Associator,
    Carrier,
    LoneSensor,
    Medium,
    Noticed,
    Sensors,
    Settled,
    WindowAssociator,
    WindowConfig,
    air,
    astray,
    ground,
    heard,
)
from detector.config import Configuration, SensorNetwork, beside
from detector.detectors.series import LevelConfig
from detector.evidence import SampleRecorder
from detector.feed import Entry, Kept, Progress
from detector.listening import Association, Idle, Reached, Stages, listen
from detector.listening_health import ListeningHealth
from detector.listening_sources import HeardSource, only, sources_of, together_in_time
from detector.log import EvidenceStore
from detector.model import Gap, Hearing, Incident, Means, RunEnd, Series, State, Undecided, Violation
from detector.sources.series import find_station
from detector.timebase import NS_PER_S

# Samples are held until an incident is decided, and a little longer: a block of a recording may be so long. [s]
_SLACK_S = 15.0


@dataclass(frozen=True, slots=True)
class ListeningJob:
    """One network to be listened to. `media` are resolved, in the order of the configuration; a live one has none."""

    network: SensorNetwork
    media: tuple[Path, ...]
    out: Path

    @classmethod
    def of(cls, configuration: Configuration, network: SensorNetwork, out: Path) -> ListeningJob:
        """The network of a configuration, evidence into `out`."""
        media = () if network.live else tuple(beside(configuration.path, name) for name in network.media)
        return cls(network, media, out)

    @property
    def source(self) -> SensorNetwork:
        """What it is in the configuration."""
        return self.network

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
        """What lies beside the recordings and is read with them; of a live network its station."""
        station = () if self.network.station is None else (self.network.station,)
        return (*station, *(found for path in self.media if (found := find_station(path)) is not None))


def listen_to(
    configuration: Configuration, job: ListeningJob, run_id: str, stopped: Event | None = None
) -> Iterator[Entry]:
    """Everything the log has to say about one network, in the order in which it becomes known.

    A file that cannot be read makes the network's RunEnd incomplete, and is a gap of its sensor; the others are
    listened to all the same, as long as one is left whose place is known: a sensor alone is a witness, whose onsets can
    support what others have placed and raise nothing. A live network is listened to until `stopped` is set, from
    any thread or signal: what is open then is closed, and the end is complete. Whatever comes or does not, it gives
    Progress every 50 ms.

    Raises:
        LogError: evidence cannot be written.
    """
    network = job.network
    sources = sources_of(network, job.media, stopped)
    heads = _heads(network, sources)
    try:
        together = _together(network, heads)
    except ValueError as error:
        failures = [one.failure for one in sources if one.failure]
        yield RunEnd(run_id, network.id, 0, False, 0, 0, "; ".join([*failures, str(error)]), "samples")
        return
    rules = pipeline.heard_rules_for(
        configuration, network.id, network.means, run_id, together.origin, together.carrier
    )
    held_s = together.decided_within_s + _SLACK_S
    store = EvidenceStore(job.out / "evidence")
    recorder = SampleRecorder(
        store, configuration.settings.evidence, held_s, together.sensors, together.speed_m_s, live=network.live
    )
    health = ListeningHealth(configuration.settings.coverage, network.source_at_100m, _slowest_ns(heads))
    newest, heard_by = None, () if together.is_witness else rules
    budget = LevelConfig().alarms_per_day if network.alarms_per_day is None else network.alarms_per_day
    stages = Stages(network.preset, together.associator, heard_by, budget)
    for event in listen(together_in_time(sources), stages):
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
                yield from together.witnessed(event, network.means)
            case Violation(state=State.OPEN):
                if newest is None:
                    raise RuntimeError("a violation before any incident")  # cannot happen: the order tells it first
                recorder.opened(event, newest)
                yield event
            case Violation() | Undecided() | Noticed():
                yield event
            case Reached():
                yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.reached(event.t_ns))
                yield from health.passed(event.t_ns)
                yield Settled(network.id, together.associator.settled_ns)
                yield _progress(network.id, sources)
            case Idle():
                yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.written())
                yield from health.idle(time.time_ns())
                yield _progress(network.id, sources)
    yield from (Kept(violation_id, tuple(files)) for violation_id, files in recorder.finish())
    end = _end(run_id, network.id, sources)
    unread = {one.source_id: one.failure for one in sources if not one.extent.samples}
    yield from health.finish(end.t_start_ns, end.t_end_ns, unread)
    yield end


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    """How a network's triggers are put together. sensors, carrier: None where places are not known.

    origin: longitude and latitude of the zero of the sensors' plane; None where it is on no map. [deg]
    decided_within_s: so long after its first arrival an incident is decided. [s]
    """

    associator: Association
    sensors: Sensors | None
    carrier: Carrier | None
    origin: tuple[float, float] | None
    decided_within_s: float

    @property
    def is_witness(self) -> bool:
        """One sensor alone: no rule judges what it noticed."""
        return isinstance(self.associator, LoneSensor)

    @property
    def speed_m_s(self) -> float | None:
        """Of what is listened to, where places are known. [m/s]"""
        return None if self.carrier is None else self.carrier.medium.speed_m_s

    def witnessed(self, incident: Incident, means: Means) -> Iterator[Noticed]:
        """Of a witness, the incident for the joiner; of a network its rules say what is for the joiner."""
        if self.is_witness and self.origin is not None and self.carrier is not None:
            noticed = heard(incident, self.origin, self.carrier, means, None)
            yield from [noticed] if noticed is not None else []


def _heads(network: SensorNetwork, sources: list[HeardSource]) -> list[Series]:
    """One block of each stream, without sensors that stand so far from the others that a slip is likelier."""
    needed = network.window_s is None and network.preset != "level"
    heads = [head for one in sources for head in one.heads(places_needed=needed)]
    if not needed:
        return heads
    local = all(head.local for head in heads)
    if not local and any(head.local for head in heads):
        return heads  # which is refused
    places = {name: where for head in heads for name, where in zip(head.channels, head.positions, strict=True)}
    far = astray(places, network.far_m, local=local)
    for name, why_not in far.items():
        for one in sources:
            one.leave_out(name, why_not)
    left = [only(head, tuple(name for name in head.channels if name not in far)) for head in heads]
    return [head for head in left if head.channels]


def _together(network: SensorNetwork, heads: list[Series]) -> _Together:
    """Raises ValueError if the sensors cannot listen together."""
    if network.preset == "level":
        return _each_alone(network, heads)
    names = {name for head in heads for name in head.channels}
    if network.window_s is not None:
        if len(names) < 2 and not network.live:  # which sensors a live network has, their messages will tell
            raise ValueError("two sensors or more are needed to listen together without their places")
        window = WindowConfig(window_s=network.window_s, min_sensors=network.min_sensors or 3)
        return _Together(WindowAssociator(window, source_id=network.id), None, None, None, 2 * network.window_s)
    if not names:
        raise ValueError("no sensor is left to listen to")
    _same_places(heads)
    sensors, plane = Sensors.of(heads)
    carrier, origin = Carrier(_medium(network), network.reach_m), plane or network.origin
    if len(np.unique(sensors.position_m, axis=0)) == 1:
        if origin is None:
            raise ValueError("one sensor alone, on no map: nothing that others have placed can be held against it")
        lone = LoneSensor(sensors, carrier, source_id=network.id)
        return _Together(lone, sensors, carrier, origin, carrier.longest_s)
    config = AssociationConfig(min_sensors=network.min_sensors, reach_m=network.reach_m)
    associator = Associator(sensors, carrier.medium, config, source_id=network.id)
    decided_within_s = network.reach_m / carrier.medium.speed_m_s + config.settle_s
    return _Together(associator, sensors, carrier, origin, decided_within_s)


def _each_alone(network: SensorNetwork, heads: list[Series]) -> _Together:
    """Readings: each for itself, at the place of its sensor where that is known."""
    streams = [(head.source_id, name) for head in heads for name in head.channels]
    if not streams:
        raise ValueError("there is no reading in any of its files")
    files: dict[str, str] = {}
    for source_id, name in streams:
        if files.setdefault(name, source_id) != source_id:
            raise ValueError(f"{files[name]} and {source_id} both have a channel {name}: give each a name of its own")
    placed = [head for head in heads if np.isfinite(head.positions[:, :2]).all()]
    sensors, plane = Sensors.of(placed) if placed else (None, None)
    associator = Alone(sensors, source_id=network.id)
    return _Together(associator, sensors, None, plane or network.origin, LevelConfig().hop_s)


def _slowest_ns(heads: list[Series]) -> float:
    """Between two samples of the slowest stream; 0 where nothing is known of it."""
    spans = [(int(head.t_ns[-1]) - int(head.t_ns[0])) / (len(head) - 1) for head in heads if len(head) > 1]
    return max([*spans, *(head.interval_ns for head in heads if head.interval_ns is not None)], default=0.0)


def _same_places(heads: list[Series]) -> None:
    """Raises ValueError where two files put one sensor at two places."""
    places: dict[str, tuple[float, ...]] = {}
    for head in heads:
        for name, place in zip(head.channels, head.positions.tolist(), strict=True):
            if not np.array_equal(places.setdefault(name, tuple(place)), place, equal_nan=True):
                raise ValueError(f"{name} stands at two places: give each sensor a name of its own")


def _medium(network: SensorNetwork) -> Medium:
    if network.means is Means.SEISMIC and network.wave_m_s is not None:
        return ground(network.wave_m_s)
    return air(network.temperature_c, network.wind_m_s, network.wind_from_deg)


def _progress(source_id: str, sources: list[HeardSource]) -> Progress:
    waits_for = "; ".join(one.waits_for for one in sources if one.waits_for)
    started = [one for one in sources if one.extent.samples]
    if not started:
        return Progress(source_id, 0, 0.0, None, waits_for)
    first_ns, last_ns = min(one.extent.start_ns for one in started), max(one.extent.end_ns for one in started)
    done_s, shares = (last_ns - first_ns) / NS_PER_S, [one.share for one in started]
    share = min((one for one in shares if one is not None), default=None)
    samples, total_s = sum(one.extent.samples for one in started), done_s / share if share else None
    return Progress(source_id, samples, done_s, total_s, waits_for)


def _end(run_id: str, source_id: str, sources: list[HeardSource]) -> RunEnd:
    read = [one for one in sources if one.extent.samples]
    first_ns = min((one.extent.start_ns for one in read), default=0)
    last_ns = max((one.extent.end_ns for one in read), default=0)
    detail = "; ".join(one.failure for one in sources if one.failure)
    return RunEnd(
        run_id, source_id, sum(one.extent.samples for one in read), not detail, first_ns, last_ns, detail, "samples"
    )
