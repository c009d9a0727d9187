"""Two officers of one party decide the same: the last word stands, and the other is told."""

from __future__ import annotations

from detector.console.desk import Desk
from detector.console.replaced import lately_replaced, replaced
from detector.console.roles import Role
from detector.log import verify_log
from detector.model import Decision, Verdict
from tests.console.conftest import PASSWORD


def said(desk: Desk, one: str, party: str, name: str, verdict: Decision) -> None:
    desk.book.add_verdict(Verdict(one, party, name, verdict, "", desk.clock.now_ns()))


def test_who_spoke_first_is_told_once_whose_word_stands_and_nobody_else_is(desk: Desk) -> None:
    one, other = (found.violation.violation_id for found in desk.book.violations()[:2])
    said(desk, one, "A", "anna", Decision.CONFIRMED)
    said(desk, other, "A", "anna", Decision.CONFIRMED)
    seen = desk.book.generation
    said(desk, one, "A", "armen", Decision.REJECTED)
    said(desk, other, "B", "bayram", Decision.REJECTED)
    told = lately_replaced(desk.book, seen, "A", "anna")
    assert told == [
        {"violation_id": one, "at": "06:30:00", "feed": "north", "reviewer": "armen", "verdict": "rejected"}
    ]
    assert lately_replaced(desk.book, desk.book.generation, "A", "anna") == []
    for party, name in (("A", "armen"), ("B", "bayram"), ("A", "aram")):
        assert lately_replaced(desk.book, seen, party, name) == []
    said(desk, one, "A", "anna", Decision.CONFIRMED)
    assert lately_replaced(desk.book, seen, "A", "anna") == []
    assert verify_log(desk.book.path).intact


def test_who_has_taken_their_word_back_has_none_to_be_replaced(desk: Desk) -> None:
    one = desk.book.violations()[0].violation.violation_id
    for name, verdict in (("anna", Decision.CONFIRMED), ("anna", Decision.WITHDRAWN), ("armen", Decision.REJECTED)):
        said(desk, one, "A", name, verdict)
    found = desk.book.violation(one)
    assert found is not None
    assert replaced(found, "A", "anna") is None


def test_review_says_what_one_had_said_where_a_colleague_has_spoken_since(desk: Desk, as_) -> None:
    desk.accounts.add("armen", Role.REVIEWER, "A", PASSWORD)
    anna, armen = as_("anna"), as_("armen")
    one = desk.book.violations()[0].violation.violation_id
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"})
    armen.post(f"/api/violations/{one}/verdicts", json={"verdict": "rejected"})
    told = "A colleague has spoken after you. You had said: confirmed"
    assert told in anna.get(f"/review/{one}").text
    for name in ("armen", "bayram", "viewer"):
        assert told not in (armen if name == "armen" else as_(name)).get(f"/review/{one}").text
