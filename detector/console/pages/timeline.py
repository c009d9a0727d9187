"""Each feed over time: what was covered, what was not and why, and what was flagged."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.finding import question_of
from detector.console.guard import Reader
from detector.console.render import page
from detector.console.timeline import sheet, span_of
from detector.log.reader import Period
from detector.timebase import NS_PER_S

router = APIRouter(include_in_schema=False)

DAY_NS = 86_400 * NS_PER_S


@router.get("/timeline")
def timeline(request: Request, caller: Reader, since: str = "", until: str = "") -> HTMLResponse:
    """The page; without times, the last day that anything was logged of."""
    book = desk_of(request).book
    problem = ""
    try:
        asked = question_of({"since": since, "until": until})
    except ValueError as error:
        problem, asked = str(error), question_of({})
    found = book.violations()
    since_ns, until_ns = asked.since_ns, asked.until_ns
    if since_ns is None or until_ns is None:
        span = span_of(book.span_ns(), found)
        if span is None:
            return page(request, "timeline.html", caller, sheet=None, problem=problem)
        until_ns = until_ns or span[1]
        since_ns = since_ns or max(span[0], until_ns - DAY_NS)
        until_ns = max(until_ns, since_ns + NS_PER_S)
    period = Period(since_ns, until_ns)
    inside = [one for one in found if period.overlaps(one.violation.t_start_ns, one.violation.t_end_ns)]
    drawn = sheet(since_ns, until_ns, book.coverage(period), book.gaps(period), inside)
    status = 422 if problem else 200
    return page(request, "timeline.html", caller, status, sheet=drawn, problem=problem)
