"""What the agreement forbids: one event, one file. Every rule is three-valued: met, not met, undecidable."""

from __future__ import annotations

from detector.rules.contract import Rule, RuleContext
from detector.rules.curfew import Curfew
from detector.rules.dwell import Dwell
from detector.rules.speed import Speed
from detector.rules.zone_entry import ZoneEntry

RULES: dict[str, type[Rule]] = {
    "zone_entry": ZoneEntry,
    "dwell": Dwell,
    "curfew": Curfew,
    "speed": Speed,
}

__all__ = ["RULES", "Rule", "RuleContext"]
