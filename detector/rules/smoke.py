"""Smoke and fire."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from detector.model import Kind
from detector.rules.contract import RuleContext
from detector.rules.incident import Incident
from detector.rules.sightings import SightingRule, SightingSettings
from detector.timebase import ns_from_seconds


class Smoke(SightingRule):
    """Fire or smoke is seen for `min_time_s`, inside a zone or, without zones, anywhere in view.

    Sightings near one another that follow within `cooldown_s` are one incident. The border of a zone belongs to the
    outside; fire whose 95 % position ellipse straddles it is undecidable. Without zones no telemetry is needed.

    Hit: flames in a house for 20 s: one incident.   Miss: headlights pass by; the sun glitters on a lake.
    """

    kind = "smoke"
    wanted = Kind.SMOKE
    words = "smoke or fire"

    class Config(SightingSettings):
        """Settings of smoke and fire."""

        min_time_s: float = Field(0.5, ge=0, le=3600, description="It counts when seen for this long [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._least_ns = ns_from_seconds(config.min_time_s)

    def _counted(self, incident: Incident, t_ns: int) -> int:  # noqa: ARG002 - a fire is one, however long it burns
        return 1

    def _is_enough(self, incident: Incident) -> bool:
        return incident.t_last_ns - incident.t_first_ns >= self._least_ns
