"""What every picture detector promises."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from detector.model import Alignment, Detections, Frame, Tracks


class Detector(Protocol):
    """Judges each frame exactly once and in order, with a delay if it must look at later frames too.

    Causal: what it says of a frame does not change with frames after those it has been given. The same frames
    after `reset` give the same answers.
    """

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged, none or several."""
        ...

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the rest."""
        ...

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        ...


@runtime_checkable
class Heeding(Protocol):
    """A detector that learns what is usual, and is told what has since been found to move, so as to leave it out."""

    def heed(self, tracks: Tracks) -> None:
        """Take note of the tracks at the newest frame that was answered for."""
        ...
