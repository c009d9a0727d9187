"""A scene as pictures, one after the other, each with its truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.model import CameraPose
from detector.synthetic.atmosphere import Atmosphere, SeenFlash
from detector.synthetic.exposure import exposed_for
from detector.synthetic.ground import Ground
from detector.synthetic.movers import CLASS_OF, Mover
from detector.synthetic.plan import HALF_M, vale
from detector.synthetic.scene import Scene
from detector.synthetic.solids import body, house_solid
from detector.synthetic.sprites import Canvas, crown_sprites, draw_disc, draw_shadow, draw_solid
from detector.synthetic.sun import SUN
from detector.synthetic.terrain import Raster
from detector.synthetic.view import View
from detector.timebase import NS_PER_S, ns_from_iso

Array = NDArray[np.float64]
Task = tuple[float, Callable[[], None]]  # depth [m], what draws it
_MOVING_M_S = 0.2
_MAX_TEXELS = 24e6
_REACH_M = 900.0


@dataclass(frozen=True, slots=True)
class SeenObject:
    """One mover in one frame.

    xyxy: of its body without shadow, x1, y1 exclusive, may reach outside the picture. [px]
    visible: share of its pixels that is neither hidden nor outside. inside: the box is wholly in the picture.
    foot_px: where its place on the ground appears, pixel centres at whole numbers. [px]
    """

    key: int
    kind: str
    xyxy: tuple[float, float, float, float]
    visible: float
    moving: bool
    inside: bool
    east_m: float
    north_m: float
    lat_deg: float
    lon_deg: float
    alt_m: float
    speed_m_s: float
    heading_deg: float
    foot_px: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """One picture with its truth. bgr: uint8, shape (height, width, 3)"""

    index: int
    t_ns: int
    t_s: float
    bgr: NDArray[np.uint8]
    view: View
    objects: tuple[SeenObject, ...]
    flashes: tuple[SeenFlash, ...]

    @property
    def pose(self) -> CameraPose:
        """The true pose at mid-exposure."""
        return self.view.pose


def frame_times_ns(scene: Scene, frames: int, fps: tuple[int, int]) -> list[int]:
    """Times of the frames, each rounded by itself so that nothing adds up. [ns UTC]"""
    start = ns_from_iso(scene.start)
    return [start + round(index * NS_PER_S * fps[1] / fps[0]) for index in range(frames)]


def render(
    scene: Scene, size_px: tuple[int, int], fps: tuple[int, int], seconds: float | None = None
) -> Iterator[Rendered]:
    """Yield the frames of a scene, lazily. The same scene, size and rate give the same pixels and truth."""
    length = scene.seconds if seconds is None else seconds
    frames = max(1, round(length * fps[0] / fps[1]))
    stage = _Stage(scene, size_px, length)
    start = ns_from_iso(scene.start)
    for index, t_ns in enumerate(frame_times_ns(scene, frames, fps)):
        yield stage.frame(index, t_ns, (t_ns - start) / NS_PER_S)


def view_at(scene: Scene, t_s: float, size_px: tuple[int, int]) -> View:
    """The camera of a scene at a time, its cut included."""
    if scene.cut_s is None or t_s < scene.cut_s:
        return scene.path.view(scene.place, t_s, size_px)
    moved = tuple(replace(knot, east_m=knot.east_m + scene.cut_m) for knot in scene.path.knots)
    return replace(scene.path, knots=moved).view(scene.place, t_s, size_px)


class _Stage:
    """Everything that is made once for a scene."""

    def __init__(self, scene: Scene, size_px: tuple[int, int], seconds: float) -> None:
        self.scene, self.size_px = scene, size_px
        plan = vale(scene.seed)
        views = [view_at(scene, t, size_px) for t in np.linspace(0, seconds, 17)]
        bounds, texel_m = _needed_ground(views)
        self.ground = Ground(plan, Raster.covering(bounds, texel_m), scene.seed, calm=scene.wind_m_s == 0)
        self.air = Atmosphere(scene, size_px, self.ground)
        self.crowns = _crowns(scene.seed)
        self.lit: set[int] = set()
        west, south, east, north = bounds
        near = (
            (plan.trees[:, 0] > west)
            & (plan.trees[:, 0] < east)
            & (plan.trees[:, 1] > south)
            & (plan.trees[:, 1] < north)
        )
        self.trees = plan.trees[near]
        self.tree_looks = np.random.default_rng([scene.seed, 6]).uniform(0, 1, (len(self.trees), 3))
        self.houses = []
        for house in plan.houses:
            if west - 20 < house.east_m < east + 20 and south - 20 < house.north_m < north + 20:
                solid = house_solid(house)
                self.houses.append((solid, solid.placed(house.east_m, house.north_m, house.heading_deg)))

    def frame(self, index: int, t_ns: int, t_s: float) -> Rendered:
        view = view_at(self.scene, t_s, self.size_px)
        canvas = Canvas(self.ground.draw(view, t_s))
        states = [(mover, *mover.state(t_s)) for mover in self.scene.movers]
        tasks = self._house_tasks(canvas, view) + self._tree_tasks(canvas, view, t_s)
        seen: list[SeenObject] = []
        for mover, place, heading, speed in states:
            found = self._mover_task(canvas, view, mover, place, heading, speed, t_s)
            if found is not None:
                seen.append(found[0])
                tasks.append(found[1])
        tasks += self.air.smoke(canvas, view, t_s)
        for _, draw in sorted(tasks, key=lambda task: -task[0]):
            draw()
        shares = {cover.key: cover.visible for cover in canvas.covers}
        objects = tuple(replace(o, visible=round(shares.get(o.key, 0.0), 3)) for o in seen)
        flashes = tuple(_seen_flashes(self.scene, view, t_s, self.lit))
        self.lit |= {flash.key for flash in flashes}
        exposed = exposed_for(
            canvas.picture, self.scene.path.exposure_s, lambda t: view_at(self.scene, t, self.size_px), t_s
        )
        picture = self.air.finish(exposed, view, t_s, index, flashes)
        return Rendered(index, t_ns, t_s, picture, view, objects, flashes)

    def _house_tasks(self, canvas: Canvas, view: View) -> list[Task]:
        tasks: list[Task] = []
        for solid, corners in self.houses:
            pixels, depth = view.project(corners)
            if _in_picture(pixels, self.size_px):
                tasks.append((float(depth.mean()), _later(draw_solid, canvas, solid, corners, pixels, view.position_m)))
        return tasks

    def _tree_tasks(self, canvas: Canvas, view: View, t_s: float) -> list[Task]:
        """Two storeys of crown a tree, each at its own height: parallax within the tree, and the upper one sways."""
        tasks: list[Task] = []
        focal = view.size_px[0] / 2 / np.tan(np.radians(view.pose.hfov_deg) / 2)
        wind = self.scene.wind_m_s
        sway = 0.055 * wind * np.sin(2 * np.pi * (0.35 + 0.4 * self.tree_looks[:, 0]) * t_s + 9 * self.tree_looks[:, 1])
        for storey, (level, share, lit) in enumerate(((0.48, 1.0, 0), (0.80, 0.72, 1))):
            points = np.column_stack([self.trees[:, 0], self.trees[:, 1], self.trees[:, 3] * level])
            points[:, 0] += sway * storey
            points[:, 1] += 0.4 * sway * storey
            pixels, depth = view.project(points)
            radius = self.trees[:, 2] * share * focal / np.maximum(depth, 1.0) * 1.35
            near = np.isfinite(pixels).all(axis=1) & (pixels > -radius[:, None]).all(axis=1)
            near &= (pixels < np.array(self.size_px) + radius[:, None]).all(axis=1)
            for i in np.flatnonzero(near):
                sprite = self._crown(int(self.tree_looks[i, 2] * 997 + storey) % len(self.crowns), radius[i])
                tasks.append(
                    (float(depth[i]) - 0.01 * lit, _later(draw_disc, canvas, sprite, pixels[i], float(radius[i])))
                )
        return tasks

    def _crown(self, kind: int, radius_px: float) -> NDArray[np.uint8]:
        levels = self.crowns[kind]
        return next((level for level in reversed(levels) if level.shape[0] >= 2 * radius_px), levels[0])

    def _mover_task(
        self, canvas: Canvas, view: View, mover: Mover, place: Array, heading: float, speed: float, t_s: float
    ) -> tuple[SeenObject, Task] | None:
        step = int(mover.travelled_m(t_s) / 0.4) % 4 if CLASS_OF[mover.kind] != "vehicle" and speed > 0 else 0
        solid = body(mover.kind, mover.bgr, step)
        corners = solid.placed(place[0], place[1], heading)
        pixels, depth = view.project(corners)
        if not _in_picture(pixels, self.size_px):
            return None
        shadow, _ = view.project(SUN.shadow(corners))
        draw_shadow(canvas, shadow)
        foot = np.array([*place, 0.0])
        lat, lon, alt = self.scene.place.geodetic(foot)
        foot_px, _ = view.project(foot)
        (x0, y0), (x1, y1) = pixels.min(axis=0) + 0.5, pixels.max(axis=0) + 0.5
        inside = bool(x0 >= 0 and y0 >= 0 and x1 <= self.size_px[0] and y1 <= self.size_px[1])
        seen = SeenObject(
            mover.key,
            mover.kind,
            (float(x0), float(y0), float(x1), float(y1)),
            0.0,
            speed > _MOVING_M_S,
            inside,
            float(place[0]),
            float(place[1]),
            float(lat),
            float(lon),
            float(alt),
            speed,
            heading % 360.0,
            (float(foot_px[0]), float(foot_px[1])),
        )
        draw = _later(draw_solid, canvas, solid, corners, pixels, view.position_m, mover.key)
        return seen, (float(depth.mean()), draw)


@lru_cache(maxsize=4)
def _crowns(seed: int) -> list[list[NDArray[np.uint8]]]:
    return crown_sprites(np.random.default_rng([seed, 5]))


def _later(function: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: function(*arguments)


def _in_picture(pixels: Array, size_px: tuple[int, int]) -> bool:
    return bool(np.isfinite(pixels).all() and (pixels.max(axis=0) > 0).all() and (pixels.min(axis=0) < size_px).all())


def _needed_ground(views: list[View]) -> tuple[tuple[float, float, float, float], float]:
    """West, south, east, north of the ground in view over the flight, and the texel that suits its nearest part."""
    corners, texels = [], []
    for view in views:
        width, height = view.size_px
        grid = np.array([(x, y) for x in (0, width / 2, width) for y in (0, height / 2, height)])
        ground = view.ground(grid)
        camera = view.position_m[:2]
        away = ground - camera
        far = np.linalg.norm(away, axis=1, keepdims=True)
        corners.append(np.nan_to_num(camera + away * np.minimum(1, _REACH_M / np.maximum(far, 1e-9)), nan=0.0))
        pair = view.ground(np.array([[width / 2, height - 1], [width / 2 + 1, height - 1]]))
        texels.append(float(np.linalg.norm(pair[1] - pair[0])))
    points = np.concatenate(corners)
    low, high = np.maximum(points.min(axis=0) - 25, -HALF_M), np.minimum(points.max(axis=0) + 25, HALF_M)
    area = float(np.prod(high - low))
    texel_m = max(min(texels) * 0.85, 0.05, float(np.sqrt(area / _MAX_TEXELS)))
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1])), texel_m


def _seen_flashes(scene: Scene, view: View, t_s: float, lit: set[int]) -> Iterator[SeenFlash]:
    width, height = view.size_px
    focal = width / 2 / np.tan(np.radians(view.pose.hfov_deg) / 2)
    for flash in scene.flashes:
        if flash.t_s <= t_s < flash.t_s + flash.duration_s:
            pixel, depth = view.project(np.array([flash.east_m, flash.north_m, flash.up_m]))
            if np.isfinite(pixel).all() and 0 <= pixel[0] < width and 0 <= pixel[1] < height:
                radius = max(1.5, flash.radius_m * focal / float(depth))
                yield SeenFlash(flash.key, (float(pixel[0]), float(pixel[1])), radius, flash.key not in lit)


__all__ = ["Rendered", "SeenObject", "frame_times_ns", "render", "view_at"]
