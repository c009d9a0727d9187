"""Keeps what a vehicle or an aircraft told around every possible violation: its samples as a table, and a picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from detector.evidence.plot_area import Picture
from detector.log.evidence import EvidenceStore
from detector.model import EvidenceFile, Series, State, Undecided, Violation
from detector.timebase import iso_from_ns, ns_from_seconds

Draw = Callable[[Violation, Series], Picture]

_LEAD_S = 120.0
"""What was usual before has to be seen, too: so much is kept before and after, and no more than `_LONGEST_S` in all."""
_LONGEST_S = 3600.0
_HELD_NS = ns_from_seconds(600.0)
"""Samples are held for so long before anything is known of a violation that began with them."""

Entry = Violation | Undecided


@dataclass(slots=True)
class _Case:
    violation: Violation
    stream: str
    t_until_ns: int | None = None


class StretchRecorder:
    """Holds the newest samples of each stream, and writes those around a violation once it is over.

    Args:
        store: where the files go.
        role: what the table is ("telemetry-samples", "positions"); the picture is `<role>-plot`.
        draw: makes the picture from the violation and the samples around it, at least two.
    """

    def __init__(self, store: EvidenceStore, role: str, draw: Draw) -> None:
        self._store, self._role, self._draw = store, role, draw
        self._lead_ns, self._longest_ns = ns_from_seconds(_LEAD_S), ns_from_seconds(_LONGEST_S)
        self._blocks: dict[str, deque[Series]] = {}
        self._cases: dict[str, _Case] = {}

    def observe(self, series: Series) -> None:
        """Hold a block, before it is judged; forget what nothing needs any more."""
        held = self._blocks.setdefault(series.source_id, deque())
        held.append(series)
        starts = [one.violation.t_start_ns for one in self._cases.values() if one.stream == series.source_id]
        needed_ns = min([int(series.t_ns[0]) - _HELD_NS, *starts]) - self._lead_ns
        while int(held[0].t_ns[-1]) < needed_ns:
            held.popleft()

    def follow(self, found: Iterable[Entry], stream: str = "") -> Iterator[Entry]:
        """What a rule says, as it says it; what is opened is kept from this stream, what is closed is written later."""
        for entry in found:
            if isinstance(entry, Violation) and entry.state is State.OPEN:
                self._cases[entry.violation_id] = _Case(entry, stream)
            elif isinstance(entry, Violation):
                case = self._cases[entry.violation_id]
                case.violation, case.t_until_ns = entry, entry.t_end_ns + self._lead_ns
            yield entry

    def reached(self, t_ns: int) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """Everything before this has been held: write what is complete.

        Yields:
            The violation's id and its files, all on the disk.

        Raises:
            LogError: a file cannot be written.
        """
        for violation_id, case in list(self._cases.items()):
            if case.t_until_ns is not None and case.t_until_ns <= t_ns:
                yield violation_id, self._write(case)
                del self._cases[violation_id]
        wanted = {case.stream for case in self._cases.values()}
        for stream in [one for one, blocks in self._blocks.items() if int(blocks[-1].t_ns[-1]) < t_ns - _HELD_NS]:
            if stream not in wanted:
                del self._blocks[stream]

    def finish(self) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """The streams have ended: write what is left."""
        for violation_id, case in self._cases.items():
            yield violation_id, self._write(case)
        self._cases.clear()
        self._blocks.clear()

    def _write(self, case: _Case) -> list[EvidenceFile]:
        violation = case.violation
        begin_ns = violation.t_start_ns - self._lead_ns
        end_ns = min(violation.t_end_ns + self._lead_ns, begin_ns + self._longest_ns)
        around = _between(self._blocks.get(case.stream, deque()), begin_ns, end_ns)
        if around is None:
            return []
        files = [self._store.put(violation.violation_id, self._role, ".csv", table_csv(around))]
        if len(around) > 1:
            picture = self._draw(violation, around)
            files.append(self._store.put(violation.violation_id, f"{self._role}-plot", ".png", _png(picture)))
        return files


def table_csv(series: Series) -> bytes:
    """Every sample, an empty cell where there is none, as `trucewatch` reads a table of samples."""
    names = [f"{name} [{unit}]" if unit else name for name, unit in zip(series.channels, series.units, strict=True)]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [",".join(["time_utc", *quoted])]
    for t_ns, row in zip(series.t_ns.tolist(), series.values.tolist(), strict=True):
        lines.append(",".join([iso_from_ns(t_ns, 9), *("" if np.isnan(value) else repr(value) for value in row)]))
    return "\n".join([*lines, ""]).encode()


def _between(blocks: deque[Series], begin_ns: int, end_ns: int) -> Series | None:
    """Samples of [begin_ns, end_ns) of the blocks that have the newest one's channels; None if there are none."""
    if not blocks:
        return None
    last = blocks[-1]
    pieces = [one for one in blocks if one.channels == last.channels]
    t_ns = np.concatenate([one.t_ns for one in pieces])
    values = np.concatenate([one.values for one in pieces])
    inside = (t_ns >= begin_ns) & (t_ns < end_ns)
    if not inside.any():
        return None
    return Series(
        last.source_id, t_ns[inside], values[inside], last.channels, last.units, last.positions, last.local,
        last.interval_ns, last.clock_sigma_ns,
    )  # fmt: skip


def _png(picture: Picture) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()
