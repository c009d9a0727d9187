"""What detectors of regularly sampled streams share: they go through stretches of time without a long hole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.by_stream import ByStream
from detector.detectors.series.warm_up import warm_up_gaps
from detector.model import Series, Triggers

Float = NDArray[np.float64]
Found = TypeVar("Found")
StretchLike = TypeVar("StretchLike", bound="StretchOf[Any]")


class Kept:
    """The newest samples of a stretch, as long as they are needed."""

    def __init__(self, series: Series) -> None:
        assert series.interval_ns is not None
        self.interval_ns, self.clock_sigma_ns = series.interval_ns, series.clock_sigma_ns
        self.warm_ups: list[tuple[int, int, int]] = []
        self._t_ns, self._values = np.zeros(0, np.int64), np.zeros((0, len(series.channels)))

    def missing_before(self, t_ns: int) -> int:
        """Samples that should lie between the newest and one at `t_ns`."""
        return round((t_ns - int(self._t_ns[-1])) / self.interval_ns) - 1 if len(self._t_ns) else 0

    def blank(self, count: int) -> tuple[NDArray[np.int64], Float]:
        """Rows for a short hole."""
        steps = np.rint(np.arange(1, count + 1) * self.interval_ns).astype(np.int64)
        return self._t_ns[-1] + steps, np.full((count, self._values.shape[1]), np.nan)


class StretchOf(Protocol[Found]):
    """What is carried from block to block of one stream.

    interval_ns: between two samples; at another one it has to begin anew.
    longest_hole: samples that may be missing before it has to begin anew.
    warm_ups: begin, end, channel of what could not be judged; emptied by who reads it.
    """

    interval_ns: float
    longest_hole: int
    clock_sigma_ns: float
    warm_ups: list[tuple[int, int, int]]

    def missing_before(self, t_ns: int) -> int:
        """Samples that should lie between the newest and one at `t_ns`."""
        ...

    def blank(self, count: int) -> tuple[NDArray[np.int64], Float]:
        """Rows for a short hole."""
        ...

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Found]:
        """What has ended."""
        ...

    def finish(self) -> list[Found]:
        """The stretch has ended: what was still open."""
        ...


class ByStretch(ByStream[StretchLike], ABC, Generic[StretchLike, Found]):
    """A detector that keeps a stretch of each stream.

    A short hole in time is filled with missing values; after a longer one, and at another rate, it begins anew.
    """

    warms_up_by: str
    """What it does while it warms up, in words."""

    @abstractmethod
    def _begin(self, series: Series) -> StretchLike:
        """A new stretch, of whose stream `series` is the first block."""

    @abstractmethod
    def _triggers(
        self, source_id: str, channels: tuple[str, ...], found: list[Found], clock_sigma_ns: float
    ) -> Triggers:
        """What was found, at least one, in the order of onsets."""

    def detect(self, series: Series) -> Triggers:
        """Take a block; what has ended, in the order of onsets.

        Raises:
            ValueError: the stream cannot be judged; `why_not` says why.
        """
        key = self._key(series)
        stretch = self._streams.get(key)
        found: list[Found] = []
        if stretch is not None:
            missing = stretch.missing_before(int(series.t_ns[0])) if len(series) else 0
            if missing > stretch.longest_hole or series.interval_ns != stretch.interval_ns:
                found += self._end(key)
                stretch = None
            elif missing > 0:
                found += stretch.push(*stretch.blank(missing))
        if stretch is None:
            stretch = self._streams[key] = self._begin(series)
        found += stretch.push(series.t_ns, series.values)
        self._unjudged += warm_up_gaps(*key, stretch.warm_ups, self.warms_up_by)
        return self._told(key, found, series.clock_sigma_ns)

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open, one answer a stream."""
        return [self._told(key, self._end(key), stretch.clock_sigma_ns) for key, stretch in list(self._streams.items())]

    def _end(self, key: tuple[str, tuple[str, ...]]) -> list[Found]:
        """A stretch has ended: its last."""
        stretch = self._streams.pop(key)
        found = stretch.finish()
        self._unjudged += warm_up_gaps(*key, stretch.warm_ups, self.warms_up_by)
        return found

    def _told(self, key: tuple[str, tuple[str, ...]], found: list[Found], clock_sigma_ns: float) -> Triggers:
        return self._triggers(*key, found, clock_sigma_ns) if found else Triggers.none(key[0])
