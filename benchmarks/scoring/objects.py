"""Precision, recall, F1, time to detect and false tracks, against boxes of every object in every frame."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from detector import pipeline
from detector.model import Kind

from .boxes import hits, near_event, pair, sides, touches
from .curves import Curve
from .playing import WARM_UP_FRAMES, Played
from .strength import Strengths
from .truth import TruthFrame

SIZES = {"<=8": 8.0, "8-16": 16.0, "16-32": 32.0, ">32": np.inf}


def size_name(side_px: float) -> str:
    return next(name for name, most in SIZES.items() if side_px <= most)


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(precision + recall, 1e-9)


def rates(right: int, wrong: int, needed: int) -> dict:
    """Precision, recall and F1; None where there was nothing to score."""
    precision = right / (right + wrong) if right + wrong else None
    recall = right / needed if needed else None
    both = f1(precision or 0.0, recall) if recall is not None else None
    return {"precision": precision, "recall": recall, "f1": both, "needed": needed}


class ObjectScore:
    """Collects frames of one clip, in order."""

    def __init__(self) -> None:
        self.right, self.wrong, self.needed = Counter(), Counter(), Counter()  # by size
        self.right_kind, self.needed_kind = Counter(), Counter()
        self.tracks: dict[int, Counter] = defaultdict(Counter)
        self._strengths = Strengths()
        self._track_boxes: list[tuple[int, str]] = []
        self._detections: list[tuple[float, str]] = []
        self._first_needed: dict[int, int] = {}
        self._first_hit: dict[int, int] = {}

    def add(self, judged: pipeline.Judged, truth: TruthFrame) -> None:
        scene = judged.scene
        tracks, detections = scene.tracks, scene.detections
        found, ids = tracks.xyxy_px[tracks.confirmed].astype(float), tracks.track_id[tracks.confirmed].tolist()
        size = [size_name(side) for side in sides(truth.boxes)]
        verdicts, taken = judge(found, truth)
        for row, (box_size, verdict) in enumerate(zip(map(size_name, sides(found)), verdicts, strict=True)):
            self.tracks[ids[row]][verdict] += 1
            self._track_boxes.append((ids[row], verdict))
            self.wrong[box_size] += verdict == "wrong"
        for column in np.flatnonzero(truth.must).tolist():
            self.needed[size[column]] += 1
            self.needed_kind[truth.kinds[column]] += 1
            self._first_needed.setdefault(truth.ids[column], scene.t_ns)
        for column in taken.values():
            self.right[size[column]] += 1
            self.right_kind[truth.kinds[column]] += 1
            self._first_hit.setdefault(truth.ids[column], scene.t_ns)
        moving = detections.kind == Kind.MOTION.value
        raw, score = detections.xyxy_px[moving].astype(float), detections.score[moving]
        if detections.judged:
            self._detections += zip(score.tolist(), judge(raw, truth)[0], strict=True)
        self._strengths.add(scene)

    def summary(self, minutes: float) -> dict:
        false = sum(c["wrong"] > c["right"] + c["free"] for c in self.tracks.values())
        waits = [(self._first_hit[i] - t) / 1e9 for i, t in self._first_needed.items() if i in self._first_hit]
        never = len(self._first_needed) - len(waits)
        return {
            **rates(self.right.total(), self.wrong.total(), self.needed.total()),
            "by_size": {name: rates(self.right[name], self.wrong[name], self.needed[name]) for name in SIZES},
            "recall_by_kind": {kind: self.right_kind[kind] / n for kind, n in sorted(self.needed_kind.items())},
            "false_tracks": false,
            "minutes": minutes,
            "false_tracks_a_minute": false / minutes,
            "time_to_detect": {
                "objects": len(self._first_needed),
                "never": never,
                "median_s": float(np.median(waits)) if waits else None,
                "p90_s": float(np.percentile(waits, 90)) if waits else None,
            },
            "counts": {"right": self.right.total(), "wrong": self.wrong.total(), "needed": self.needed.total()},
        }

    def curves(self) -> dict[str, Curve]:
        """Of confirmed tracks, each as strong as the mean of its detections, and of raw motion detections."""
        needed = self.needed.total()
        tracks = [(self._strengths[key], verdict) for key, verdict in self._track_boxes]
        return {"tracks": Curve.of(tracks, needed), "detections": Curve.of(self._detections, needed)}


def judge(found: np.ndarray, truth: TruthFrame) -> tuple[list[str], dict[int, int]]:
    """Each box right, free (on what is don't-care, or on an event) or wrong; and box -> object where right."""
    fit = hits(found, truth.boxes)
    taken = pair(fit, truth.must)
    free = (fit[:, ~truth.must] > 0).any(axis=1) | touches(found, truth.boxes[~truth.must])
    free |= near_event(found, [(x, y, radius) for _, x, y, radius, _ in truth.events])
    return ["right" if row in taken else "free" if free[row] else "wrong" for row in range(len(found))], taken


def score_objects(played: Played, truth: list[TruthFrame]) -> ObjectScore:
    score = ObjectScore()
    for judged, frame in zip(played.frames, truth, strict=True):
        if judged.scene.index >= WARM_UP_FRAMES:
            score.add(judged, frame)
    return score
