"""The application: every route behind its guard, every answer behind the shield."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Scope

from detector import __version__
from detector.console import api, pages
from detector.console.api.shapes import PROBLEMS
from detector.console.compressed import Compressed
from detector.console.desk import Desk
from detector.console.guard import caller_of
from detector.console.proof import Proof
from detector.console.pulse import Pulse
from detector.console.refusals import WHY
from detector.console.render import Pages, page
from detector.console.shield import Shield
from detector.errors import LogError

STATIC = Path(__file__).with_name("static")


def make_app(desk: Desk) -> FastAPI:
    """The console over one log."""
    app = FastAPI(
        title="trucewatch console",
        version=__version__,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        lifespan=_life,
    )
    app.state.desk = desk
    app.state.pages = Pages(desk)
    app.state.proof = Proof(desk.book.evidence_store)
    app.state.pulse = Pulse(desk.book)
    app.state.closing = asyncio.Event()
    for router in api.ROUTERS.values():
        app.include_router(router, responses=PROBLEMS)
    for router in pages.ROUTERS.values():
        app.include_router(router)
    app.mount("/static", _Static(directory=STATIC), "static")
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(LogError, _log_trouble)
    app.add_middleware(Compressed)
    app.add_middleware(Shield)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    watching = asyncio.create_task(app.state.pulse.run())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def let_go(app: FastAPI) -> None:
    """Pages that are told of news are told no more: the server ends once every answer has."""
    app.state.closing.set()
    app.state.pulse.wake()


class _Static(StaticFiles):
    """Asked for again each time (and then mostly unchanged), so that no page runs with modules of an older version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _wants_page(request):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    if error.status_code == 401:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(asked)}", 303)
    caller = await asyncio.to_thread(caller_of, request)
    status, why = error.status_code, (error.headers or {}).get(WHY)
    return page(request, "refused.html", caller, status, status_code=status, detail=error.detail, why=why)


async def _not_understood(request: Request, error: Exception) -> Response:
    """What was sent is never sent back: it may be long, or no text at all."""
    assert isinstance(error, RequestValidationError)
    told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return await _refused(request, HTTPException(422, "; ".join(told)))


async def _log_trouble(request: Request, error: Exception) -> Response:
    """What cannot be logged is not done, and nothing is shown that could not be read: said plainly, never guessed."""
    if _wants_page(request):
        return page(request, "refused.html", None, 503, status_code=503, detail=str(error), why=None)
    return JSONResponse({"detail": str(error)}, 503)
