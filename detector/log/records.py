"""Entries' bodies: from the records that flow, and back. A body holds the record's own field names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from enum import StrEnum
from functools import cache
from typing import Any

from detector.addresses import in_unicode
from detector.model import (
    Action,
    Audit,
    CoverageSlot,
    Decision,
    EvidenceFile,
    Gap,
    GapReason,
    Joined,
    Means,
    MediaFile,
    Place,
    Run,
    RunEnd,
    Split,
    State,
    Undecided,
    Verdict,
    Violation,
    Witness,
)

Body = dict[str, Any]


class EntryKind(StrEnum):
    """What an entry says, in the order in which an export puts entries of the same time."""

    RUN = "run"
    GAP = "gap"
    COVERAGE = "coverage"
    OPENED = "opened"
    UNDECIDED = "undecided"
    CLOSED = "closed"
    EVIDENCE = "evidence"
    JOINED = "joined"
    END = "end"
    VERDICT = "verdict"
    SPLIT = "split"
    AUDIT = "audit"


TIME_FIELD: dict[EntryKind, str | None] = {
    EntryKind.RUN: None,
    EntryKind.GAP: "t_start_ns",
    EntryKind.COVERAGE: "t_start_ns",
    EntryKind.OPENED: "t_start_ns",
    EntryKind.UNDECIDED: "t_start_ns",
    EntryKind.CLOSED: "t_end_ns",
    EntryKind.EVIDENCE: "t_ns",
    EntryKind.JOINED: "t_ns",
    EntryKind.END: "t_end_ns",
    EntryKind.VERDICT: "t_ns",
    EntryKind.SPLIT: "t_ns",
    EntryKind.AUDIT: "t_ns",
}
"""Which member of the body the column t_ns repeats."""


def run_body(run: Run) -> Body:
    """Media are listed in the order of their source, so that the order on the command line does not matter."""
    named = [replace(item, name=in_unicode(item.name)) for item in run.media]
    media = sorted(map(asdict, named), key=lambda item: (item["source_id"], item["sha256"]))
    return {"kind": EntryKind.RUN, "run_id": run.run_id, **asdict(run), "media": media}


def violation_body(kind: EntryKind, violation: Violation) -> Body:
    """Of OPENED or CLOSED."""
    return {"kind": kind, "violation_id": violation.violation_id, **asdict(violation)}


def undecided_body(undecided: Undecided) -> Body:
    """Of UNDECIDED."""
    return {"kind": EntryKind.UNDECIDED, **asdict(undecided)}


def evidence_body(opened: Mapping[str, Any], files: Sequence[EvidenceFile], lacks: str = "") -> Body:
    """Of EVIDENCE. `opened` is the body that opened the violation; files in the order of their paths."""
    listed = sorted((asdict(item) for item in files), key=lambda item: str(item["path"]))
    body = {"kind": EntryKind.EVIDENCE, **_whose(opened), "t_ns": opened["t_start_ns"], "files": listed, "lacks": lacks}
    return _unless(body, "lacks", "")


def gap_body(gap: Gap, run_id: str) -> Body:
    """Of GAP."""
    return {"kind": EntryKind.GAP, "run_id": run_id, **asdict(replace(gap, detail=in_unicode(gap.detail)))}


def coverage_body(slot: CoverageSlot, run_id: str) -> Body:
    """Of COVERAGE."""
    return {"kind": EntryKind.COVERAGE, "run_id": run_id, **_unless(asdict(slot), "reach_m", {})}


def end_body(end: RunEnd) -> Body:
    """Of END."""
    told = asdict(replace(end, detail=in_unicode(end.detail)))
    return {"kind": EntryKind.END, **_unless(told, "unit", "frames")}


def _unless(body: Body, key: str, usual: Any) -> Body:
    """Without what came to the format later, where it says nothing: logs stay what they were."""
    return body if body[key] != usual else {name: value for name, value in body.items() if name != key}


def verdict_body(opened: Mapping[str, Any], verdict: Verdict) -> Body:
    """Of VERDICT. `opened` is the body that opened the violation."""
    return {"kind": EntryKind.VERDICT, **_whose(opened), **_unless(asdict(verdict), "takes_back", False)}


def joined_body(joined: Joined) -> Body:
    """Of JOINED. It belongs to no one source: those of its records say which they are."""
    return {"kind": EntryKind.JOINED, **_unless(asdict(joined), "takes_back", False)}


def split_body(split: Split) -> Body:
    """Of SPLIT."""
    return {"kind": EntryKind.SPLIT, **_unless(asdict(split), "takes_back", False)}


def concerned(grouping: Joined | Split) -> tuple[str, ...]:
    """Ids of every record that joining or splitting is about."""
    return grouping.violation_id, *(grouping.joined if isinstance(grouping, Joined) else grouping.apart)


def audit_body(audit: Audit) -> Body:
    """Of AUDIT."""
    return {"kind": EntryKind.AUDIT, **asdict(audit)}


def _whose(opened: Mapping[str, Any]) -> Body:
    return {name: opened[name] for name in ("violation_id", "source_id", "run_id")}


def columns_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that repeat part of a body so that SQLite can find it. None where the body has no such member.

    Raises:
        ValueError: the body's kind is unknown.
    """
    time_field = TIME_FIELD[EntryKind(body["kind"])]
    return {
        "kind": str(body["kind"]),
        "t_ns": body[time_field] if time_field is not None else None,
        "source_id": body.get("source_id"),
        "violation_id": body.get("violation_id"),
        "run_id": body.get("run_id"),
    }


