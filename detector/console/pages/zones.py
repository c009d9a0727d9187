"""Zones and lines: drawn, tried on what was, saved as a new version."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Reader
from detector.console.render import page
from detector.console.running import running
from detector.console.versions import newest
from detector.errors import ConfigError
from detector.model import Action

router = APIRouter(include_in_schema=False)

MOST_ROWS = 20


@router.get("/zones")
def zones(request: Request, caller: Reader, base: str = "") -> HTMLResponse:
    """The page, drawn from the file that the console was opened with or from a version saved beside it."""
    desk = desk_of(request)
    path = desk.agreement.path
    try:
        outline = desk.agreement.outline(base)
    except (LookupError, ConfigError) as error:
        raise HTTPException(404, str(error)) from None
    saved = [one for one in desk.book.audits() if one.action is Action.CONFIGURATION]
    centre = running(desk.book.path.parent, desk.clock.now_ns())
    choices = centre.choices(MOST_ROWS) if centre is not None else []
    return page(
        request,
        "zones.html",
        caller,
        versions=saved[: -MOST_ROWS - 1 : -1],
        choices=choices,
        in_force=centre.sha256 if centre is not None else "",
        base=base or (path.name if path is not None else ""),
        base_sha256=outline.sha256 if outline is not None else "",
        newest=newest(path) if path is not None else "",
    )
