"""The ground as one large picture seen from above, with its halvings: crops in rows, roads, water, cast shadows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.noise import ground_noise, lattice
from detector.synthetic.plan import Plan, Road
from detector.synthetic.sun import SUN

Picture = NDArray[np.uint8]
_BLOCK = 64  # sizes are multiples, so that six halvings stay aligned
_STRIP = 512
_SHIFT = 4
# Soil, stubble, wheat, young green, meadow, beet: blue, green, red; depth of the rows.
_CROPS = (
    ((74, 98, 128), 9.0),
    ((98, 136, 160), 10.0),
    ((92, 150, 178), 5.0),
    ((62, 116, 92), 12.0),
    ((58, 104, 84), 0.0),
    ((52, 92, 78), 14.0),
)


@dataclass(frozen=True, slots=True)
class Raster:
    """Texels over the ground: x0_m, y1_m are the outer corner in the north-west. size: width, height"""

    x0_m: float
    y1_m: float
    texel_m: float
    size: tuple[int, int]

    @classmethod
    def covering(cls, bounds_m: tuple[float, float, float, float], texel_m: float) -> Raster:
        """The smallest raster over west, south, east, north."""
        west, south, east, north = bounds_m
        columns, rows = (int(np.ceil(span / texel_m / _BLOCK)) * _BLOCK for span in (east - west, north - south))
        return cls(west, north, texel_m, (columns, rows))

    def texels(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous texel coordinates, texel centres at whole numbers. shape (..., 2)"""
        columns = (points_m[..., 0] - self.x0_m) / self.texel_m - 0.5
        return np.stack([columns, (self.y1_m - points_m[..., 1]) / self.texel_m - 0.5], -1)

    def ground_from_texel(self, level: int = 0) -> NDArray[np.float64]:
        """Affine map from texels of a halving to metres. shape (3, 3)"""
        size = self.texel_m * 2**level
        return np.array([[size, 0, self.x0_m + size / 2], [0, -size, self.y1_m - size / 2], [0, 0, 1.0]])


