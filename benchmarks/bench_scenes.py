"""The whole chain against known truth: every synthetic scene replayed with configs/demo.yaml.

    python benchmarks/bench_scenes.py [--scene NAME ...] [--seeds 1,2,3] [--size 1280x720] [--cache DIR]

Convention. An event of the truth that is in view has to be found: same kind, same zone or line, times that overlap or
lie within 3 s, and a place that is the event's by its own uncertainty (`detector/report/against_truth.py`). What the
log calls undecided is counted apart. Events out of view may be found. Nothing else may be reported; `empty`, `light`
and `parallax` have no events at all, and nothing may be made of the cut and the fog of `cut`. The log is that of the
real replay. Fixes are those of confirmed tracks seen in the very frame, held against the object whose box they lie in
(grown by its longer side: a track may hold the shadow); a fix is right when the object's true place lies inside its
95 % ellipse. A confirmed track seen where there is no object is a stray. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from detector import pipeline
from detector.config import Configuration, load
from detector.geo import wgs84
from detector.geo.ellipse import ellipse_95
from detector.log import open_reader
from detector.model import Means, Scene, Sight
from detector.replay import jobs_of, replay
from detector.report.against_truth import Comparison, compare, load_truth
from detector.sources import open_source
from detector.synthetic import SCENES
from detector.synthetic.encode import write_feed

REPOSITORY = Path(__file__).resolve().parents[1]
NEGATIVES = ("empty", "light", "parallax")
CHI2_95 = 5.991464547107979
Size = tuple[int, int]


def feed(name: str, seed: int, size: Size, cache: Path) -> Path:
    """The scene as a transport stream, made once; renamed when it is whole, so that a broken run leaves none."""
    path = cache / f"{name}-{size[0]}x{size[1]}-{seed}.ts"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = cache / f"making-{path.name}"
        write_feed(SCENES[name](seed), making, size_px=size)
        making.with_suffix(".truth.json.gz").rename(path.with_suffix(".truth.json.gz"))
        making.rename(path)
    return path


def logged(configuration: Configuration, media: Path, truth: dict, out: Path) -> tuple[Comparison, float, float]:
    """What the replay's log says, held against the truth; wall and CPU seconds of the replay."""
    jobs = jobs_of(configuration, [media], out, annotate=False)
    wall, cpu = time.perf_counter(), time.process_time()
    replay(configuration, jobs, on_progress=lambda _at: None)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with open_reader(out) as reader:
        violations = [item.violation for item in reader.violations()]
        undecided = reader.undecided()
    return compare(violations, truth["events"], undecided=undecided, frames=truth["frames"]), wall, cpu


def scenes(configuration: Configuration, media: Path) -> Iterator[Scene]:
    """Every judged frame of the same feed, as the replay saw it."""
    stages = pipeline.stages_for(configuration, media.stem, (Means.UAV,), "bench")
    for event in pipeline.run(open_source(media, source_id=media.stem), stages):
        if isinstance(event, pipeline.Judged):
            yield event.scene


def fixes_against(seen: Iterable[Scene], frames: list[dict]) -> dict:
    """Rows (error m, semi-major axis m, Mahalanobis squared, east error, north error) and what was no object."""
    rows, strays, stray_tracks, blind = [], 0, Counter(), 0
    for scene, frame in zip(seen, frames, strict=True):
        blind += scene.sight is Sight.BLIND
        tracks, fixes = scene.tracks, scene.fixes
        counted = np.flatnonzero(tracks.confirmed & (tracks.missed == 0))
        objects = [item for item in frame["objects"] if item["visible"] > 0]
        for row in counted.tolist():
            item = nearest(tracks.xy_px[row], objects)
            if item is None:
                strays += 1
                stray_tracks[int(tracks.track_id[row])] += 1
            elif np.isfinite(fixes.lat_deg[row]):
                rows.append(error(fixes, row, item))
    return {"rows": np.array(rows).reshape(-1, 5), "strays": strays, "stray_tracks": stray_tracks, "blind": blind}


def nearest(xy_px: np.ndarray, objects: list[dict]) -> dict | None:
    """The object whose grown box holds the point, the nearest if there are several."""
    boxes = np.array([item["xyxy"] for item in objects]).reshape(-1, 4)
    centre, half = (boxes[:, :2] + boxes[:, 2:] - 1) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    away = np.abs(xy_px - centre)
    inside = (away <= half + np.maximum(2 * half.max(axis=1, keepdims=True), 4.0)).all(axis=1)
    if not inside.any():
        return None
    return objects[int(np.argmin(np.where(inside, np.hypot(*away.T), np.inf)))]


def error(fixes, row: int, item: dict) -> tuple[float, ...]:
    east_m, north_m = wgs84.metres_per_degree(item["lat_deg"], item["alt_m"])
    offset = np.array(
        [(fixes.lon_deg[row] - item["lon_deg"]) * east_m, (fixes.lat_deg[row] - item["lat_deg"]) * north_m]
    )
    covariance = fixes.covariance_m2[row]
    axis = float(np.max(ellipse_95(covariance[None]).semi_major_m))
    return float(np.hypot(*offset)), axis, float(offset @ np.linalg.solve(covariance, offset)), *offset.tolist()


