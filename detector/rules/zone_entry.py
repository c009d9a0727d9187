"""Movement inside a closed zone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detector.config.agreement_map import Shape
from detector.model import Scene
from detector.rules.contract import ZONES_FIELD, MoverSettings, Zones
from detector.rules.movers import MoverRule, Plane, in_zones, quoted, straddles
from detector.rules.points import Points
from detector.rules.stays import Conditions


class ZoneEntry(MoverRule):
    """Something that moves is seen inside a closed zone for at least `min_time_s`.

    The border belongs to the outside. A mover whose 95 % position ellipse straddles the border is undecidable:
    it is logged as such and raises nothing. Each mover is one incident in each zone.

    Hit: a vehicle drives 40 m into the zone and stays 10 s.   Miss: it follows the border road outside.
    """

    kind = "zone_entry"

    class Config(MoverSettings):
        """Settings of a zone entry."""

        zones: Zones = ZONES_FIELD
        min_time_s: float = Field(1.0, ge=0, le=3600, description="It counts when seen inside for this long [s].")

    def _conditions(self, _scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64]) -> Conditions:
        return in_zones(plane.shapes.inside(points, rows))

    def _observation(self, zone: Shape | None) -> str:
        return f"movement observed{quoted(zone)}"

    def _reason(self, zone: Shape | None) -> str:
        return straddles(zone)
