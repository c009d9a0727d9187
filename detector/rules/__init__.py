"""What the agreement forbids: one event, one file. Every rule is three-valued: met, not met, undecidable."""

from __future__ import annotations

from typing import Any

from detector.rules.change import Change
from detector.rules.contract import AirRule, GapRule, HeardRule, PlatformRule, Rule, RuleContext
from detector.rules.convoy import Convoy
from detector.rules.curfew import Curfew
from detector.rules.dwell import Dwell
from detector.rules.flash import Flash
from detector.rules.impulse import Impulse
from detector.rules.level import Level
from detector.rules.line_crossing import LineCrossing
from detector.rules.overflight import Overflight
from detector.rules.platform_interference import PlatformInterference
from detector.rules.sensor_silent import SensorSilent
from detector.rules.series import Series
from detector.rules.smoke import Smoke
from detector.rules.speed import Speed
from detector.rules.unusual import Unusual
from detector.rules.zone_entry import ZoneEntry

RULES: dict[str, type[Rule]] = {
    "zone_entry": ZoneEntry,
    "line_crossing": LineCrossing,
    "dwell": Dwell,
    "curfew": Curfew,
    "convoy": Convoy,
    "speed": Speed,
    "flash": Flash,
    "smoke": Smoke,
    "change": Change,
    "unusual": Unusual,
}

HEARD_RULES: dict[str, type[HeardRule]] = {"impulse": Impulse, "series": Series, "level": Level}
"""Rules on what a network of sensors heard; those above are on pictures."""

PLATFORM_RULES: dict[str, type[PlatformRule]] = {"platform_interference": PlatformInterference}
"""Rules on what is wrong with a vehicle of the mission's own."""

AIR_RULES: dict[str, type[AirRule]] = {"overflight": Overflight}
"""Rules on tracks of aircraft."""

GAP_RULES: dict[str, type[GapRule]] = {"sensor_silent": SensorSilent}
"""Rules on gaps, of whatever source."""

ALL_RULES: dict[str, Any] = {**RULES, **HEARD_RULES, **PLATFORM_RULES, **AIR_RULES, **GAP_RULES}

__all__ = [
    "AIR_RULES",
    "ALL_RULES",
    "GAP_RULES",
    "HEARD_RULES",
    "PLATFORM_RULES",
    "RULES",
    "AirRule",
    "GapRule",
    "HeardRule",
    "PlatformRule",
    "Rule",
    "RuleContext",
]
