"""Accounts, for the administrator. Passwords are made here, shown once and kept as their hash."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.console.accounts import Tell
from detector.console.desk import Desk, desk_of
from detector.console.guard import Administrator, Caller
from detector.console.passwords import random_password
from detector.console.roles import Role
from detector.model import Action

router = APIRouter(tags=["accounts"])

Name = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]

Key = Annotated[str, Path(pattern="^[0-9a-f]{8}$", description="First digits of the token's SHA-256.")]


class NewAccount(BaseModel):
    """Party: A or B for a reviewer, empty for all others."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    role: Role
    party: str = Field("", max_length=1)


class NewRole(BaseModel):
    """Party: A or B for a reviewer, empty for all others."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    party: str = Field("", max_length=1)


class MadePassword(BaseModel):
    """A password, this once."""

    name: str
    password: str


@router.post("/api/accounts", status_code=201)
def add(request: Request, caller: Administrator, new: NewAccount) -> MadePassword:
    """Make an account with a random password."""
    desk, password = desk_of(request), random_password()
    detail = f"made: {new.role}{f', party {new.party}' if new.party else ''}"
    try:
        desk.accounts.add(new.name, new.role, new.party, password, _said(desk, caller, new.name, detail))
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return MadePassword(name=new.name, password=password)


@router.post("/api/accounts/{name}/password", status_code=201)
def password_of(request: Request, caller: Administrator, name: Name) -> MadePassword:
    """Another random password: sessions, tokens and lock-outs end, a closed account is open again.

    409: it is the caller's own account, whose page would end before the password was read.
    """
    if name == caller.name:
        raise HTTPException(409, "your own password is changed on the page of your account")
    desk, password = desk_of(request), random_password()
    try:
        desk.accounts.set_password(name, password, _said(desk, caller, name, "another password"))
    except ValueError as error:
        raise HTTPException(404, str(error)) from None
    return MadePassword(name=name, password=password)


@router.post("/api/accounts/{name}/role", status_code=204)
def role_of(request: Request, caller: Administrator, name: Name, new: NewRole) -> None:
    """Another role or party: its sessions and tokens end now. 409: it is the caller's own account."""
    if name == caller.name:
        raise HTTPException(409, "nobody changes their own role: one administrator has to remain")
    desk = desk_of(request)
    if all(one.name != name for one in desk.accounts.accounts()):
        raise HTTPException(404, f"there is no account {name!r}")
    detail = f"now: {new.role}{f', party {new.party}' if new.party else ''}"
    try:
        desk.accounts.set_role(name, new.role, new.party, _said(desk, caller, name, detail))
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


@router.post("/api/accounts/{name}/tokens/{key}/end", status_code=204)
def end_token(request: Request, caller: Administrator, name: Name, key: Key) -> None:
    """End one access token of an account; its others, and its sessions, go on."""
    desk = desk_of(request)
    try:
        desk.accounts.end_token(name, key, _said(desk, caller, name, f"access token {key} ended"))
    except ValueError as error:
        raise HTTPException(404, str(error)) from None


@router.post("/api/accounts/{name}/close", status_code=204)
def close(request: Request, caller: Administrator, name: Name) -> None:
    """Close an account: its sessions and tokens end now. 409: it is the caller's own."""
    if name == caller.name:
        raise HTTPException(409, "nobody closes their own account: one administrator has to remain")
    desk = desk_of(request)
    try:
        desk.accounts.shut(name, _said(desk, caller, name, "closed"))
    except ValueError as error:
        raise HTTPException(404, str(error)) from None


def _said(desk: Desk, caller: Caller, name: str, detail: str) -> Tell:
    return partial(desk.note, caller.name, caller.party, Action.ACCOUNT, name, detail)
