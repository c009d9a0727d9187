"""The mission's own troubles: a sensor that no longer says anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from detector.model import CoverageSlot, Gap, Place, State, Undecided, Violation
from detector.rules.contract import RuleContext
from detector.rules.report import Peak, Reporter
from detector.timebase import NS_PER_S, ns_from_seconds

Reason = Literal[
    "missing",
    "damaged",
    "incomplete",
    "disconnected",
    "frozen",
    "not_running",
    "clock",
    "no_telemetry",
    "stale_telemetry",
]
_NOWHERE = Place(None, None, None, None)


class SensorSilent:
    """A feed, a sensor or a receiver gives nothing that can be judged for longer than `limit_s`.

    It is told by its gaps (`trucewatch log` shows them all): no samples or pictures, digital zeros, a value that stands
    still where none should, damaged data, no aircraft heard; live also a lost connection and a frozen picture, which
    are told while they last. Gaps of one sensor that lie within `join_s` are one silence. `no_telemetry` and
    `stale_telemetry`, when listed under `reasons`, tell a drone's lost telemetry while its picture goes on. A silence
    of exactly `limit_s` is none yet. A sensor that warms up, or a camera whose motion cannot be told, is not silent.

    Hit: the cable of a microphone is cut, or its membrane frozen, for 10 min.   Miss: a quiet night; a link that breaks
    for 5 s.
    """

    kind = "sensor_silent"

    class Config(BaseModel):
        """Settings of silence."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        limit_s: float = Field(60.0, gt=0, le=86_400, description="So long it may be silent [s].")
        join_s: float = Field(1.0, ge=0, le=3600, description="Gaps this close together are one silence [s].")
        reasons: tuple[Reason, ...] = Field(
            ("missing", "damaged", "incomplete", "disconnected", "frozen"),
            min_length=1,
            description="Gaps that count, by their reason: also `not_running`, `clock`, `no_telemetry`, "
            "`stale_telemetry`.",
        )

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config, self.context = config, context
        self._report = Reporter(self.kind, context)
        self._silences: dict[str, list[_Silence]] = {}

    def miss(self, gap: Gap) -> Iterator[Violation | Undecided]:
        """A gap of the source or of one of its sensors, in any order of time."""
        if gap.reason not in self.config.reasons:
            return
        join_ns = ns_from_seconds(self.config.join_s)
        told = self._silences.setdefault(gap.source_id, [])
        silence = _Silence(gap.t_start_ns, gap.t_end_ns, gap.detail, {str(gap.reason)})
        for other in [one for one in told if one.near(silence, join_ns)]:
            told.remove(other)
            if other.is_open and silence.is_open:  # what came last bridges two that were told already
                yield self._violation(gap.source_id, other, State.CLOSED)
            silence = silence.with_(other)
        told.append(silence)
        if not silence.is_open and silence.t_end_ns - silence.t_start_ns > ns_from_seconds(self.config.limit_s):
            silence.opened_ns = silence.t_start_ns
            yield self._violation(gap.source_id, silence, State.OPEN)

    def seen(self, slot: CoverageSlot) -> Iterator[Violation | Undecided]:
        """A stretch of the ledger: a silence that ended before it, while the sensor was heard in it, is over."""
        if not slot.seeing_s:
            return
        ended_ns = slot.t_start_ns - ns_from_seconds(self.config.join_s)
        told = self._silences.get(slot.source_id, [])
        for silence in [one for one in told if one.t_end_ns < ended_ns]:
            told.remove(silence)
            yield from self._closed(slot.source_id, silence)

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the source has ended."""
        for source_id, told in self._silences.items():
            for silence in sorted(told, key=lambda one: one.t_start_ns):
                yield from self._closed(source_id, silence)
        self._silences.clear()

    def _closed(self, source_id: str, silence: _Silence) -> Iterator[Violation | Undecided]:
        if silence.is_open:
            yield self._violation(source_id, silence, State.CLOSED)

    def _violation(self, source_id: str, silence: _Silence, state: State) -> Violation:
        assert silence.opened_ns is not None
        seconds = (silence.t_end_ns - silence.opened_ns) / NS_PER_S
        detail = f": {silence.detail}" if silence.detail else ""
        why = ", ".join(sorted(silence.reasons)).replace("_", " ")
        return self._report.violation(
            observation=f"{source_id} silent for {seconds:.0f} s ({why}){detail}",
            subject=f"sensor {source_id}",
            state=state,
            t_start_ns=silence.opened_ns,
            t_end_ns=silence.t_end_ns,
            peak=Peak(seconds, 1.0, silence.opened_ns, _NOWHERE),
            count=1,
            measures={"time_s": seconds},
        )


@dataclass(slots=True)
class _Silence:
    """Gaps that lie within `join_s` of one another. opened_ns: start under which it was told; None: it was not."""

    t_start_ns: int
    t_end_ns: int
    detail: str
    reasons: set[str]
    opened_ns: int | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_ns is not None

    def near(self, other: _Silence, join_ns: int) -> bool:
        return self.t_start_ns - join_ns <= other.t_end_ns and other.t_start_ns - join_ns <= self.t_end_ns

    def with_(self, other: _Silence) -> _Silence:
        """Both as one. A start that was told stays, even if the whole began earlier: it is the violation's identity."""
        first = self if self.t_start_ns <= other.t_start_ns else other
        return _Silence(
            min(self.t_start_ns, other.t_start_ns),
            max(self.t_end_ns, other.t_end_ns),
            first.detail,
            self.reasons | other.reasons,
            self.opened_ns if self.is_open else other.opened_ns,
        )
