"""Things with height as painted boxes: houses, vehicles, people, animals. Metres; faces counter-clockwise outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.synthetic.plan import House

Array = NDArray[np.float64]
_BOX_FACES = np.array([[4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])
GLASS, TYRE = (62, 54, 46), (38, 38, 40)


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """Quads, painted in the order they come, back faces left out.

    corners_m: forward, left, up. shape (V, 3)   faces: shape (F, 4) indices   colours: BGR, shape (F, 3)
    """

    corners_m: Array
    faces: NDArray[np.int64]
    colours: Array

    def placed(self, east_m: float, north_m: float, heading_deg: float) -> Array:
        """Corners in the scene. shape (V, 3)"""
        sine, cosine = np.sin(np.radians(heading_deg)), np.cos(np.radians(heading_deg))
        forward, left, up = self.corners_m.T
        return np.stack([east_m + forward * sine - left * cosine, north_m + forward * cosine + left * sine, up], -1)


def _joined(*parts: Solid) -> Solid:
    starts = np.cumsum([0] + [len(part.corners_m) for part in parts[:-1]])
    return Solid(
        np.concatenate([part.corners_m for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.colours for part in parts]),
    )


def _box(
    forward: tuple[float, float],
    left: tuple[float, float],
    up: tuple[float, float],
    bgr: tuple[int, int, int],
    sides_bgr: tuple[int, int, int] | None = None,
    taper: float = 0.0,
) -> Solid:
    """A box between the given limits; `taper` draws the top in by so much on each side."""
    (x0, x1), (y0, y1), (z0, z1) = forward, left, up
    ring = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    top = np.array(
        [[x0 + taper, y0 + taper], [x1 - taper, y0 + taper], [x1 - taper, y1 - taper], [x0 + taper, y1 - taper]]
    )
    corners = np.concatenate([np.column_stack([ring, np.full(4, z0)]), np.column_stack([top, np.full(4, z1)])])
    return Solid(corners, _BOX_FACES, np.array([bgr] + [sides_bgr or bgr] * 4, np.float64))


@lru_cache(maxsize=256)
def body(kind: str, bgr: tuple[int, int, int], step: int = 0) -> Solid:
    """A car (4.5 m), van, truck (8 m), person (1.75 m), cow or dog. step: phase of the legs, 0 to 3."""
    swing = (0.0, 0.22, 0.0, -0.22)[step % 4]
    if kind == "car":
        return _joined(
            _box((-2.15, 2.15), (-0.85, 0.85), (0.0, 0.35), TYRE),
            _box((-2.25, 2.25), (-0.92, 0.92), (0.35, 0.95), bgr),
            _box((-1.7, 0.95), (-0.84, 0.84), (0.95, 1.5), bgr, GLASS, 0.22),
        )
    if kind == "van":
        return _joined(
            _box((-2.4, 2.4), (-0.9, 0.9), (0.0, 0.4), TYRE),
            _box((-2.6, 2.6), (-1.0, 1.0), (0.4, 1.2), bgr),
            _box((-2.55, 1.7), (-0.97, 0.97), (1.2, 2.3), bgr, None, 0.1),
            _box((1.3, 2.0), (-0.85, 0.85), (1.2, 1.9), GLASS, GLASS, 0.1),
        )
    if kind == "truck":
        return _joined(
            _box((-3.9, 3.9), (-1.1, 1.1), (0.0, 0.7), TYRE),
            _box((-4.0, 1.9), (-1.25, 1.25), (0.8, 3.0), bgr),
            _box((2.2, 4.0), (-1.2, 1.2), (0.7, 2.6), (96, 110, 104), GLASS, 0.12),
        )
    if kind == "person":
        return _joined(
            _box((swing - 0.1, swing + 0.12), (0.02, 0.2), (0, 0.85), (58, 52, 50)),
            _box((-swing - 0.1, 0.12 - swing), (-0.2, -0.02), (0, 0.85), (58, 52, 50)),
            _box((-0.15, 0.15), (-0.26, 0.26), (0.8, 1.5), bgr),
            _box((-0.12, 0.12), (-0.11, 0.11), (1.5, 1.76), (72, 84, 104)),
        )
    size = {"cow": 1.0, "dog": 0.45}[kind]
    parts = [
        _box((0.7 * side + swing * 0.5, 0.7 * side + swing * 0.5 + 0.2), (-0.25, 0.25), (0, 0.7), bgr)
        for side in (-1, 1)
    ]
    parts += [_box((-1.0, 0.85), (-0.34, 0.34), (0.6, 1.35), bgr), _box((0.85, 1.4), (-0.16, 0.16), (0.95, 1.4), bgr)]
    whole = _joined(*parts)
    return Solid(whole.corners_m * size, whole.faces, whole.colours)


def house_solid(house: House) -> Solid:
    """Walls with windows, a gabled roof with an overhang and slightly unequal courses of tiles, a chimney."""
    length, width, eaves, top = house.length_m / 2, house.width_m / 2, house.eaves_m, house.eaves_m + house.rise_m
    wall, roof = np.array(house.wall_bgr, float), np.array(house.roof_bgr, float)
    quads: list[tuple[Array, Array]] = []

    def add(points: list[tuple[float, float, float]], colour: Array) -> None:
        quads.append((np.array(points, np.float64), colour))

    for side in (-1.0, 1.0):
        a, b = (-length * side, -width * side), (length * side, -width * side)
        add([(*a, 0), (*b, 0), (*b, eaves), (*a, eaves)], wall)
        for at in np.arange(-length + 1.4, length - 2.2, 2.9):
            p, q = (-at * -side, -width * side), (-(at + 1.1) * -side, -width * side)
            add([(*p, 1.0), (*q, 1.0), (*q, 2.2), (*p, 2.2)], np.array(GLASS, float))
        c, d = (length * side, -width * side), (length * side, width * side)
        add([(*c, 0), (*d, 0), (*d, eaves), (*c, eaves)], wall)
        add([(*c, eaves), (*d, eaves), (length * side, 0.0, top), (length * side, 0.0, top)], wall * 0.97)
    courses = 6
    for side in (-1.0, 1.0):
        for index in range(courses):
            low, high = index / courses, (index + 1) / courses
            y = [-(width + 0.4) * side * (1 - s) for s in (low, high)]
            z = [eaves - 0.2 + (top - eaves + 0.25) * s for s in (low, high)]
            x = (length + 0.35) * side
            tone = roof * (0.93 + 0.14 * ((index * 7 + round(house.east_m)) % 5) / 4)
            add([(-x, y[0], z[0]), (x, y[0], z[0]), (x, y[1], z[1]), (-x, y[1], z[1])], tone)
    corners = np.concatenate([points for points, _ in quads])
    shell = Solid(corners, np.arange(len(corners)).reshape(-1, 4), np.array([colour for _, colour in quads]))
    if house.rise_m < 1.5:
        return shell
    return _joined(shell, _box((length * 0.4, length * 0.4 + 0.8), (-1.2, -0.5), (top - 1.4, top + 0.7), (84, 92, 120)))
