"""Since when a mover has been seen, though it counts only later."""

from __future__ import annotations

from collections import deque

from detector.model import Scene
from detector.timebase import NS_PER_S

_REMEMBERED = 1000  # judged scenes; what has been seen for longer has been seen for long
BESIDE_NS = 3 * NS_PER_S // 10
BESIDE_M, BESIDE_PX = 9.0, 30.0  # a piece of a thing may be followed by itself before the thing is lost (`Company`)


class FirstSeen:
    """Times of the scenes judged so far; how many of them ago a track was first seen is what the track says.

    What was seen for 0.3 s while another mover was seen elsewhere cannot be that mover, found again.

    Hit: who walks 13 m from a car that leaves the picture, and is believed 2 s later.   Miss: the rear of a lorry.
    """

    def __init__(self) -> None:
        self._t_ns: deque[int] = deque(maxlen=_REMEMBERED)

    def look(self, scene: Scene) -> None:
        """Take note of a judged scene."""
        self._t_ns.append(scene.t_ns)

    def of(self, scene: Scene, row: int) -> int:
        """When a track of the newest scene was first seen, as a candidate or more; the oldest that is known. [ns]"""
        return self._t_ns[max(len(self._t_ns) - 1 - int(scene.tracks.age_frames[row]), 0)]

    def clear(self) -> None:
        """Nothing goes on from here."""
        self._t_ns.clear()
