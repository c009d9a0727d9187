"""Who has an account, and what people did: for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Administrator
from detector.console.render import page

router = APIRouter(include_in_schema=False)

MOST_ROWS = 500


@router.get("/activity")
def activity(request: Request, caller: Administrator) -> HTMLResponse:
    """The page."""
    desk = desk_of(request)
    audits = desk.book.audits()
    return page(
        request,
        "activity.html",
        caller,
        audits=audits[: -MOST_ROWS - 1 : -1],
        count=len(audits),
    )
