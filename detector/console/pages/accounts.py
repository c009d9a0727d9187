"""Accounts, for the administrator; and everybody's own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from detector.console.desk import desk_of
from detector.console.guard import Administrator, Reader
from detector.console.render import page
from detector.console.roles import Role

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
def accounts(request: Request, caller: Administrator) -> HTMLResponse:
    """Every account."""
    known = desk_of(request).accounts
    return page(request, "accounts.html", caller, accounts=known.accounts(), tokens=known.tokens(), roles=list(Role))


@router.get("/account")
def account(request: Request, caller: Reader) -> HTMLResponse:
    """The caller's own: language and password."""
    return page(request, "account.html", caller, languages=desk_of(request).languages.names)
