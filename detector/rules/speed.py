"""Faster than is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detector.config.agreement_map import Shape
from detector.model import Scene
from detector.rules.contract import OPTIONAL_ZONES_FIELD, MoverSettings, Zones
from detector.rules.movers import MoverRule, Plane, anywhere, in_zones, quoted
from detector.rules.points import Points
from detector.rules.report import probabilities_beyond
from detector.rules.stays import Conditions

_SIGMAS_95 = 1.959963984540054  # 95 % of a Gaussian in one dimension


class Speed(MoverRule):
    """Something moves over the ground faster than `limit_m_s`, inside a zone or, without zones, anywhere in view.

    Exactly the limit is allowed. A speed whose 95 % interval contains the limit is undecidable, and so is a mover
    whose 95 % position ellipse straddles the zone's border, which belongs to the outside.

    Hit: 14 +- 1 m/s for 3 s where 10 m/s are allowed.   Miss: 10.5 +- 1 m/s.
    """

    kind = "speed"

    class Config(MoverSettings):
        """Settings of a speed limit."""

        limit_m_s: float = Field(gt=0, le=500, description="Highest speed that is allowed [m/s].")
        zones: Zones = OPTIONAL_ZONES_FIELD
        min_time_s: float = Field(1.0, ge=0, le=3600, description="It counts when faster for this long [s].")

    def _conditions(self, scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64]) -> Conditions:
        place = in_zones(plane.shapes.inside(points, rows)) if self.config.zones else anywhere(rows)
        if not plane.on_ground:  # a picture has no metres
            place = anywhere(rows[:0])
        row = place.row
        velocity, covariance = scene.fixes.velocity_m_s[row], scene.fixes.velocity_covariance[row]
        speed_m_s = np.hypot(velocity[:, 0], velocity[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            heading = velocity / speed_m_s[:, None]
            sigma_m_s = np.sqrt(np.maximum(np.einsum("ki,kij,kj->k", heading, covariance, heading), 1e-6))
            margin = (speed_m_s - self.config.limit_m_s) / sigma_m_s
        margin = np.where(speed_m_s == 0, -np.inf, margin)
        fast = np.where(margin > _SIGMAS_95, 1, np.where(margin <= -_SIGMAS_95, -1, 0))
        likely = (probabilities_beyond(margin)) * place.confidence
        values = {
            "speed_m_s": speed_m_s,
            "sigma_speed_m_s": sigma_m_s,
            "limit_m_s": np.full(len(row), self.config.limit_m_s),
        }
        both = np.minimum(place.decision, fast).astype(np.int8)
        return Conditions(place.shape, row, both, likely, np.nan_to_num(speed_m_s, nan=-1.0), values)

    def _observation(self, zone: Shape | None) -> str:
        return f"movement faster than {self.config.limit_m_s:g} m/s observed{quoted(zone)}"

    def _reason(self, zone: Shape | None) -> str:
        where = "" if zone is None else f' or the border of zone "{zone.name}"'
        return f"the limit of {self.config.limit_m_s:g} m/s{where} lies within the 95 % uncertainty"
