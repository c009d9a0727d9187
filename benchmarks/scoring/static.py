"""Standing cameras: light changes that are nothing, a house on fire, streets full of traffic."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from detector.model import Kind

from .boxes import iou, pair
from .curves import Curve
from .events import merged
from .playing import Played, play
from .strength import Strengths
from .truth import moved_boxes

NOTHING_MOVES = ("issue53_brightness_change.avi",)
TRAFFIC = ("vtest.avi", "traffic_camera.mp4", "traffic_camera_vfr.mp4")
FIRE = "house6"
LABELS = Path(__file__).parent  # CLIP.csv: everybody in some frames of it, labelled here by eye


def _events(played: Played) -> dict:
    """Distinct flashes, smokes and changes."""
    return {kind.value: len(merged(played.detections(kind), 25)) for kind in (Kind.FLASH, Kind.SMOKE, Kind.CHANGE)}


def _labelled(played: Played, path: Path) -> tuple[dict, dict[str, Curve]]:
    """Precision, recall and F1 of the confirmed tracks' boxes at IoU >= 0.3 in the labelled frames, sums over these."""
    strengths = Strengths.of(played)
    labels = np.genfromtxt(path, delimiter=",", names=True, dtype=float)
    boxes = np.stack([labels[name] for name in ("x0", "y0", "x1", "y1")], axis=1)
    said: list[tuple[float, str]] = []
    shown = {number: index for index, number in enumerate(played.originals)}
    labelled = [frame for frame in np.unique(labels["frame"]).astype(int).tolist() if frame in shown]
    for frame in labelled:
        index = shown[frame]
        tracks = played.frames[index].scene.tracks
        truth = moved_boxes(boxes[labels["frame"] == frame], played.matrices[index])
        fit = iou(tracks.xyxy_px[tracks.confirmed].astype(float), truth)
        taken = pair(np.where(fit >= 0.3, fit, 0), np.ones(len(truth), bool))
        ids = tracks.track_id[tracks.confirmed].tolist()
        said += [(strengths[key], "right" if row in taken else "wrong") for row, key in enumerate(ids)]
    needed = int(np.isin(labels["frame"], labelled).sum())
    right, found = sum(verdict == "right" for _, verdict in said), len(said)
    row = {"precision": right / max(found, 1), "recall": right / needed, "f1": 2 * right / (found + needed)}
    return row, {f"tracks, {path.stem}": Curve.of(said, needed)}


def score_static(clip: Path, other: str | None = None) -> tuple[dict, dict[str, Curve]]:
    """Confirmed tracks, and what was taken for a flash, smoke or change: all false in these clips but the tracks."""
    played = play(clip, other)
    tracks = [int(frame.scene.tracks.confirmed.sum()) for frame in played.frames]
    labels = LABELS / f"{clip.stem}.csv"
    labelled, curves = _labelled(played, labels) if labels.exists() else ({}, {})
    row = {
        "clip": clip.stem,
        "confirmed_tracks": len(played.confirmed_tracks()),
        "tracks_a_frame": float(np.mean(tracks)),
        **_events(played),
        "minutes": played.minutes,
        "hours": played.minutes / 60,
        "ms": played.ms,
        **labelled,
    }
    return row, curves


def fire_boxes(path: Path) -> list[np.ndarray]:
    """The annotated fires of each frame, x0, y0, x1, y1. each shape (N, 4) [px]"""
    frames = []
    for node in ElementTree.parse(path).getroot().find("frames") or ():
        texts = [one.text or "" for one in node.find("annotations") or ()]
        boxes = np.array([[float(part) for part in text.split()] for text in texts]).reshape(-1, 4)
        frames.append(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1))
    return frames


def score_fire(clip: Path) -> dict:
    """How long after the first annotated fire smoke or fire was reported, and the share of reports on or above a fire.

    On or above: the report's centre is no further to the side than one width of a box that is annotated in that frame,
    and no lower than one height under it.
    """
    played, truth = play(clip), fire_boxes(clip.with_suffix(".xml"))
    burning = [index for index, boxes in enumerate(truth) if len(boxes)]
    reports = played.detections(Kind.SMOKE)
    first_s = played.frames[burning[0]].scene.t_ns / 1e9
    placed = 0
    for index, x, y, _ in reports:
        boxes = truth[index] if index < len(truth) else np.zeros((0, 4))
        width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        beside = (boxes[:, 0] - width <= x) & (x <= boxes[:, 2] + width)
        placed += bool((beside & (y <= boxes[:, 3] + height)).any())
    delay = played.frames[reports[0][0]].scene.t_ns / 1e9 - first_s if reports else None
    return {
        "clip": clip.stem,
        "reports": len(merged(reports, 25)),
        "delay_s": delay,
        "on_or_above_fire": placed / len(reports) if reports else None,
        "flash": len(merged(played.detections(Kind.FLASH), 25)),
        "confirmed_tracks": len(played.confirmed_tracks()),
        "ms": played.ms,
    }
