"""Real clips with one labelled target, and the house that must not be one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from .boxes import centres, iou
from .playing import WARM_UP_FRAMES, Played, play
from .strength import Strengths
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
    strengths = Strengths.of(played)
    every = {key: strengths[key] for key in played.confirmed_tracks()}
    results = []
    for name in truths:
        strongest = []  # on the target, in each frame that counts; None: there was none
        first_needed = first_hit = None
        for index, row in enumerate(_rows(data, name, played, CLIPS[name][1])):
            if not np.isfinite(row).all() or index < WARM_UP_FRAMES // 2:
                continue
            boxes, ids = _boxes(played, index)
            on = on_target(boxes, row)
            hit = bool(on.any())
            t_s = played.frames[index].scene.t_ns / 1e9
            first_needed = t_s if first_needed is None else first_needed
            first_hit = t_s if hit and first_hit is None else first_hit
            strongest.append(max((every[key] for key, is_on in zip(ids, on, strict=True) if is_on), default=None))
        wait = first_hit - first_needed if first_hit is not None and first_needed is not None else None
        curve = target_curve(strongest, list(every.values()), played.minutes)
        results.append(
            {
                "clip": name,
                "recall": curve[0][2],
                "time_to_detect_s": wait,
                "tracks_a_minute": curve[0][1],
                "ms": played.ms,
                "score_tracks_recall": curve,
            }
        )
    return results


def target_curve(
    strongest: list[float | None], tracks: list[float], minutes: float
) -> list[tuple[float, float, float]]:
    """(least strength, confirmed tracks a minute, recall of the target), from 0, where everything counts, up."""
    on, every = np.array([-1.0 if one is None else one for one in strongest]), np.array(tracks)
    least = np.unique(np.append(every, 0.0))
    least = least[np.unique(np.linspace(0, len(least) - 1, 60).round().astype(int))]
    frames = max(len(on), 1)
    return [
        (round(s, 3), np.count_nonzero(every >= s) / minutes, np.count_nonzero(on >= s) / frames)
        for s in least.tolist()
    ]


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
