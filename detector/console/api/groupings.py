"""What belongs together, and what does not: a reviewer's word. Nothing is ever changed: each is a new entry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.console.api.shapes import SINCE, Note, ViolationOut, found_violation, violation_out
from detector.console.desk import desk_of
from detector.console.grouping import SaidSinceError, joining, splitting, taken_back
from detector.console.guard import Reviewer
from detector.log import LoggedViolation
from detector.model import Joined, Split

router = APIRouter(tags=["groupings"])

Chosen = Annotated[LoggedViolation, Depends(found_violation)]
MOST = 500
Ids = Annotated[list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]], Field(max_length=MOST)]
Sources = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MOST)]


class Joining(BaseModel):
    """Which others are the same event."""

    model_config = ConfigDict(extra="forbid")

    others: Ids
    note: Note = ""


class Splitting(BaseModel):
    """Which of its records, and which sources that support it, are not of this event."""

    model_config = ConfigDict(extra="forbid")

    apart: Ids = []
    witnesses: Sources = []
    note: Note = ""


@router.post("/api/violations/{violation_id}/join", status_code=201)
def join(request: Request, caller: Reviewer, one: Chosen, given: Joining) -> ViolationOut:
    """The others are one with this one from here on."""
    desk = desk_of(request)
    try:
        said = joining(
            one, given.others, desk.book.violation, caller.party, caller.name, given.note, desk.clock.now_ns()
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return _append(request, said)


@router.post("/api/violations/{violation_id}/split", status_code=201)
def split(request: Request, caller: Reviewer, one: Chosen, given: Splitting) -> ViolationOut:
    """Some of its records, or sources that support it, do not belong to it."""
    now_ns = desk_of(request).clock.now_ns()
    try:
        said = splitting(one, given.apart, given.witnesses, caller.party, caller.name, given.note, now_ns)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return _append(request, said)


@router.post("/api/violations/{violation_id}/regroup", status_code=201, responses=SINCE)
def regroup(request: Request, caller: Reviewer, one: Chosen) -> ViolationOut:
    """Take the caller's own newest joining or splitting back.

    409: there is none that still holds. 412: somebody else has joined or split the same since.
    """
    desk = desk_of(request)
    try:
        said = taken_back(one, desk.book.violation, caller.party, caller.name, desk.clock.now_ns())
    except SaidSinceError as error:
        raise HTTPException(412, str(error)) from None
    except LookupError as error:
        raise HTTPException(409, str(error)) from None
    return _append(request, said)


def _append(request: Request, said: Joined | Split) -> ViolationOut:
    desk_of(request).book.add_grouping(said)
    return violation_out(found_violation(request, said.violation_id))
