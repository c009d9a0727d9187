"""Parts of pages, maps and modules are sent compressed: over a slow line a long queue would not come in time."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PATHS = ("/part/", "/api/map", "/static/")
"""Never a whole page: it has its session's token beside what was asked for, and the size would betray it."""


class Compressed(GZipMiddleware):
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"].startswith(_PATHS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
