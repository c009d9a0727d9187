"""One incident of many sightings: start, peak, end, count. For rules whose subject is no single track."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detector.config.agreement_map import Shape
from detector.rules.points import Points
from detector.rules.report import Peak
from detector.timebase import NS_PER_S


@dataclass(slots=True)
class Incident:
    """Sightings at one place that follow one another within the cooldown.

    t_first_ns, t_last_ns: of the sightings. hits: frames. count: what the rule counts (flashes, members).
    """

    subject: str
    zone: Shape | None
    on_ground: bool
    t_first_ns: int
    t_last_ns: int
    xy: tuple[float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    hits: int = 0
    count: int = 0
    tracks: set[int] = field(default_factory=set)
    peak: Peak | None = None
    is_open: bool = False
    decided: bool = True
    measures: dict[str, float] = field(default_factory=dict)

    def distance(self, t_ns: int, points: Points, row: int) -> float:
        """Of a point from where the incident was, or would be by now, whichever is nearer. [m or px]"""
        offset = points.way(self.xy, points.xy[row]) * points.scale[row]
        moved = np.nan_to_num(np.asarray(self.velocity)) * ((t_ns - self.t_last_ns) / NS_PER_S)
        return float(min(np.hypot(*offset), np.hypot(*(offset - moved))))

    def sees(self, t_ns: int, peak: Peak) -> None:
        """One more frame of it; the first of equal peaks stays."""
        self.t_last_ns = t_ns
        self.hits += 1
        if self.peak is None or peak.strength > self.peak.strength:
            self.peak = peak
