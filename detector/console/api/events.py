"""Tells a page at once that the log grew, by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from detector.console.desk import desk_of
from detector.console.guard import Caller, Reader, caller_of
from detector.console.pulse import Pulse
from detector.console.replaced import lately_replaced
from detector.errors import LogError

router = APIRouter(tags=["events"])

ALIVE_S = 5.0
"""A sign of life at least so often, by which a page knows that it is still told; the session is looked at each time."""


@router.get("/api/events", response_class=StreamingResponse)
def events(
    request: Request,
    caller: Reader,
    since: Annotated[int, Query(ge=0, le=10**18)] = 0,
    last_event_id: Annotated[str, Header(max_length=18, pattern="^[0-9]*$")] = "",
) -> StreamingResponse:
    """Events `log`: {generation, undecided, records, problem, replaced}, whenever something about any was added.

    generation: number of the newest entry about any of them. Event `alive`, empty: there was nothing, 5 s long.
    records: how many were ever opened; what a person takes back waits again and is not new.
    replaced: where a colleague of the caller's party has said another word after the caller's, after entry number
    `since` (or the event that a browser was told last; 0: from now on).
    """
    return StreamingResponse(
        _lines(request, caller, int(last_event_id or since)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _lines(request: Request, caller: Caller, since: int) -> AsyncIterator[str]:
    pulse: Pulse = request.app.state.pulse
    since = since or pulse.generation
    told: tuple[int, str] | None = None
    while not await request.is_disconnected() and not request.app.state.closing.is_set():
        if await asyncio.to_thread(caller_of, request) is None:
            yield "event: signed_out\ndata: {}\n\n"
            return
        now = (pulse.generation, pulse.problem)
        if now != told:
            told = now
            said = {
                "generation": now[0],
                "undecided": await asyncio.to_thread(_undecided, request, caller.party),
                "records": desk_of(request).book.records,
                "problem": now[1],
                "replaced": await asyncio.to_thread(_replaced, request, caller, since),
            }
            since = now[0]
            yield f"id: {since}\nevent: log\ndata: {json.dumps(said)}\n\n"
        else:
            yield "event: alive\ndata: {}\n\n"
        await pulse.wait(ALIVE_S)


def _undecided(request: Request, party: str) -> int | None:
    try:
        return desk_of(request).counts.undecided(party)
    except LogError:
        return None  # the pulse says why


def _replaced(request: Request, caller: Caller, since: int) -> list[dict[str, str]]:
    if not caller.party:
        return []
    try:
        return lately_replaced(desk_of(request).book, since, caller.party, caller.name)
    except LogError:
        return []
