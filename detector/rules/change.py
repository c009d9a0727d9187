"""What is new on the ground."""

from __future__ import annotations

from pydantic import Field

from detector.model import Kind
from detector.rules.sightings import LastingRule, SightingSettings


class Change(LastingRule):
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
