"""Telemetry and tracks around an incident, as text that any program reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from detector.model import CameraPose, Scene, Violation
from detector.timebase import iso_from_ns

_POSE_FIELDS = [field.name for field in fields(CameraPose)]


def telemetry_csv(scenes: Iterable[Scene]) -> bytes:
    """One row a frame: its time and the pose that was used. Empty cells: there was none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["frame", "time_utc", "t_ns", *_POSE_FIELDS])
    for scene in scenes:
        pose = scene.pose
        values = [""] * len(_POSE_FIELDS) if pose is None else [_cell(getattr(pose, name)) for name in _POSE_FIELDS]
        writer.writerow([scene.index, iso_from_ns(scene.t_ns), scene.t_ns, *values])
    return text.getvalue().encode()


def track_json(scenes: Iterable[Scene], violation: Violation) -> bytes:
    """Every confirmed position of the tracks that took part, of the frames that were judged.

    In frames passed over between two of these a track is only carried along: no rule looks at it there. A point is a
    line and holds: frame, t_ns, xyxy_px, and where the ground is known lat_deg, lon_deg, covariance_m2 (east-east,
    east-north, north-north) and velocity_m_s (east, north).
    """
    tracks: dict[int, list[str]] = {track_id: [] for track_id in violation.track_ids}
    for scene in scenes:
        if not (tracks and scene.detections.judged):
            continue
        # Not np.isin, which takes ten times as long for a few dozen tracks.
        for row, track_id in enumerate(scene.tracks.track_id.tolist()):
            if track_id in tracks and scene.tracks.confirmed[row]:
                tracks[track_id].append(_text(_point(scene, row)))
    # Not json's own indentation: it is written in Python, a number a line, and takes half of all evidence's time.
    listed = [f'  {{"track_id": {track_id}, "points": [{_lines(points, 3)}]}}' for track_id, points in tracks.items()]
    head = f' "violation_id": {_text(violation.violation_id)},\n "source_id": {_text(violation.source_id)},\n'
    return f'{{\n{head} "tracks": [{_lines(listed, 0)}]\n}}\n'.encode()


def _point(scene: Scene, row: int) -> dict[str, object]:
    point: dict[str, object] = {
        "frame": scene.index,
        "t_ns": scene.t_ns,
        "xyxy_px": _rounded(scene.tracks.xyxy_px[row], 1),
    }
    fixes = scene.fixes
    if np.isfinite(fixes.lat_deg[row]):
        (east_east, east_north), (_, north_north) = fixes.covariance_m2[row]
        point |= {
            "lat_deg": round(float(fixes.lat_deg[row]), 7),
            "lon_deg": round(float(fixes.lon_deg[row]), 7),
            "covariance_m2": _rounded(np.array([east_east, east_north, north_north]), 2),
            "velocity_m_s": _rounded(fixes.velocity_m_s[row], 2),
        }
    return point


def _text(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _lines(items: list[str], indent: int) -> str:
    """What stands between the brackets of a list: an item a line."""
    between = "\n" + " " * indent
    return between + f",{between}".join(items) if items else ""


def _rounded(values: NDArray[np.floating], digits: int) -> list[float | None]:
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]


def _cell(value: object) -> object:
    return f"{value:.8f}" if isinstance(value, float) else value
