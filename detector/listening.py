"""THE ORDER for sensor streams: triggers, association, rules. Written once, for live streams and recordings alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from detector.association import Noticed
from detector.detectors.series import PRESETS, ImpulseConfig, ImpulseDetector, LevelConfig, LevelDetector, preset_for
from detector.model import Gap, GapReason, Hearing, Incident, Series, Triggers, Undecided, Violation
from detector.rules import HeardRule
from detector.timebase import ns_from_seconds

_Stream = tuple[str, tuple[str, ...]]

# A sensor of readings that is silent for longer does not hold the others up.
_SILENT_READINGS = 10
_SILENT_NS = ns_from_seconds(3600.0)


class Association(Protocol):
    """Puts triggers of several sensors together: by places and travel times, or in a window of time."""

    @property
    def settled_ns(self) -> int:
        """No incident that happened before this is still to come. [ns]"""
        ...

    def push(self, triggers: Triggers, until_ns: int) -> list[Incident]:
        """Take triggers; incidents decided by now. Every trigger before `until_ns` has been given."""
        ...

    def finish(self) -> list[Incident]:
        """The streams have ended: what was still open."""
        ...


@dataclass(frozen=True, slots=True)
class Stages:
    """One network's stages, each with its own state.

    preset: of `PRESETS`, or "level"; None: the impulses that each stream's rate suggests.
    alarms_per_day: what a channel of readings may raise by chance. [1/d]
    """

    preset: str | None
    associator: Association
    rules: tuple[HeardRule, ...] = ()
    alarms_per_day: float = LevelConfig().alarms_per_day


@dataclass(frozen=True, slots=True)
class Reached:
    """All streams have been read until this time. [ns]"""

    t_ns: int


@dataclass(frozen=True, slots=True)
class Idle:
    """A live source is alive: now and then, whether anything comes or not."""


Event = Series | Gap | Hearing | Incident | Violation | Undecided | Noticed | Reached | Idle


def listen(source: Iterable[Series | Gap | None], stages: Stages) -> Iterator[Event]:
    """Everything that follows from the streams of one network.

    Args:
        source: blocks of all sensors by the time each begins, as `sources.series.merged` gives them; and gaps. A live
            source also gives None, now and then.
        stages: with the state they are in.

    Yields:
        Each block that is listened to; then what could be noticed over its noise, the incidents it decides, each
        followed by what the rules say of it; then Reached. Gaps of the source as they come, those of warming up, and
        those of blocks that cannot be judged. Idle for None. What is open at the end is
        closed.
    """
    ears: dict[_Stream, _Ear] = {}
    until_ns = 0
    # A stream that has not begun, or is silent, warms up first.
    unheard_ns = ns_from_seconds(_deaf_s(stages.preset))
    for item in source:
        if item is None:
            yield Idle()
            continue
        if isinstance(item, Gap) or not len(item):
            yield from [item] if isinstance(item, Gap) else []
            continue
        stream = item.source_id, item.channels
        ear = ears.setdefault(stream, _Ear(stages, item))
        refused = ear.refused(item)
        if refused is not None:
            yield refused
            continue
        yield item
        now_ns = int(item.t_ns[0])
        triggers = [found for one in ears.values() for found in one.silent(now_ns)]
        triggers.append(ear.hear(item))
        for one in ears.values():
            yield from one.gaps()
        yield from ear.hearing()
        told_ns = min([now_ns + unheard_ns, *(t_ns for one in ears.values() if (t_ns := one.told_ns()) is not None)])
        before_ns, until_ns = until_ns, max(until_ns, told_ns)
        yield from _judge(triggers, before_ns, until_ns, stages)
        yield Reached(min([now_ns, *(one.newest_ns for one in ears.values() if one.newest_ns is not None)]))
    triggers = [found for one in ears.values() for found in one.finish()]
    for one in ears.values():
        yield from one.gaps()
    yield from _judge(triggers, until_ns, until_ns, stages)
    for incident in stages.associator.finish():
        yield from _told(incident, stages)
    for rule in stages.rules:
        yield from rule.finish()


def _judge(triggers: Iterable[Triggers], before_ns: int, until_ns: int, stages: Stages) -> Iterator[Event]:
    """All triggers go in before their time is declared over."""
    for found in triggers:
        for incident in stages.associator.push(found, before_ns):
            yield from _told(incident, stages)
    for incident in stages.associator.push(Triggers.none(""), until_ns):
        yield from _told(incident, stages)
    for rule in stages.rules:
        yield from rule.pass_time(stages.associator.settled_ns)


def _told(incident: Incident, stages: Stages) -> Iterator[Event]:
    yield incident
    for rule in stages.rules:
        if incident.kind in rule.hears:
            yield from rule.hear(incident)


class _Ear:
    """The detector of one stream.

    newest_ns: until when it has been listened to; None while it is silent: whatever comes begins anew.
    """

    def __init__(self, stages: Stages, first: Series) -> None:
        choice = stages.preset or (preset_for(first.interval_ns) if first.interval_ns else "seismic")
        self._is_level = choice == "level"
        self._detector = (
            LevelDetector(LevelConfig(alarms_per_day=stages.alarms_per_day))
            if self._is_level
            else ImpulseDetector(PRESETS[choice])
        )
        self.newest_ns: int | None = None
        if self._is_level:
            self._longest_hole_ns = round(_SILENT_READINGS * first.interval_ns) if first.interval_ns else _SILENT_NS
            self._lag_ns = ns_from_seconds(LevelConfig().hop_s)
        else:
            self._longest_hole_ns = ns_from_seconds(PRESETS[choice].lta_s)
            self._lag_ns = ns_from_seconds(_lag_s(PRESETS[choice]))

    def refused(self, series: Series) -> Gap | None:
        """The block as a gap, where it cannot be judged."""
        t_start_ns, t_end_ns = int(series.t_ns[0]), int(series.t_ns[-1]) + 1
        if self.newest_ns is not None and t_start_ns <= self.newest_ns:
            why_not = "another recording of the same sensor has this time already"
            return Gap(series.source_id, t_start_ns, t_end_ns, GapReason.CLOCK, why_not)
        why_not = self._detector.why_not(series)
        names = ", ".join(series.channels)
        told = f"channels {names} were not judged: {why_not}"
        return Gap(series.source_id, t_start_ns, t_end_ns, GapReason.MISSING, told) if why_not else None

    def hear(self, series: Series) -> Triggers:
        self.newest_ns = int(series.t_ns[-1])
        return self._detector.detect(series)

    def told_ns(self) -> int | None:
        """All its triggers with onsets before this have been given; None while it is silent. [ns]"""
        return None if self.newest_ns is None else self._detector.told_ns()

    def silent(self, now_ns: int) -> list[Triggers]:
        """After so long a silence it warms up anew: what was open is over now. Of readings the past still counts."""
        if self.newest_ns is None or now_ns - self.newest_ns <= self._longest_hole_ns + self._lag_ns:
            return []
        if self._is_level:
            self.newest_ns = None
            return []
        return self.finish()

    def finish(self) -> list[Triggers]:
        self.newest_ns = None
        return self._detector.finish()

    def hearing(self) -> list[Hearing]:
        return self._detector.hearing()

    def gaps(self) -> list[Gap]:
        return self._detector.unjudged()


def _deaf_s(preset: str | None) -> float:
    """So long a stream that begins tells nothing; of readings, which tell of the moment, 0."""
    if preset == "level":
        return 0.0
    return min(PRESETS[name].deaf_s for name in ([preset] if preset else PRESETS))


def _lag_s(config: ImpulseConfig) -> float:
    return max(config.longest_s, config.hop_s + config.after_s) + config.before_s + 3 * config.hop_s
