"""Short bright lights."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from detector.model import Kind
from detector.rules.contract import RuleContext
from detector.rules.incident import Incident
from detector.rules.sightings import SightingRule, SightingSettings
from detector.timebase import ns_from_seconds


class Flash(SightingRule):
    """A muzzle flash or another short bright light is seen, inside a zone or, without zones, anywhere in view.

    Flashes near one another that follow within `cooldown_s` are one incident, which counts them; light that stays on
    over frames less than `apart_s` apart is one flash. The border of a zone belongs to the outside; a flash whose
    95 % position ellipse straddles it is undecidable. Without zones no telemetry is needed. What is heard or felt of it
    is joined to it.

    Hit: five flashes at one spot within 8 s: one incident of 5.   Miss: the sun glints on water for a minute outside.
    """

    kind = "flash"
    wanted = Kind.FLASH
    words = "muzzle flash or other short bright light"
    momentary = True

    class Config(SightingSettings):
        """Settings of flashes."""

        apart_s: float = Field(0.3, ge=0, le=60, description="Light seen again after this long is a new flash [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._apart_ns = ns_from_seconds(config.apart_s)

    def _counted(self, incident: Incident, t_ns: int) -> int:
        fresh = incident.count == 0 or t_ns - incident.t_last_ns > self._apart_ns
        return incident.count + int(fresh)

    def _is_enough(self, incident: Incident) -> bool:  # noqa: ARG002 - one is enough
        return True