def judged(configuration: Configuration, name: str, seed: int, size: Size, cache: Path) -> dict:
    media = feed(name, seed, size, cache)
    truth = load_truth(media.with_suffix(".truth.json.gz"))
    with tempfile.TemporaryDirectory() as out:
        comparison, wall, cpu = logged(configuration, media, truth, Path(out))
    fixes = fixes_against(scenes(configuration, media), truth["frames"])
    count = len(truth["frames"])
    return {
        "scene": name,
        "seed": seed,
        "frames": count,
        "found": len(comparison.found),
        "undecided": len(comparison.undecided),
        "missed": len(comparison.missed),
        "extra": len(comparison.without_cause),
        "blind": fixes["blind"],
        "strays": fixes["strays"],
        "ms": 1000 * cpu / count,
        "real_time": count / truth["fps"][0] * truth["fps"][1] / wall,
        "comparison": comparison,
        "start_ns": truth["start_ns"],
        **{key: fixes[key] for key in ("rows", "stray_tracks")},
    }


def summary(rows: np.ndarray) -> dict:
    """Of fixes: how many, share inside the ellipse, median error and semi-major axis."""
    if not len(rows):
        return {"fixes": 0, "inside": None, "error_m": None, "axis_m": None}
    return {
        "fixes": len(rows),
        "inside": round(float((rows[:, 2] <= CHI2_95).mean()), 4),
        "error_m": round(float(np.median(rows[:, 0])), 2),
        "axis_m": round(float(np.median(rows[:, 1])), 2),
    }


def print_row(result: dict) -> None:
    s = summary(result["rows"])
    located = (
        "n/a" if not s["fixes"] else f"{s['inside']:.1%} of {s['fixes']:5d}  {s['error_m']:5.1f}  {s['axis_m']:5.1f}"
    )
    print(
        f"{result['scene']:9} {result['seed']:4d} {result['frames']:6d} {result['found']:5d} {result['undecided']:5d} "
        f"{result['missed']:6d} {result['extra']:5d} {result['strays']:6d} {result['blind']:5d} "
        f"{result['ms']:6.1f} {result['real_time']:5.1f}x  {located}",
        flush=True,
    )


def print_details(result: dict) -> None:
    """What was not found or not called for, in seconds from the start."""

    def at(t_ns: int) -> str:
        return f"{(t_ns - result['start_ns']) / 1e9:.1f}"

    comparison = result["comparison"]
    for what, events in (("missed", comparison.missed), ("out of view", comparison.out_of_view)):
        for event in events:
            place = event.get("zone") or event.get("line")
            span = f"{at(event['t_start_ns'])}-{at(event['t_end_ns'])} s"
            print(f"    {what}: {event['kind']} {place} {span} objects {event['object_ids']}")
    for event, entry in comparison.undecided:
        print(
            f"    undecided: {event['kind']} {at(event['t_start_ns'])} s objects {event['object_ids']}: {entry.reason}"
        )
    for entry in comparison.without_cause:
        span = f"{at(entry.t_start_ns)}-{at(entry.t_end_ns)} s"
        print(
            f"    without cause: {entry.rule_kind} {entry.zone_id} {span} tracks {entry.track_ids} {entry.place.xy_px}"
        )
    if result["stray_tracks"]:
        print(f"    strays, frames by track: {dict(result['stray_tracks'].most_common(6))}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scene", nargs="*", choices=SCENES, default=list(SCENES))
    parser.add_argument("--seeds", default="1", help="comma between them")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--cache", type=Path, help="folder that keeps the feeds; a temporary one if not given")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "demo.yaml")
    parser.add_argument("--details", action="store_true", help="also say what was missed, where and when")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    cv2.setNumThreads(1)
    width, height = map(int, options.size.split("x"))
    configuration = pipeline.checked(load(options.config, pipeline.REGISTRIES))
    seeds = [int(seed) for seed in options.seeds.split(",")]
    print(
        "scene     seed frames found undec missed extra strays blind ms/frame  speed  in 95 % ellipse, error m, axis m"
    )
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.scene:
            for seed in seeds:
                result = judged(configuration, name, seed, (width, height), options.cache or Path(folder))
                print_row(result)
                if options.details:
                    print_details(result)
                results.append(result)
    totals = {
        key: sum(r[key] for r in results) for key in ("frames", "found", "undecided", "missed", "extra", "strays")
    }
    fixes = summary(np.concatenate([r["rows"] for r in results]))
    false_alarms = sum(r["found"] + r["extra"] for r in results if r["scene"] in NEGATIVES)
    per_scene = {
        f"{r['scene']}-{r['seed']}": summary(r["rows"])
        | {k: r[k] for k in ("found", "undecided", "missed", "extra", "blind")}
        for r in results
    }
    ms = round(sum(r["ms"] * r["frames"] for r in results) / totals["frames"], 2)
    print(
        json.dumps(
            {
                "bench": "scenes",
                "size": options.size,
                **totals,
                **fixes,
                "ms_a_frame": ms,
                "violations_on_negatives": false_alarms,
                "scenes": per_scene,
            }
        )
    )
    good = not totals["missed"] and not totals["extra"] and not false_alarms and (fixes["inside"] or 0) >= 0.9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
