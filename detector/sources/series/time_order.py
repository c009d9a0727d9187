"""Samples in the order of their times: stragglers sorted in, duplicates and impossible times left out, all counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.timebase import NS_PER_S, iso_from_ns

AHEAD_NS = 60 * NS_PER_S
AHEAD_INTERVALS = 1000
DAY_NS = 86_400 * NS_PER_S
"""A step of more than 60 s and 1000 intervals, or of more than a day where the interval is not stated, is believed only
if the next row goes on from there."""


class TimeOrder:
    """Takes rows as they come; gives them back with times that increase.

    - A row at most `window_ns` older than the newest is sorted in: counted as `sorted_in`. Rows younger than that
      are held back until then.
    - A row older than that is left out: `went_back`, and a Gap (clock) over the times that were left out.
    - A row whose time is there already is left out: `duplicates`, or `duplicates_that_differ` where its values do.
    - A single time far ahead, from which the next row comes back, is left out: `far_ahead`, and a Gap (clock).

    What is given does not depend on how the rows were cut into blocks. Slow twin: tests/naive_series.py.
    """

    def __init__(self, source_id: str, counters: Counter[str], window_ns: int) -> None:
        self._source_id, self._counters, self._window_ns = source_id, counters, window_ns
        self._newest_ns: int | None = None
        self._held: Block | None = None
        self._ahead: Block | None = None
        self._given: Block | None = None
        self._late: Block | None = None
        self._oldest_ns: int | None = None
        self._late_after_ns = 0  # the newest row when time went back

    def push(self, block: Block) -> tuple[Block, list[Gap]]:
        """Rows that are in order for good, and gaps for what was left out."""
        gaps: list[Gap] = []
        if self._ahead is not None:
            block, self._ahead = self._ahead.then(block), None
        block = self._without_far_ahead(block, gaps)
        return self._release(self._accept(block, gaps), self._window_ns), gaps

    def finish(self) -> tuple[Block | None, list[Gap]]:
        """The stream has ended: the rest."""
        gaps: list[Gap] = []
        last, self._ahead = self._ahead, None
        if last is None and self._held is not None:
            last = self._held.rows(slice(0, 0))
        rest = None if last is None else self._release(self._accept(last, gaps), 0)
        if self._late is not None:
            gaps.append(self._told(self._late, "until the end are left out"))
            self._counters["went_back_until_the_end"] += len(self._late)
            self._late = None
        return rest, gaps

    def _without_far_ahead(self, block: Block, gaps: list[Gap]) -> Block:
        """The block without single times far ahead of both neighbours; a last one waits for its successor."""
        if not len(block):
            return block
        limit_ns = max(AHEAD_NS, round(AHEAD_INTERVALS * block.interval_ns)) if block.interval_ns else DAY_NS
        if self._newest_ns is not None and int(block.t_ns.max()) - self._newest_ns <= limit_ns:
            return block
        steps_ns = np.diff(block.t_ns, prepend=block.t_ns[:1] if self._newest_ns is None else self._newest_ns)
        first_stays = self._newest_ns is not None or (len(block) > 1 and steps_ns[1] >= -limit_ns)
        if first_stays and (steps_ns <= limit_ns).all():
            return block
        newest_ns, times_ns = self._newest_ns, block.t_ns.tolist()
        keep = np.ones(len(block), np.bool_)
        for row, t_ns in enumerate(times_ns):
            if newest_ns is not None and t_ns - newest_ns <= limit_ns:
                newest_ns = max(newest_ns, t_ns)
                continue
            if row == len(block) - 1:
                self._ahead = block.rows(slice(row, None))
                keep[row] = False
            elif times_ns[row + 1] < t_ns - limit_ns:
                keep[row] = False
                self._counters["far_ahead"] += 1
                at_ns = times_ns[row + 1] if newest_ns is None else newest_ns
                detail = f"{block.place_word} {block.places[row]} states {iso_from_ns(t_ns)}, far ahead; left out"
                gaps.append(Gap(self._source_id, at_ns, at_ns + 1, GapReason.CLOCK, detail))
            else:
                newest_ns = t_ns
        return block if keep.all() else block.rows(keep)

    def _accept(self, block: Block, gaps: list[Gap]) -> Block:
        """Held and new rows that are not too late, in the order they came."""
        held = self._held if self._held is not None else block.rows(slice(0, 0))
        if not len(block):
            return held
        floor = np.iinfo(np.int64).min // 2
        newest = np.maximum.accumulate(np.r_[floor if self._newest_ns is None else self._newest_ns, block.t_ns])
        late = block.t_ns < newest[:-1] - self._window_ns
        sorted_in = (block.t_ns < newest[:-1]) & ~late
        self._counters["sorted_in"] += int(sorted_in.sum())
        self._newest_ns = int(newest[-1])
        if self._oldest_ns is None:
            self._oldest_ns = int(block.t_ns[0])
        if late.any() or self._late is not None:
            self._tell_late(block, late, newest, gaps)
            block = block.rows(~late)
        return held.then(block)

    def _tell_late(self, block: Block, late: NDArray[np.bool_], newest_ns: NDArray[np.int64], gaps: list[Gap]) -> None:
        """One gap for each run of late rows; one at the end of the block stays open. newest_ns: before each row."""
        edges = np.flatnonzero(np.diff(late)) + 1
        for rows in np.split(np.arange(len(late)), edges):
            if late[rows[0]]:
                run = block.rows(rows)
                self._late_after_ns = int(newest_ns[rows[0]]) if self._late is None else self._late_after_ns
                self._late = run if self._late is None else self._late.then(run)
            elif self._late is not None:
                gaps.append(self._told(self._late, "are left out"))
                self._late = None

    def _told(self, late: Block, ending: str) -> Gap:
        self._counters["went_back"] += len(late)
        back_to_ns, end_ns = int(late.t_ns.min()), int(late.t_ns.max())
        detail = (
            f"time went back to {iso_from_ns(back_to_ns)} at {late.place_word} {late.places[0]}; "
            f"{len(late)} rows {ending}"
        )
        # Before the stream began it was nobody's time: that of a clock that was never set is 1970.
        oldest_ns = self._oldest_ns if self._oldest_ns is not None else back_to_ns
        start_ns = max(back_to_ns, oldest_ns)
        if end_ns < oldest_ns:
            start_ns = end_ns = self._late_after_ns
        return Gap(self._source_id, start_ns, end_ns + 1, GapReason.CLOCK, detail, len(late))

    def _release(self, rows: Block, window_ns: int) -> Block:
        """Sort, drop duplicates, give what nothing can come before any more; hold the rest."""
        if not len(rows):
            return rows
        if (np.diff(rows.t_ns) <= 0).any():
            rows = rows.rows(np.argsort(rows.t_ns, kind="stable"))
        joined = rows if self._given is None else self._given.then(rows)
        twin = np.diff(joined.t_ns) == 0
        if twin.any():
            self._count_twins(joined, twin)
            fresh = np.r_[True, ~twin]
            rows = joined.rows(fresh)
            if self._given is not None:
                rows = rows.rows(slice(1, None))
        newest_ns = self._newest_ns if self._newest_ns is not None else int(rows.t_ns[-1])
        ready = int(np.searchsorted(rows.t_ns, newest_ns - window_ns, "right"))
        self._held = rows.rows(slice(ready, None))
        if ready:
            self._given = rows.rows(slice(ready - 1, ready))
        return rows.rows(slice(0, ready))

    def _count_twins(self, joined: Block, twin: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(twin) + 1
        first = np.maximum.accumulate(np.where(np.r_[True, ~twin], np.arange(len(joined)), 0))[rows]
        same = ((joined.values[rows] == joined.values[first]) | np.isnan(joined.values[rows])).all(axis=1)
        self._counters["duplicates"] += int(same.sum())
        self._counters["duplicates_that_differ"] += int((~same).sum())
