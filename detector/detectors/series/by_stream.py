"""What every detector of sensor streams keeps: the state of each stream, and what it could not judge."""

from __future__ import annotations

from typing import Generic, TypeVar

from detector.model import Gap

State = TypeVar("State")


class ByStream(Generic[State]):
    """A detector that keeps a state of each stream; a stream is told by its source and its channels."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, tuple[str, ...]], State] = {}
        self._unjudged: list[Gap] = []

    def unjudged(self) -> list[Gap]:
        """When there was something that could not be judged (warming up), since this was last asked."""
        told, self._unjudged = self._unjudged, []
        return told

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._streams.clear()
        self._unjudged.clear()
