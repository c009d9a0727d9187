"""Searches that the caller keeps under a name."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from detector.console.desk import desk_of
from detector.console.finding import KEYS, question_of
from detector.console.guard import Reader
from detector.console.saved_views import View

router = APIRouter(tags=["views"])

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class SavedView(BaseModel):
    """`query`: of the address of the page Search."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    query: str = Field(max_length=4000)


@router.get("/api/views")
def views(request: Request, caller: Reader) -> list[SavedView]:
    """The caller's, by title."""
    return [SavedView(title=one.title, query=one.query) for one in desk_of(request).accounts.views(caller.name)]


@router.post("/api/views", status_code=201)
def keep(request: Request, caller: Reader, view: SavedView) -> SavedView:
    """Keep a search; one of the same title is replaced."""
    try:
        given = dict(parse_qsl(view.query, max_num_fields=20))
        question_of(given)
        query = urlencode({key: given[key][:200] for key in KEYS if given.get(key)})
        desk_of(request).accounts.keep_view(caller.name, View(view.title, query))
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return SavedView(title=view.title, query=query)


@router.delete("/api/views", status_code=204)
def forget(request: Request, caller: Reader, title: Annotated[str, Query(max_length=60)]) -> None:
    """Forget one. 404: there is none of this title."""
    if not desk_of(request).accounts.drop_view(caller.name, title):
        raise HTTPException(404, "no search is kept under this name")
