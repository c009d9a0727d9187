"""Small pictures with soft edges and how they are laid over the frame, and what of a mover stays visible below them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.solids import Solid
from detector.synthetic.sun import SUN

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]
_SHIFT = 4


@dataclass(slots=True, eq=False)
class Cover:
    """What is still seen of one mover: coverage per pixel, all of it at first, and the total it had."""

    key: int
    x0: int
    y0: int
    mask: NDArray[np.float32]
    whole: float

    @property
    def visible(self) -> float:
        """Share of the mover's own pixels that the picture shows. [1]"""
        return float(self.mask.sum() / self.whole) if self.whole > 0 else 0.0


@dataclass(slots=True, eq=False)
class Canvas:
    """The picture in the making. BGR uint8, and the movers already drawn into it."""

    picture: Picture
    covers: list[Cover] = field(default_factory=list)

    def paste(self, bgr: Picture, alpha: Picture, x0: int, y0: int, key: int | None = None) -> None:
        """Lay premultiplied BGR (h, w, 3) with its coverage (h, w) at a corner that may lie outside."""
        height, width = alpha.shape
        rows, columns = self.picture.shape[:2]
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x0 + width, columns), min(y0 + height, rows)
        inside = left < right and top < bottom
        part = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
        if inside:
            clipped = alpha[part]
            keep = cv2.cvtColor(cv2.bitwise_not(clipped), cv2.COLOR_GRAY2BGR)
            target = self.picture[top:bottom, left:right]
            below = cv2.multiply(target, keep, scale=1 / 255)
            target[:] = cv2.add(below, bgr[part])
            self._hide(clipped, left, top)
        if key is not None:
            mask = np.zeros(alpha.shape, np.float32)
            if inside:
                mask[part] = alpha[part] / np.float32(255)
            self.covers.append(Cover(key, x0, y0, mask, float(alpha.sum()) / 255))

    def _hide(self, alpha: Picture, x0: int, y0: int) -> None:
        height, width = alpha.shape
        for cover in self.covers:
            left, top = max(x0, cover.x0), max(y0, cover.y0)
            right, bottom = (
                min(x0 + width, cover.x0 + cover.mask.shape[1]),
                min(y0 + height, cover.y0 + cover.mask.shape[0]),
            )
            if left < right and top < bottom:
                over = alpha[top - y0 : bottom - y0, left - x0 : right - x0] / np.float32(255)
                cover.mask[top - cover.y0 : bottom - cover.y0, left - cover.x0 : right - cover.x0] *= 1 - over


def draw_solid(
    canvas: Canvas, solid: Solid, corners_m: Array, pixels: Array, camera_m: Array, key: int | None = None
) -> None:
    """Paint a solid, lit by the sun. corners_m (V, 3) in the scene, pixels (V, 2) where they appear."""
    quads = corners_m[solid.faces]
    normals = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    facing = np.einsum("fi,fi->f", camera_m - quads[:, 0], normals) > 0
    light = 0.62 + 0.5 * np.clip(normals @ SUN.direction, 0, 1)
    colours = np.clip(solid.colours * light[:, None], 0, 255)
    low, high = np.floor(pixels.min(axis=0)).astype(int) - 1, np.ceil(pixels.max(axis=0)).astype(int) + 2
    width, height = (high - low).tolist()
    factor = 4 if max(width, height) < 150 else 2
    bgr = np.zeros((height * factor, width * factor, 3), np.uint8)
    alpha = np.zeros(bgr.shape[:2], np.uint8)
    # Fine texel c has its centre at (c + 0.5) / factor - 0.5 of a coarse pixel.
    fine = ((pixels - low + 0.5) * factor - 0.5) * 2**_SHIFT
    for face in np.flatnonzero(facing):
        points = np.round(fine[solid.faces[face]]).astype(np.int32)
        cv2.fillConvexPoly(bgr, points, colours[face].tolist(), cv2.LINE_8, _SHIFT)
        cv2.fillConvexPoly(alpha, points, 255, cv2.LINE_8, _SHIFT)
    size = (width, height)
    canvas.paste(
        np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8),
        int(low[0]),
        int(low[1]),
        key,
    )


