"""The newest picture of a running feed, and what it says of itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from detector.console.desk import desk_of
from detector.console.guard import Reader, Viewer
from detector.console.live import state_of
from detector.live_file import live_sources, read_live

router = APIRouter(tags=["feeds"])

Feed = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class FeedNow(BaseModel):
    """A feed that a centre runs. `state` and `why` are the console's own finding: a file that grew old is trouble.

    state: live, frozen, ended, trouble; pushed, also gone: it is run no more.
    doing: connecting, reconnecting, frozen, silent (nothing from its process for 5 s), or empty. since_ns: since when,
    by the centre's clock; null if that is not known.
    said: what the feed says of itself (docs/live.md).
    """

    name: str
    state: str
    why: str
    doing: str
    since_ns: int | None
    said: dict[str, Any]


@router.get("/api/feeds")
def feeds(request: Request, _: Reader) -> list[FeedNow]:
    """Every feed that a centre runs, by name; none if none runs."""
    desk = desk_of(request)
    folder, now_ns = desk.book.path.parent, desk.clock.now_ns()
    found = ((name, read_live(folder, name)) for name in live_sources(folder))
    said = [(name, live[0]) for name, live in found if live is not None]
    return [FeedNow(name=name, said=one, **state_of(one, now_ns)._asdict()) for name, one in said]


@router.get(
    "/api/feeds/{feed}/picture", response_class=Response, responses={204: {"description": "There is no picture yet."}}
)
def picture(request: Request, _: Viewer, feed: Feed) -> Response:
    """Its newest picture, a JPEG; 204 while there is none. 404: it is not running."""
    found = read_live(desk_of(request).book.path.parent, feed)
    if found is None:
        raise HTTPException(404, f"feed {feed} is not running")
    return Response(found[1], media_type="image/jpeg") if found[1] else Response(status_code=204)
