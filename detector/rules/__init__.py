"""What the agreement forbids: one event, one file. Every rule is three-valued: met, not met, undecidable."""

from __future__ import annotations

from detector.rules.change import Change
from detector.rules.contract import HeardRule, Rule, RuleContext
from detector.rules.convoy import Convoy
from detector.rules.curfew import Curfew
from detector.rules.dwell import Dwell
from detector.rules.flash import Flash
from detector.rules.impulse import Impulse
from detector.rules.level import Level
from detector.rules.line_crossing import LineCrossing
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

__all__ = ["HEARD_RULES", "RULES", "HeardRule", "Rule", "RuleContext"]
