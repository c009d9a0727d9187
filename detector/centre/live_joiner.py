"""Which possible violations of different live sources are one, also while some of them are silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from detector.association import Joiner, Noticed, Settled
from detector.feed import Entry
from detector.model import Joined, RunEnd
from detector.timebase import NS_PER_S

_SILENT_S = 5.0
_BEHIND_S = 3.0


class LiveJoiner:
    """The joiner of a replay; a source that says nothing for 5 s is settled for, by its own clock as far as known.

    Otherwise a drone that has landed would keep the microphones' and the cameras' words apart for ever. What such a
    source says later of a time that was settled is left out, and counted.

    sources: all that may notice something; a recording among them ends by itself and is waited for.
    live: those that may be silent for ever.
    monotonic_s: the clock that waits are measured by.
    """

    def __init__(
        self, sources: Iterable[str], live: Iterable[str], monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic_s = monotonic_s
        self._sources, self._live = tuple(sources), tuple(live)
        self._joiner = Joiner(self._sources)
        now_s = monotonic_s()
        self._newest: dict[str, tuple[int, float]] = {}  # until when each has settled, and when it said so
        self._begun = time.time_ns(), now_s

    def take(self, entry: Entry) -> Iterator[Entry | Joined]:
        """What goes to the log of an entry: itself, or what is decided by it."""
        if isinstance(entry, Noticed):
            self._joiner.notice(entry)
        elif isinstance(entry, Settled):
            self._newest[entry.source_id] = (entry.t_ns, self._monotonic_s())
            yield from self._joiner.settle(entry)
        elif isinstance(entry, RunEnd) and entry.source_id in self._sources:
            yield from self._joiner.end(entry.source_id)
            yield entry
        else:
            yield entry

    def pass_time(self) -> Iterator[Joined]:
        """Settle for those that are silent. Call it every second or so."""
        now_s = self._monotonic_s()
        for source_id in self._live:
            told_ns, said_s = self._newest.get(source_id, self._begun)
            if now_s - said_s > _SILENT_S:
                reached_ns = told_ns + round((now_s - said_s - _BEHIND_S) * NS_PER_S)
                yield from self._joiner.settle(Settled(source_id, reached_ns))

    def end(self) -> Iterator[Joined]:
        """Nothing more is to come of any source: what is left to be decided."""
        for source_id in self._sources:
            yield from self._joiner.end(source_id)
