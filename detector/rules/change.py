"""What is new on the ground."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from detector.model import Kind
from detector.rules.contract import RuleContext
from detector.rules.incident import Incident
from detector.rules.sightings import SightingRule, SightingSettings
from detector.timebase import ns_from_seconds


class Change(SightingRule):
    """Something stands on the ground that was not there when it was last seen, in a zone or, without zones, in view.

    It needs `detectors:` with `kind: change`. Sightings near one another that follow within `cooldown_s` are one
    incident. The border of a zone belongs to the outside; what straddles it by its 95 % position ellipse is
    undecidable. Without zones no telemetry is needed.

    Hit: a truck is parked where the field was empty 20 s ago.   Miss: a truck drives by; a truck has left.
    """

    kind = "change"
    wanted = Kind.CHANGE
    words = "something new on the ground"

    class Config(SightingSettings):
        """Settings of changes."""

        min_time_s: float = Field(0.0, ge=0, le=3600, description="It counts when seen for this long [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._least_ns = ns_from_seconds(config.min_time_s)

    def _counted(self, incident: Incident, t_ns: int) -> int:  # noqa: ARG002 - one thing, however long it stands
        return 1

    def _is_enough(self, incident: Incident) -> bool:
        return incident.t_last_ns - incident.t_first_ns >= self._least_ns
