"""What the API says and takes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from detector.console.desk import desk_of
from detector.console.judging import gravity, standing
from detector.log import LoggedViolation
from detector.log.export import row
from detector.model import Decision, Verdict

ViolationId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Whole id of a possible violation.")]

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
"""What a person adds in words."""


class Problem(BaseModel):
    """Why it was not done, in words."""

    detail: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "What was sent cannot be read."},
    401: {"model": Problem, "description": "Nobody known is asking."},
    403: {"model": Problem, "description": "They may not."},
    404: {"model": Problem, "description": "There is none."},
    409: {"model": Problem, "description": "It is not what was logged, or there is nothing to take back."},
    413: {"model": Problem, "description": "What was sent is too large."},
    422: {"model": Problem, "description": "What was asked is not understood."},
    429: {"model": Problem, "description": "Too often; Retry-After says how long to wait [s]."},
    503: {"model": Problem, "description": "The log cannot be read or written."},
}
"""What every route may answer instead."""

SINCE: dict[int | str, dict[str, Any]] = {412: {"model": Problem, "description": "It is not what the caller saw."}}
"""What a route that takes something back may answer as well."""


class GivenVerdict(BaseModel):
    """A reviewer's word."""

    model_config = ConfigDict(extra="forbid")

    verdict: Decision
    note: Note = ""

    @field_validator("verdict")
    @classmethod
    def _a_word(cls, value: Decision) -> Decision:
        if value is Decision.WITHDRAWN:
            raise ValueError("a verdict is taken back by undo")
        return value


class VerdictOut(BaseModel):
    """A verdict as it was logged. Times are ns UTC."""

    party: str
    reviewer: str
    verdict: Decision
    note: str
    t_ns: int


class FileOut(BaseModel):
    """An evidence file; `url` is where it is sent from."""

    role: str
    name: str
    sha256: str
    bytes: int
    url: str


class ViolationOut(BaseModel):
    """A possible violation. `row`: the columns of the CSV export.

    records: ids of what it is made of, its own first. witnesses: sources that support it without a record.
    """

    violation_id: str
    records: list[str]
    witnesses: list[str]
    gravity: int
    row: dict[str, Any]
    verdicts: list[VerdictOut]
    history: list[VerdictOut]
    files: list[FileOut]


def violation_out(one: LoggedViolation) -> ViolationOut:
    """As the API says it."""
    return ViolationOut(
        violation_id=one.violation.violation_id,
        records=list(one.ids),
        witnesses=[witness.source_id for witness in one.witnesses],
        gravity=gravity(one),
        row=row(one),
        verdicts=[_verdict(verdict) for verdict in standing(one).values()],
        history=[_verdict(verdict) for verdict in one.history],
        files=[
            FileOut(
                role=file.role,
                name=file.path.rpartition("/")[2],
                sha256=file.sha256,
                bytes=file.bytes,
                url=f"/evidence/{one.violation.violation_id}/{file.sha256}",
            )
            for file in one.files
        ],
    )


def _verdict(verdict: Verdict) -> VerdictOut:
    return VerdictOut(
        party=verdict.party,
        reviewer=verdict.reviewer,
        verdict=verdict.verdict,
        note=verdict.note,
        t_ns=verdict.t_ns,
    )


def found_violation(request: Request, violation_id: ViolationId) -> LoggedViolation:
    """The one with this id. 404: there is none."""
    one = desk_of(request).book.violation(violation_id)
    if one is None:
        raise HTTPException(404, f"there is no possible violation {violation_id}")
    return one
