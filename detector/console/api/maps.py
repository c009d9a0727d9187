"""What the maps draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response

from detector.console.api.shapes import found_violation
from detector.console.api.violations import asked
from detector.console.base_map import MOST_ZOOM
from detector.console.desk import desk_of
from detector.console.drawing import Feature, collection, feature, place_features, sensor_features, track_features
from detector.console.finding import Question
from detector.console.guard import Reader, Viewer
from detector.console.judging import open_for
from detector.console.proof import Proof
from detector.console.telemetry import camera_at
from detector.errors import ConfigError
from detector.log import LoggedViolation

router = APIRouter(tags=["maps"])

Whole = Annotated[int, Path(ge=0, lt=1 << MOST_ZOOM)]
MOST = 1000
"""Places on one map."""


@router.get("/api/map")
def agreement(request: Request, _: Reader, version: str = "") -> dict[str, Any]:
    """Zones and lines of the agreement, as GeoJSON; or those of a version that was saved. 404: there is none."""
    try:
        return desk_of(request).agreement.geojson(version)
    except (LookupError, ConfigError) as error:
        raise HTTPException(404, str(error)) from None


@router.get("/api/base-map")
def base_map(request: Request, _: Reader) -> dict[str, Any]:
    """What lies under it: `kind` (raster, vector or none), `min_zoom`, `max_zoom`, `attribution`."""
    found = desk_of(request).agreement.base_map
    return {"kind": "none"} if found is None else found.about()


@router.get(
    "/api/base-map/{z}/{x}/{y}", response_class=Response, responses={204: {"description": "It has no tile there."}}
)
def base_map_tile(
    request: Request, _: Reader, z: Annotated[int, Path(ge=0, le=MOST_ZOOM)], x: Whole, y: Whole
) -> Response:
    """One of its tiles, y counted from the north; 204 where it has none."""
    found = desk_of(request).agreement.base_map
    data = None if found is None else found.tile(z, x, y)
    if found is None or data is None:
        return Response(status_code=204)
    return Response(data, media_type=found.media_type, headers={"Cache-Control": "private, max-age=3600"})


@router.get("/api/map/violations")
def places(
    request: Request,
    caller: Reader,
    question: Annotated[Question, Depends(asked)],
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> dict[str, Any]:
    """Places and ellipses of the possible violations that answer the question, the newest 1,000 of them, oldest first.

    `after`: only of those about which anything was logged after this entry; `seq` is the number to ask with the next
    time, `gone` are ids of records that are part of another one now.
    """
    news = desk_of(request).book.changes(after)
    features = []
    for one in reversed(question.answers(news.changed)[:MOST]):
        for item in place_features(one):
            item["properties"]["open"] = open_for(one, caller.party)
            features.append(item)
    return collection(features) | {"seq": news.seq, "gone": news.gone, "most": MOST}


@router.get("/api/violations/{violation_id}/map")
def of_violation(
    request: Request, _: Viewer, one: Annotated[LoggedViolation, Depends(found_violation)]
) -> dict[str, Any]:
    """Ellipse, tracks, sensors and camera of one possible violation."""
    return collection(_features(request.app.state.proof, one))


def _features(proof: Proof, one: LoggedViolation) -> Iterator[Feature]:
    yield from place_features(one)
    for file in one.files:
        # What is wrong with a file is said where the evidence is shown; the map goes without it.
        with suppress(ValueError, OSError):
            if file.role == "track":
                yield from track_features(proof.bytes(file))
            elif file.role.startswith("sensor-") and file.path.endswith(".json"):
                yield from sensor_features(proof.bytes(file))
            elif file.role == "telemetry":
                camera = camera_at(proof.bytes(file), one.violation.t_peak_ns)
                if camera is not None and camera.lat_deg == camera.lat_deg:  # NaN: no pose
                    yield feature("Point", [camera.lon_deg, camera.lat_deg], layer="camera", yaw_deg=camera.yaw_deg)
