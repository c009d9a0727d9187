"""What has become brighter from one picture to the next, and how bright a place was at other times."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, apply

U8 = NDArray[np.uint8]

_TILES = (4, 6)  # down, across
_EVEN_PX = 1.0


class Brightening:
    """Holds each picture against the one before. Its two working pictures are kept: making them anew costs more (page
    faults) than filling them."""

    def __init__(self) -> None:
        self._spread: U8 = np.zeros((0, 0), np.uint8)
        self._brighter: U8 = np.zeros((0, 0), np.uint8)

    def between(self, now: U8, before: U8, now_from_before: Float, reach_px: int) -> U8:
        """How much brighter each pixel is than anything within reach of the same ground before. shape as given [grey]

        The earlier picture is laid over in tiles, each shifted by whole pixels, where the camera turned or climbed; in
        one piece where it only drifted. The reach takes up what that leaves, at a fifth of the cost of a warp. 0 where
        the earlier picture shows nothing. Slow twin: tests/naive_flash.py.

        Args:
            now, before: shape (H, W)
            now_from_before: homography from pixels of `before` to those of `now`.
            reach_px: half the side of the square that counts as near. [px]

        Returns:
            A working picture: it is overwritten by the next call.
        """
        height, width = now.shape
        if self._spread.shape != now.shape:
            self._spread, self._brighter = np.zeros_like(now), np.zeros_like(now)
        spread = cv2.dilate(before, np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8), dst=self._spread)
        brighter = self._brighter
        tiles, shifts = tile_shifts(now.shape, now_from_before)
        if any(shift != (0, 0) for shift in shifts):
            brighter[:] = 0
        for (y0, y1, x0, x1), (dx, dy) in zip(tiles, shifts, strict=True):
            # Pixel (x, y) of `now` lies over (x + dx, y + dy) of `before`; what that has not is left out.
            left, right = max(x0, -dx), min(x1, width - dx)
            top, bottom = max(y0, -dy), min(y1, height - dy)
            if left < right and top < bottom:
                there = spread[top + dy : bottom + dy, left + dx : right + dx]
                cv2.subtract(now[top:bottom, left:right], there, dst=brighter[top:bottom, left:right])
        return brighter


def tile_shifts(
    shape: tuple[int, ...], now_from_before: Float
) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int]]]:
    """Tiles (top, bottom, left, right) of a picture and the shift (dx, dy) from each into the earlier picture. [px]"""
    height, width = shape[:2]
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float64)
    inverse = np.asarray(np.linalg.inv(now_from_before), np.float64)
    shift = apply(inverse, corners) - corners
    even = bool(np.ptp(shift, axis=0).max() <= 2 * _EVEN_PX) if np.isfinite(shift).all() else True
    rows, columns = (1, 1) if even else _TILES
    tiles = [
        (height * i // rows, height * (i + 1) // rows, width * j // columns, width * (j + 1) // columns)
        for i in range(rows)
        for j in range(columns)
    ]
    centre = np.array([[(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2] for y0, y1, x0, x1 in tiles])
    moved = np.nan_to_num(apply(inverse, centre) - centre, nan=1e6, posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)
    return tiles, [(int(dx), int(dy)) for dx, dy in np.rint(moved).tolist()]


def spots(brighter: U8, least: int, cell_px: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The strongest pixel of each cell that has one of at least `least`: places (N, 2) [px] and values (N,) [grey].

    Strongest first, at most `most`; of equals the one farther up, then farther left.
    """
    if brighter.size == 0 or int(brighter.max()) < least:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    flat = np.flatnonzero(brighter >= least)
    value = brighter.ravel()[flat].astype(np.int64)
    y, x = np.divmod(flat, brighter.shape[1])
    order = np.argsort(-value, kind="stable")
    cell = (y // cell_px) * (brighter.shape[1] // cell_px + 1) + x // cell_px
    _, first = np.unique(cell[order], return_index=True)
    chosen = order[np.sort(first)][:most]
    return np.stack([x[chosen], y[chosen]], axis=1), value[chosen]


def brightest(picture: U8, xy: Float, reach_px: int, outside: float = 255.0) -> Float:
    """Brightest pixel within reach of each place. shape (N,) [grey]; `outside` where it is out of the picture."""
    height, width = picture.shape
    places = np.where(np.isfinite(xy), xy, -1.0)
    inside = (places >= 0).all(axis=1) & (places[:, 0] <= width - 1) & (places[:, 1] <= height - 1)
    column, row = np.rint(np.where(inside[:, None], places, 0)).astype(np.int64).T
    reach = np.arange(-reach_px, reach_px + 1)
    rows = np.clip(row[:, None] + reach, 0, height - 1)
    columns = np.clip(column[:, None] + reach, 0, width - 1)
    peak = picture[rows[:, :, None], columns[:, None, :]].max(axis=(1, 2), initial=0)
    return np.where(inside, peak, outside).astype(np.float64)
