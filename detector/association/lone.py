"""A sensor that stands alone: a witness of what others have placed."""

from __future__ import annotations

import math

from detector.association.noticed import Carrier
from detector.association.sensors import Sensors
from detector.association.telling import placeless
from detector.model import Incident, Triggers
from detector.timebase import ns_from_seconds

_LONG_AGO_NS = -(2**62)


class LoneSensor:
    """Each trigger of one sensor (of each of its channels) as an incident that only this sensor noticed.

    Such an incident has neither place nor direction: it is for the joiner alone, which asks whether it came when an
    event that others have placed was due here. It raises nothing by itself.

    Hit: a geophone feels an explosion that microphones have placed.   Miss: a lorry passes the geophone.
    """

    def __init__(self, sensors: Sensors, carrier: Carrier, *, source_id: str) -> None:
        self._sensors, self._source_id = sensors, source_id
        self._on_the_way_ns = ns_from_seconds(carrier.longest_s)
        self._waiting: list[tuple[int, str, float, float, str]] = []
        self._until_ns = _LONG_AGO_NS

    @property
    def settled_ns(self) -> int:
        """Nothing that happened within reach before this is still to come. [ns]"""
        return self._until_ns - self._on_the_way_ns

    def push(self, triggers: Triggers, until_ns: int) -> list[Incident]:
        """Take triggers in any order; those before `until_ns` come out, in their order.

        Args:
            until_ns: every trigger with an onset before this has been given.
        """
        columns = (triggers.t_ns, triggers.channel, triggers.sigma_ns, triggers.score, triggers.kind)
        self._waiting = sorted([*self._waiting, *zip(*(one.tolist() for one in columns), strict=True)])
        self._until_ns = max(self._until_ns, until_ns)
        ready = [one for one in self._waiting if one[0] < until_ns]
        self._waiting = self._waiting[len(ready) :]
        return [self._incident(*one) for one in ready if math.isfinite(one[2])]

    def finish(self) -> list[Incident]:
        """The streams have ended: what was still waiting."""
        return self.push(Triggers.none(""), self._waiting[-1][0] + 1) if self._waiting else []

    def _incident(self, t_ns: int, channel: str, sigma_ns: float, score: float, kind: str) -> Incident:
        east_m, north_m, _ = self._sensors.position_m[self._sensors.channels.index(channel)].tolist()
        return placeless(
            self._source_id,
            (channel,),
            (t_ns,),
            kind,
            t_sigma_ns=sigma_ns,
            observer=(east_m, north_m),
            score=score,
        )
