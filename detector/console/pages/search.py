"""Search by time, place, rule, kind, verdict and feed, with export of what is shown."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.finding import KEYS, VERDICTS, question_of
from detector.console.guard import Reader
from detector.console.render import page

router = APIRouter(include_in_schema=False)

MOST_ROWS = 300


@router.get("/search")
def search(request: Request, caller: Reader) -> HTMLResponse:
    """The page; the question is in the address, so that it can be kept and passed on."""
    given = {key: request.query_params.get(key, "").strip()[:200] for key in KEYS}
    found = desk_of(request).book.violations()
    problem = ""
    try:
        chosen = question_of(given).answers(found)
    except ValueError as error:
        problem, chosen = str(error), []
    return page(
        request,
        "search.html",
        caller,
        422 if problem else 200,
        given=given,
        query=urlencode({key: value for key, value in given.items() if value}),
        problem=problem,
        found=chosen[:MOST_ROWS],
        count=len(chosen),
        total=len(found),
        views=desk_of(request).accounts.views(caller.name),
        feeds=sorted({source for one in found for source in one.sources}),
        rules=sorted({record.rule_id for one in found for record in one.records}),
        kinds=sorted({record.rule_kind for one in found for record in one.records}),
        verdicts=VERDICTS,
    )
