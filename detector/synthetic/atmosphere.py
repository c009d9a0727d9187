"""What lies between the ground and the recording: light, clouds, smoke, flashes, fog, sensor noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.scene import Scene
from detector.synthetic.sprites import Canvas, draw_disc, puff_sprite
from detector.synthetic.view import View

if TYPE_CHECKING:
    from detector.synthetic.ground import Ground

Picture = NDArray[np.uint8]
_TILES = 5
_MARGIN = 48


@dataclass(frozen=True, slots=True)
class SeenFlash:
    """A flash in one frame; new: this is its first frame."""

    key: int
    xy_px: tuple[float, float]
    radius_px: float
    new: bool


class Atmosphere:
    """Light and noise of one scene, in the order in which they reach the sensor."""

    def __init__(self, scene: Scene, size_px: tuple[int, int], ground: Ground) -> None:
        self._scene, self._ground = scene, ground
        rng = np.random.default_rng([scene.seed, 7])
        shape = (size_px[1] + _MARGIN, size_px[0] + _MARGIN)
        self._tiles = []
        for _ in range(_TILES if scene.light.noise > 0 else 0):
            grey = rng.normal(128, scene.light.noise, shape).astype(np.float32)
            colour = cv2.resize(
                rng.normal(0, scene.light.noise * 0.5, (shape[0] // 2, shape[1] // 2, 3)).astype(np.float32),
                shape[::-1],
            )
            self._tiles.append(np.clip(grey[..., None] + colour + 0.5, 0, 255).astype(np.uint8))
        self._puffs = [puff_sprite(rng, grey) for grey in (168, 182, 150, 196)]

    def smoke(self, canvas: Canvas, view: View, t_s: float) -> list[tuple[float, Callable[[], None]]]:
        """Puffs that rise, spread and drift from each smoking flash, each on its own path: depth [m], what draws it."""
        tasks: list[tuple[float, Callable[[], None]]] = []
        focal = view.size_px[0] / 2 / np.tan(np.radians(view.pose.hfov_deg) / 2)
        for flash in self._scene.flashes:
            if not flash.smoke:
                continue
            for number in range(26):
                age = t_s - flash.t_s - 0.22 * number
                if not 0 < age < 9:
                    continue
                side = np.sin(number * 2.4) * 0.5
                point = [
                    flash.east_m + (0.6 * self._scene.wind_m_s + side) * age,
                    flash.north_m + side * age,
                    1 + 1.4 * age,
                ]
                pixel, depth = view.project(np.array(point))
                if np.isfinite(pixel).all():
                    fade = float(np.clip(1.2 - age / 8, 0, 1))
                    sprite = cv2.convertScaleAbs(self._puffs[number % len(self._puffs)], alpha=fade)
                    radius_px = float((1.5 + 0.9 * age) * focal / depth)
                    tasks.append(
                        (float(depth), partial(draw_disc, canvas, np.asarray(sprite, np.uint8), pixel, radius_px))
                    )
        return tasks

    def finish(self, picture: Picture, view: View, t_s: float, index: int, flashes: Sequence[SeenFlash]) -> Picture:
        """The picture as the sensor records it."""
        light = self._scene.light
        if light.cloud > 0:
            shade = self._ground.cloud_shadow(view, t_s, max(self._scene.wind_m_s, 2.0), light.cloud)
            full = cv2.resize(shade, None, fx=16, fy=16, interpolation=cv2.INTER_LINEAR)[
                : picture.shape[0], : picture.shape[1]
            ]
            picture = np.asarray(cv2.multiply(picture, cv2.merge([full] * 3), dtype=cv2.CV_8U), np.uint8)
        gain = light.gain * (1 + light.swing * np.sin(2 * np.pi * t_s / light.swing_s))
        for start, factor in light.steps:
            gain *= factor if t_s >= start else 1.0
        if gain != 1.0 or light.tint != (1.0, 1.0, 1.0):
            table = np.arange(256)[:, None] * gain * np.array(light.tint)
            picture = np.asarray(
                cv2.LUT(picture, np.clip(table + 0.5, 0, 255).astype(np.uint8)[:, None, :].reshape(1, 256, 3)), np.uint8
            )
        for flash in flashes:
            _add_flash(picture, flash)
        if light.fog is not None:
            picture = self._fogged(picture, t_s, light.fog)
        return self._noisy(picture, index)

    def _fogged(self, picture: Picture, t_s: float, fog: tuple[float, float]) -> Picture:
        density = float(np.clip(min(t_s - fog[0], fog[1] - t_s) / 0.5, 0, 1))
        if density == 0.0:
            return picture
        return np.asarray(
            cv2.addWeighted(picture, 1 - 0.985 * density, np.full_like(picture, 188), 0.985 * density, 0), np.uint8
        )

    def _noisy(self, picture: Picture, index: int) -> Picture:
        if not self._tiles:
            return picture
        rng = np.random.default_rng([self._scene.seed, 8, index])
        dy, dx = rng.integers(0, _MARGIN, 2)
        tile = self._tiles[int(rng.integers(_TILES))][dy : dy + picture.shape[0], dx : dx + picture.shape[1]]
        return np.asarray(cv2.addWeighted(picture, 1.0, tile, 1.0, -128.0), np.uint8)


def _add_flash(picture: Picture, flash: SeenFlash) -> None:
    x, y = flash.xy_px
    reach = int(np.ceil(flash.radius_px * 3)) + 1
    x0, y0 = max(int(x) - reach, 0), max(int(y) - reach, 0)
    part = picture[y0 : int(y) + reach + 1, x0 : int(x) + reach + 1]
    rows, columns = np.mgrid[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
    distance = ((columns - x) ** 2 + (rows - y) ** 2) / flash.radius_px**2
    glow = (330 * np.exp(-1.4 * distance) + 40 * np.exp(-0.4 * distance))[..., None] * [0.72, 0.92, 1.0]
    part[:] = np.clip(part + glow, 0, 255).astype(np.uint8)
