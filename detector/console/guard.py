"""Who is asking, and whether they may."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.requests import HTTPConnection

from detector.console.desk import desk_of
from detector.console.refusals import OF_OTHER_SESSION
from detector.console.roles import PERMISSIONS, Permission, Role
from detector.console.shield import SAFE_METHODS

COOKIE = "trucewatch"
CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in, or a program with an access token.

    session: the session's token; empty for a program.
    """

    name: str
    role: Role
    party: str
    permissions: frozenset[Permission]
    session: str = ""

    @property
    def csrf(self) -> str:
        """What a page of this session has to send along with whatever changes something."""
        return hashlib.sha256(f"csrf {self.session}".encode()).hexdigest()

    def may(self, permission: Permission | str) -> bool:
        """Whether a route that asks for it lets them in."""
        return Permission(permission) in self.permissions


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client is not None else "?"


def caller_of(request: HTTPConnection) -> Caller | None:
    """Who is asking, by access token or session; None if nobody that is known."""
    accounts = desk_of(request).accounts
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = accounts.of_token(bearer)
        return Caller(found[0].name, found[0].role, found[0].party, found[1]) if found is not None else None
    token = request.cookies.get(COOKIE, "")
    known = accounts.of_session(token, attended=_attended(request)) if token else None
    if known is None:
        return None
    return Caller(known.name, known.role, known.party, PERMISSIONS[known.role], token)


def _attended(request: HTTPConnection) -> bool:
    """Whether somebody did this: pages ask for news, pictures and evidence by themselves."""
    unsafe = request.scope.get("method", "GET") not in SAFE_METHODS
    return unsafe or not request.url.path.startswith(("/api/", "/part/", "/evidence/"))


def signed_in(request: Request) -> Caller:
    """401 unless somebody known is asking; 403 where a page's request lacks its session's token; 429 if too often."""
    request.state.generation = desk_of(request).book.generation  # what is read from here on is as new at least
    caller = caller_of(request)
    # By person, not by address: behind a proxy all come from one.
    asking = (caller.session or caller.name) if caller is not None else address_of(request)
    wait_s = desk_of(request).requests.wait_s(asking)
    if wait_s > 0:
        raise HTTPException(429, "too many requests", {"Retry-After": f"{math.ceil(wait_s)}"})
    if caller is None:
        raise HTTPException(401, "sign in first", {"WWW-Authenticate": "Bearer"})
    if caller.session and request.method not in SAFE_METHODS:
        sent = request.headers.get(CSRF_HEADER, "")
        if not secrets.compare_digest(sent.encode(), caller.csrf.encode()):
            raise HTTPException(403, f"the header {CSRF_HEADER} is missing or of another session", OF_OTHER_SESSION)
    return caller


def allowed(permission: Permission) -> Callable[[Caller], Caller]:
    """A dependency: 403 unless the caller has this permission."""

    def check(caller: Annotated[Caller, Depends(signed_in)]) -> Caller:
        if permission not in caller.permissions:
            raise HTTPException(403, f"{caller.name} ({caller.role}) may not {permission}")
        return caller

    return check


Reader = Annotated[Caller, Depends(allowed(Permission.READ))]
Viewer = Annotated[Caller, Depends(allowed(Permission.EVIDENCE))]
Reviewer = Annotated[Caller, Depends(allowed(Permission.VERDICT))]
Exporter = Annotated[Caller, Depends(allowed(Permission.EXPORT))]
Administrator = Annotated[Caller, Depends(allowed(Permission.ADMINISTER))]
