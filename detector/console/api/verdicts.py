"""A reviewer's word, and taking it back. Nothing is ever changed: both are new entries of the log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.console.api.shapes import SINCE, GivenVerdict, ViolationOut, found_violation, violation_out
from detector.console.desk import desk_of
from detector.console.guard import Caller, Reviewer
from detector.console.judging import words_of
from detector.log import LoggedViolation
from detector.model import Decision, Verdict

router = APIRouter(tags=["verdicts"])

Chosen = Annotated[LoggedViolation, Depends(found_violation)]


@router.post("/api/violations/{violation_id}/verdicts", status_code=201)
def give(request: Request, caller: Reviewer, one: Chosen, given: GivenVerdict) -> ViolationOut:
    """Give the verdict of the caller's party."""
    return _append(request, caller, one, given.verdict, given.note, takes_back=False)


class TakenBack(BaseModel):
    """What is to be taken back. words: how many entries of its verdicts the party had when the caller saw it."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[int, Field(ge=0, le=10_000_000)] | None = None


@router.post("/api/violations/{violation_id}/undo", status_code=201, responses=SINCE)
def undo(request: Request, caller: Reviewer, one: Chosen, seen: TakenBack | None = None) -> ViolationOut:
    """Take the newest verdict of the caller's party back: what it said before counts again, or nothing.

    Asked for again it goes further back, until nothing is left. 409: there is nothing to undo. 412: somebody of the
    party has said something since, which the caller has not seen.
    """
    said = sum(verdict.party == caller.party for verdict in one.history)
    if seen is not None and seen.words is not None and seen.words != said:
        raise HTTPException(412, f"party {caller.party} has said {said} words on it by now, not {seen.words}")
    standing = words_of(one, caller.party)
    if not standing:
        raise HTTPException(409, f"party {caller.party} has no verdict on it")
    if len(standing) == 1:
        return _append(request, caller, one, Decision.WITHDRAWN, "", takes_back=True)
    return _append(request, caller, one, standing[-2].verdict, standing[-2].note, takes_back=True)


def _append(
    request: Request, caller: Caller, one: LoggedViolation, decision: Decision, note: str, *, takes_back: bool
) -> ViolationOut:
    desk = desk_of(request)
    violation_id = one.violation.violation_id
    now_ns = desk.clock.now_ns()
    desk.book.add_verdict(Verdict(violation_id, caller.party, caller.name, decision, note, now_ns, takes_back))
    return violation_out(found_violation(request, violation_id))
