"""Whose word a colleague of the same party has replaced: the last one stands, and the other is to know."""

from __future__ import annotations

from detector.console.logbook import LogBook
from detector.log import LoggedViolation
from detector.model import Decision, Verdict
from detector.timebase import iso_from_ns


def replaced(one: LoggedViolation, party: str, name: str) -> Verdict | None:
    """The last word of this person, where somebody else of their party has spoken since; None where it stands.

    Who took their word back had none to be replaced.
    """
    own = [verdict for verdict in one.history if verdict.party == party]
    if not own or own[-1].reviewer == name:
        return None
    last = next((verdict for verdict in reversed(own) if verdict.reviewer == name), None)
    return last if last is not None and last.verdict is not Decision.WITHDRAWN else None


def lately_replaced(book: LogBook, since: int, party: str, name: str) -> list[dict[str, str]]:
    """Where a verdict logged after entry number `since` replaced this person's word: which, and what stands now."""
    news = [said for said in book.verdicts(since) if said.party == party and said.reviewer != name]
    told = {}
    for said in news:
        one = book.violation(said.violation_id)
        if one is None or replaced(one, party, name) is None:
            continue
        v, now = one.violation, next(word for word in reversed(one.history) if word.party == party)
        told[v.violation_id] = {
            "violation_id": v.violation_id,
            "at": iso_from_ns(v.t_start_ns, 0)[11:-1],
            "feed": v.source_id,
            "reviewer": now.reviewer,
            "verdict": str(now.verdict),
        }
    return list(told.values())
