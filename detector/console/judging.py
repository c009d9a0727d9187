"""What is to be decided, by whom, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from detector.console.roles import PARTIES
from detector.log import LoggedViolation
from detector.model import Decision, Verdict

GRAVITY: dict[str, int] = {
    "series": 3,
    "impulse": 3,
    "flash": 3,
    "smoke": 3,
    "overflight": 2,
    "platform_interference": 2,
    "line_crossing": 2,
    "zone_entry": 2,
    "convoy": 2,
    "dwell": 2,
    "curfew": 2,
    "level": 1,
    "speed": 1,
    "change": 1,
    "unusual": 1,
    "sensor_silent": 1,
}
"""How soon a kind of rule wants to be looked at.

3: arms may have been used. 2: somebody is where nobody should be. 1: the rest. It orders the
queue and says nothing about what happened."""

USUAL_GRAVITY = 2


def gravity(one: LoggedViolation) -> int:
    """1 to 3; what the table does not have is 2."""
    return GRAVITY.get(one.violation.rule_kind, USUAL_GRAVITY)


def standing(one: LoggedViolation) -> dict[str, Verdict]:
    """Each party's word as it stands; who took it back has none."""
    if not one.verdicts:
        return {}
    return {verdict.party: verdict for verdict in one.verdicts if verdict.verdict is not Decision.WITHDRAWN}


def words_of(one: LoggedViolation, party: str) -> list[Verdict]:
    """What a party has said and not taken back, oldest first: the last one stands."""
    said: list[Verdict] = []
    for verdict in one.history:
        if verdict.party != party:
            continue
        if verdict.takes_back or verdict.verdict is Decision.WITHDRAWN:
            del said[-1:]
        # What stands again is on top already, unless the record it was said of was split off, or two took back at once.
        if verdict.verdict is not Decision.WITHDRAWN and (
            not verdict.takes_back or not said or said[-1].verdict is not verdict.verdict
        ):
            said.append(verdict)
    return said


def open_for(one: LoggedViolation, party: str) -> bool:
    """Whether this party (or, for the mission's own people, any of the parties) still has to give its word."""
    given = standing(one)
    return any(name not in given for name in ((party,) if party else PARTIES))


def urgency(one: LoggedViolation) -> tuple[int, int]:
    """The greater, the sooner it is to be looked at: gravest first and then newest."""
    return gravity(one), one.violation.t_start_ns


def queue(found: Iterable[LoggedViolation], party: str, *, newest_first: bool = False) -> list[LoggedViolation]:
    """What is undecided for this party: gravest first and then newest, or only newest first."""
    undecided = [one for one in found if open_for(one, party)]
    return sorted(undecided, key=(lambda one: one.violation.t_start_ns) if newest_first else urgency, reverse=True)
