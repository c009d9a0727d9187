"""Which movers go together so closely and so fast that they are parts of one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.rules.connected import connected
from detector.rules.points import Points
from detector.timebase import NS_PER_S

# A lorry's front and its shadow behind it. People go side by side, too, but not so fast.
_REACH_M = 9.0
_LEAST_SPEED_M_S = 3.5
_LEAST_NS = NS_PER_S
_DOUBT_NS = 3 * NS_PER_S // 2  # what is seen now and then only may take so long to show it
# What shows of a part is now this piece of it, now that, and the height of what one sees is not known.
_RIGID_M = 2.5
_LONGEST_M = 14.0  # pieces farther apart, each near the next, are no lorry but a column that drives up close


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

    Two tracks at most 9 m apart whose offset stays within 2.5 m of what it was, for 1 s and at 3.5 m/s or more, are
    parts of one vehicle: two windows, or a vehicle and its shadow. Once they are, they are until their offset changes.

    Hit: the two ends of a lorry of which trees hide the middle.   Miss: two that walk side by side, a convoy, vehicles
    that meet or overtake.
    """

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._pairs: dict[tuple[int, int], _Pair] = {}
        self._places_m: dict[int, NDArray[np.float64]] = {}  # of each track seen at last, from the first of them

    def look(self, t_ns: int, points: Points, rows: Mapping[int, int]) -> None:
        """Take those that were seen at this time. rows: of each track in `points`."""
        tracks = sorted(rows)
        self._places_m = {}
        if len(tracks) > 1:
            xy = points.xy[[rows[track] for track in tracks]]
            scale = points.scale[rows[tracks[0]]]
            offsets_m = points.way(xy[:, None], xy) * scale
            self._places_m = dict(zip(tracks, offsets_m[0], strict=True))
            near = (offsets_m * offsets_m).sum(axis=2) <= _REACH_M**2
            if self._pairs:
                self._pairs = {key: pair for key, pair in self._pairs.items() if self._stays(key, tracks, near)}
            if np.count_nonzero(near) > len(tracks):
                for i, j in np.argwhere(np.triu(near, 1)).tolist():
                    self._together(t_ns, (tracks[i], tracks[j]), xy[i], offsets_m[i, j], scale)
        if self._pairs:
            self._pairs = {key: pair for key, pair in self._pairs.items() if t_ns - pair.t_last_ns <= self._patience_ns}

    def _stays(self, key: tuple[int, int], tracks: list[int], near: NDArray[np.bool_]) -> bool:
        """Whether the two are near one another, or are not both seen."""
        one, other = key
        return one not in tracks or other not in tracks or bool(near[tracks.index(one), tracks.index(other)])

    def _together(
        self,
        t_ns: int,
        key: tuple[int, int],
        xy: NDArray[np.float64],
        offset_m: NDArray[np.float64],
        scale: NDArray[np.float64],
    ) -> None:
        pair = self._pairs.get(key)
        if pair is None or np.hypot(*(offset_m - pair.offset_m)) > _RIGID_M:
            self._pairs[key] = _Pair(t_ns, t_ns, xy, offset_m)
            return
        pair.t_last_ns = t_ns
        lasted_ns = t_ns - pair.t_first_ns
        way_m = float(np.hypot(*((xy - pair.start_xy) * scale)))
        pair.proved |= lasted_ns >= _LEAST_NS and way_m >= _LEAST_SPEED_M_S * lasted_ns / NS_PER_S

    def is_one(self, one: int, other: int) -> bool:
        """Whether two tracks are parts of one thing."""
        pair = self._pairs.get((min(one, other), max(one, other)))
        return pair is not None and pair.proved

    def may_be_one(self, one: int, other: int, t_ns: int) -> bool:
        """Whether two tracks have kept their places, but not yet for so long that more can be said."""
        pair = self._pairs.get((min(one, other), max(one, other)))
        return pair is not None and not pair.proved and t_ns - pair.t_first_ns < _DOUBT_NS

    def wholes(self, tracks: Sequence[int]) -> list[int]:
        """Positions, in `tracks`, of one track of each thing that was seen at last: the one with the lowest id.

        Vehicles of a column that drive up close are near one another, too: where one thing would be longer than any
        lorry, each counts.
        """
        if not any(pair.proved for pair in self._pairs.values()):
            return list(range(len(tracks)))
        order = sorted(tracks)
        label = connected(np.array([[self.is_one(one, other) for other in order] for one in order], np.bool_))
        things = [[order[i] for i in np.flatnonzero(label == first).tolist()] for first in np.unique(label)]
        counted = {track for thing in things for track in (thing if self._longer_than_any(thing) else thing[:1])}
        return [i for i, track in enumerate(tracks) if track in counted]

    def _longer_than_any(self, thing: Sequence[int]) -> bool:
        places_m = np.array([self._places_m[part] for part in thing if part in self._places_m]).reshape(-1, 2)
        return bool(np.hypot(*(places_m - places_m[:, None]).transpose(2, 0, 1)).max(initial=0.0) > _LONGEST_M)

    def clear(self) -> None:
        """Forget everything."""
        self._pairs.clear()
        self._places_m.clear()
