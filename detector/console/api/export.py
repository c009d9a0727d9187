"""What is shown, to take away; that it was taken stands in the log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from detector.console.api.violations import asked
from detector.console.desk import desk_of
from detector.console.finding import KEYS, Question
from detector.console.guard import Exporter
from detector.log.export import TABLES
from detector.model import Action
from detector.timebase import iso_from_ns

router = APIRouter(tags=["export"])

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "geojson": "application/geo+json",
    "kml": "application/vnd.google-earth.kml+xml",
}


@router.get("/api/export", response_class=Response)
def export(
    request: Request,
    caller: Exporter,
    question: Annotated[Question, Depends(asked)],
    form: Literal["csv", "jsonl", "geojson", "kml"] = "csv",
) -> Response:
    """The possible violations that answer the question, in order of time.

    jsonl: every entry about them, as it stands in the log.
    """
    desk = desk_of(request)
    found = question.answers(desk.book.violations())[::-1]
    if form == "jsonl":
        ids = frozenset(violation_id for one in found for violation_id in one.ids)
        text = "".join(body + "\n" for body in desk.book.bodies(ids))
    else:
        text = TABLES[form](found)
    plural = "" if len(found) == 1 else "s"
    limits = [f"{key} {value}" for key in KEYS if (value := request.query_params.get(key, "").strip()[:200])]
    taken = f"{form}, {len(found)} possible violation{plural}: {', '.join(limits) or 'all'}"
    desk.note(caller.name, caller.party, Action.EXPORT, detail=taken)
    made = iso_from_ns(desk.clock.now_ns(), 0).replace(":", "").replace("-", "")
    headers = {"Content-Disposition": f'attachment; filename="trucewatch-{made}.{form}"'}
    return Response(text.encode(), media_type=_MEDIA_TYPES[form], headers=headers)
