"""Smoke and fire."""

from __future__ import annotations

from pydantic import Field

from detector.model import Kind
from detector.rules.sightings import LastingRule, SightingSettings


class Smoke(LastingRule):
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
