"""What every source of sensor streams is, and what reads one kind of file for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from detector.model import Gap, Series
from detector.sources.series.block import Block


@dataclass(frozen=True, slots=True)
class SeriesEnd:
    """How reading ended. detail: where and why it is incomplete, empty otherwise. [t_start_ns, t_end_ns) half-open.

    samples: values that were given, over all channels, missing ones included.
    channels: in the order they were met.
    passed_over: columns of a table that nothing was made of, for they hold no numbers.
    """

    samples: int
    channels: tuple[str, ...]
    complete: bool
    detail: str
    t_start_ns: int
    t_end_ns: int
    counters: dict[str, int] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()


class SeriesSource(Protocol):
    """Samples and gaps. A second iteration gives the same. The time of a channel never goes back; gaps are in no order.

    end: None until an iteration has ended.
    share: of the input that has been read, 0 to 1; None for a live stream.
    """

    source_id: str
    end: SeriesEnd | None
    share: float | None

    def __iter__(self) -> Iterator[Series | Gap]:
        """Begin from the start."""
        ...


class Reader(Protocol):
    """Reads one kind of file into blocks, as they stand there. A second call of `blocks` gives the same.

    Valid once `blocks` has been exhausted:
    shortfall: where and why the file ends before it should; empty if it does not.
    counters: what was met.
    passed_over: columns of a table that nothing was made of.

    Valid once the first block was given:
    share: of the file that has been read, 0 to 1.
    """

    shortfall: str
    counters: Counter[str]
    passed_over: tuple[str, ...]
    share: float

    @property
    def units(self) -> Mapping[str, str]:
        """Of channels, as the file has them; valid once the first block was given."""
        ...

    def blocks(self) -> Iterator[Block | Gap]:
        """Begin from the start.

        Raises:
            SourceError: it cannot be read at all.
        """
        ...
