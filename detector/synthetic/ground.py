"""The ground plane as the camera sees it: one warp a halving, blended where the scale of the picture changes."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.noise import lattice
from detector.synthetic.plan import Plan
from detector.synthetic.terrain import Raster, halvings, paint_ground
from detector.synthetic.view import View

Picture = NDArray[np.uint8]
_SHARPER = 0.35  # halvings; a bilinear sample blurs by itself


class Ground:
    """Textures of one scene, and what moves within them: water and cloud shadow."""

    def __init__(self, plan: Plan, raster: Raster, seed: int, *, calm: bool) -> None:
        self._raster, self._calm = raster, calm
        self._levels = halvings(paint_ground(plan, raster, seed))
        self._clouds = cv2.GaussianBlur(lattice(seed, 77), (0, 0), 1.5)
        self._ripples = lattice(seed, 78)
        self._rivers = [np.array(road.points) for road in plan.roads if road.kind == "river"]
        self._widths = [road.width_m for road in plan.roads if road.kind == "river"]

    def draw(self, view: View, t_s: float) -> Picture:
        """The bare ground. BGR, shape (height, width, 3)"""
        width, height = view.size_px
        scale = self._level_of_rows(view)
        picture = np.empty((height, width, 3), np.uint8)
        first, last = int(np.floor(scale.min())), int(np.ceil(scale.max()))
        if first == last:
            return self._warp(view, first, 0, height)
        low = np.clip(np.floor(scale).astype(int), first, last)
        for level in range(first, last):
            rows = np.flatnonzero(low == level)
            if len(rows):
                top, bottom = int(rows[0]), int(rows[-1]) + 1
                share = (scale[top:bottom] - level).astype(np.float32)[:, None]
                weight = np.ascontiguousarray(np.broadcast_to(share, (bottom - top, width)))
                fine, coarse = (self._warp(view, k, top, bottom) for k in (level, level + 1))
                picture[top:bottom] = cv2.blendLinear(fine, coarse, 1 - weight, weight)
        rest = np.flatnonzero(low == last)
        if len(rest):
            picture[rest[0] : rest[-1] + 1] = self._warp(view, last, int(rest[0]), int(rest[-1]) + 1)
        if not self._calm:
            self._ripple(picture, view, t_s)
        return picture

    def _level_of_rows(self, view: View) -> NDArray[np.float64]:
        """Halvings to use on each row, from how much ground a pixel covers there; the same along a row."""
        width, height = view.size_px
        rows = np.arange(height)
        middle = np.full(height, (width - 1) / 2)
        here, right, below = (
            view.ground(np.column_stack([middle + dx, rows + dy])) for dx, dy in ((0, 0), (1, 0), (0, 1))
        )
        across = np.linalg.norm(right - here, axis=1)
        along = np.linalg.norm(below - here, axis=1)
        covered = np.maximum(across, along) ** 0.6 * np.minimum(across, along) ** 0.4
        level = np.log2(np.nan_to_num(covered, nan=1e3) / self._raster.texel_m) - _SHARPER
        return np.clip(level, 0, len(self._levels) - 1)  # type: ignore[no-any-return]  # cv2's stubs know no dtype

    def _warp(self, view: View, level: int, top: int, bottom: int) -> Picture:
        shift = np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1.0]])
        matrix = shift @ view.pixel_from_ground @ self._raster.ground_from_texel(level)
        size = (view.size_px[0], bottom - top)
        return np.asarray(
            cv2.warpPerspective(
                self._levels[level], matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
            ),
            np.uint8,
        )

    def _ripple(self, picture: Picture, view: View, t_s: float) -> None:
        """Glints that wander over the water, each of two trains its own way."""
        height, width = picture.shape[:2]
        for line, river_m in zip(self._rivers, self._widths, strict=True):
            dense = np.concatenate([np.linspace(a, b, 60) for a, b in pairwise(line)])
            normal = np.gradient(dense, axis=0)[:, ::-1] * [-1, 1]
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
            banks = [
                np.column_stack([dense + side * normal * (river_m / 2 - 0.6), np.zeros(len(dense))]) for side in (-1, 1)
            ]
            pixels = [view.project(bank)[0] for bank in banks]
            quads = np.stack([pixels[0][:-1], pixels[0][1:], pixels[1][1:], pixels[1][:-1]], 1)
            near = np.isfinite(quads).all(axis=(1, 2)) & (quads.max(axis=1) > 0).all(axis=1)
            near &= (quads.min(axis=1) < [width, height]).all(axis=1) & (np.abs(quads) < 1e5).all(axis=(1, 2))
            if not near.any():
                continue
            mask = np.zeros((height, width), np.uint8)
            for quad in quads[near]:
                cv2.fillConvexPoly(mask, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_8, 4)
            x, y, w, h = cv2.boundingRect(mask)
            glint = np.zeros((h, w), np.float32)
            for cell, drift in ((1.1, (0.9, 0.25)), (2.3, (-0.5, 0.7))):
                place = np.array(
                    [[1 / cell, 0, drift[0] * t_s / cell], [0, -1 / cell, drift[1] * t_s / cell], [0, 0, 1.0]]
                )
                matrix = np.linalg.inv(view.pixel_from_ground)
                corner = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
                flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
                glint += cv2.warpPerspective(
                    self._ripples, place @ matrix @ corner, (w, h), flags=flags, borderMode=cv2.BORDER_WRAP
                )
            part = picture[y : y + h, x : x + w]
            inside = mask[y : y + h, x : x + w, None] > 0
            part[:] = np.where(inside, np.clip(part + 9.0 * glint[..., None], 0, 255), part).astype(np.uint8)

    def cloud_shadow(self, view: View, t_s: float, wind_m_s: float, depth: float) -> NDArray[np.float32]:
        """Factor of light at one sixteenth of the picture's size. shape (height // 16 + 1, width // 16 + 1)"""
        width, height = view.size_px
        columns, rows = np.meshgrid(np.arange(0, width + 16, 16), np.arange(0, height + 16, 16))
        ground = np.nan_to_num(view.ground(np.column_stack([columns.ravel(), rows.ravel()]))) + np.array(
            [-2 * wind_m_s * t_s, 0]
        )
        cells = np.clip(ground / 45.0 + 256, 0, 511).astype(np.float32).reshape(*columns.shape, 2)
        field = cv2.remap(self._clouds, cells[..., 0], cells[..., 1], cv2.INTER_CUBIC)
        shade = 1 / (1 + np.exp(-field / 0.03))
        return np.asarray(1 - depth * shade, np.float32)
