"""Who has an account, and what people did: for administrators."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Administrator
from detector.console.render import page
from detector.model import Action

router = APIRouter(include_in_schema=False)

MOST_ROWS = 500


@router.get("/activity")
def activity(request: Request, caller: Administrator, action: Action | Literal[""] = "") -> HTMLResponse:
    """The page; all that they did, or one kind: evidence that is looked at would hide what is rare."""
    desk = desk_of(request)
    audits = [one for one in desk.book.audits() if action in {"", one.action}]
    return page(
        request,
        "activity.html",
        caller,
        audits=audits[: -MOST_ROWS - 1 : -1],
        count=len(audits),
        actions=list(Action),
        chosen=action,
    )
