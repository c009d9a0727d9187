"""One possible violation a screen: what it is, why it was flagged, its evidence, and what the parties say."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from detector.console.api.shapes import found_violation
from detector.console.desk import Desk, desk_of
from detector.console.finding import neighbours
from detector.console.guard import Caller, Reader
from detector.console.judging import gravity, open_for, queue
from detector.console.proof import Proof
from detector.console.render import page, translate_of
from detector.console.replaced import replaced
from detector.console.roles import Permission
from detector.console.telemetry import CameraAt, camera_at
from detector.console.words import Translate, facts, why
from detector.log import LoggedViolation
from detector.model import Decision, EvidenceFile

router = APIRouter(include_in_schema=False)

Chosen = Annotated[LoggedViolation, Depends(found_violation)]


@router.get("/review")
def first(request: Request, caller: Reader) -> Response:
    """To the first that waits; to the queue if none does."""
    waiting = queue(desk_of(request).book.violations(), caller.party)
    return RedirectResponse(f"/review/{waiting[0].violation.violation_id}" if waiting else "/queue", 303)


@router.get("/review/{violation_id}")
def review(request: Request, caller: Reader, one: Chosen) -> HTMLResponse:
    """The page."""
    return page(request, "review.html", caller, **_shown(request, caller, one))


@router.get("/part/review/{violation_id}")
def review_part(request: Request, caller: Reader, one: Chosen) -> HTMLResponse:
    """What changes from one to the next."""
    return page(request, "_review.html", caller, **_shown(request, caller, one))


def _shown(request: Request, caller: Caller, one: LoggedViolation) -> dict[str, Any]:
    desk = desk_of(request)
    proof: Proof = request.app.state.proof
    _ = translate_of(request)
    found = desk.book.violations()
    before, after, position, waiting = _around(one, found, caller.party)
    return {
        "one": one,
        "v": one.violation,
        "why": _why(desk, one, _),
        "facts": facts(one.violation, _settings(desk, one), _),
        "same_settings": desk.agreement.judged(one.violation.config_sha256),
        "media": _media(one) if caller.may(Permission.EVIDENCE) else {},
        "sources": {record.violation_id: record.source_id for record in one.records},
        "problems": _problems(proof, one),
        "camera": _camera(proof, one),
        "neighbours": neighbours(one, found),
        "replaced": replaced(one, caller.party, caller.name) if caller.party else None,
        "before": before,
        "after": after,
        "position": position,
        "waiting": waiting,
        "decisions": [decision for decision in Decision if decision is not Decision.WITHDRAWN],
    }


def _settings(desk: Desk, one: LoggedViolation) -> Any:
    """Limits only of the very file it was judged by: of another they could be others."""
    judged = desk.agreement.judged(one.violation.config_sha256)
    return desk.agreement.settings_of(one.violation.rule_id) if judged else {}


def _why(desk: Desk, one: LoggedViolation, _: Translate) -> str:
    return why(one.violation, _settings(desk, one), _)


def _media(one: LoggedViolation) -> dict[str, list[EvidenceFile]]:
    """What a page can show, by kind, the best first."""
    kinds: dict[str, list[EvidenceFile]] = {"video": [], "picture": [], "sound": [], "other": []}
    for file in one.files:
        suffix = file.path.rpartition(".")[2]
        kind = {"mp4": "video", "jpg": "picture", "png": "picture", "flac": "sound"}.get(suffix, "other")
        kinds[kind].append(file)
    order = ("overlay", "snapshot", "record-section", "spectrogram")
    kinds["picture"].sort(key=lambda file: order.index(file.role) if file.role in order else len(order))
    return kinds


def _problems(proof: Proof, one: LoggedViolation) -> list[str]:
    """What is wrong with its evidence: a reviewer has to know before judging by it."""
    problems = []
    for file in one.files:
        try:
            proof.path(file)
        except ValueError as error:
            problems.append(str(error))
    return problems


def _camera(proof: Proof, one: LoggedViolation) -> CameraAt | None:
    file = next((file for file in one.files if file.role == "telemetry"), None)
    try:
        return camera_at(proof.bytes(file), one.violation.t_peak_ns) if file is not None else None
    except (ValueError, OSError):
        return None  # _problems has said so


def _around(
    one: LoggedViolation, found: tuple[LoggedViolation, ...], party: str
) -> tuple[str | None, str | None, int, int]:
    """Ids of the one before (of all) and the next that waits, its place among those that wait, and how many wait."""

    def order(other: LoggedViolation) -> tuple[int, int, str]:
        return gravity(other), other.violation.t_start_ns, other.violation.violation_id

    here = order(one)
    places = [(order(other), open_for(other, party)) for other in found if other is not one]
    before = min((place for place, _ in places if place > here), default=None)
    waiting = [place for place, is_open in places if is_open]
    after = max((place for place in waiting if place < here), default=max(waiting, default=None))
    ahead = sum(place > here for place in waiting)
    return (
        before[2] if before is not None else None,
        after[2] if after is not None else None,
        ahead + 1,
        len(waiting) + open_for(one, party),
    )
