"""What rules on gaps say of any source: they hear the very gaps that go into its log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import cv2

from detector.evidence import silence_picture
from detector.feed import Entry, Kept
from detector.log import EvidenceStore
from detector.model import CoverageSlot, Gap, RunEnd, State, Undecided, Violation
from detector.rules import GapRule
from detector.timebase import iso_from_ns

_MOST_GAPS = 1000


def with_silences(entries: Iterable[Entry], rules: Sequence[GapRule], store: EvidenceStore) -> Iterator[Entry]:
    """The entries of one source, and after each what the rules say of it; what is open is closed before the end.

    Evidence of a silence is what there is: the gaps that make it, as JSON and as a picture of the time around it.

    Raises:
        LogError: evidence cannot be written.
    """
    gaps: list[Gap] = []
    for entry in entries:
        if isinstance(entry, RunEnd):
            for rule in rules:
                yield from _told(rule.finish(), gaps, store)
        yield entry
        if isinstance(entry, Gap) and rules:
            gaps.append(entry)
        for rule in rules:
            if isinstance(entry, Gap):
                yield from _told(rule.miss(entry), gaps, store)
            elif isinstance(entry, CoverageSlot):
                yield from _told(rule.seen(entry), gaps, store)


def _told(found: Iterable[Violation | Undecided], gaps: Sequence[Gap], store: EvidenceStore) -> Iterator[Entry]:
    for entry in found:
        yield entry
        if not isinstance(entry, Violation) or entry.state is State.OPEN:
            continue
        sensor = entry.subject.removeprefix("sensor ")
        own = sorted((gap for gap in gaps if gap.source_id == sensor), key=lambda gap: (gap.t_start_ns, gap.reason))
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
        files = (
            store.put(entry.violation_id, "gaps", ".json", text.encode()),
            store.put(entry.violation_id, "gaps-plot", ".png", png.tobytes()),
        )
        yield Kept(entry.violation_id, files)
