"""Possible violations: one, those that answer a question, and the queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel

from detector.console.api.shapes import ViolationOut, found_violation, violation_out
from detector.console.desk import desk_of
from detector.console.finding import Question, question_of
from detector.console.guard import Reader
from detector.console.judging import queue
from detector.log import LoggedViolation

router = APIRouter(tags=["violations"])


class Found(BaseModel):
    """`total` fit; `violations` are those from `offset` on, newest first."""

    total: int
    violations: list[ViolationOut]


class Queue(BaseModel):
    """Ids of what is undecided for the caller's party, in the order of looking at it."""

    violation_ids: list[str]


def asked(
    since: str = "",
    until: str = "",
    feed: str = "",
    rule: str = "",
    kind: str = "",
    verdict: str = "",
    box: str = "",
    text: str = "",
) -> Question:
    """The question in an address. 422: a parameter is not what is allowed."""
    given = {
        "since": since,
        "until": until,
        "feed": feed,
        "rule": rule,
        "kind": kind,
        "verdict": verdict,
        "box": box,
        "text": text,
    }
    try:
        return question_of(given)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


@router.get("/api/violations")
def violations(
    request: Request,
    _: Reader,
    question: Annotated[Question, Depends(asked)],
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Found:
    """Those that answer the question, newest first."""
    found = question.answers(desk_of(request).book.violations())
    return Found(total=len(found), violations=[violation_out(one) for one in found[offset : offset + limit]])


@router.get("/api/queue")
def undecided(request: Request, caller: Reader, newest: bool = False) -> Queue:
    """What the caller's party still has to decide."""
    found = queue(desk_of(request).book.violations(), caller.party, newest_first=newest)
    return Queue(violation_ids=[one.violation.violation_id for one in found])


@router.get("/api/violations/{violation_id}")
def violation(_: Reader, one: Annotated[LoggedViolation, Depends(found_violation)]) -> ViolationOut:
    """One of them."""
    return violation_out(one)
