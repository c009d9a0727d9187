"""What rules on gaps say of any source: they hear the very gaps that go into its log."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from detector import pipeline
from detector.config import Configuration, Source
from detector.evidence import silence_picture
from detector.feed import Entry, GoesOn, Kept
from detector.log import EvidenceStore
from detector.model import CoverageSlot, Gap, RunEnd, State, Undecided, Violation
from detector.timebase import iso_from_ns

_MOST_GAPS = 1000
# A live source has gaps for as long as it is watched: of those of all its sensors the newest are enough.
_HELD_GAPS = 5 * _MOST_GAPS


class Silences:
    """Follows the entries of one source. Evidence of a silence is what there is: its gaps, as JSON and as a picture."""

    def __init__(self, configuration: Configuration, source: Source, out: Path, run_id: str) -> None:
        self._source, self._store = source, EvidenceStore(out / "evidence")
        self._gaps: deque[Gap] = deque(maxlen=_HELD_GAPS)
        self._rules = pipeline.gap_rules_for(configuration, source.id, source.means, run_id)

    def judge_by(self, configuration: Configuration, run_id: str) -> Iterator[Entry]:
        """Other rules from now on; what is open under the old ones is closed. Raises LogError as `follow`."""
        yield from self._finish()
        self._rules = pipeline.gap_rules_for(configuration, self._source.id, self._source.means, run_id)

    def along(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """All entries of the source, each as `follow` has it."""
        for entry in entries:
            yield from self.follow(entry)

    def follow(self, entry: Entry) -> Iterator[Entry]:
        """An entry, and after it what the rules say of it; what is open is closed before the end.

        Raises:
            LogError: evidence cannot be written.
        """
        if isinstance(entry, RunEnd):
            yield from self._finish()
        if isinstance(entry, Gap) and self._rules:
            self._gaps.append(entry)
        if not isinstance(entry, GoesOn):
            yield entry
        for rule in self._rules:
            if isinstance(entry, Gap):
                yield from self._told(rule.miss(entry))
            elif isinstance(entry, GoesOn):
                yield from self._told(rule.miss(entry.gap))
            elif isinstance(entry, CoverageSlot):
                yield from self._told(rule.seen(entry))

    def _finish(self) -> Iterator[Entry]:
        for rule in self._rules:
            yield from self._told(rule.finish())

    def _told(self, found: Iterable[Violation | Undecided]) -> Iterator[Entry]:
        for entry in found:
            yield entry
            if isinstance(entry, Violation) and entry.state is State.CLOSED:
                yield self._kept(entry)

    def _kept(self, entry: Violation) -> Kept:
        sensor = entry.subject.removeprefix("sensor ")
        own = sorted(
            (gap for gap in self._gaps if gap.source_id == sensor), key=lambda one: (one.t_start_ns, one.reason)
        )
        own = [gap for gap in own if gap.t_end_ns > entry.t_start_ns and gap.t_start_ns < entry.t_end_ns][:_MOST_GAPS]
        listed = [
            {
                "reason": str(gap.reason),
                "start": iso_from_ns(gap.t_start_ns, 9),
                "end": iso_from_ns(gap.t_end_ns, 9),
                "count": gap.count,
                "detail": gap.detail,
            }
            for gap in own
        ]
        text = json.dumps({"sensor": sensor, "gaps": listed}, ensure_ascii=False, indent=1) + "\n"
        _, png = cv2.imencode(".png", silence_picture(entry, own))
        return Kept(
            entry.violation_id,
            (
                self._store.put(entry.violation_id, "gaps", ".json", text.encode()),
                self._store.put(entry.violation_id, "gaps-plot", ".png", png.tobytes()),
            ),
        )
