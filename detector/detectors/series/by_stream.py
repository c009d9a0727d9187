"""What every detector of sensor streams keeps: the state of each stream, and what it could not judge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from detector.model import Gap, Series

State = TypeVar("State")


class ByStream(ABC, Generic[State]):
    """A detector that keeps a state of each stream; a stream is told by its source and its channels."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, tuple[str, ...]], State] = {}
        self._unjudged: list[Gap] = []

    @abstractmethod
    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""

    def _key(self, series: Series) -> tuple[str, tuple[str, ...]]:
        """Which stream a block is of.

        Raises:
            ValueError: the stream cannot be judged; `why_not` says why.
        """
        why_not = self.why_not(series)
        if why_not:
            raise ValueError(f"{series.source_id}: {why_not}")
        return series.source_id, series.channels

    def unjudged(self) -> list[Gap]:
        """When there was something that could not be judged (warming up), since this was last asked."""
        told, self._unjudged = self._unjudged, []
        return told

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._streams.clear()
        self._unjudged.clear()
