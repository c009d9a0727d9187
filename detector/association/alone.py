"""What one sensor notices is an incident by itself, at the sensor's own place."""

from __future__ import annotations

from detector.association.sensors import Sensors
from detector.model import Incident, Triggers


class Alone:
    """Each trigger is an incident: a reading tells of the place where it was taken, and needs no second one.

    The place is the sensor's, as stated. Hit: a temperature that was never so high.   Miss: nothing; the rule judges.
    """

    def __init__(self, sensors: Sensors | None, *, source_id: str = "association") -> None:
        self._source_id = source_id
        self._place_m = {} if sensors is None else dict(zip(sensors.channels, sensors.position_m.tolist(), strict=True))
        self._until_ns = -(2**62)

    @property
    def settled_ns(self) -> int:
        """No incident before this is still to come. [ns]"""
        return self._until_ns

    def push(self, triggers: Triggers, until_ns: int) -> list[Incident]:
        """Take triggers; each is an incident at once. Every trigger before `until_ns` has been given."""
        self._until_ns = until_ns
        rows = zip(*(one.tolist() for one in (triggers.channel, triggers.t_ns, triggers.sigma_ns)), strict=True)
        return [
            self._incident(channel, t_ns, sigma_ns, p_log10, kind)
            for (channel, t_ns, sigma_ns), p_log10, kind in zip(
                rows, triggers.p_log10.tolist(), triggers.kind.tolist(), strict=True
            )
        ]

    def finish(self) -> list[Incident]:
        """The streams have ended: nothing is open."""
        return []

    def _incident(self, channel: str, t_ns: int, sigma_ns: float, p_log10: float, kind: str) -> Incident:
        place = self._place_m.get(channel)
        return Incident(
            source_id=self._source_id,
            t_ns=t_ns,
            t_sigma_ns=sigma_ns,
            position_m=None if place is None else (place[0], place[1]),
            covariance_m2=None if place is None else (0.0, 0.0, 0.0),
            either_position_m=None,
            bearing_deg=None,
            bearing_sigma_deg=None,
            either_bearing_deg=None,
            observer=None,
            sensors=(channel,),
            arrivals_ns=(t_ns,),
            residuals_s=(0.0,),
            score=p_log10,
            kind=kind,
        )
