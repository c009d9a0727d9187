"""Triggers of a recorded sensor stream as JSON Lines: what `trucewatch detect` writes for sensor files.

One object a trigger, in the order of onsets, then one for the end of the recording; see docs/user-guide.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from detector.detectors.series import LevelConfig, SeriesDetector, choice_for, detector_of
from detector.errors import SourceError
from detector.jsonl_file import gap_lines, interrupts_wait, write_line
from detector.model import Gap, Series, Triggers
from detector.sources.series import joined, open_series
from detector.sources.source import OnProgress


@dataclass(frozen=True, slots=True)
class TriggersResult:
    """One recording, in numbers.

    not_judged: channels that could not be, and why.
    no_start: nobody said when it began.
    """

    source_id: str
    samples: int
    triggers: int
    complete: bool
    detail: str
    not_judged: tuple[tuple[str, str], ...] = ()
    no_start: bool = False

    @property
    def found(self) -> str:
        """In words."""
        unheard = "".join(f", not judged: {name} ({why})" for name, why in self.not_judged[:3])
        more = f" and {len(self.not_judged) - 3} more channels" if len(self.not_judged) > 3 else ""
        times = ", times count from 1970 (--start says when it began)" if self.no_start else ""
        return f"{self.samples} samples, triggers: {self.triggers}{unheard}{more}{times}"


def detect_series(
    path: Path,
    source_id: str,
    file: TextIO,
    on_progress: OnProgress,
    *,
    start_ns: int | None = None,
    assume_utc: bool = False,
    preset: str | None = None,
    alarms_per_day: float = LevelConfig().alarms_per_day,
) -> TriggersResult:
    """Look for what stands out in every channel of a sensor file and write what was found.

    preset: which of `CHOICES`; None: what each channel's rate suggests.
    alarms_per_day: false ones that a channel may give, where the detector calibrates itself.

    A file that cannot be opened gets its end line too, with complete false and the reason; so does one that is
    interrupted (KeyboardInterrupt), before the interrupt goes on.
    """
    work = _Work(source_id, preset, alarms_per_day)
    detail, interrupt, no_start = "", None, False
    try:
        source = open_series(path, source_id=source_id, start_ns=start_ns, assume_utc=assume_utc)
        with interrupts_wait() as interrupted:
            for item in joined(source) if preset == "platform" else source:
                if interrupted:
                    raise KeyboardInterrupt
                work.take(item)
                if source.share:
                    on_progress(source_id, work.samples, work.elapsed_s, work.elapsed_s / source.share)
        if source.end is None or not source.end.complete:
            detail = "the reader did not end" if source.end is None else source.end.detail
        no_start = source.end is not None and bool(source.end.counters.get("no_start"))
    except SourceError as error:
        detail = str(error)
    except KeyboardInterrupt as error:
        detail, interrupt = f"interrupted after {work.samples} samples", error
    work.finish()
    for line in sorted(work.lines, key=lambda line: (line["t_ns"], line["channel"])):
        write_line(file, line)
    not_judged = tuple(sorted(work.not_judged.items()))
    end: dict[str, Any] = {"end": True, "source": source_id, "samples": work.samples, "complete": not detail}
    write_line(file, {**end, "detail": detail, "not_judged": dict(not_judged), "gaps": gap_lines(work.gaps)})
    if interrupt is not None:
        raise interrupt
    return TriggersResult(source_id, work.samples, len(work.lines), not detail, detail, not_judged, no_start)


class _Work:
    """Detectors by preset, and what they and the source said."""

    def __init__(self, source_id: str, preset: str | None, alarms_per_day: float) -> None:
        self._source_id, self._preset, self._alarms_per_day = source_id, preset, alarms_per_day
        self._detectors: dict[str, SeriesDetector] = {}
        self.lines: list[dict[str, Any]] = []
        self.gaps: list[Gap] = []
        self.not_judged: dict[str, str] = {}
        self.samples = 0
        self._first_ns: int | None = None
        self.elapsed_s = 0.0

    def take(self, item: Series | Gap) -> None:
        if isinstance(item, Gap):
            self.gaps.append(item)
            return
        self.samples += item.values.size
        self._first_ns = int(item.t_ns[0]) if self._first_ns is None else self._first_ns
        self.elapsed_s = max(self.elapsed_s, (int(item.t_ns[-1]) - self._first_ns) / 1e9)
        name = self._preset or choice_for(item.interval_ns, item.channels)
        detector = self._detectors.get(name)
        if detector is None:
            detector = self._detectors[name] = detector_of(name, self._alarms_per_day)
        why_not = detector.why_not(item)
        if why_not:
            self.not_judged.update(dict.fromkeys(item.channels, why_not))
            return
        for channel in item.channels:
            self.not_judged.pop(channel, None)
        self._found(detector.detect(item))

    def finish(self) -> None:
        for detector in self._detectors.values():
            for triggers in detector.finish():
                self._found(triggers)
            self.gaps += detector.unjudged()

    def _found(self, triggers: Triggers) -> None:
        self.lines += [trigger_line(triggers, row) for row in range(len(triggers))]


def trigger_line(triggers: Triggers, row: int) -> dict[str, Any]:
    """One trigger as it is written."""
    p_log10 = float(triggers.p_log10[row])
    return {
        "source": triggers.source_id,
        "channel": str(triggers.channel[row]),
        "t_ns": int(triggers.t_ns[row]),
        "t_end_ns": int(triggers.t_end_ns[row]),
        "kind": str(triggers.kind[row]),
        "score": round(float(triggers.score[row]), 4),
        "p_log10": None if math.isnan(p_log10) else round(p_log10, 4),
    }
