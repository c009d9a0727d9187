"""A recorded table of aircraft positions, as one track an aircraft."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detector.errors import SourceError
from detector.model import Gap, GapReason, Series, read_only
from detector.sources.series.block import Block
from detector.sources.series.contract import SeriesEnd
from detector.sources.series.station import Station, find_station, read_station
from detector.sources.series.time_order import TimeOrder
from detector.sources.tracks.columns import LANDED_M, TRACK_CHANNELS, Assumed, positions_from
from detector.sources.tracks.table import TrackTable
from detector.timebase import NS_PER_S

_WINDOW_NS = 5 * NS_PER_S
"""Rows this much older than the newest of the same aircraft are sorted in: receivers hand them on late."""
_ODD = re.compile(r"[^A-Za-z0-9._~+-]")
_LONGEST_ID = 32


class RecordedTracks:
    """Positions of each aircraft in the order of time, as Series named "<source_id>/<aircraft>"; and gaps.

    A row without a position, or of an aircraft on the ground, is passed over and counted; one whose position cannot be,
    whose aircraft has no id, or that cannot be read is counted and a Gap (damaged). Times are put in order for each
    aircraft (`TimeOrder`). Nothing is filled in between positions, and no hole is told here: where one aircraft was
    not heard, another was.

    silent_s: when no aircraft was heard for longer, that is a Gap (missing): an empty sky and a deaf receiver look the
        same. [s]
    reached_ns: every position before this has been given, of every aircraft; None: not known, as of a table that is not
        in the order of time.

    heard: stretches of time in which some aircraft was heard; valid once an iteration has ended.
    """

    def __init__(
        self,
        path: Path,
        source_id: str,
        assumed: Assumed = Assumed(),  # noqa: B008 (frozen)
        *,
        silent_s: float = 60.0,
        assume_utc: bool = False,
    ) -> None:
        if not path.is_file():
            raise SourceError(f"{path}: there is no such file")
        beside = find_station(path)
        station = Station() if beside is None else read_station(beside)
        self.path, self.source_id, self._assumed = path, source_id, assumed
        self._clock_sigma_ns, self._silent_ns = station.clock_sigma_ns, round(silent_s * NS_PER_S)
        self._table = TrackTable(path, source_id, station, assume_utc=assume_utc)
        self.end: SeriesEnd | None = None
        self.reached_ns: int | None = None
        self.heard: list[tuple[int, int]] = []
        self._first_wrong = ""

    @property
    def share(self) -> float:
        """Of the file that has been read, 0 to 1."""
        return self._table.share

    def __iter__(self) -> Iterator[Series | Gap]:
        """Begin from the start.

        Raises:
            SourceError: nothing can be read.
        """
        self.end, self.reached_ns, self._first_wrong = None, None, ""
        counters: Counter[str] = Counter()
        orders: dict[str, TimeOrder] = {}
        seconds: set[int] = set()
        samples, newest_ns, last_id, in_order = 0, 0, "", True
        for block in self._table.blocks():
            if isinstance(block, Gap):
                yield block
                continue
            aircraft = _ODD.sub("?", block.channels[0])[:_LONGEST_ID]
            if block.channels[0] <= last_id and newest_ns and in_order:
                self.reached_ns = newest_ns - _WINDOW_NS  # a piece of the table gives each aircraft once, by name
            last_id = block.channels[0]
            placed, gaps = self._placed(block, aircraft, counters, seconds)
            yield from gaps
            if not len(placed):
                continue
            if self.reached_ns is not None and int(placed.t_ns.min()) < self.reached_ns:
                self.reached_ns, in_order = None, False  # as where each aircraft stands by itself
            newest_ns = max(newest_ns, int(placed.t_ns.max()))
            order = orders.setdefault(aircraft, TimeOrder(self.source_id, counters, _WINDOW_NS))
            rows, gaps = order.push(placed)
            yield from gaps
            if len(rows):
                samples += len(rows)
                seconds.update((rows.t_ns // NS_PER_S).tolist())
                yield self._series(aircraft, rows)
        for aircraft, order in orders.items():
            rest, gaps = order.finish()
            yield from gaps
            if rest is not None and len(rest):
                samples += len(rest)
                seconds.update((rest.t_ns // NS_PER_S).tolist())
                yield self._series(aircraft, rest)
        if not seconds:
            raise SourceError(f"{self.path}: none of its rows has a position{self._first_wrong}")
        counters.update(self._table.counters)
        yield from self._silences(seconds)
        start_ns, end_ns = self.heard[0][0], self.heard[-1][1]
        detail, passed = self._table.shortfall, counters["went_back_until_the_end"]
        if not detail and passed:
            detail = (
                f"the last {passed} rows state a time that has passed already; is the newest first? sort it by time"
            )
        if detail:
            yield Gap(self.source_id, end_ns, end_ns + 1, GapReason.INCOMPLETE, detail)
        met = {name: count for name, count in sorted(counters.items()) if count}
        self.end = SeriesEnd(samples, tuple(orders), not detail, detail, start_ns, end_ns, met, self._table.passed_over)

    def _placed(
        self, block: Block, aircraft: str, counters: Counter[str], seconds: set[int]
    ) -> tuple[Block, list[Gap]]:
        """Rows that have a position in the air, in our units. seconds: takes those in which one on the ground spoke."""
        if not aircraft:
            counters["rows_without_id"] += len(block)
            return block.rows(slice(0, 0)), [self._wrong(block, "no aircraft is named")]
        values, untold = positions_from(block.values, self._table.columns, self._assumed)
        lat, lon = values[:, 0], values[:, 1]
        nowhere = np.isnan(lat) | np.isnan(lon)
        wrong = ~nowhere & ~((np.abs(lat) <= 90) & (np.abs(lon) <= 180))
        counters["rows_without_position"] += int(nowhere.sum())
        counters["positions_impossible"] += int(wrong.sum())
        counters["without_quality"] += untold
        gaps = []
        if wrong.any():
            row = int(np.argmax(wrong))
            told = f"no such latitude and longitude: {lat[row]:g}, {lon[row]:g} (-90 to 90, -180 to 180)"
            self._first_wrong = self._first_wrong or f"; {self.path}:{int(block.places[row])}: {told}"
            gaps = [self._wrong(block.rows(wrong), told)]
        landed = values[:, TRACK_CHANNELS.index("alt_m")] == LANDED_M
        counters["rows_on_ground"] += int(landed.sum())
        seconds.update((block.t_ns[landed] // NS_PER_S).tolist())
        good = ~nowhere & ~wrong & ~landed
        return Block(TRACK_CHANNELS, block.t_ns[good], values[good], block.places[good], block.place_word), gaps

    def _wrong(self, block: Block, why: str) -> Gap:
        at_ns = int(block.t_ns.min())
        more = f", and {len(block) - 1} more lines" if len(block) > 1 else ""
        detail = f"{self.path}:{int(block.places[0])}: {why}{more}"
        return Gap(self.source_id, at_ns, at_ns + 1, GapReason.DAMAGED, detail, len(block))

    def _series(self, aircraft: str, rows: Block) -> Series:
        count = len(TRACK_CHANNELS)
        return Series(
            f"{self.source_id}/{aircraft}",
            read_only(rows.t_ns),
            read_only(rows.values),
            TRACK_CHANNELS,
            ("",) * count,
            read_only(np.full((count, 3), np.nan)),
            clock_sigma_ns=self._clock_sigma_ns,
        )

    def _silences(self, seconds: set[int]) -> Iterator[Gap]:
        """Where nothing was heard of any aircraft; what lies between is `heard`."""
        t_ns = np.sort(np.fromiter(seconds, np.int64, len(seconds))) * NS_PER_S
        holes = np.flatnonzero(np.diff(t_ns) > self._silent_ns + NS_PER_S)
        starts, ends = np.r_[t_ns[0], t_ns[holes + 1]], np.r_[t_ns[holes], t_ns[-1]] + NS_PER_S
        self.heard = list(zip(starts.tolist(), ends.tolist(), strict=True))
        for (_, start_ns), (end_ns, _) in zip(self.heard, self.heard[1:], strict=False):
            detail = f"no aircraft was heard for {(end_ns - start_ns) / NS_PER_S:.0f} s"
            yield Gap(self.source_id, start_ns, end_ns, GapReason.MISSING, detail)
