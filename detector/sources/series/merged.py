"""Several sensor streams as one, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from detector.model import Gap, Series


def merged(sources: Iterable[Iterable[Series | Gap]]) -> Iterator[Series | Gap]:
    """Items of all sources, by the time each block begins; a gap comes where its source told it.

    Every source is read only as far as needed, and keeps its own order: what it gives never overtakes itself. Where
    blocks begin together, the order is that of `sources`.
    """
    streams = [_timed(number, source) for number, source in enumerate(sources)]
    for _, _, _, item in heapq.merge(*streams, key=lambda one: one[:3]):
        yield item


def _timed(number: int, source: Iterable[Series | Gap]) -> Iterator[tuple[int, int, int, Series | Gap]]:
    """Time, number of the source, place in it, item; the time never goes back. [ns]"""
    newest_ns: int | None = None
    early: list[Gap] = []  # told before the first samples: they come with those
    place = 0
    for item in source:
        if isinstance(item, Series):
            begin_ns = int(item.t_ns[0])
            newest_ns = begin_ns if newest_ns is None else max(newest_ns, begin_ns)
        elif newest_ns is None:
            early.append(item)
            continue
        for one in (*early, item):
            yield newest_ns, number, place, one
            place += 1
        early.clear()
    for one in early:
        yield one.t_start_ns, number, place, one
        place += 1
