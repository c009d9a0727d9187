"""Movement in quiet hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detector.config.agreement_map import Shape
from detector.model import Scene
from detector.rules.contract import OPTIONAL_ZONES_FIELD, MoverSettings, RuleContext, Zones
from detector.rules.movers import MoverRule, Plane, anywhere, in_zones, quoted, straddles
from detector.rules.points import Points
from detector.rules.stays import Conditions
from detector.timebase import NS_PER_S


def _hour(value: Any) -> time:
    """A time of day, as text: of a number nobody can say whether it means hours or minutes. 24:00 is midnight."""
    try:
        return datetime.strptime("00:00" if value == "24:00" else str(value), "%H:%M").replace(tzinfo=UTC).time()
    except ValueError:
        raise ValueError(f"{value!r} is not a time of day like 22:00") from None


Hour = Annotated[time, BeforeValidator(_hour)]


class Hours(BaseModel):
    """From this time of day to that; over midnight if `until` is not later than `since`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    since: Hour = Field(description="First minute of the quiet hours, local time.")
    until: Hour = Field(description="First minute after them, local time.")


class Curfew(MoverRule):
    """Something that moves is seen in quiet hours, inside a zone or, without zones, anywhere in view.

    Quiet hours are half-open, in the configuration's time zone: movement at `since` counts, at `until` it does not.
    They go by the clock on the wall: an hour that is there twice when clocks are set back is quiet both times.
    The border of a zone belongs to the outside; a mover whose 95 % position ellipse straddles it is undecidable.
    Without zones no telemetry is needed. Of a recording that nobody gave a time everything is undecidable.

    Hit: a vehicle drives at 23:10 where 22:00 to 05:00 are quiet.   Miss: it has left at 21:59.
    """

    kind = "curfew"
    _everywhere_needs_ground = False

    class Config(MoverSettings):
        """Settings of quiet hours."""

        zones: Zones = OPTIONAL_ZONES_FIELD
        hours: tuple[Hours, ...] = Field(min_length=1, description="The quiet hours, local time.")
        min_time_s: float = Field(1.0, ge=0, le=3600, description="Movement counts when seen for this long [s].")

    def __init__(self, config: Any, context: RuleContext) -> None:
        super().__init__(config, context)
        self._time_zone = ZoneInfo(context.time_zone)
        self._time_known = True

    def _conditions(self, scene: Scene, plane: Plane, points: Points, rows: NDArray[np.int64]) -> Conditions:
        self._time_known = scene.time_known
        if self._time_known and not self._is_quiet(scene.t_ns):
            rows = rows[:0]
        found = in_zones(plane.shapes.inside(points, rows)) if self.config.zones else anywhere(rows)
        return found if self._time_known else replace(found, decision=np.minimum(found.decision, 0))

    def _is_quiet(self, t_ns: int) -> bool:
        now = datetime.fromtimestamp(t_ns // NS_PER_S, self._time_zone).time()
        return any(
            hours.since <= now < hours.until if hours.since < hours.until else now >= hours.since or now < hours.until
            for hours in self.config.hours
        )

    def _observation(self, zone: Shape | None) -> str:
        return f"movement observed{quoted(zone)} in quiet hours"

    def _reason(self, zone: Shape | None) -> str:
        return straddles(zone) if self._time_known else "nobody said when the recording began, so no hour is known"
