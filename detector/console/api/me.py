"""Who is asking."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from detector.console.desk import desk_of
from detector.console.guard import Reader, address_of
from detector.console.languages import remembered
from detector.console.passwords import LEAST, MOST
from detector.console.roles import Permission, Role
from detector.model import Action

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """The caller's account; `party` is empty for the mission's own people."""

    name: str
    role: Role
    party: str
    permissions: list[Permission]


@router.get("/api/me")
def me(caller: Reader) -> Me:
    """Who is asking, and what they may."""
    return Me(name=caller.name, role=caller.role, party=caller.party, permissions=sorted(caller.permissions))


class Language(BaseModel):
    """One of the languages that there are."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field(max_length=16)


class OwnPassword(BaseModel):
    """The password now, and the one from now on."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=256)
    new: str = Field(max_length=256)


@router.post("/api/me/here", status_code=204)
def here(_: Reader) -> None:
    """Somebody is there: the session does not end for being idle."""


@router.post("/api/me/language", status_code=204)
def language(request: Request, response: Response, caller: Reader, wanted: Language) -> None:
    """Speak this language to the caller, here and wherever they sign in."""
    desk = desk_of(request)
    if wanted.language not in desk.languages.names:
        raise HTTPException(422, f"language {wanted.language!r}: allowed are {', '.join(desk.languages.names)}")
    desk.accounts.set_language(caller.name, wanted.language)
    remembered(response, wanted.language)


@router.post("/api/me/password", status_code=204)
def password(request: Request, caller: Reader, given: OwnPassword) -> None:
    """Another password of one's own; sessions and tokens end. 403: by an access token, or the old one is wrong."""
    desk, address = desk_of(request), address_of(request)
    if not caller.session:
        raise HTTPException(403, "an access token changes no password: sign in")
    if desk.sign_ins.wait_s(address) > 0:
        raise HTTPException(429, "too many tries; wait a minute")
    tried = desk.accounts.sign_in(caller.name, given.old, address)
    if tried.just_locked:
        desk.note(caller.name, caller.party, Action.LOCKED_OUT, detail=f"from {address}")
    if tried.account is None:
        raise HTTPException(403, "the password now is wrong")
    if not LEAST <= len(given.new) <= MOST:
        raise HTTPException(422, f"a password of {len(given.new)} characters: allowed are {LEAST} to {MOST}")
    desk.note(caller.name, caller.party, Action.ACCOUNT, caller.name, "another password, by themselves")
    desk.accounts.set_password(caller.name, given.new)


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, _: Reader) -> dict[str, Any]:
    """The description of this API."""
    schema: dict[str, Any] = request.app.openapi()
    return schema
