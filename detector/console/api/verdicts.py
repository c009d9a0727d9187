"""A reviewer's word, and taking it back. Nothing is ever changed: both are new entries of the log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request

from detector.console.api.shapes import GivenVerdict, ViolationOut, found_violation, violation_out
from detector.console.desk import desk_of
from detector.console.guard import Caller, Reviewer
from detector.log import LoggedViolation
from detector.model import Decision, Verdict

router = APIRouter(tags=["verdicts"])

Chosen = Annotated[LoggedViolation, Depends(found_violation)]


@router.post("/api/violations/{violation_id}/verdicts", status_code=201)
def give(request: Request, caller: Reviewer, one: Chosen, given: GivenVerdict) -> ViolationOut:
    """Give the verdict of the caller's party."""
    return _append(request, caller, one, given.verdict, given.note)


@router.post("/api/violations/{violation_id}/undo", status_code=201)
def undo(request: Request, caller: Reviewer, one: Chosen) -> ViolationOut:
    """Take the newest verdict of the caller's party back: what it said before counts again, or nothing.

    409: there is nothing to undo.
    """
    own = [verdict for verdict in one.history if verdict.party == caller.party]
    if not own:
        raise HTTPException(409, f"party {caller.party} has given no verdict on it")
    before = own[-2] if len(own) > 1 else None
    if before is None:
        return _append(request, caller, one, Decision.WITHDRAWN, "")
    return _append(request, caller, one, before.verdict, before.note)


def _append(request: Request, caller: Caller, one: LoggedViolation, decision: Decision, note: str) -> ViolationOut:
    desk = desk_of(request)
    violation_id = one.violation.violation_id
    desk.book.add_verdict(Verdict(violation_id, caller.party, caller.name, decision, note, desk.clock.now_ns()))
    return violation_out(found_violation(request, violation_id))
