"""Several live streams as one, in the order of time: what `merged` does for recordings, without waiting for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from detector.model import Gap, GapReason, Series
from detector.timebase import NS_PER_S

_LONG_AGO_NS = -(2**62)


class LiveOrder:
    """Holds what streams gave until nothing earlier can come from another.

    A block is given once every other stream that is present has been heard until it begins. What comes after the
    others have gone on without it is a Gap (missing): nobody waits for it any more. Counted in `late`. [samples]
    """

    def __init__(self) -> None:
        self.late = 0
        self._waiting: dict[str, deque[Series | Gap]] = {}
        self._newest_ns: dict[str, int] = {}  # last sample that came
        self._reached_ns = _LONG_AGO_NS  # begin of the newest block given

    def put(self, stream: str, item: Series | Gap) -> None:
        """Take what a stream gave; of one stream the time never goes back."""
        self._waiting.setdefault(stream, deque()).append(item)
        if isinstance(item, Series):
            self._newest_ns[stream] = int(item.t_ns[-1])

    def ready(self, absent: Collection[str], until_ns: int) -> Iterator[Series | Gap]:
        """What can be given now.

        Args:
            absent: streams that nobody waits for.
            until_ns: no block that begins later: time does not run ahead of the clock on the wall.
        """
        while True:
            yield from self._gaps()
            heads = [(int(queue[0].t_ns[0]), at) for at, queue in self._blocks()]
            if not heads:
                return
            begin_ns, stream = min(heads)
            behind = (at for at, newest_ns in self._newest_ns.items() if newest_ns < begin_ns and at not in absent)
            if begin_ns > until_ns or any(not self._waiting[at] for at in behind):
                return
            yield self._given(stream, begin_ns)

    def rest(self) -> Iterator[Series | Gap]:
        """The streams have ended: what was still held."""
        yield from self.ready(frozenset(self._newest_ns), 2**63 - 1)

    def _blocks(self) -> Iterator[tuple[str, deque[Series]]]:
        for stream, waiting in self._waiting.items():
            if waiting:
                yield stream, waiting  # type: ignore[misc]  # gaps at the head have been given

    def _gaps(self) -> Iterator[Gap]:
        """A gap comes where its stream told it."""
        for waiting in self._waiting.values():
            while waiting and isinstance(waiting[0], Gap):
                yield waiting.popleft()  # type: ignore[misc]

    def _given(self, stream: str, begin_ns: int) -> Series | Gap:
        series = self._waiting[stream].popleft()
        assert isinstance(series, Series)
        if begin_ns >= self._reached_ns:
            self._reached_ns = begin_ns
            return series
        self.late += series.values.size
        behind_s = (self._reached_ns - begin_ns) / NS_PER_S
        detail = f"it came {behind_s:.1f} s after the other sensors had gone on, too late to be judged with them"
        return Gap(series.source_id, begin_ns, int(series.t_ns[-1]) + 1, GapReason.MISSING, detail, len(series))
