"""The newest picture of every running feed, pushed as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from detector.console.api.feeds import FeedNow
from detector.console.desk import Desk, desk_of
from detector.console.guard import caller_of
from detector.console.live import FeedState, state_of
from detector.console.roles import Permission
from detector.live_file import live_sources, read_live

router = APIRouter()

Mark = tuple[int, ...]

LOOK_S = 0.2
"""So often the files of the feeds are looked at; only what changed is read.

A feed writes no oftener, and a browser draws its page once for all that comes together.
"""

SESSION_EVERY = 25
"""Looks at the files between two at the session."""

SLOW_S = 10.0
"""Who takes longer for what is sent at once is cut off."""

NOT_ALLOWED = 4401
"""Why it was closed: nobody known is asking any more, or they may not see pictures."""


@router.websocket("/api/live")
async def pictures(socket: WebSocket) -> None:
    """For each feed that changed: a text (FeedNow as JSON) and, if it has one, the picture (JPEG) after it.

    Of a feed that the centre runs no more, once: state `gone`.
    After all that changed comes an empty text. Nothing more is sent until the other end has answered it, with whatever:
    so a page that is slow gets fewer pictures and not older ones.
    """
    if not await _may(socket):
        await socket.close(NOT_ALLOWED)
        return
    await socket.accept()
    desk, closing = desk_of(socket), socket.app.state.closing
    ready = asyncio.Event()
    ready.set()
    gone = asyncio.create_task(_listen(socket, ready))
    shown: dict[str, _Shown] = {}
    looks = 0
    try:
        while not gone.done() and not closing.is_set():
            if looks % SESSION_EVERY == 0 and not await _may(socket):
                await socket.close(NOT_ALLOWED)
                return
            looks += 1
            if ready.is_set() and (news := await asyncio.to_thread(lambda: list(_news(desk, shown)))):
                ready.clear()
                await asyncio.wait_for(_send(socket, news), SLOW_S)
            await asyncio.wait([gone], timeout=LOOK_S)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return  # the other end went, or is too slow
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _may(socket: WebSocket) -> bool:
    caller = await asyncio.to_thread(caller_of, socket)
    return caller is not None and caller.may(Permission.EVIDENCE)


async def _send(socket: WebSocket, news: list[tuple[FeedNow, bytes]]) -> None:
    for now, picture in news:
        await socket.send_text(now.model_dump_json())
        if picture:
            await socket.send_bytes(picture)
    await socket.send_text("")


async def _listen(socket: WebSocket, ready: asyncio.Event) -> None:
    """Until the other end closes; whatever it says means that it has drawn what was sent."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            ready.set()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the other end has of a feed, and the mark of the file that it was read from."""

    mark: Mark
    said: dict[str, Any]
    state: FeedState


def _news(desk: Desk, shown: dict[str, _Shown]) -> Iterator[tuple[FeedNow, bytes]]:
    """What changed since `shown`, which is brought up to date. A feed that fell silent changes without its file."""
    folder, now_ns = desk.book.path.parent, desk.clock.now_ns()
    names = live_sources(folder)
    for name in set(shown).difference(names):
        del shown[name]
        yield FeedNow(name=name, state="gone", why="", doing="", since_ns=None, said={}), b""
    for name in names:
        mark, before = _mark(folder, name), shown.get(name)
        if before is not None and before.mark == mark:
            said, picture = before.said, b""
        else:
            live = read_live(folder, name)
            if live is None:
                continue
            said, picture = live
        state = state_of(said, now_ns)
        if before is None or before.mark != mark or before.state != state:
            shown[name] = _Shown(mark, said, state)
            yield FeedNow(name=name, said=said, **state._asdict()), picture


def _mark(folder: Path, feed: str) -> Mark:
    """Another one whenever the file of a feed was written anew; empty if there is none."""
    try:
        found = (folder / "live" / f"{feed}.live").stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
