"""Known truth, from the files beside the clips, as one record a frame."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from detector.picture.homography import apply

from .playing import Played
from .variants import centred

FLASHES = ("muzzle", "expl", "flash")


@dataclass
class TruthFrame:
    """Boxes of all objects; which of them must be found; their ids and kinds; what flashes or smokes there.

    events: kind, x, y, radius [px], whether this is its first frame.
    pixel_from_ground: exact homography of the ground. shape (3, 3)
    """

    boxes: np.ndarray
    must: np.ndarray
    ids: list[int]
    kinds: list[str]
    events: list[tuple[str, float, float, float, bool]]
    pixel_from_ground: np.ndarray


def load(clip: Path) -> list[TruthFrame]:
    """The truth beside a clip: `.json` of the shared data, `.truth.json.gz` of our own generator."""
    own = clip.with_suffix(".truth.json.gz")
    if own.exists():
        return [_own(frame) for frame in json.loads(gzip.decompress(own.read_bytes()))["frames"]]
    return [_shared(frame) for frame in json.loads(clip.with_suffix(".json").read_text())["frames"]]


def seen_as(truth: list[TruthFrame], played: Played) -> list[TruthFrame]:
    """The truth of the footage that was played."""
    size_px = played.frames[0].scene.size_px
    return [
        _moved(truth[number], matrix, size_px) for number, matrix in zip(played.originals, played.matrices, strict=True)
    ]


def moved_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Boxes around what a matrix, which turns by quarters at most, makes of them. shape (N, 4)"""
    corners = apply(matrix, boxes.reshape(-1, 2)).reshape(-1, 2, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def _moved(frame: TruthFrame, matrix: np.ndarray, size_px: tuple[int, int]) -> TruthFrame:
    scale = abs(np.linalg.det(matrix[:2, :2])) ** 0.5
    by_centre = centred(matrix)
    events = [
        (kind, *apply(by_centre, np.array([[x, y]]))[0].tolist(), scale * radius, new)
        for kind, x, y, radius, new in frame.events
    ]
    events = [one for one in events if 0 <= one[1] < size_px[0] and 0 <= one[2] < size_px[1]]
    boxes = moved_boxes(frame.boxes, matrix)
    in_view = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= size_px).all(axis=1)
    return replace(
        frame,
        boxes=boxes,
        must=frame.must & in_view,
        events=events,
        pixel_from_ground=by_centre @ frame.pixel_from_ground,
    )


def _shared(frame: dict) -> TruthFrame:
    objects = frame["obj"]
    return TruthFrame(
        np.array([o["bb"] for o in objects], float).reshape(-1, 4),
        np.array([o["mv"] and o["inn"] and o["vis"] >= 0.5 for o in objects], bool),
        [o["id"] for o in objects],
        [{"v": "vehicle", "p": "person"}[o["k"]] for o in objects],
        [(e["k"], *e["c"], e["r"], e["new"]) for e in frame.get("ev") or []],
        np.array(frame["H"]).reshape(3, 3),
    )


def _own(frame: dict) -> TruthFrame:
    objects = frame["objects"]
    return TruthFrame(
        np.array([o["xyxy"] for o in objects], float).reshape(-1, 4),
        np.array([o["moving"] and o["inside"] and o["visible"] >= 0.5 for o in objects], bool),
        [o["id"] for o in objects],
        [o["class"] for o in objects],
        [("flash", *f["xy_px"], f["radius_px"], f["new"]) for f in frame["flashes"]],
        np.array(frame["pixel_from_ground"]),
    )
