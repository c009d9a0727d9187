"""Evidence, by violation and hash, checked before it is sent; that it was sent stands in the log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import FileResponse, Response

from detector.console.api.shapes import found_violation
from detector.console.desk import Desk, desk_of
from detector.console.guard import Caller, Viewer
from detector.console.proof import MEDIA_TYPES, SHOWN, Proof
from detector.log import LoggedViolation
from detector.model import Action

router = APIRouter(tags=["evidence"])

MOST_REMEMBERED = 100_000

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, as the log has it.")]


@router.get("/evidence/{violation_id}/{sha256}", response_class=FileResponse)
def evidence(
    request: Request, caller: Viewer, one: Annotated[LoggedViolation, Depends(found_violation)], sha256: Sha256
) -> Response:
    """One file, whole or in ranges. 404: the log lists none of this hash. 409: it is not what was logged."""
    desk = desk_of(request)
    proof: Proof = request.app.state.proof
    file = desk.book.file(one.violation.violation_id, sha256)
    if file is None:
        raise HTTPException(404, "the log lists no such file for this possible violation")
    try:
        path = proof.path(file)
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    note_sent(desk, caller, one)
    etag = f'"{sha256}"'
    keep = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=keep)
    name = f"{one.violation.violation_id[:8]}-{file.path.rpartition('/')[2]}"
    suffix = path.suffix
    return FileResponse(
        path,
        media_type=MEDIA_TYPES.get(suffix, "application/octet-stream"),
        filename=name,
        content_disposition_type="inline" if suffix in SHOWN else "attachment",
        headers=keep,
    )


def note_sent(desk: Desk, caller: Caller, one: LoggedViolation) -> None:
    """Say in the log that this caller was sent evidence of this violation; once a session."""
    key = (caller.session or caller.name, one.violation.violation_id)
    with desk.sending:
        if key in desk.sent:
            return
        if len(desk.sent) >= MOST_REMEMBERED:
            desk.sent.clear()  # and it is told once more
        desk.note(caller.name, caller.party, Action.EVIDENCE, one.violation.violation_id)
        desk.sent.add(key)
