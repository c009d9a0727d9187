"""Accuracy of registration, motion detection, tracking, masks and flashes against known truth, default settings.

    python benchmarks/score.py [--data DIR] [--cache DIR] [--clip NAME ...] [--set NAME ...] [--as NAME] [--jobs N]
        [--curves DIR]

Scoring convention (data/README.md): a track counts only while it is confirmed. In every frame after the first 20,
objects that move, lie wholly inside and are at least half visible must be found; all others are don't-care: a track on
one of them is neither right nor wrong. Hit: IoU >= 0.3, or centre within 2 px for objects of at most 16 px. One
track to one object, best first. A false track is a confirmed track that was wrong in most of its frames. By size: of
the longer side; a wrong box counts in the size it has itself. Time to detect: from the first frame in which an object
must be found to the first in which it is, of those found at all. Precision-recall curves: of raw motion detections by
their score, of confirmed tracks, each as strong as the mean of the detections under it over its whole life, and of
marked pixels, each as strong as the strongest detection around it. Of real clips, where one target is labelled and
nothing else: recall over confirmed tracks a minute.

Sets
- synthetic: the shared clips; own: scenes of `detector.synthetic` at 1280x720. Flashes: found within 2 frames and their
  radius plus 12 px; muzzle flashes and explosions only. Registration: against the exact homographies of the
  ground, px of a picture 480 wide, from one frame to the next and 0.3 s apart.
- real: one labelled target a clip, so recall only (IoU >= 0.3 or centre within half the target's size), and how many
  tracks a minute there were in all. house: building4, where a track on the box is false, and so is any other.
- masks: pixel F as CDnet defines it, sums over a sequence; shadow is not foreground; 5 frames of warm-up (highway: 30),
  the last frames count; folders are read at 10 frames a second.
- static: tracks, flashes, smoke and change where there is no flash, smoke or change. fire: how long after the first
  annotated frame smoke or fire was reported. Of vtest 31 frames are labelled here by eye (`scoring/vtest.csv`,
  194 people): F1 of boxes at IoU >= 0.3 in these.
- negatives: 10 minutes of scenes where nothing moves, only parallax, only light; flashes: the scene `events`.

With --as NAME other footage made of each clip is played, and its truth moved along (`scoring/variants.py`).

Clips of `detector.synthetic` are made once and kept in --cache (some minutes). Sets whose data is absent are left out.
Prints a table a set and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from scoring import generated, masks, real, static
from scoring.curves import Curve, write_svg
from scoring.events import score_flashes
from scoring.objects import SIZES, f1, score_objects
from scoring.playing import play
from scoring.registration import score_registration
from scoring.tables import HEADERS, figure, line, print_summary
from scoring.truth import load, seen_as
from scoring.variants import VARIANTS

DEFAULT_CACHE = Path.home() / ".cache" / "trucewatch-benchmarks"
SETS = ("synthetic", "own", "real", "house", "masks", "static", "fire", "flashes", "negatives")
OTHER_SETS = ("synthetic", "own", "real", "house", "masks", "static", "negatives")


class Task(NamedTuple):
    """One recording of one set. `measure` gives one result or several, each perhaps with its curves."""

    set: str
    clip: str
    measure: Callable[..., Any]
    arguments: tuple


class Result(NamedTuple):
    set: str
    row: dict
    curves: dict[str, Curve]


def score_synthetic(clip: Path, other: str | None = None) -> tuple[dict, dict[str, Curve]]:
    played = play(clip, other)
    truth = seen_as(load(clip), played)
    score = score_objects(played, truth)
    row = {"clip": clip.stem, **score.summary(played.minutes), "flash": score_flashes(played, truth)}
    return row | {"registration": score_registration(played, truth), "ms": played.ms}, score.curves()


def tasks(data: Path, cache: Path, other: str | None = None) -> Iterator[Task]:
    """All there are; where other footage is played, those whose truth can be moved along."""
    for one in _tasks(data, cache):
        if other is None:
            yield one
        elif one.set in OTHER_SETS:
            yield one._replace(arguments=(*one.arguments, other))


def _tasks(data: Path, cache: Path) -> Iterator[Task]:
    for clip in sorted((data / "synthetic").glob("*.mp4")):
        yield Task("synthetic", clip.stem, score_synthetic, (clip,))
    for name in generated.OBJECTS:
        yield Task("own", f"{name}-1", generated.score_own_objects, (cache, name, 1))
    by_clip: dict[str, list[str]] = {}
    for name, (clip, _) in real.CLIPS.items():
        by_clip.setdefault(clip, []).append(name)
    for clip, names in by_clip.items():
        if (data / "moving" / f"{clip}.mp4").exists():
            yield Task("real", clip, real.score_target, (data, clip, tuple(names)))
    if (data / "moving" / f"{real.HOUSE}.mp4").exists():
        yield Task("house", real.HOUSE, real.score_house, (data,))
    folders = [*sorted((data / "masks" / "ucsd").glob("*")), data / "masks" / "highway"]
    for folder in folders:
        if (folder / "in").is_dir():
            yield Task("masks", folder.name, masks.score_masks, (folder,))
    for name in (*static.NOTHING_MOVES, *static.TRAFFIC):
        if (data / "static" / name).exists():
            yield Task("static", Path(name).stem, static.score_static, (data / "static" / name,))
    fire = data / "static" / f"{static.FIRE}.mp4"
    if fire.exists():
        yield Task("fire", static.FIRE, static.score_fire, (fire,))
    for seed in generated.FLASH_SEEDS:
        yield Task("flashes", f"events-{seed}", generated.score_own_flashes, (cache, seed))
    for name in generated.NEGATIVES:
        for seed in range(1, generated.NEGATIVE_SEEDS + 1):
            yield Task("negatives", f"{name}-{seed}", generated.score_negative, (cache, name, seed))


def measured(task: Task) -> list[Result]:
    cv2.setNumThreads(1)
    outcome = task.measure(*task.arguments)
    if isinstance(outcome, tuple):
        row, curves = outcome
        return [Result(task.set, row, curves)]
    rows = outcome if isinstance(outcome, list) else [outcome]
    return [Result(task.set, row, {}) for row in rows]


def run(chosen: list[Task], jobs: int) -> Iterator[Result]:
    """In the order of the tasks, whoever is faster."""
    if jobs == 1:
        for task in chosen:
            yield from measured(task)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for results in pool.map(measured, chosen):
            yield from results


def mean(rows: list[dict], *keys: str) -> float | None:
    values = list(rows)
    for key in keys:
        values = [value[key] for value in values]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def summary(rows: dict[str, list[dict]]) -> dict:
    """Means over the clips of each set, and what is summed over all of them."""
    result: dict[str, Any] = {}
    for kind in ("synthetic", "own"):
        if rows[kind]:
            part = {key: mean(rows[kind], key) for key in ("precision", "recall", "f1", "false_tracks_a_minute")}
            part["worst_f1"] = min(row["f1"] for row in rows[kind] if row["f1"] is not None)
            part["recall_by_size"] = {name: mean(rows[kind], "by_size", name, "recall") for name in SIZES}
            result[kind] = part
    if rows["masks"]:
        sequences = [row for row in rows["masks"] if row["clip"] != "highway"]
        moving = [row for row in sequences if row["clip"] in masks.MOVING]
        others = [row for row in sequences if row["clip"] not in masks.MOVING]
        highway = [row for row in rows["masks"] if row["clip"] == "highway"]
        result["masks"] = {name: mean(part, "f") for name, part in (("moving", moving), ("others", others))}
        result["masks"]["highway"] = mean(highway, "f")
    flashes = [row["flash"] for row in rows["synthetic"]] + rows["flashes"]
    counted = flashes + [
        {"found": 0, "of": 0, "false": row["flash"], "hours": row["hours"]}
        for row in rows["static"] + rows["negatives"]
    ]
    if counted:
        total = {key: sum(one[key] for one in counted) for key in ("found", "of", "false", "hours")}
        recall = total["found"] / total["of"] if total["of"] else None
        result["flashes"] = {**total, "recall": recall, "false_an_hour": total["false"] / total["hours"]}
    if rows["negatives"]:
        keys = ("confirmed_tracks", "flash", "smoke", "change", "minutes")
        result["negatives"] = {key: sum(row[key] for row in rows["negatives"]) for key in keys}
    return result


def curves_of(results: list[Result]) -> dict[str, dict[str, Any]]:
    """One curve a set and what it is of, all its clips together."""
    parts: dict[str, list[Curve]] = {}
    for result in results:
        for what, curve in result.curves.items():
            parts.setdefault(f"{result.set} {what}", []).append(curve)
    found = {}
    for name, curves in parts.items():
        points = Curve.joined(curves).points()
        best = max((f1(p, r) for _, p, r in points), default=None)
        found[name] = {"best_f1": best, "score_precision_recall": points}
    return found


def draw(folder: Path, curves: dict[str, dict[str, Any]], targets: list[dict]) -> None:
    """precision_recall.svg, and of real targets, where nothing else is labelled, recall_real.svg."""
    if curves:
        shown = {name: [(r, p) for _, p, r in curve["score_precision_recall"]] for name, curve in curves.items()}
        title = "Precision and recall as the least score is raised"
        write_svg(folder / "precision_recall.svg", title, shown, "recall", "precision")
    if targets:
        shown = {row["clip"]: [point[1:] for point in row["score_tracks_recall"]] for row in targets}
        title = "Real targets: recall as the least score is raised"
        most = 50 * max(1, math.ceil(max(points[0][0] for points in shown.values()) / 50))
        write_svg(folder / "recall_real.svg", title, shown, "confirmed tracks a minute", "recall", most)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="keeps the clips made here")
    parser.add_argument("--clip", nargs="*", help="only clips whose name contains one of these")
    parser.add_argument("--set", nargs="*", choices=SETS, help="only these sets")
    parser.add_argument("--as", dest="other", choices=VARIANTS, help="play other footage made of these clips")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--curves", type=Path, help="folder for precision_recall.svg and recall_real.svg")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    begun = time.perf_counter()
    if not options.data.is_dir():
        print(f"{options.data}: no such folder, so only generated clips are scored; give --data DIR", file=sys.stderr)
    chosen = [
        task
        for task in tasks(options.data, options.cache, options.other)
        if (not options.set or task.set in options.set)
        and (not options.clip or any(part in task.clip for part in options.clip))
    ]
    rows: dict[str, list[dict]] = {name: [] for name in SETS}
    results: list[Result] = []
    for kind, group in groupby(run(chosen, options.jobs), key=lambda result: result.set):
        print(f"\n{kind}\n{HEADERS[kind]}")
        for result in group:
            results.append(result)
            rows[kind].append(result.row)
            print(line(kind, result.row), flush=True)
    totals, curves = summary(rows), curves_of(results)
    print("\nmeans and sums")
    print_summary(totals)
    for name, curve in curves.items():
        print(f"{name:22} best F1 on the curve {figure(curve['best_f1'], '.3f')}")
    if options.curves is not None:
        draw(options.curves, curves, rows["real"])
    seconds = round(time.perf_counter() - begun, 1)
    print(json.dumps({"benchmark": "score", "seconds": seconds, "summary": totals, "clips": rows, "curves": curves}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
