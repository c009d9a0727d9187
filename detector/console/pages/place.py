"""When did we see this place?"""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import Desk, desk_of
from detector.console.finding import question_of
from detector.console.guard import Reader
from detector.console.render import page
from detector.console.seen import Look, looks
from detector.console.timeline import span_of
from detector.log.reader import Period
from detector.timebase import NS_PER_S

router = APIRouter(include_in_schema=False)

DAY_NS = 86_400 * NS_PER_S
MOST_ROWS = 200


@router.get("/place")
def place(
    request: Request, caller: Reader, lon: str = "", lat: str = "", since: str = "", until: str = ""
) -> HTMLResponse:
    """The page; without times, the last day that anything was logged of."""
    desk = desk_of(request)
    problem, where, found, period = "", None, [], Period()
    try:
        period = _period(desk, since, until)
        if lon or lat:
            where = _where(lon, lat)
            found = _looks(desk, where, period)
    except ValueError as error:
        problem = str(error)
    return page(
        request,
        "place.html",
        caller,
        422 if problem else 200,
        problem=problem,
        where=where,
        looks=found[:MOST_ROWS],
        count=len(found),
        period=period,
    )


def _period(desk: Desk, since: str, until: str) -> Period:
    asked = question_of({"since": since, "until": until})
    since_ns, until_ns = asked.since_ns, asked.until_ns
    if until_ns is None:
        span = span_of(desk.book.span_ns(), desk.book.violations())
        until_ns = span[1] if span is not None else desk.clock.now_ns()
    return Period(since_ns if since_ns is not None else until_ns - DAY_NS, until_ns)


def _where(lon: str, lat: str) -> tuple[float, float]:
    try:
        where = float(lon), float(lat)
    except ValueError:
        where = math.nan, math.nan
    if not (abs(where[0]) <= 180 and abs(where[1]) <= 90):
        raise ValueError(f"place {lon[:40]!r}, {lat[:40]!r}: allowed are longitude and latitude in degrees")
    return where


def _looks(desk: Desk, where: tuple[float, float], period: Period) -> list[Look]:
    return looks(*where, desk.book.coverage(period), desk.book.violations())
