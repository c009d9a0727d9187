"""The mission's own troubles: satellite navigation that is disturbed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from detector.geo.flown import SLACK_M
from detector.model import Means, Place, Series, State, Triggers, Undecided, Violation
from detector.rules.contract import RuleContext
from detector.rules.report import Peak, Reporter, place_on_map
from detector.timebase import NS_PER_S, ns_from_seconds

Sign = Literal["jump", "reception", "disagreement", "fix", "link"]
_WORDS: dict[str, str] = {
    "jump": "its position jumps",
    "reception": "reception is worse than it was",
    "disagreement": "its position disagrees with its other instruments",
    "fix": "it has no position",
    "link": "its link was lost",
}
_REMEMBERED_S = 600
_NOWHERE = Place(None, None, None, None)


class PlatformInterference:
    """Satellite navigation of a vehicle of the mission's own is disturbed: of a drone by the telemetry in its video, or
    of a vehicle by its telemetry file.

    What is a sign of it is told by the platform detector (user guide, section 10), each by the vehicle's own past: a
    jump, a worse reception, a disagreement with its other instruments, a lost position. Whether somebody disturbs it or
    the receiver fails, the telemetry does not tell, and nothing is said about it. The place is the last that was
    believed before. Signs that follow one another within `cooldown_s` are one violation.

    While a sign lasts, the positions of a feed are not used: its rules on the ground are off. It takes some seconds to
    tell a sign, and those before are not taken back.

    Hit: for 40 s the position drifts away while barometer and compass know nothing of it.   Miss: a drone that flies
    under trees, where its reception always was poor; a landing.
    """

    kind = "platform_interference"

    class Config(BaseModel):
        """Settings of interference with the mission's own vehicles."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        signs: tuple[Sign, ...] = Field(
            ("jump", "reception", "disagreement", "fix"),
            min_length=1,
            description="What counts: `jump`, `reception`, `disagreement`, `fix`, `link`.",
        )
        min_time_s: float = Field(
            0.0, ge=0, le=3600, description="Signs have to follow one another for so long; 0: one will do [s]."
        )
        cooldown_s: float = Field(
            30.0, ge=0, le=86_400, description="Signs that follow one another within this time are one incident [s]."
        )

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config, self.context = config, context
        self._report = Reporter(self.kind, context)
        self._places: deque[tuple[int, float, float]] = deque()
        self._begun: _Begun | None = None

    def observe(self, series: Series) -> None:
        """Positions of the vehicle, before the signs that end no later are heard: one a second is remembered."""
        if not {"lat_deg", "lon_deg"} <= set(series.channels):
            return
        lat, lon = (series.values[:, series.channels.index(name)] for name in ("lat_deg", "lon_deg"))
        for row in np.flatnonzero(np.isfinite(lat) & np.isfinite(lon) & ((lat != 0) | (lon != 0))).tolist():
            second = int(series.t_ns[row]) // NS_PER_S
            if not self._places or self._places[-1][0] < second:
                self._places.append((second, float(lat[row]), float(lon[row])))
        while self._places and self._places[-1][0] - self._places[0][0] > _REMEMBERED_S:
            self._places.popleft()

    def hear(self, triggers: Triggers) -> Iterator[Violation | Undecided]:
        """Signs, in the order in which they became certain."""
        for row in range(len(triggers)):
            sign = str(triggers.kind[row])
            if sign not in self.config.signs:
                continue
            start_ns, end_ns = int(triggers.t_ns[row]), int(triggers.t_end_ns[row])
            begun = self._begun
            if begun is not None and start_ns - begun.t_end_ns > ns_from_seconds(self.config.cooldown_s):
                yield from self._close()
                begun = None
            if begun is None:
                begun = self._begun = _Begun(start_ns, end_ns, start_ns, self._place_before(start_ns))
            score = float(triggers.score[row])
            begun.t_end_ns = max(begun.t_end_ns, end_ns)
            begun.names.setdefault(sign, set()).add(str(triggers.channel[row]))
            begun.count += 1
            if score > begun.score:
                begun.score, begun.t_peak_ns = score, max(start_ns, begun.t_start_ns)
            if not begun.is_open and begun.t_end_ns - begun.t_start_ns >= ns_from_seconds(self.config.min_time_s):
                begun.is_open = True
                yield self._violation(begun, State.OPEN)

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Every sign that began before this has been heard."""
        if self._begun is not None and t_ns - self._begun.t_end_ns > ns_from_seconds(self.config.cooldown_s):
            yield from self._close()

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the telemetry has ended."""
        yield from self._close()
        self._places.clear()

    def _close(self) -> Iterator[Violation | Undecided]:
        begun, self._begun = self._begun, None
        if begun is not None and begun.is_open:
            yield self._violation(begun, State.CLOSED)

    def _place_before(self, t_ns: int) -> Place:
        """The last place of an earlier second than the sign's."""
        earlier = [one for one in self._places if one[0] < t_ns // NS_PER_S]
        if not earlier:
            return _NOWHERE
        _, lat_deg, lon_deg = earlier[-1]
        return place_on_map(lat_deg, lon_deg, [SLACK_M**2, 0.0, 0.0, SLACK_M**2])

    def _violation(self, begun: _Begun, state: State) -> Violation:
        told = [f"{_WORDS[sign]} ({', '.join(sorted(begun.names[sign]))})" for sign in _WORDS if sign in begun.names]
        feed = Means.TELEMETRY not in self.context.means
        unused = "; while it lasts, its positions are not used" if feed else ""
        return self._report.violation(
            observation=f"satellite navigation of {self.context.source_id} disturbed: {'; '.join(told)}{unused}",
            subject=f"vehicle {self.context.source_id}",
            state=state,
            t_start_ns=begun.t_start_ns,
            t_end_ns=begun.t_end_ns,
            peak=Peak(begun.score, 1.0, begun.t_peak_ns, begun.place),
            measures={
                "time_s": (begun.t_end_ns - begun.t_start_ns) / NS_PER_S,
                "signs": float(begun.count),
                "times_allowed": begun.score,
            },
        )


@dataclass(slots=True)
class _Begun:
    """Signs that follow one another. names: of the quantities, by kind of sign."""

    t_start_ns: int
    t_end_ns: int
    t_peak_ns: int
    place: Place
    names: dict[str, set[str]] = field(default_factory=dict)
    count: int = 0
    score: float = 0.0
    is_open: bool = False
