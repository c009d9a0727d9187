"""In and out."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from detector.console.desk import desk_of
from detector.console.guard import COOKIE, address_of, caller_of
from detector.console.languages import remembered
from detector.console.refusals import OF_OTHER_SESSION
from detector.console.render import page
from detector.console.sessions import WHOLE_NS
from detector.model import Action
from detector.timebase import NS_PER_S

router = APIRouter(include_in_schema=False)

_HOME = "/"


@router.get("/sign-in")
def form(request: Request, to: str = _HOME, over: bool = False) -> Response:
    """The form; who is signed in already goes on. over: a page of a session that has ended sends them."""
    if caller_of(request) is not None:
        return RedirectResponse(_own(to), 303)
    return page(request, "sign_in.html", to=_own(to), name="", wrong=False, locked_s=0, over=over)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Try a name and a password. 429: too many tries."""
    sent = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=8)
    fields = {name: sent.get(name, [""])[0] for name in ("name", "password", "to")}
    return await run_in_threadpool(_try, request, fields)


def _try(request: Request, fields: dict[str, str]) -> Response:
    desk, address = desk_of(request), address_of(request)
    if desk.sign_ins.wait_s(address) > 0:
        raise HTTPException(429, "too many tries; wait a minute")
    name, to = fields["name"].strip(), _own(fields["to"])
    tried = desk.accounts.sign_in(name, fields["password"], address)
    if tried.just_locked:
        desk.note(name[:64], "", Action.LOCKED_OUT, detail=f"from {address}")
    if tried.account is None:
        status = 429 if tried.locked_s else 401
        return page(
            request,
            "sign_in.html",
            None,
            status,
            to=to,
            name=name[:64],
            wrong=True,
            locked_s=tried.locked_s,
            over=False,
        )
    desk.note(tried.account.name, tried.account.party, Action.SIGN_IN, detail=f"from {address}")
    answer = RedirectResponse(to, 303)
    remembered(answer, desk.accounts.language(tried.account.name))
    answer.set_cookie(
        COOKIE,
        tried.token,
        max_age=WHOLE_NS // NS_PER_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, here and on the server."""
    sent = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=4)
    caller = caller_of(request)
    if caller is not None:
        if not secrets.compare_digest(sent.get("csrf", [""])[0].encode(), caller.csrf.encode()):
            raise HTTPException(403, "this form is of another session", OF_OTHER_SESSION)
        desk = desk_of(request)
        desk.accounts.sign_out(caller.session)
        desk.note(caller.name, caller.party, Action.SIGN_OUT)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    # Evidence that the browser kept goes with the session.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _own(to: str) -> str:
    """A path of this site; anything else leads home."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and "\\" not in to
    return to if plain and to.isascii() else _HOME
