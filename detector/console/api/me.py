"""Who is asking."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from detector.console.guard import Reader
from detector.console.roles import Permission, Role

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


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, _: Reader) -> dict[str, Any]:
    """The description of this API."""
    schema: dict[str, Any] = request.app.openapi()
    return schema
