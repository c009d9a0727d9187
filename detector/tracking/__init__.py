"""Stage 4: detections become tracks."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Protocol

from detector.model import Alignment, Detections, Tracks, Ways
from detector.tracking.hindsight import Hindsight
from detector.tracking.kalman import KalmanTracker


class Tracker(Protocol):
    """Follows what moves from judged frame to judged frame."""

    @property
    def hindsight_s(self) -> float:
        """How long its tracks are to be held back until they count. [s]"""
        ...

    @property
    def unproven(self) -> AbstractSet[int]:
        """Ids of those that are not confirmed and may still be; who is not among them will never be."""
        ...

    def update(self, detections: Detections, alignment: Alignment) -> Tracks:
        """Take what was found in one frame, with the alignment of that same frame; all live tracks there."""
        ...

    def learn(self, ways: Ways) -> None:
        """Take note of what was seen of the ways that its tracks went in the last frame."""
        ...

    def end_all(self) -> None:
        """What comes next does not continue what came before: all tracks end, and their ids never come back."""
        ...

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        ...


TRACKERS: dict[str, type[KalmanTracker]] = {"kalman": KalmanTracker}

__all__ = ["TRACKERS", "Hindsight", "KalmanTracker", "Tracker"]
