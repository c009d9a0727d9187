"""Scenes of movers that follow ground paths, for tests of rules. Metres east and north of one origin."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely

from detector.anomaly import Memory, Passage, Stretch
from detector.anomaly.cells import grid_places
from detector.association import Noticed
from detector.config.agreement_map import AgreementMap, Shape
from detector.geo.wgs84 import metres_per_degree
from detector.model import CameraPose, Detections, GroundFixes, Kind, Scene, Sight, Tracks
from detector.rules import RULES, RuleContext

LAT, LON = 42.3, -99.5
EAST_M, NORTH_M = (float(value) for value in metres_per_degree(LAT))
POSE = CameraPose(LAT, LON, 500.0, 0.0, -60.0, 0.0, 40.0, 24.0)
T0 = 1_750_000_000_000_000_000
FPS = 10


def lonlat(east_m: float, north_m: float) -> tuple[float, float]:
    return LON + east_m / EAST_M, LAT + north_m / NORTH_M


@dataclass(frozen=True)
class Mover:
    """`path` gives (east, north) [m] at a time [s], or None where it is not seen.

    first_seen_s: as a candidate; nine scenes ago if None.
    """

    track_id: int
    path: Callable[[float], tuple[float, float] | None]
    confirmed: bool = True
    velocity: tuple[float, float] = (0.0, 0.0)
    first_seen_s: float | None = None

    def age_frames(self, index: int) -> int:
        return 9 if self.first_seen_s is None else index - round(self.first_seen_s * FPS)


def straight(track_id: int, start: tuple[float, float], velocity: tuple[float, float], **more: bool) -> Mover:
    return Mover(
        track_id, lambda t: (start[0] + velocity[0] * t, start[1] + velocity[1] * t), velocity=velocity, **more
    )


def scene(
    index: int,
    movers: Sequence[Mover],
    *,
    sigma_m: float = 2.0,
    sight: Sight = Sight.SEEING,
    t_s: float | None = None,
    flashes: Sequence[tuple[float, float]] = (),
    pose: CameraPose | None = POSE,
    kind: Kind = Kind.FLASH,
) -> Scene:
    t_s = index / FPS if t_s is None else t_s
    t_ns = T0 + round(t_s * 1e9)
    seen = [(mover, place) for mover in movers if (place := mover.path(t_s)) is not None]
    count = len(seen)
    ids = np.array([mover.track_id for mover, _ in seen], np.int64)
    metres = np.array([place for _, place in seen], np.float64).reshape(-1, 2)
    velocity = np.array([mover.velocity for mover, _ in seen], np.float64).reshape(-1, 2)
    pixels = metres * [1, -1] + [960, 540]
    boxes = np.concatenate([pixels - 5, pixels + 5], axis=1).astype(np.float32)
    tracks = Tracks(
        index, t_ns, ids, boxes, pixels, velocity * [1, -1], np.tile(np.eye(4) * sigma_m**2, (count, 1, 1)),
        np.array([mover.confirmed for mover, _ in seen], np.bool_),
        np.array([mover.age_frames(index) for mover, _ in seen], np.int64), np.zeros(count, np.int64), sight,
    )  # fmt: skip
    flash = np.array(flashes, np.float64).reshape(-1, 2)
    flash_px = flash * [1, -1] + [960, 540]
    detections = Detections(
        index, t_ns, np.concatenate([flash_px - 3, flash_px + 3], axis=1).astype(np.float32),
        np.full(len(flash), 5, np.float32), np.full(len(flash), kind.value), sight,
    )  # fmt: skip
    return Scene(
        "cam", index, t_ns, (1920, 1080), sight, detections,
        _fixes(np.full(len(flash), -1), flash, None, sigma_m, pose),
        tracks, _fixes(ids, metres, velocity, sigma_m, pose), pose,
    )  # fmt: skip


def _fixes(ids, metres, velocity, sigma_m, pose) -> GroundFixes:
    if pose is None:
        return GroundFixes.nowhere(ids)
    count = len(ids)
    lon, lat = lonlat(metres[:, 0], metres[:, 1])
    covariance = np.tile(np.eye(2) * sigma_m**2, (count, 1, 1))
    velocity = np.full((count, 2), np.nan) if velocity is None else velocity
    spread = np.tile(np.eye(2), (count, 1, 1))
    return GroundFixes(ids, lat, lon, np.zeros(count), covariance, velocity, spread)


def square(shape_id: str = "strip", half_m: float = 100.0, east_m: float = 0.0, hole_m: float = 0.0) -> Shape:
    def ring(half: float) -> list[tuple[float, float]]:
        return [lonlat(east_m + x * half, y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]

    return Shape(shape_id, shape_id.title(), shapely.Polygon(ring(half_m), [ring(hole_m)] if hole_m else []))


def line(*points: tuple[float, float]) -> Shape:
    return Shape("line", "Line of contact", shapely.LineString([lonlat(*point) for point in points]))


WEST_EAST = line((-200.0, 0.0), (200.0, 0.0))


def rule(kind: str, *shapes: Shape, zone_shapes: Sequence[Shape] = (), time_zone: str = "UTC", **settings):
    zones = {shape.shape_id: shape for shape in shapes if shape.geometry.geom_type != "LineString"}
    lines = {shape.shape_id: shape for shape in shapes if shape.geometry.geom_type == "LineString"}
    if zones and kind != "line_crossing":
        settings.setdefault("zones", tuple(zones))
    if lines and kind == "line_crossing":
        settings.setdefault("lines", tuple(lines))
    context = RuleContext("r1", "cam", AgreementMap("map", zones, lines), run_id="run", time_zone=time_zone)
    return RULES[kind](RULES[kind].Config(**settings), context)


def quiet_days() -> Path:
    """A memory of 9 days in which the ground around the origin was watched and movers passed only 1 km to the east."""
    return Path(shutil.copytree(_quiet_days(), _folder(), dirs_exist_ok=True))


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="memory-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache
def _quiet_days() -> Path:
    folder = _folder()
    memory = Memory(folder, rule_id="r1", cell_m=100.0, source_id="other", run_id="before", keep_days=30)
    row, col = np.floor(grid_places(LAT, LON, 100.0)).astype(int).tolist()
    cells = [(row + i, col + j) for i in range(-4, 5) for j in range(-4, 11)]
    today_s = T0 // 10**9 // 86_400 * 86_400
    for hour in range(-24 * 9, 0):
        t_s = today_s + 3600 * hour
        passed = [Passage(row, col + 10, k, t_s + 600 * k, 600.0 * k, 9.0, 90.0, 4.5) for k in range(1, 4)]
        memory.keep(Stretch("other", "before", t_s, t_s + 3600, dict.fromkeys(cells, 3600.0), passed))
    return folder


def outcome(judge, scenes: Iterable[Scene]) -> list:
    """What goes to the log."""
    return [one for one in everything(judge, scenes) if not isinstance(one, Noticed)]


def everything(judge, scenes: Iterable[Scene]) -> list:
    """What goes to the log and what goes to the joiner."""
    entries, last = [], T0
    for one in scenes:
        entries += judge.judge(one)
        last = one.t_ns
    return entries + list(judge.finish(last))


def film(movers: Sequence[Mover], seconds: float, **settings) -> list[Scene]:
    return [scene(i, movers, **settings) for i in range(round(seconds * FPS))]
