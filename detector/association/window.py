"""Coincidence of sensors whose places are not known: in time only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from detector.association.telling import placeless
from detector.model import Incident, Triggers
from detector.timebase import ns_from_seconds


class WindowConfig(BaseModel):
    """When triggers are one incident though nothing is known of where their sensors stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_s: float = Field(
        5.0,
        gt=0,
        le=3600,
        description="Longest time that a wave needs from one sensor to another: 20 km through rock at 4 km/s. [s]",
    )
    min_sensors: int = Field(3, ge=2, le=100, description="Fewer sensors make no incident.")


@dataclass(frozen=True, slots=True, order=True)
class _Pick:
    t_ns: int
    channel: str
    kind: str


class WindowAssociator:
    """Triggers of enough sensors within the window are one incident without a place.

    What follows an incident without a pause as long as the window is its coda and no other incident. Decisions depend
    on the triggers' times only: how they are cut into calls changes nothing.

    Hit: an earthquake felt by three stations of four.   Miss: three stations, each with a trigger of its own, a minute
    apart.
    """

    Config = WindowConfig

    def __init__(self, config: WindowConfig | None = None, *, source_id: str = "association") -> None:
        self.config = config or WindowConfig()
        self._source_id = source_id
        self._window_ns = ns_from_seconds(self.config.window_s)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._waiting: list[_Pick] = []
        self._coda_until_ns = self._until_ns = -(2**62)

    @property
    def settled_ns(self) -> int:
        """No incident that was first noticed before this is still to come. [ns]"""
        return self._until_ns - self._window_ns - 1

    def push(self, triggers: Triggers, until_ns: int) -> list[Incident]:
        """Take triggers in any order; incidents decided by now.

        Args:
            until_ns: every trigger with an onset before this has been given.
        """
        rows = zip(triggers.t_ns.tolist(), triggers.channel.tolist(), triggers.kind.tolist(), strict=True)
        self._waiting = sorted([*self._waiting, *(_Pick(*row) for row in rows)])
        self._until_ns = until_ns
        found = []
        while self._waiting and self._waiting[0].t_ns + self._window_ns < until_ns:
            incident = self._first()
            if incident is not None:
                found.append(incident)
        return found

    def finish(self) -> list[Incident]:
        """The streams have ended: what was still open."""
        return self.push(Triggers.none(""), self._waiting[-1].t_ns + self._window_ns + 1) if self._waiting else []

    def _first(self) -> Incident | None:
        """The incident that the first trigger begins, if it does; it goes, with all that the incident explains."""
        first = self._waiting[0]
        if first.t_ns < self._coda_until_ns:
            self._coda_until_ns = first.t_ns + self._window_ns
            del self._waiting[0]
            return None
        group = [one for one in self._waiting if one.t_ns <= first.t_ns + self._window_ns]
        arrivals: dict[str, int] = {}
        for one in group:
            arrivals.setdefault(one.channel, one.t_ns)
        if len(arrivals) < self.config.min_sensors:
            del self._waiting[0]
            return None
        self._coda_until_ns = group[-1].t_ns + self._window_ns
        del self._waiting[: len(group)]
        kind = Counter(one.kind for one in group).most_common(1)[0][0]
        return placeless(self._source_id, tuple(arrivals), tuple(arrivals.values()), kind)
