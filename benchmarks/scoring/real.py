"""Real clips with one labelled target, and the house that must not be one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from .boxes import centres, iou
from .playing import WARM_UP_FRAMES, Played, play
from .truth import moved_boxes

# truth file: clip, index of the clip's frame that its first row is of
CLIPS = {
    "truck4_1": ("truck4", 0),
    "truck4_2": ("truck4", 192),
    "person12_1": ("person12", 0),
    "wakeboard7": ("wakeboard7", 0),
    "Surfing06": ("Surfing06", 0),
}
HOUSE = "building4"


def on_target(boxes: np.ndarray, xywh: np.ndarray) -> np.ndarray:
    """IoU >= 0.3, or the centre within half the target's size of the target's. shape (N,) bool"""
    x, y, w, h = xywh
    overlap = iou(boxes, np.array([[x, y, x + w, y + h]]))[:, 0]
    near = np.abs(centres(boxes) - [x + w / 2, y + h / 2]) <= np.maximum([w / 2, h / 2], 4)
    return (overlap >= 0.3) | near.all(axis=1)


def _rows(data: Path, name: str, played: Played, first: int = 0) -> np.ndarray:
    """x, y, w, h in each frame played, NaN where it is not known or its middle is out of view. shape (T, 4) [px]"""
    known = np.genfromtxt(data / "moving" / "truth" / f"{name}.txt", delimiter=",")
    rows = np.full((max(*played.originals, first + len(known)) + 1, 4), np.nan)
    rows[first : first + len(known)] = known
    rows = rows[played.originals]
    edges = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1)[:, None]
    boxes = np.concatenate([moved_boxes(one, matrix) for one, matrix in zip(edges, played.matrices, strict=True)])
    middle = centres(boxes)
    boxes[~((middle >= 0) & (middle <= played.frames[0].scene.size_px)).all(axis=1)] = np.nan
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _boxes(played: Played, index: int) -> tuple[np.ndarray, list[int]]:
    tracks = played.frames[index].scene.tracks
    return tracks.xyxy_px[tracks.confirmed].astype(float), tracks.track_id[tracks.confirmed].tolist()


def score_target(data: Path, clip: str, truths: tuple[str, ...], other: str | None = None) -> list[dict]:
    """Recall of the target in every frame where it is in view, and how many tracks there were in all."""
    played = play(data / "moving" / f"{clip}.mp4", other)
    results = []
    for name in truths:
        found = needed = 0
        first_needed = first_hit = None
        for index, row in enumerate(_rows(data, name, played, CLIPS[name][1])):
            if not np.isfinite(row).all() or index < WARM_UP_FRAMES // 2:
                continue
            hit = bool(on_target(_boxes(played, index)[0], row).any())
            t_s = played.frames[index].scene.t_ns / 1e9
            first_needed = t_s if first_needed is None else first_needed
            first_hit = t_s if hit and first_hit is None else first_hit
            needed, found = needed + 1, found + hit
        wait = first_hit - first_needed if first_hit is not None and first_needed is not None else None
        every = len(played.confirmed_tracks()) / played.minutes
        recall = found / max(needed, 1)
        results.append(
            {"clip": name, "recall": recall, "time_to_detect_s": wait, "tracks_a_minute": every, "ms": played.ms}
        )
    return results


def score_house(data: Path, other: str | None = None) -> dict:
    """Tracks that lie on the house in most of their frames, and all others."""
    played = play(data / "moving" / f"{HOUSE}.mp4", other)
    on, seen = Counter(), Counter()
    for index, row in enumerate(_rows(data, HOUSE, played)):
        boxes, ids = _boxes(played, index)
        hit = on_target(boxes, row) if np.isfinite(row).all() else np.zeros(len(ids), bool)
        for track, is_on in zip(ids, hit.tolist(), strict=True):
            seen[track] += 1
            on[track] += is_on
    on_box = sorted(track for track in seen if 2 * on[track] > seen[track])
    others = len(seen) - len(on_box)
    return {
        "clip": HOUSE,
        "tracks_on_box": len(on_box),
        "frames_on_box": sum(on.values()),
        "other_tracks": others,
        "other_tracks_a_minute": others / played.minutes,
        "minutes": played.minutes,
        "ms": played.ms,
    }
