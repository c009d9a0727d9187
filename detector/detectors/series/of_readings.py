"""What detectors of readings share: they tell everything up to a time, and one sensor's readings reach nowhere else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from detector.detectors.series.by_stream import ByStream
from detector.model import Hearing, Triggers

State = TypeVar("State", bound="ReadingsOf[Any]")
Found = TypeVar("Found")


class ReadingsOf(Protocol[Found]):
    """What is carried from block to block of one stream."""

    @property
    def told_ns(self) -> int:
        """Every trigger before this has been given. [ns]"""
        ...

    def finish(self) -> list[Found]:
        """The stream has ended: what was still open."""
        ...


class OfReadings(ByStream[State], ABC, Generic[State, Found]):
    """A detector of readings."""

    @abstractmethod
    def _told(self, key: tuple[str, tuple[str, ...]], stream: State, found: list[Found]) -> Triggers:
        """What was found in a stream; what it could not judge is noted."""

    def told_ns(self) -> int | None:
        """Every trigger of any stream before this has been given; None: there is no stream. [ns]"""
        return min((stream.told_ns for stream in self._streams.values()), default=None)

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open."""
        found = [self._told(key, stream, stream.finish()) for key, stream in self._streams.items()]
        self._streams.clear()
        return [one for one in found if len(one)]

    def hearing(self) -> list[Hearing]:
        """Nothing: how far a reading reaches is not known."""
        return []
