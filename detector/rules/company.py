"""Which movers go together so closely and so fast that they are parts of one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from detector.rules.points import Points
from detector.timebase import NS_PER_S

# A lorry's front and its shadow behind it. People go side by side, too, but not so fast.
_REACH_M = 8.0
_LEAST_SPEED_M_S = 4.0
_LEAST_NS = NS_PER_S
# What shows of a part is now this piece of it, now that, and the height of what one sees is not known.
_RIGID_M = 2.5


@dataclass(slots=True)
class _Pair:
    """Two movers since they are where they are to one another."""

    t_first_ns: int
    t_last_ns: int
    start_xy: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    proved: bool = False


class Company:
    """Movers on the ground that keep their places to one another while they drive.

    Two tracks at most 8 m apart whose offset stays within 2.5 m of what it was, for 1 s and at 4 m/s or more, are parts
    of one vehicle: two windows, or a vehicle and its shadow. Once they are, they are until their offset changes.

    Hit: the two ends of a lorry of which trees hide the middle.   Miss: two that walk side by side, a convoy, vehicles
    that meet or overtake.
    """

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._pairs: dict[tuple[int, int], _Pair] = {}

    def look(self, t_ns: int, points: Points, rows: Mapping[int, int]) -> None:
        """Take those that were seen at this time. rows: of each track in `points`."""
        for one, other in combinations(sorted(rows), 2):
            here, there = points.xy[rows[one]], points.xy[rows[other]]
            scale = points.scale[rows[one]]
            offset_m = (there - here) * scale
            pair = self._pairs.get((one, other))
            if np.hypot(*offset_m) > _REACH_M:
                self._pairs.pop((one, other), None)
            elif pair is None or np.hypot(*(offset_m - pair.offset_m)) > _RIGID_M:
                self._pairs[one, other] = _Pair(t_ns, t_ns, here, offset_m)
            else:
                pair.t_last_ns = t_ns
                lasted_s = (t_ns - pair.t_first_ns) / NS_PER_S
                way_m = float(np.hypot(*((here - pair.start_xy) * scale)))
                pair.proved |= lasted_s * NS_PER_S >= _LEAST_NS and way_m >= _LEAST_SPEED_M_S * lasted_s
        if self._pairs:
            self._pairs = {key: pair for key, pair in self._pairs.items() if t_ns - pair.t_last_ns <= self._patience_ns}

    def is_one(self, one: int, other: int) -> bool:
        """Whether two tracks are parts of one thing."""
        pair = self._pairs.get((min(one, other), max(one, other)))
        return pair is not None and pair.proved

    def clear(self) -> None:
        """Forget everything."""
        self._pairs.clear()
