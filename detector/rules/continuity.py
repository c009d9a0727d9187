"""Whether a scene continues what was seen before. Nothing is ever joined where it does not."""

from __future__ import annotations

from enum import Enum

from detector.model import Scene, Sight
from detector.timebase import ns_from_seconds


class Link(Enum):
    """How a scene hangs together with the one before."""

    JOINED = "joined"  # it continues
    BROKEN = "broken"  # it can be judged, but not joined with what came before
    BLIND = "blind"  # nothing may be concluded from it
    SKIPPED = "skipped"  # it was passed over on purpose and says nothing either way


class Continuity:
    """Remembers the time of the last scene that could be judged."""

    def __init__(self, max_gap_s: float) -> None:
        self._max_gap_ns = ns_from_seconds(max_gap_s)
        self._t_ns: int | None = None

    def link(self, scene: Scene) -> Link:
        """Take note of a scene. A clock that goes back breaks the sequence, as a long silence does."""
        if not scene.detections.judged:
            return Link.SKIPPED
        if scene.sight is not Sight.SEEING:
            self._t_ns = None
            return Link.BLIND
        before, self._t_ns = self._t_ns, scene.t_ns
        joined = before is None or 0 <= scene.t_ns - before <= self._max_gap_ns
        return Link.JOINED if joined else Link.BROKEN

    def reset(self) -> None:
        """Forget."""
        self._t_ns = None
