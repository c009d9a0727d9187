"""Accuracy of registration, motion detection and tracking against known truth.

    python benchmarks/score.py [--data DIR] [--clip NAME ...]

Scoring convention (data/README.md): a track counts only while it is confirmed. In every frame after the first 20,
objects that move, lie wholly inside and are at least half visible must be found; all others are don't-care: a track on
one of them is neither right nor wrong. Hit: IoU >= 0.3, or centre within 2 px for objects of at most 16 px. One
track to one object, best first. A false track is a confirmed track that was wrong in most of its frames. Real clips
have one labelled target: recall only (IoU >= 0.3 or centre within 0.5 of the target's size), and how many tracks a
minute there were in all. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from detector.detectors import DETECTORS, DetectorBank
from detector.model import Frame, Kind, TimeFrom, Tracks
from detector.registration import REGISTRARS
from detector.tracking import TRACKERS

WARM_UP_FRAMES = 20
NEGATIVES = ("static/issue53_brightness_change.avi", "moving/building4.mp4")
REAL = {
    "car/truck4_1": ("moving/truck4.mp4", "truck4_1", 0),
    "truck4_2": ("moving/truck4.mp4", "truck4_2", 192),
    "person12": ("moving/person12.mp4", "person12_1", 0),
    "wakeboard7": ("moving/wakeboard7.mp4", "wakeboard7", 0),
    "Surfing06": ("moving/Surfing06.mp4", "Surfing06", 0),
}


def frames(path: Path) -> Iterator[Frame]:
    """Luma frames with their times; read with PyAV directly, so that the score is of the vision stages alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        for index, picture in enumerate(container.decode(stream)):
            grey = picture.to_ndarray(format="gray8") if picture.format.name != "yuv420p" else luma(picture)
            t_ns = round(float(picture.pts * stream.time_base) * 1e9)
            yield Frame(
                path.name, index, t_ns, grey, picture.key_frame, TimeFrom.START_PTS, None, lambda grey=grey: grey
            )


def luma(picture: av.VideoFrame) -> np.ndarray:
    plane = picture.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: picture.height, : picture.width]


def run(path: Path) -> tuple[list[Tracks], list, float]:
    """Tracks and detections of every frame, and the CPU time of the vision stages a frame. [ms]"""
    registrar, tracker = REGISTRARS["flow"](), TRACKERS["kalman"]()
    bank = DetectorBank([kind() for kind in DETECTORS.values()])
    alignments, tracks, detections, spent, count = {}, [], [], 0.0, 0

    def take(found):
        for one in found:
            detections.append(one)
            tracks.append(tracker.update(one, alignments.pop(one.index)))

    for frame in frames(path):
        start = time.process_time()
        alignments[frame.index] = registrar.align(frame)
        take(bank.detect(frame, alignments[frame.index]))
        spent += time.process_time() - start
        count += 1
    take(bank.finish())
    return tracks, detections, 1000 * spent / max(count, 1)


def boxes(tracks: Tracks) -> tuple[np.ndarray, np.ndarray]:
    return tracks.xyxy_px[tracks.confirmed].astype(float), tracks.track_id[tracks.confirmed]


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if len(a) == 0 or len(b) == 0:
        return np.zeros((len(a), len(b)))
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(np.clip(one[:, 2:] - one[:, :2], 0, None), axis=1) for one in (a, b)]
    return shared / np.maximum(area[0][:, None] + area[1][None] - shared, 1e-9)


