"""Scenes of our own generator: where nothing may be found, where flashes are, and where everything is known."""

from __future__ import annotations

import os
from pathlib import Path

from detector.model import Kind
from detector.synthetic import SCENES
from detector.synthetic.encode import write_feed

from .curves import Curve
from .events import merged, score_flashes
from .objects import score_objects
from .playing import play
from .registration import score_registration
from .truth import load, seen_as

NEGATIVES = ("empty", "parallax", "light")
NEGATIVE_SEEDS = 20  # of 10 s each, at 10 and at 25 frames a second in turn: 10 minutes in all
NEGATIVE_SIZE = (640, 360)
FLASH_SEEDS = (1, 2, 3)
FLASH_SIZE = (960, 540)
OBJECT_SIZE = (1280, 720)
OBJECTS = ("crossing", "oblique", "hover", "walkers", "night", "fast_pan", "events")
SHORT_SEEDS = 2
SHORT_OBJECTS = ("crossing", "hover")


def feed(
    cache: Path, name: str, seed: int, size: tuple[int, int], fps: int, seconds: float | None = None, mbit: float = 4.0
) -> Path:
    """The scene as a transport stream, made once; renamed when it is whole, so that a broken run leaves none."""
    length = "" if seconds is None else f"-{seconds:g}s"
    path = cache / f"{name}-{size[0]}x{size[1]}-{fps}fps-{mbit:g}M{length}-{seed}.ts"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = cache / f"making-{os.getpid()}-{path.name}"
        write_feed(SCENES[name](seed), making, size_px=size, fps=(fps, 1), seconds=seconds, bitrate_mbit_s=mbit)
        making.with_suffix(".truth.json.gz").rename(path.with_suffix(".truth.json.gz"))
        making.rename(path)
    return path


def score_negative(cache: Path, name: str, seed: int, other: str | None = None) -> dict:
    """Confirmed tracks and reports where there is nothing to find."""
    fps = (10, 25)[seed % 2]
    played = play(feed(cache, name, seed, NEGATIVE_SIZE, fps, mbit=1.5), other)
    tracks: dict[int, list[int]] = {}
    for frame in played.frames:
        for track in frame.scene.tracks.track_id[frame.scene.tracks.confirmed].tolist():
            tracks.setdefault(track, []).append(frame.scene.index)
    seconds = (played.frames[-1].scene.t_ns - played.frames[0].scene.t_ns) / 1e9
    return {
        "clip": f"{name}-{seed}",
        "confirmed_tracks": len(tracks),
        "first_frames": sorted(frames[0] for frames in tracks.values()),
        **{kind.value: len(merged(played.detections(kind))) for kind in (Kind.FLASH, Kind.SMOKE, Kind.CHANGE)},
        "minutes": seconds / 60,
        "hours": seconds / 3600,
        "ms": played.ms,
    }


def score_own_flashes(cache: Path, seed: int) -> dict:
    """The scene `events`: muzzle flashes and bursts over ordinary traffic, cloud shadow and exposure steps."""
    path = feed(cache, "events", seed, FLASH_SIZE, 25)
    played = play(path)
    return {"clip": f"events-{seed}", **score_flashes(played, load(path)), "ms": played.ms}


def score_own_objects(cache: Path, name: str, seed: int, other: str | None = None) -> tuple[dict, dict[str, Curve]]:
    """Movers of a scene of our own, as the shared synthetic clips are scored."""
    path = feed(cache, name, seed, OBJECT_SIZE, 25)
    played = play(path, other)
    truth = seen_as(load(path), played)
    score = score_objects(played, truth)
    result = {"clip": f"{name}-{seed}", **score.summary(played.minutes)}
    return result | {"registration": score_registration(played, truth), "ms": played.ms}, score.curves()
