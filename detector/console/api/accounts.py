"""Accounts, for the administrator. Passwords are made here, shown once and kept as their hash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.console.desk import Desk, desk_of
from detector.console.guard import Administrator, Caller
from detector.console.passwords import random_password
from detector.console.roles import Role
from detector.errors import LogError
from detector.model import Action

router = APIRouter(tags=["accounts"])

Name = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class NewAccount(BaseModel):
    """Party: A or B for a reviewer, empty for all others."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
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
    try:
        desk.accounts.add(new.name, new.role, new.party, password)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    told = f"made: {new.role}{f', party {new.party}' if new.party else ''}"
    try:
        desk.note(caller.name, caller.party, Action.ACCOUNT, new.name, told)
    except LogError:
        desk.accounts.shut(new.name)
        raise
    return MadePassword(name=new.name, password=password)


@router.post("/api/accounts/{name}/password", status_code=201)
def password_of(request: Request, caller: Administrator, name: Name) -> MadePassword:
    """Another random password: sessions and tokens end, a closed account is open again."""
    desk, password = _told(request, caller, name, "another password"), random_password()
    desk.accounts.set_password(name, password)
    return MadePassword(name=name, password=password)


@router.post("/api/accounts/{name}/close", status_code=204)
def close(request: Request, caller: Administrator, name: Name) -> None:
    """Close an account: its sessions and tokens end now. 409: it is the caller's own."""
    if name == caller.name:
        raise HTTPException(409, "nobody closes their own account: one administrator has to remain")
    _told(request, caller, name, "closed").accounts.shut(name)


def _told(request: Request, caller: Caller, name: str, detail: str) -> Desk:
    """Said in the log first: what cannot be logged is not done."""
    desk = desk_of(request)
    if all(one.name != name for one in desk.accounts.accounts()):
        raise HTTPException(404, f"there is no account {name}")
    desk.note(caller.name, caller.party, Action.ACCOUNT, name, detail)
    return desk
