"""What stands where in the invented valley: fields, roads, river, houses, trees. Metres east and north."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import split, unary_union

Array = NDArray[np.float64]
HALF_M = 1100.0


@dataclass(frozen=True, slots=True)
class Road:
    """A polyline with a width. kind: asphalt, track (two ruts) or river."""

    points: tuple[tuple[float, float], ...]
    width_m: float
    kind: str


@dataclass(frozen=True, slots=True)
class House:
    """A gabled box: centre, length along its heading, width, height of the eaves, rise of the ridge. [m, deg]"""

    east_m: float
    north_m: float
    length_m: float
    width_m: float
    eaves_m: float
    rise_m: float
    heading_deg: float
    roof_bgr: tuple[int, int, int]
    wall_bgr: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Plan:
    """A landscape. trees: rows of east, north, crown radius, height. shape (N, 4) [m]"""

    fields: tuple[Polygon, ...]
    roads: tuple[Road, ...]
    yards: tuple[Polygon, ...]
    houses: tuple[House, ...]
    trees: Array


_VALE_ROADS = (
    Road(
        ((-1100, 24), (-600, 16), (-345, 18), (30, 18), (62, -30), (130, -75), (420, -90), (1100, -60)), 7.0, "asphalt"
    ),
    Road(((-150, 18), (-150, 127), (-130, 131), (420, 127)), 3.2, "track"),
    Road(((20, 18), (20, 214), (24, 420), (-60, 1100)), 3.2, "track"),
    Road(((170, -78), (170, 8)), 5.0, "asphalt"),
    Road(((-285, 18), (-283, 70), (-300, 240)), 4.0, "track"),
    Road(((-1100, 300), (-500, 262), (-180, 300), (120, 268), (380, 310), (1100, 250)), 16.0, "river"),
)
_ROOFS = ((62, 74, 128), (58, 66, 104), (84, 90, 112), (70, 72, 78), (50, 60, 118))


@lru_cache(maxsize=4)
def vale(seed: int) -> Plan:
    """The valley of the demo map: the same roads and sites for every seed; fields, trees and colours vary."""
    rng = np.random.default_rng([seed, 1])
    fields = _parcels(box(-HALF_M, -HALF_M, HALF_M, HALF_M), rng)
    yards = (box(118, -32, 222, 40), box(-338, -12, -234, 58))
    houses = _village(rng) + _sheds() + _farms(rng)
    clear = unary_union(
        [LineString(road.points).buffer(road.width_m / 2 + 6) for road in _VALE_ROADS]
        + [Point(house.east_m, house.north_m).buffer(house.length_m * 0.75) for house in houses]
        + [yards[0]]
    )
    trees = _trees(rng, fields, clear)
    trees.setflags(write=False)  # it is shared
    return Plan(fields, _VALE_ROADS, yards, houses, trees)


def _parcels(area: Polygon, rng: np.random.Generator) -> tuple[Polygon, ...]:
    """Cut an area again and again by slightly crooked lines, as inherited land is."""
    todo, done = [area], []
    while todo:
        piece = todo.pop()
        x0, y0, x1, y1 = piece.bounds
        if piece.area < rng.uniform(5_000, 16_000):
            done.append(piece)
            continue
        share, slant = rng.uniform(0.36, 0.64), rng.normal(0, 0.06)
        if x1 - x0 > (y1 - y0) * rng.uniform(0.7, 1.4):
            cut, lean = x0 + share * (x1 - x0), slant * (y1 - y0)
            line = LineString([(cut - lean, y0 - 1), (cut + lean, y1 + 1)])
        else:
            cut, lean = y0 + share * (y1 - y0), slant * (x1 - x0)
            line = LineString([(x0 - 1, cut - lean), (x1 + 1, cut + lean)])
        todo.extend(part for part in split(piece, line).geoms if isinstance(part, Polygon))
    return tuple(done)


def _village(rng: np.random.Generator) -> tuple[House, ...]:
    houses = []
    for east in np.arange(-330, -236, 19.0):
        for north, side in ((36.0, 0.0), (-3.0, 0.0), (56.0, 90.0)):
            if abs(east + 284) > 9 and rng.random() < 0.8:
                houses.append(_house(rng, east + rng.uniform(-2, 2), north + rng.uniform(-2, 2), side))
    return tuple(houses)


def _farms(rng: np.random.Generator) -> tuple[House, ...]:
    places = ((-182, 44), (-40, 40), (-58, 46), (62, 62), (250, 78), (-240, 128), (96, 196), (-88, 212), (-380, 120))
    near = [_house(rng, e, n, rng.uniform(0, 180)) for e, n in places]
    spots = rng.uniform(-HALF_M, HALF_M, (150, 2))
    far = [_house(rng, e, n, rng.uniform(0, 180)) for e, n in spots if abs(e) > 430 or not -110 < n < 330]
    return tuple(near + far)


def _house(rng: np.random.Generator, east: float, north: float, heading_deg: float) -> House:
    tone = int(rng.integers(150, 215))
    return House(
        east_m=float(east),
        north_m=float(north),
        length_m=float(rng.uniform(9, 14)),
        width_m=float(rng.uniform(7, 9)),
        eaves_m=float(rng.uniform(3.0, 5.5)),
        rise_m=float(rng.uniform(2.0, 3.2)),
        heading_deg=heading_deg + float(rng.normal(0, 4)),
        roof_bgr=_ROOFS[int(rng.integers(len(_ROOFS)))],
        wall_bgr=(tone - 14, tone - 4, tone),
    )


def _sheds() -> tuple[House, ...]:
    grey, steel = (132, 130, 126), (150, 150, 148)
    return (
        House(132, -20, 26, 12, 5.0, 1.2, 0, grey, steel),
        House(208, -20, 26, 12, 5.0, 1.2, 0, (120, 124, 122), steel),
        House(208, 34, 18, 9, 4.0, 1.0, 90, (112, 122, 108), steel),
        House(131, 36, 12, 5, 2.6, 0.3, 0, (92, 106, 96), (110, 120, 112)),
    )


def _trees(rng: np.random.Generator, fields: tuple[Polygon, ...], clear: Polygon) -> Array:
    """Hedgerow trees along some field borders, copses, and single trees; none on a road or a house."""
    rows: list[tuple[float, float]] = []
    for field in fields:
        if rng.random() < 0.4:
            edge = LineString(list(field.exterior.coords)[:2])
            along = np.cumsum(rng.uniform(5, 14, int(edge.length / 9) + 1))
            rows += [(p.x + rng.normal(0, 0.8), p.y + rng.normal(0, 0.8)) for p in map(edge.interpolate, along)]
    for _ in range(70):
        centre = rng.uniform(-HALF_M, HALF_M, 2)
        rows += [(x, y) for x, y in centre + rng.normal(0, 14, (int(rng.integers(6, 22)), 2))]
    rows += [(x, y) for x, y in rng.uniform(-HALF_M, HALF_M, (500, 2))]
    kept = np.array([row for row in rows if not clear.contains(Point(row))])
    radius = rng.gamma(9, 0.27, len(kept)) + 0.7
    return np.column_stack([kept, radius, radius * rng.uniform(2.2, 3.2, len(kept))])
