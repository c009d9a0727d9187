"""How sure a track is of itself."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from detector.model import Kind, Scene

from .boxes import iou
from .playing import Played


class Strengths:
    """Of confirmed tracks: the mean score of the motion detections that lie under them, 0 where none ever did."""

    def __init__(self) -> None:
        self._scores: dict[int, list[float]] = defaultdict(list)

    @classmethod
    def of(cls, played: Played) -> Strengths:
        found = cls()
        for frame in played.frames:
            found.add(frame.scene)
        return found

    def add(self, scene: Scene) -> None:
        tracks, detections = scene.tracks, scene.detections
        moving = detections.kind == Kind.MOTION.value
        raw, score = detections.xyxy_px[moving].astype(float), detections.score[moving]
        found, ids = tracks.xyxy_px[tracks.confirmed].astype(float), tracks.track_id[tracks.confirmed].tolist()
        overlap = iou(found, raw)
        for row in np.flatnonzero(overlap.max(axis=1, initial=0) > 0).tolist():
            self._scores[ids[row]].append(float(score[overlap[row].argmax()]))

    def __getitem__(self, track: int) -> float:
        return float(np.mean(self._scores[track])) if track in self._scores else 0.0
