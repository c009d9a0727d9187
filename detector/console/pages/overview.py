"""Every feed a tile, the map, and what waits."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Reader
from detector.console.overview import tiles
from detector.console.render import page

router = APIRouter(include_in_schema=False)

MOST_SHOWN = 12
"""Of what waits."""


@router.get("/")
def overview(request: Request, caller: Reader) -> HTMLResponse:
    """The page."""
    return page(request, "overview.html", caller, **_shown(request, caller.party))


@router.get("/part/overview")
def overview_part(request: Request, caller: Reader) -> HTMLResponse:
    """Its tiles and queue alone."""
    return page(request, "_overview.html", caller, **_shown(request, caller.party))


def _shown(request: Request, party: str) -> dict[str, Any]:
    desk = desk_of(request)
    return {
        "tiles": tiles(desk, party),
        "waiting": desk.counts.first(party, MOST_SHOWN),
        "count": desk.counts.undecided(party),
    }
