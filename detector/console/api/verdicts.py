"""A reviewer's word, and taking it back. Nothing is ever changed: both are new entries of the log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.console.api.shapes import GivenVerdict, Problem, ViolationOut, found_violation, violation_out
from detector.console.desk import desk_of
from detector.console.guard import Caller, Reviewer
from detector.log import LoggedViolation
from detector.model import Decision, Verdict

router = APIRouter(tags=["verdicts"])

SINCE: dict[int | str, dict[str, Any]] = {412: {"model": Problem, "description": "It is not what the caller saw."}}

Chosen = Annotated[LoggedViolation, Depends(found_violation)]


@router.post("/api/violations/{violation_id}/verdicts", status_code=201)
def give(request: Request, caller: Reviewer, one: Chosen, given: GivenVerdict) -> ViolationOut:
    """Give the verdict of the caller's party."""
    return _append(request, caller, one, given.verdict, given.note)


class TakenBack(BaseModel):
    """What is to be taken back. words: how many entries of its verdicts the party had when the caller saw it."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[int, Field(ge=0, le=10_000_000)] | None = None


@router.post("/api/violations/{violation_id}/undo", status_code=201, responses=SINCE)
def undo(request: Request, caller: Reviewer, one: Chosen, seen: TakenBack | None = None) -> ViolationOut:
    """Take the newest verdict of the caller's party back: what it said before counts again, or nothing.

    409: there is nothing to undo. 412: somebody of the party has said something since, which the caller has not seen.
    """
    own = [verdict for verdict in one.history if verdict.party == caller.party]
    if seen is not None and seen.words is not None and seen.words != len(own):
        raise HTTPException(412, f"party {caller.party} has said {len(own)} words on it by now, not {seen.words}")
    if not own or own[-1].verdict is Decision.WITHDRAWN:
        raise HTTPException(409, f"party {caller.party} has no verdict on it")
    before = own[-2] if len(own) > 1 else None
    if before is None:
        return _append(request, caller, one, Decision.WITHDRAWN, "")
    return _append(request, caller, one, before.verdict, before.note)


def _append(request: Request, caller: Caller, one: LoggedViolation, decision: Decision, note: str) -> ViolationOut:
    desk = desk_of(request)
    violation_id = one.violation.violation_id
    desk.book.add_verdict(Verdict(violation_id, caller.party, caller.name, decision, note, desk.clock.now_ns()))
    return violation_out(found_violation(request, violation_id))