def draw_shadow(canvas: Canvas, pixels: Array, strength: float = 0.5) -> None:
    """Darken the hull of the given pixels (V, 2), edges softened."""
    low, high = np.floor(pixels.min(axis=0)).astype(int) - 2, np.ceil(pixels.max(axis=0)).astype(int) + 3
    width, height = (high - low).tolist()
    alpha = np.zeros((height * 4, width * 4), np.uint8)
    hull = cv2.convexHull(np.round(((pixels - low + 0.5) * 4 - 0.5) * 2**_SHIFT).astype(np.int32))
    cv2.fillConvexPoly(alpha, hull, 255 * strength, cv2.LINE_8, _SHIFT)
    soft = np.asarray(cv2.resize(cv2.blur(alpha, (5, 5)), (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    canvas.paste(np.zeros((height, width, 3), np.uint8), soft, int(low[0]), int(low[1]))


def draw_disc(canvas: Canvas, sprite: Picture, centre_px: Array, radius_px: float) -> None:
    """Lay a square premultiplied BGRA sprite, scaled to a radius, at a sub-pixel place."""
    reach = int(np.ceil(radius_px)) + 1
    x0, y0 = (np.floor(centre_px).astype(int) - reach).tolist()
    side = 2 * reach + 2
    scale = sprite.shape[0] / (2 * radius_px)
    middle = (sprite.shape[0] - 1) / 2
    matrix = np.array(
        [[scale, 0, middle - scale * (centre_px[0] - x0)], [0, scale, middle - scale * (centre_px[1] - y0)]]
    )
    patch = cv2.warpAffine(sprite, matrix, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    canvas.paste(np.ascontiguousarray(patch[..., :3]), np.ascontiguousarray(patch[..., 3]), x0, y0)


def crown_sprites(rng: np.random.Generator, count: int = 8) -> list[list[Picture]]:
    """Tree crowns seen from above: clumps of leaves lit from the sun's side. For each, halvings from 128 texels."""
    crowns = []
    for _ in range(count):
        picture = np.zeros((256, 256, 4), np.float32)
        tone = np.array([38, 74, 62], np.float32) + rng.normal(0, 7, 3).astype(np.float32)
        for index in range(110):
            angle, reach = rng.uniform(0, 2 * np.pi), 92 * np.sqrt(rng.random())
            if index > 60:
                reach *= 0.8
            x, y = 128 + reach * np.cos(angle), 128 + reach * np.sin(angle)
            sunny = (x - 128) * SUN.direction[0] - (y - 128) * SUN.direction[1]
            light = 0.62 + 0.4 * index / 110 + 0.0028 * sunny + rng.normal(0, 0.09)
            colour = np.clip(tone * max(light, 0.3), 0, 255)
            cv2.circle(
                picture,
                (int(x * 16), int(y * 16)),
                int(rng.uniform(9, 26) * 16),
                (*colour.tolist(), 255.0),
                -1,
                cv2.LINE_8,
                4,
            )
        picture = cv2.GaussianBlur(picture, (0, 0), 1.2)  # type: ignore[assignment]  # cv2's stubs know no dtype
        levels = [picture]
        while levels[-1].shape[0] > 8:
            half = levels[-1].shape[0] // 2
            levels.append(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]  # cv2's stubs know no dtype
        crowns.append([np.clip(level, 0, 255).astype(np.uint8) for level in levels[1:]])
    return crowns


def puff_sprite(rng: np.random.Generator, grey: int) -> Picture:
    """A lump of smoke with ragged soft edges. shape (64, 64, 4)"""
    axis = np.linspace(-1, 1, 64, dtype=np.float32)
    distance = np.hypot(axis[None], axis[:, None])
    rough = cv2.resize(rng.uniform(-0.3, 0.3, (7, 7)).astype(np.float32), (64, 64), interpolation=cv2.INTER_CUBIC)
    alpha = np.clip(1 - distance - rough * distance, 0, 1) ** 1.2 * np.float32(0.55)
    tone = grey + 160 * rough
    return np.clip(np.dstack([tone * alpha, tone * alpha, tone * alpha, 255 * alpha]), 0, 255).astype(np.uint8)  # type: ignore[no-any-return]  # cv2's stubs know no dtype