def halvings(picture: Picture, count: int = 6) -> list[Picture]:
    """The picture and its area halvings, until one side is short."""
    levels = [picture]
    while len(levels) <= count and min(levels[-1].shape[:2]) >= 32:
        height, width = levels[-1].shape[:2]
        levels.append(
            np.asarray(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
        )
    return levels


def paint_ground(plan: Plan, raster: Raster, seed: int) -> Picture:
    """The ground from above. BGR, shape (height, width, 3)"""
    labels = _label_fields(plan, raster)
    canvas = np.empty((raster.size[1], raster.size[0], 3), np.uint8)
    looks = _FieldLooks(len(plan.fields), seed)
    for top in range(0, raster.size[1], _STRIP):
        strip = slice(top, min(top + _STRIP, raster.size[1]))
        canvas[strip] = looks.paint(labels[strip], raster, top)
    _draw_borders(canvas, plan, raster)
    rng = np.random.default_rng([seed, 3])
    _scatter_bushes(canvas, raster, rng)
    for yard in plan.yards:
        _blend_polygon(canvas, _points(raster, np.array(yard.exterior.coords)), (142, 150, 152), 0.85)
    for road in sorted(plan.roads, key=lambda r: ("river", "track", "asphalt").index(r.kind)):
        _draw_road(canvas, road, raster)
    _grain(canvas, seed)
    _cast_shadows(canvas, plan, raster)
    return canvas


class _FieldLooks:
    """Colour, row direction, spacing and depth of each field, and the noise they share."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        crop = rng.integers(len(_CROPS), size=count + 1)
        angle = np.radians(np.where(rng.random(count + 1) < 0.5, 0, 90) + rng.normal(0, 5, count + 1))
        spacing = rng.uniform(1.4, 4.0, count + 1)
        self.colour = (
            np.array([_CROPS[c][0] for c in crop]) + rng.normal(0, 8, (count + 1, 1)) + rng.normal(0, 3, (count + 1, 3))
        ).astype(np.float32)
        self.depth = np.array([_CROPS[c][1] for c in crop], np.float32)
        self.across = (2 * np.pi * np.stack([np.cos(angle), np.sin(angle)], -1) / spacing[:, None]).astype(np.float32)
        self.spacing = spacing.astype(np.float32)
        self.octaves = [(cell, gain, lattice(seed, i)) for i, (cell, gain) in enumerate(_OCTAVES)]

    def paint(self, labels: NDArray[np.uint16], raster: Raster, top: int) -> Picture:
        height, width = labels.shape
        x0, y1 = raster.x0_m + raster.texel_m / 2, raster.y1_m - (top + 0.5) * raster.texel_m
        shade = np.zeros((height, width), np.float32)
        bend = np.zeros_like(shade)
        for cell, gain, grid in self.octaves:
            # A scale finer than a texel would only alias; the halvings average it away in truth.
            if cell >= 0.8 * raster.texel_m:
                layer = ground_noise(grid, cell, x0, y1, raster.texel_m, (width, height))
                shade += gain * layer
                bend += layer * 0.5 if cell > 5 else 0.0
        east = (x0 + raster.texel_m * np.arange(width, dtype=np.float32))[None]
        north = (y1 - raster.texel_m * np.arange(height, dtype=np.float32))[:, None]
        across = self.across[labels]
        phase = across[..., 0] * east + across[..., 1] * north + bend
        faint = np.clip(self.spacing / (2 * raster.texel_m) - 1.0, 0, 1) * self.depth  # rows near a texel alias
        shade += faint[labels] * np.sin(phase)
        # Tramlines: every sprayer width two wheel marks.
        shade -= 13.0 * (np.cos(phase / 9.0) > 0.985) * (self.depth > 4)[labels]
        picture = self.colour[labels] + shade[..., None] * np.array([0.75, 1.0, 0.95], np.float32)
        return np.clip(picture, 0, 255).astype(np.uint8)  # type: ignore[no-any-return]  # cv2's stubs know no dtype


_OCTAVES = ((130.0, 9.0), (31.0, 8.0), (9.0, 7.0), (2.7, 8.0), (0.9, 10.0), (0.35, 12.0))


def _label_fields(plan: Plan, raster: Raster) -> NDArray[np.uint16]:
    labels = np.zeros((raster.size[1], raster.size[0]), np.uint16)
    for index, field in enumerate(plan.fields):
        cv2.fillPoly(labels, [_points(raster, np.array(field.exterior.coords))], index + 1, shift=_SHIFT)
    return labels


def _points(raster: Raster, points_m: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.asarray(np.round(raster.texels(points_m) * 2**_SHIFT), np.int32)


def _stroke(canvas: Picture, points: NDArray[np.int32], bgr: tuple[int, ...], width_m: float, raster: Raster) -> None:
    thickness = max(1, round(width_m / raster.texel_m))
    cv2.polylines(canvas, [points], False, bgr, thickness, cv2.LINE_AA, _SHIFT)


def _blend_polygon(canvas: Picture, points: NDArray[np.int32], bgr: tuple[int, int, int], opacity: float) -> None:
    x, y, w, h = cv2.boundingRect(points >> _SHIFT)
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, canvas.shape[1]), min(y + h, canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    cv2.fillPoly(mask, [points - np.array([x0, y0], np.int32) * 2**_SHIFT], opacity, cv2.LINE_8, _SHIFT)
    part = canvas[y0:y1, x0:x1]
    part[:] = (part * (1 - mask[..., None]) + np.array(bgr, np.float32) * mask[..., None]).astype(np.uint8)


def _draw_borders(canvas: Picture, plan: Plan, raster: Raster) -> None:
    for index, field in enumerate(plan.fields):
        tone = (46, 84, 70) if index % 3 else (84, 118, 126)
        _stroke(canvas, _points(raster, np.array(field.exterior.coords)), tone, 0.9 + 0.5 * (index % 4), raster)


def _scatter_bushes(canvas: Picture, raster: Raster, rng: np.random.Generator) -> None:
    spots = rng.uniform(-1100, 1100, (14_000, 2))
    texels, radii = raster.texels(spots), rng.gamma(3, 0.22, len(spots)) + 0.2
    inside = (texels > -20).all(axis=1) & (texels < np.array(raster.size) + 20).all(axis=1)
    for (x, y), radius, tone in zip(
        texels[inside], radii[inside] / raster.texel_m, rng.integers(0, 36, len(spots)), strict=False
    ):
        centre = (round(x * 16), round(y * 16))
        cv2.circle(
            canvas,
            (centre[0] - round(radius * 8), centre[1] - round(radius * 8)),
            round(radius * 16),
            (34, 52, 48),
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )
        cv2.circle(
            canvas,
            centre,
            round(radius * 14),
            (44 + int(tone) // 2, 78 + int(tone), 66 + int(tone)),
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )


def _draw_road(canvas: Picture, road: Road, raster: Raster) -> None:
    line = np.array(road.points, np.float64)
    points = _points(raster, line)
    if road.kind == "river":
        _stroke(canvas, points, (66, 96, 92), road.width_m + 7, raster)
        _stroke(canvas, points, (92, 82, 58), road.width_m, raster)
    elif road.kind == "track":
        _stroke(canvas, points, (92, 122, 134), road.width_m, raster)
        for side in (-0.75, 0.75):
            _stroke(canvas, _points(raster, _beside(line, side)), (122, 150, 166), 0.5, raster)
    else:
        _stroke(canvas, points, (104, 124, 128), road.width_m + 2.4, raster)
        _stroke(canvas, points, (104, 102, 100), road.width_m, raster)
        for side in (-1, 1):
            _stroke(
                canvas, _points(raster, _beside(line, side * (road.width_m / 2 - 0.3))), (182, 184, 184), 0.15, raster
            )
        _dashes(canvas, line, raster)


def _beside(line: NDArray[np.float64], offset_m: float) -> NDArray[np.float64]:
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], -1) / np.linalg.norm(along, axis=1, keepdims=True)
    return np.asarray(line + offset_m * normal)


def _dashes(canvas: Picture, line: NDArray[np.float64], raster: Raster) -> None:
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    for start in np.arange(0, lengths[-1] - 3, 9.0):
        ends = np.array([[np.interp(start + d, lengths, line[:, axis]) for axis in (0, 1)] for d in (0.0, 3.0)])
        _stroke(canvas, _points(raster, ends), (188, 190, 190), 0.15, raster)


def _grain(canvas: Picture, seed: int) -> None:
    """Fine unevenness over everything, roads and yards too: nothing outdoors is one flat tone."""
    rng = np.random.default_rng([seed, 4])
    for top in range(0, canvas.shape[0], _STRIP):
        part = canvas[top : top + _STRIP]
        noise = cv2.GaussianBlur(rng.normal(0, 9, part.shape[:2]).astype(np.float32), (0, 0), 0.7)
        part[:] = np.clip(part + noise[..., None], 0, 255).astype(np.uint8)


def _cast_shadows(canvas: Picture, plan: Plan, raster: Raster) -> None:
    shade = np.zeros(canvas.shape[:2], np.uint8)
    for east, north, radius, height in plan.trees:
        foot = np.array([east, north]) + SUN.offset_m(height * 0.62)
        centre = _points(raster, foot[None])[0]
        cv2.circle(
            shade, (int(centre[0]), int(centre[1])), round(radius / raster.texel_m * 16), 255, -1, cv2.LINE_8, _SHIFT
        )
    for house in plan.houses:
        angle = np.radians(house.heading_deg)
        axes = np.array([[np.sin(angle), np.cos(angle)], [np.cos(angle), -np.sin(angle)]])
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [house.length_m / 2, house.width_m / 2]
        ridge = np.array([[-1, 0], [1, 0]]) * [house.length_m / 2, 0]
        centre_m = np.array([house.east_m, house.north_m])
        eaves = half @ axes + centre_m
        corners = [
            eaves,
            eaves + SUN.offset_m(house.eaves_m),
            ridge @ axes + centre_m + SUN.offset_m(house.eaves_m + house.rise_m),
        ]
        hull = cv2.convexHull(_points(raster, np.concatenate(corners)))
        cv2.fillConvexPoly(shade, hull, 255, cv2.LINE_8, _SHIFT)
    soft = cv2.GaussianBlur(shade, (0, 0), max(0.25 / raster.texel_m, 0.5))
    for top in range(0, canvas.shape[0], _STRIP):
        part = canvas[top : top + _STRIP]
        keep = 1.0 - soft[top : top + _STRIP, :, None] * np.array([0.42, 0.5, 0.55], np.float32) / 255
        part[:] = (part * keep).astype(np.uint8)
