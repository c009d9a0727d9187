"""All channels of one source as one stream, whatever rates they have and however the file spreads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, Series, read_only
from detector.timebase import NS_PER_S

_PATIENCE_NS = 10 * NS_PER_S
"""A stream that has given nothing for so long, while others went on, is not waited for."""


def joined(source: Iterable[Series | Gap]) -> Iterator[Series | Gap]:
    """Rows at every time that any channel has, NaN where a channel has nothing then; gaps as they come.

    A long table, or a log with a rate for each instrument, becomes the one stream that a vehicle is judged by. A piece
    of a file gives each of its streams once, so rows are given when a stream comes again, as far as all have come.
    Channels that appear later are missing before. A row that comes after its time was given (of a stream that was not
    waited for) is left out: its time has been judged.
    """
    pending: dict[tuple[str, ...], list[Series]] = {}
    newest: dict[tuple[str, ...], int] = {}
    given_ns: int | None = None
    come: set[tuple[str, ...]] = set()
    for item in source:
        if isinstance(item, Gap):
            yield item
            continue
        if not len(item):
            continue
        if item.channels in come:
            front_ns = max(newest.values())
            until_ns = min(t_ns for t_ns in newest.values() if t_ns >= front_ns - _PATIENCE_NS)
            made = _rows(pending, given_ns, until_ns)
            if made is not None:
                given_ns = int(made.t_ns[-1])
                yield made
            come.clear()
        come.add(item.channels)
        pending.setdefault(item.channels, []).append(item)
        newest[item.channels] = int(item.t_ns[-1])
    made = _rows(pending, given_ns, None)
    if made is not None:
        yield made


def _rows(pending: dict[tuple[str, ...], list[Series]], after_ns: int | None, until_ns: int | None) -> Series | None:
    """Takes out what lies at or before until_ns (everything if None) and after `after_ns`."""
    pieces: list[tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]] = []
    last: Series | None = None
    for channels, blocks in pending.items():
        rest: list[Series] = []
        for block in blocks:
            end = len(block) if until_ns is None else int(np.searchsorted(block.t_ns, until_ns, "right"))
            begin = 0 if after_ns is None else int(np.searchsorted(block.t_ns, after_ns, "right"))
            if end > begin:
                pieces.append((channels, block.t_ns[begin:end], block.values[begin:end]))
            if end < len(block):
                rest.append(_part(block, max(begin, end)))
            last = block
        blocks[:] = rest
    if not pieces or last is None:
        return None
    names = tuple(dict.fromkeys(name for channels in pending for name in channels))
    at = {name: column for column, name in enumerate(names)}
    t_ns = np.unique(np.concatenate([times for _, times, _ in pieces]))
    values = np.full((len(t_ns), len(names)), np.nan)
    for channels, times, block_values in pieces:
        columns = np.array([at[name] for name in channels])
        values[np.searchsorted(t_ns, times)[:, None], columns] = block_values
    nowhere = np.full((len(names), 3), np.nan)
    return Series(
        last.source_id, read_only(t_ns), read_only(values), names, ("",) * len(names), read_only(nowhere),
        clock_sigma_ns=last.clock_sigma_ns,
    )  # fmt: skip


def _part(block: Series, begin: int) -> Series:
    return Series(
        block.source_id, block.t_ns[begin:], block.values[begin:], block.channels, block.units, block.positions,
        block.local, block.interval_ns, block.clock_sigma_ns,
    )  # fmt: skip