def violation_from(body: Mapping[str, Any]) -> Violation:
    """Back from OPENED or CLOSED."""
    known = _known(Violation, body)
    return Violation(
        **known
        | {
            "state": State(body["state"]),
            "place": _place(body["place"]),
            "means": tuple(map(Means, body["means"])),
            "confidence": float(body["confidence"]),
            "track_ids": tuple(body["track_ids"]),
            "measures": {name: float(value) for name, value in body["measures"].items()},
        }
    )


def undecided_from(body: Mapping[str, Any]) -> Undecided:
    """Back from UNDECIDED."""
    return Undecided(**_known(Undecided, body) | {"place": _place(body["place"])})


def gap_from(body: Mapping[str, Any]) -> Gap:
    """Back from GAP."""
    return Gap(**_known(Gap, body) | {"reason": GapReason(body["reason"])})


def coverage_from(body: Mapping[str, Any]) -> CoverageSlot:
    """Back from COVERAGE."""
    return CoverageSlot(
        **_known(CoverageSlot, body)
        | {
            "seeing_s": float(body["seeing_s"]),
            "lost_s": {reason: float(value) for reason, value in body["lost_s"].items()},
            "reach_m": {name: float(value) for name, value in body.get("reach_m", {}).items()},
            "footprint": tuple((float(lon), float(lat)) for lon, lat in body["footprint"]),
            "zone_share": {zone: float(value) for zone, value in body["zone_share"].items()},
        }
    )


def run_from(body: Mapping[str, Any]) -> Run:
    """Back from RUN."""
    return Run(**_known(Run, body) | {"media": tuple(MediaFile(**_known(MediaFile, item)) for item in body["media"])})


def end_from(body: Mapping[str, Any]) -> RunEnd:
    """Back from END."""
    return RunEnd(**_known(RunEnd, body))


def verdict_from(body: Mapping[str, Any]) -> Verdict:
    """Back from VERDICT."""
    return Verdict(**_known(Verdict, body) | {"verdict": Decision(body["verdict"])})


def joined_from(body: Mapping[str, Any]) -> Joined:
    """Back from JOINED."""
    witnesses = (Witness(**_known(Witness, item) | {"means": Means(item["means"])}) for item in body["witnesses"])
    return Joined(
        **_known(Joined, body)
        | {
            "joined": tuple(body["joined"]),
            "witnesses": tuple(witnesses),
            "means": tuple(map(Means, body["means"])),
            "place": None if body["place"] is None else _place(body["place"]),
            "t_sigma_s": _float(body["t_sigma_s"]),
            "misfit": _float(body["misfit"]),
        }
    )


def split_from(body: Mapping[str, Any]) -> Split:
    """Back from SPLIT."""
    return Split(**_known(Split, body) | {"apart": tuple(body["apart"]), "witnesses": tuple(body["witnesses"])})


def audit_from(body: Mapping[str, Any]) -> Audit:
    """Back from AUDIT."""
    return Audit(**_known(Audit, body) | {"action": Action(body["action"])})


def lacks_from(body: Mapping[str, Any]) -> str:
    """Back from EVIDENCE: what of it is not there, and why; empty if all is."""
    return str(body.get("lacks", ""))


def files_from(body: Mapping[str, Any]) -> tuple[EvidenceFile, ...]:
    """Back from EVIDENCE."""
    return tuple(EvidenceFile(**_known(EvidenceFile, item)) for item in body["files"])


def _known(record: type, body: Mapping[str, Any]) -> Body:
    """Only the members this version knows: a later one may add some."""
    return {name: body[name] for name in _names(record) if name in body}


@cache
def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


def _place(body: Mapping[str, Any]) -> Place:
    covariance, xy = body["covariance_m2"], body["xy_px"]
    return Place(
        _float(body["lat_deg"]),
        _float(body["lon_deg"]),
        (float(covariance[0]), float(covariance[1]), float(covariance[2])) if covariance is not None else None,
        (float(xy[0]), float(xy[1])) if xy is not None else None,
    )


def _float(value: float | None) -> float | None:
    return float(value) if value is not None else None
