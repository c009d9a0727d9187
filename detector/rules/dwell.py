"""Staying in a zone longer than is allowed."""

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
from detector.timebase import NS_PER_S


class Dwell(MoverRule):
    """Something that moves is seen inside a zone, through which passing is allowed, for longer than `limit_s`.

    The border belongs to the outside, and exactly `limit_s` is allowed. Time out of sight counts while it is no longer
    than `cooldown_s` at a stretch and the mover shows again near where it was to be expected; the longest such
    stretch is recorded. A mover whose 95 % position ellipse straddles the border is undecidable.

    Hit: a vehicle manoeuvres in a corridor for 90 s where 60 s are allowed.   Miss: it drives through in 40 s.
    """

    kind = "dwell"

    class Config(MoverSettings):
        """Settings of a stay."""

        zones: Zones = ZONES_FIELD
        limit_s: float = Field(60.0, gt=0, le=86_400, description="Longest stay that is allowed [s].")

    @property
    def _least_s(self) -> float:
        return float(self.config.limit_s) + 1 / NS_PER_S

    def _conditions(self, _scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64]) -> Conditions:
        return in_zones(plane.shapes.inside(points, rows))

    def _observation(self, zone: Shape | None) -> str:
        return f"movement observed{quoted(zone)} for longer than {self.config.limit_s:g} s"

    def _reason(self, zone: Shape | None) -> str:
        return straddles(zone)
