"""Zones and lines: drawn, tried on what was, saved as a new version."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Reader
from detector.console.render import page
from detector.console.running import running
from detector.model import Action

router = APIRouter(include_in_schema=False)

MOST_ROWS = 20


@router.get("/zones")
def zones(request: Request, caller: Reader) -> HTMLResponse:
    """The page."""
    desk = desk_of(request)
    saved = [one for one in desk.book.audits() if one.action is Action.CONFIGURATION]
    centre = running(desk.book.path.parent, desk.clock.now_ns())
    choices = centre.choices(MOST_ROWS) if centre is not None else []
    return page(request, "zones.html", caller, versions=saved[: -MOST_ROWS - 1 : -1], choices=choices)