def hits(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How well each box fits each object, 0 where it is no hit."""
    overlap = iou(found, truth)
    centre = [(one[:, :2] + one[:, 2:]) / 2 for one in (found, truth)]
    away = np.linalg.norm(centre[0][:, None] - centre[1][None], axis=2)
    small = (truth[:, 2:] - truth[:, :2]).max(axis=1, initial=0) <= 16
    near = (away <= 2) & small[None]
    return np.where((overlap >= 0.3) | near, overlap + np.where(near, 3 - away, 0), 0)


def score_synthetic(path: Path) -> dict:
    truth = json.loads(path.with_suffix(".json").read_text())["frames"]
    tracks, detections, ms = run(path)
    right = wrong = needed = 0
    per_track: dict[int, Counter] = {}
    found_by_kind, needed_by_kind = Counter(), Counter()
    flashes = FlashScore()
    for one, seen, frame in zip(tracks, detections, truth, strict=True):
        if frame["t"] < WARM_UP_FRAMES:
            continue
        flashes.add(frame, seen)
        found, ids = boxes(one)
        objects = frame["obj"]
        truth_boxes = np.array([o["bb"] for o in objects], float).reshape(-1, 4)
        must = np.array([o["mv"] and o["inn"] and o["vis"] >= 0.5 for o in objects], bool)
        fit = hits(found, truth_boxes)
        used, hit = set(), set()
        for row, column in zip(*np.unravel_index(np.argsort(-fit, axis=None), fit.shape), strict=True):
            if fit[row, column] > 0 and must[column] and row not in used and column not in hit:
                used.add(row)
                hit.add(column)
        care = (fit > 0) & ~must[None]
        explosions = list(frame.get("ev") or [])
        for row in range(len(found)):
            free = row not in used and (
                care[row].any() or touches(found[row], truth_boxes[~must]) or near_event(found[row], explosions)
            )
            kind = "right" if row in used else "free" if free else "wrong"
            per_track.setdefault(int(ids[row]), Counter())[kind] += 1
            wrong += kind == "wrong"
        right += len(hit)
        needed += int(must.sum())
        for column in np.flatnonzero(must):
            needed_by_kind[objects[column]["k"]] += 1
            found_by_kind[objects[column]["k"]] += column in hit
    minutes = max((tracks[-1].t_ns - tracks[WARM_UP_FRAMES].t_ns) / 6e10, 1e-9)
    false = sum(c["wrong"] > c["right"] + c["free"] for c in per_track.values())
    precision, recall = right / max(right + wrong, 1), right / max(needed, 1)
    return {
        "clip": path.stem,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "recall_vehicles": found_by_kind["v"] / max(needed_by_kind["v"], 1),
        "recall_people": found_by_kind["p"] / max(needed_by_kind["p"], 1),
        "false_tracks_a_minute": false / minutes,
        "flash": flashes.summary(),
        "ms": ms,
    }


class FlashScore:
    """Flashes found, missed and false: by the new flashes of the truth, within 2 frames and 12 px."""

    def __init__(self) -> None:
        self.truth, self.found = [], []

    def add(self, frame: dict, seen) -> None:
        for event in frame.get("ev") or []:
            self.truth.append((frame["t"], *event["c"], event["r"], event["new"], event["k"]))
        for box, kind in zip(seen.xyxy_px, seen.kind, strict=True):
            if kind == Kind.FLASH.value:
                self.found.append((frame["t"], (box[0] + box[2]) / 2, (box[1] + box[3]) / 2))

    def summary(self) -> dict:
        new = [e for e in self.truth if e[4]]

        def near(f, e, frames):
            return abs(f[0] - e[0]) <= frames and math.hypot(f[1] - e[1], f[2] - e[2]) <= 12 + e[3]

        got = sum(any(near(f, e, 2) for f in self.found) for e in new)
        false = sum(not any(near(f, e, 3) for e in self.truth) for f in self.found)
        return {"found": got, "of": len(new), "false": false}


def touches(box: np.ndarray, others: np.ndarray) -> bool:
    centre = (box[:2] + box[2:]) / 2
    return bool(((others[:, :2] - 2 <= centre) & (centre <= others[:, 2:] + 2)).all(axis=1).any())


def near_event(box: np.ndarray, events: list) -> bool:
    centre = (box[:2] + box[2:]) / 2
    return any(math.hypot(*(centre - e["c"])) <= e["r"] + 10 for e in events)


def score_real(data: Path, clip: str, truth: str, first: int, cache: dict) -> dict:
    path = data / clip
    if path not in cache:
        cache[path] = run(path)
    tracks, _, ms = cache[path]
    rows = np.genfromtxt(data / "moving/truth" / f"{truth}.txt", delimiter=",")
    found = needed = 0
    for one, (x, y, w, h) in zip(tracks[first:], rows, strict=False):
        if not np.isfinite(x) or one.index < WARM_UP_FRAMES // 2:
            continue
        needed += 1
        mine, _ = boxes(one)
        target = np.array([[x, y, x + w, y + h]])
        centre = (mine[:, :2] + mine[:, 2:]) / 2
        near = (np.abs(centre - [x + w / 2, y + h / 2]) <= np.maximum([w / 2, h / 2], 4)).all(axis=1)
        found += bool((iou(mine, target) >= 0.3).any() or near.any())
    minutes = max((tracks[-1].t_ns - tracks[0].t_ns) / 6e10, 1e-9)
    every = {int(i) for one in tracks for i in one.track_id[one.confirmed]}
    return {"clip": truth, "recall": found / max(needed, 1), "tracks_a_minute": len(every) / minutes, "ms": ms}


def score_negative(path: Path) -> dict:
    tracks, detections, ms = run(path)
    every = {int(i) for one in tracks for i in one.track_id[one.confirmed]}
    flashes = sum(int((one.kind == Kind.FLASH.value).sum()) for one in detections)
    return {"clip": path.stem, "confirmed_tracks": len(every), "flashes": flashes, "ms": ms}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clip", nargs="*", help="only clips whose name contains one of these")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if not options.data.is_dir():
        print(f"{options.data}: no such folder; give --data DIR", file=sys.stderr)
        return 2

    def wanted(name):
        return not options.clip or any(part in name for part in options.clip)

    result: dict[str, list] = {"synthetic": [], "real": [], "negative": []}
    print(f"{'clip':24}{'P':>6}{'R':>6}{'F1':>6}{'R veh':>7}{'R ppl':>7}{'false/min':>11}  flashes      ms")
    for path in sorted((options.data / "synthetic").glob("*.mp4")):
        if wanted(path.stem):
            one = score_synthetic(path)
            result["synthetic"].append(one)
            flash = f"{one['flash']['found']}/{one['flash']['of']} +{one['flash']['false']}"
            print(
                f"{one['clip']:24}{one['precision']:6.2f}{one['recall']:6.2f}{one['f1']:6.2f}{one['recall_vehicles']:7.2f}"
                f"{one['recall_people']:7.2f}{one['false_tracks_a_minute']:11.0f}  {flash:10}{one['ms']:6.1f}",
                flush=True,
            )
    for key in ("f1", "precision", "recall", "false_tracks_a_minute"):
        result[f"mean_{key}"] = (
            float(np.mean([one[key] for one in result["synthetic"]])) if result["synthetic"] else None
        )
    if result["synthetic"]:
        print(
            f"{'mean':24}{result['mean_precision']:6.2f}{result['mean_recall']:6.2f}{result['mean_f1']:6.2f}"
            f"{'':14}{result['mean_false_tracks_a_minute']:11.0f}"
        )
    cache: dict = {}
    for clip, truth, first in REAL.values():
        if wanted(truth) and (options.data / clip).exists():
            one = score_real(options.data, clip, truth, first, cache)
            result["real"].append(one)
            print(
                f"{one['clip']:24}{'':6}{one['recall']:6.2f}   all tracks/min "
                f"{one['tracks_a_minute']:6.0f}      ms {one['ms']:.1f}",
                flush=True,
            )
    for name in NEGATIVES:
        if wanted(name) and (options.data / name).exists():
            one = score_negative(options.data / name)
            result["negative"].append(one)
            print(
                f"{one['clip']:24} negative: {one['confirmed_tracks']} confirmed tracks, "
                f"{one['flashes']} flashes      ms {one['ms']:.1f}",
                flush=True,
            )
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
