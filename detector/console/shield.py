"""Around every request: no oversized body, no request of another site's page, and headers that bind the browser."""

from __future__ import annotations

import asyncio
import math
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.console.patience import BODY_S

MOST_BYTES = 64 * 1024
"""Of a request's body: a note is the longest thing anybody sends."""

_TOO_SLOW = f"a request's body has to come within {BODY_S:g} s"
_TOO_LARGE = f"a request's body may have {MOST_BYTES} bytes"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it a browser sends "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Shield:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. 413: its body is too large. 408: it does not come. 403: it comes from another site's page."""
        if scope["type"] == "websocket" and _of_another_site(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body_bytes, until_s = 0, asyncio.get_running_loop().time() + BODY_S

        async def counted() -> Message:
            nonlocal body_bytes, until_s
            try:
                async with asyncio.timeout_at(until_s):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, _TOO_SLOW, {"Connection": "close"}) from None
            if not message.get("more_body", False):
                until_s = math.inf  # it is here; what comes now is that the client goes
            body_bytes += len(message.get("body", b""))
            if body_bytes > MOST_BYTES:
                raise HTTPException(413, _TOO_LARGE)
            return message

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                out.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    out["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        refusal = _refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, shielded)
            return
        await self._app(scope, counted, shielded)


def _refusal(scope: Scope, headers: Headers) -> JSONResponse | None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > MOST_BYTES:
        return JSONResponse({"detail": _TOO_LARGE}, 413, {"Connection": "close"})
    if scope["method"] in SAFE_METHODS:
        return None
    if _of_another_site(headers):
        return JSONResponse({"detail": "this request comes from the page of another site"}, 403)
    return None


def _of_another_site(headers: Headers) -> bool:
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    return site not in {"same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc != headers.get("host")
    )
