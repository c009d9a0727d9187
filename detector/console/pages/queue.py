"""What is undecided, gravest and newest first."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Reader
from detector.console.judging import queue
from detector.console.render import page

router = APIRouter(include_in_schema=False)

Order = Literal["gravest", "newest"]
MOST_ROWS = 300


@router.get("/queue")
def waiting(request: Request, caller: Reader, order: Order = "gravest") -> HTMLResponse:
    """The page."""
    return page(request, "queue.html", caller, **_shown(request, caller.party, order))


@router.get("/part/queue")
def waiting_part(request: Request, caller: Reader, order: Order = "gravest") -> HTMLResponse:
    """Its rows alone."""
    return page(request, "_queue.html", caller, **_shown(request, caller.party, order))


def _shown(request: Request, party: str, order: Order) -> dict[str, Any]:
    found = desk_of(request).book.violations()
    undecided = queue(found, party, newest_first=order == "newest")
    return {"found": undecided[:MOST_ROWS], "count": len(undecided), "total": len(found), "order": order}
