"""What every detector of sensor streams promises."""

from __future__ import annotations

from typing import Protocol

from detector.model import Gap, Series, Triggers


class SeriesDetector(Protocol):
    """Judges every channel of the streams it is given, each in the order of its time.

    Causal and chunk-invariant: cutting a stream elsewhere changes nothing of what is found, only how it is spread over
    the answers. The same series after `reset` give the same answers.
    """

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        ...

    def detect(self, series: Series) -> Triggers:
        """Take a block; what is now certain, in the order of onsets."""
        ...

    def unjudged(self) -> list[Gap]:
        """Stretches of time that were there and could not be judged (warming up), since this was last asked."""
        ...

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open, one answer a stream."""
        ...

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        ...
