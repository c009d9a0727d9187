"""What moves: a way, a speed over time, a body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEP_S = 0.02
CLASS_OF = {
    "car": "vehicle",
    "van": "vehicle",
    "truck": "vehicle",
    "person": "person",
    "cow": "animal",
    "dog": "animal",
}


@dataclass(frozen=True)
class Mover:
    """One thing on its way.

    key: identity in the truth. kind: car, van, truck, person, cow, dog.
    way: corners, rounded; east, north [m]. speeds: (time [s], speed [m/s]), linear in between, held outside.
    It stands at the end of its way when it has arrived.
    """

    key: int
    kind: str
    way: tuple[tuple[float, float], ...]
    speeds: tuple[tuple[float, float], ...]
    bgr: tuple[int, int, int] = (190, 190, 190)

    @cached_property
    def _line(self) -> tuple[Array, Array]:
        points = _rounded(np.array(self.way, np.float64), 5.0 if CLASS_OF[self.kind] == "vehicle" else 0.8)
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        return points, lengths

    def travelled_m(self, t_s: float) -> float:
        """Distance covered by a time, in metres along the way."""
        times, speeds = np.array(self.speeds).T
        count = max(2, int(np.ceil(t_s / _STEP_S)) + 1)
        grid = np.linspace(0.0, max(t_s, 0.0), count)
        return float(np.trapezoid(np.interp(grid, times, speeds), grid))

    def state(self, t_s: float) -> tuple[Array, float, float]:
        """Place (2,) [m], heading [deg clockwise from north], speed [m/s], 0 once it has arrived."""
        points, lengths = self._line
        s = self.travelled_m(t_s)
        arrived = s >= lengths[-1]
        s = min(s, lengths[-1])
        place = np.array([np.interp(s, lengths, points[:, axis]) for axis in (0, 1)])
        a, b = (
            np.array([np.interp(np.clip(s + d, 0, lengths[-1]), lengths, points[:, axis]) for axis in (0, 1)])
            for d in (-0.6, 0.6)
        )
        heading = float(np.degrees(np.arctan2(b[0] - a[0], b[1] - a[1])))
        times, speeds = np.array(self.speeds).T
        return place, heading, 0.0 if arrived else float(np.interp(t_s, times, speeds))


def _rounded(points: Array, radius_m: float) -> Array:
    """The polyline with each corner replaced by a parabola that begins and ends `radius_m` from it."""
    pieces = [points[:1]]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        a, b = (min(radius_m, float(np.linalg.norm(p - corner)) / 2) for p in (before, after))
        start = corner + (before - corner) * a / max(float(np.linalg.norm(before - corner)), 1e-9)
        end = corner + (after - corner) * b / max(float(np.linalg.norm(after - corner)), 1e-9)
        u = np.linspace(0, 1, 9)[:, None]
        pieces.append((1 - u) ** 2 * start + 2 * u * (1 - u) * corner + u**2 * end)
    return np.concatenate([*pieces, points[-1:]])
