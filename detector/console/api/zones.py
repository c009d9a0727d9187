"""Zones and lines: what a drawn one would have had, and saving a new version of the configuration."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from detector.config import load_outline
from detector.config.agreement_map import Shape
from detector.config.in_force import put_in_force
from detector.console.api.shapes import SINCE, Note
from detector.console.desk import desk_of
from detector.console.finding import question_of
from detector.console.guard import Administrator, Viewer
from detector.console.preview import Count, count_line, count_zone, kept
from detector.console.proof import Proof
from detector.console.running import running
from detector.console.versions import SavedSinceError, drop, named, save, shape_of
from detector.errors import ConfigError, LogError
from detector.log.reader import Period
from detector.model import Action
from detector.timebase import NS_PER_S

router = APIRouter(tags=["zones"])

DAY_NS = 86_400 * NS_PER_S
Feature = dict[str, Any]


class Drawn(BaseModel):
    """A zone or a line as GeoJSON feature, and what is asked of it.

    since, until: empty is the last day that the log has a possible violation of.
    """

    model_config = ConfigDict(extra="forbid")

    feature: Feature
    min_time_s: float = Field(2.0, ge=0, le=86_400, allow_inf_nan=False)
    since: str = ""
    until: str = ""


class CountOut(BaseModel):
    """Movers that count, movers that may, places inside; the possible violations that they were flagged as."""

    movers: int
    undecidable: int
    places: int
    violation_ids: list[str]


class Preview(BaseModel):
    """Judged from tracks and places that the log kept: what no rule flagged left none and is in no number here.

    as_drawn, as_it_is: as_it_is is null for a shape that is not on the map.
    tracks, places: how many it was judged from. nowhere: possible violations without either.
    unreadable: evidence files that are missing or were changed. left_out: older possible violations, not read.
    """

    since_ns: int
    until_ns: int
    as_drawn: CountOut
    as_it_is: CountOut | None
    tracks: int
    places: int
    nowhere: int
    unreadable: int
    left_out: int


class Version(BaseModel):
    """What to save: features by their ids, and ids of those to leave out.

    base, base_sha256: the configuration that it was drawn from: the file that the console was opened with (empty), or a
    version saved beside it. newest: the newest version that the author knows of, empty for none.
    """

    model_config = ConfigDict(extra="forbid")

    base: str = Field("", max_length=255)
    base_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    newest: str = Field("", max_length=255)
    changed: Annotated[list[Feature], Field(max_length=500)] = []
    removed: Annotated[list[str], Field(max_length=500)] = []
    note: Note = ""


class SavedVersion(BaseModel):
    """The new configuration file, its map, and the SHA-256 that violations judged by it will carry."""

    file: str
    map: str
    sha256: str


class ToPutInForce(BaseModel):
    """A saved version, or the file that the centre was started with. sha256: of the one that was looked at.

    instead_of: SHA-256 of what the caller knows to be in force; empty: whatever is.
    """

    model_config = ConfigDict(extra="forbid")

    file: str = Field(max_length=255)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    instead_of: str = Field("", pattern="^([0-9a-f]{64})?$")
    note: Note = ""


@router.post("/api/zones/in-force", status_code=202, responses=SINCE)
def in_force(request: Request, caller: Administrator, wanted: ToPutInForce) -> SavedVersion:
    """The running centre goes by this version, within seconds and after every start; then the console opens anew on it.

    What is open is closed under the rules it was opened by; feeds that it does not touch are not interrupted.
    409: no centre runs on this log, it goes by this file already, or its folder cannot be written. 412: it goes by
    another one than the caller knows.
    """
    desk = desk_of(request)
    centre = running(desk.book.path.parent, desk.clock.now_ns())
    if centre is None:
        raise HTTPException(409, "no centre runs on this log: give the version to one with `trucewatch run`")
    chosen = centre.choice(wanted.file)
    if chosen is None or chosen.sha256 != wanted.sha256:
        raise HTTPException(422, f"{wanted.file!r}: no saved version of {centre.given.name} with this SHA-256")
    if chosen.in_force:
        raise HTTPException(409, f"{wanted.file} is in force already")
    if wanted.instead_of not in {"", centre.sha256}:
        raise HTTPException(412, f"another version has been put in force since, with SHA-256 {centre.sha256}")
    try:
        desk.check(chosen.file)
    except ConfigError as error:
        raise HTTPException(422, str(error)) from None
    detail = f"put in force; sha256 {chosen.sha256}, instead of {centre.sha256}"
    words = f"{detail}; {wanted.note}" if wanted.note else detail
    desk.note(caller.name, caller.party, Action.CONFIGURATION, wanted.file, words)
    try:
        put_in_force(centre.given, chosen.file)
    except OSError as error:
        failed = f"not put in force: {error.strerror}"
        desk.note(caller.name, caller.party, Action.CONFIGURATION, wanted.file, failed)
        raise HTTPException(409, f"{centre.given.parent}: cannot be written: {error.strerror}") from None
    return SavedVersion(file=wanted.file, map=str(load_outline(chosen.file).settings.map), sha256=chosen.sha256)


@router.post("/api/zones/preview")
def preview(request: Request, _: Viewer, drawn: Drawn) -> Preview:
    """What this shape would have had, beside what it has as it is."""
    desk = desk_of(request)
    proof: Proof = request.app.state.proof
    found = desk.book.violations()
    try:
        shape = shape_of(drawn.feature)
        asked = question_of({"since": drawn.since, "until": drawn.until})
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    if shape.feed is not None:
        raise HTTPException(422, f"{shape.shape_id}: a shape drawn in a picture has no preview")
    last_ns = max((one.violation.t_end_ns for one in found), default=desk.clock.now_ns())
    until_ns = asked.until_ns if asked.until_ns is not None else last_ns + 1
    since_ns = asked.since_ns if asked.since_ns is not None else until_ns - DAY_NS
    period = Period(since_ns, until_ns)
    judged = kept((one for one in found if period.overlaps(one.violation.t_start_ns, one.violation.t_end_ns)), proof)

    def counted(of: Shape) -> CountOut:
        is_line = of.geometry.geom_type == "LineString"
        count: Count = count_line(of, judged) if is_line else count_zone(of, judged, drawn.min_time_s)
        return CountOut(
            movers=count.movers,
            undecidable=count.undecidable,
            places=count.places,
            violation_ids=list(count.violation_ids),
        )

    as_it_is = desk.agreement.shape(shape.shape_id)
    return Preview(
        since_ns=since_ns,
        until_ns=until_ns,
        as_drawn=counted(shape),
        as_it_is=counted(as_it_is) if as_it_is is not None else None,
        tracks=len(judged.ways),
        places=len(judged.places),
        nowhere=judged.nowhere,
        unreadable=judged.unreadable,
        left_out=judged.left_out,
    )


@router.post("/api/zones", status_code=201, responses=SINCE)
def save_version(request: Request, caller: Administrator, version: Version) -> SavedVersion:
    """Write a new version beside the old files, which stay. It is in force once a centre or a replay is given it.

    409: the console has no configuration, or its folder cannot be written. 412: somebody has saved a version since,
    which the author does not know.
    """
    desk = desk_of(request)
    path = desk.agreement.path
    if path is None:
        raise HTTPException(409, "the console was opened without a configuration")
    if not version.changed and not version.removed:
        raise HTTPException(422, "nothing is changed")
    try:
        base = named(path, version.base or path.name)
        file, outline = save(
            base,
            version.base_sha256,
            version.newest,
            version.changed,
            version.removed,
            caller.name,
            desk.clock.now_ns(),
            desk.check,
        )
    except SavedSinceError as error:
        raise HTTPException(412, str(error)) from None
    except (ValueError, LookupError) as error:
        raise HTTPException(422, str(error)) from None
    except OSError as error:
        raise HTTPException(409, f"{path.parent}: a new version cannot be written: {error.strerror}") from None
    names = [str(one["properties"]["id"]) for one in version.changed]
    told = [f"changed {', '.join(names)}"] * bool(names) + [f"removed {', '.join(version.removed)}"] * bool(
        version.removed
    )
    detail = f"{'; '.join(told)}; sha256 {outline.sha256}, from {base.name} {version.base_sha256}"
    try:
        desk.note(
            caller.name,
            caller.party,
            Action.CONFIGURATION,
            file.name,
            f"{detail}; {version.note}" if version.note else detail,
        )
    except LogError:
        drop(file, outline)
        raise
    return SavedVersion(file=file.name, map=str(outline.settings.map), sha256=outline.sha256)
