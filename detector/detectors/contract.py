"""What every picture detector promises."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from detector.model import Alignment, Detections, Frame, Tracks, Ways


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
    """A detector that is told what has been found to move.

    What moves is left out of what is usual, and whether what is in its box moves with it can be seen in the pictures.
    """

    def heed(self, tracks: Tracks) -> Ways | None:
        """Take note of the tracks at a frame answered for; how well they fit what is seen, if that is known."""
        ...
