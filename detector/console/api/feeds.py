"""The newest picture of a running feed, and what it says of itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response

from detector.console.desk import desk_of
from detector.console.guard import Reader, Viewer
from detector.console.live import live_of

router = APIRouter(tags=["feeds"])

Feed = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@router.get("/api/feeds/{feed}")
def feed_now(request: Request, _: Reader, feed: Feed) -> dict[str, Any]:
    """What a running feed says of itself (docs/live.md). 404: it is not running."""
    found = live_of(desk_of(request).book.path.parent, feed)
    if found is None:
        raise HTTPException(404, f"feed {feed} is not running")
    return found[0]


@router.get("/api/feeds/{feed}/picture", response_class=Response)
def picture(request: Request, _: Viewer, feed: Feed) -> Response:
    """Its newest picture, a JPEG. 404: there is none."""
    found = live_of(desk_of(request).book.path.parent, feed)
    if found is None or not found[1]:
        raise HTTPException(404, f"feed {feed} has no picture")
    return Response(found[1], media_type="image/jpeg")
