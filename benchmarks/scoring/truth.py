"""Known truth, from the files beside the clips, as one record a frame."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
