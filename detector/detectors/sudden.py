"""What has become brighter from one picture to the next, and how bright a place was at other times."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.picture.homography import Float, inverse, shifts_px

U8 = NDArray[np.uint8]

_TILES = (4, 6)  # down, across
_EVEN_PX = 1.0


_MOST_GATHERED = 100  # of more places all of the earlier picture is looked at, not what is around each


class Brightening:
    """Holds each picture against the one before. What is kept of one for the next: how bright each pair of rows is.

    Its working pictures are kept, too: making them anew costs more (page faults) than filling them.
    """

    def __init__(self) -> None:
        self._now: U8 = np.zeros((0, 0), np.uint8)
        self._pairs: U8 = np.zeros((0, 0), np.uint8)
        self._pairs_before, self._near, self._brighter = self._pairs, self._pairs, self._pairs

    def between(
        self, now: U8, before: U8, now_from_before: Float, reach_px: int, least: int, bright: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What has become brighter than anything within reach of the same ground before: places, and by how much.

        The earlier picture is laid over in tiles, each shifted by whole pixels, where the camera turned or climbed; in
        one piece where it only drifted. The reach takes up what that leaves, at a fifth of the cost of a warp. Places
        where the earlier picture shows nothing are left out. Pairs of rows are held against one another first, and
        pixels only where that leaves a doubt: of a few places a picture. Slow twin: tests/naive_flash.py.

        Args:
            now, before: shape (H, W)
            now_from_before: homography from pixels of `before` to those of `now`.
            reach_px: half the side of the square that counts as near, 2 or more. [px]
            least: by so much brighter. [grey]
            bright: and so bright. [grey]

        Returns:
            x, y, row by row, shape (N, 2) [px], and shape (N,) [grey]
        """
        height, width = now.shape
        half = (height + 1) // 2
        if self._pairs.shape != (half, width):
            self._pairs, self._pairs_before, self._brighter = np.zeros((3, half, width), np.uint8)
            self._near = np.zeros((half + 1, width), np.uint8)
            self._now = now
        self._pairs, self._pairs_before = self._pairs_before, self._pairs
        if before is not self._now:
            _brightest_of_two_rows(before, self._pairs_before)
        _brightest_of_two_rows(now, self._pairs)
        self._now = now
        _surely_near(self._pairs_before, reach_px, bright - least, self._near)
        found = []
        tiles, shifts = tile_shifts(now.shape, now_from_before)
        for (y0, y1, x0, x1), (dx, dy) in zip(tiles, shifts, strict=True):
            # Pixel (x, y) of `now` lies over (x + dx, y + dy) of `before`; what that has not is left out.
            left, right = max(x0, -dx), min(x1, width - dx)
            top, bottom = max(y0, -dy), min(y1, height - dy)
            if left >= right or top >= bottom:
                continue
            first, end = top // 2, (bottom + 1) // 2
            there = self._near[first + dy // 2 + 1 : end + dy // 2 + 1, left + dx : right + dx]
            out = self._brighter[first:end, left:right]
            brighter = cv2.subtract(self._pairs[first:end, left:right], there, dst=out)
            if cv2.norm(brighter, cv2.NORM_INF) < least:
                continue
            # Row by row first: few of them have such a pixel.
            rows = np.flatnonzero(brighter.max(axis=1) >= least)
            row, x = np.nonzero(brighter[rows] >= least)
            row = rows[row]
            y = np.concatenate([2 * (row + first), 2 * (row + first) + 1])
            x = np.concatenate([x, x]) + left
            level = now[np.minimum(y, height - 1), x].astype(np.int64)
            value = level - _near(before, x + dx, y + dy, reach_px)
            lit = (value >= least) & (level >= bright) & (y >= top) & (y < bottom)
            if lit.any():
                found.append(np.stack([y[lit], x[lit], value[lit]]))
        if not found:
            return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
        y, x, value = np.concatenate(found, axis=1)
        order = np.lexsort((x, y))
        return np.stack([x[order], y[order]], axis=1), value[order]


def _brightest_of_two_rows(picture: U8, out: U8) -> None:
    """Of rows 0 and 1, 2 and 3, and so on; the last one alone where their number is odd. out: shape (ceil(H / 2), W)"""
    whole = len(picture) // 2
    if whole:
        cv2.max(picture[: 2 * whole : 2], picture[1::2], dst=out[:whole])
    if len(out) > whole:
        out[whole] = picture[-1]


def _surely_near(pairs: U8, reach_px: int, least: int, out: U8) -> None:
    """What is at least within reach of each pair of rows, though the two lie half a pair off; from the pair before the
    first one on, and nowhere less than `least`. out: shape (ceil(H / 2) + 1, W)"""
    up = max((reach_px - 2) // 2, 0)
    cv2.dilate(pairs, np.ones((2 * up + 1, 2 * reach_px + 1), np.uint8), dst=out[1:])
    out[0] = out[1]
    cv2.max(out, least, dst=out)  # type: ignore[call-overload] # numpy takes ten times as long


def _near(picture: U8, x: NDArray[np.int64], y: NDArray[np.int64], reach_px: int) -> NDArray[np.int64]:
    """The brightest pixel within reach of each place in the picture. shape (N,)"""
    if len(x) > _MOST_GATHERED:
        side = 2 * reach_px + 1
        around = cv2.dilate(picture, np.ones((side, side), np.uint8))
        return around[np.clip(y, 0, len(picture) - 1), x].astype(np.int64)
    step = np.arange(-reach_px, reach_px + 1)
    rows = np.clip(y[:, None] + step, 0, picture.shape[0] - 1)
    columns = np.clip(x[:, None] + step, 0, picture.shape[1] - 1)
    return np.asarray(picture[rows[:, :, None], columns[:, None, :]].max(axis=(1, 2), initial=0), np.int64)


def tile_shifts(
    shape: tuple[int, ...], now_from_before: Float
) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int]]]:
    """Tiles (top, bottom, left, right) of a picture and the shift (dx, dy) from each into the earlier picture. [px]"""
    height, width = shape[:2]
    before_from_now = inverse(now_from_before)
    corners = _shifts(before_from_now, [(x, y) for x in (0.0, width - 1.0) for y in (0.0, height - 1.0)])
    across, down = [dx for dx, _ in corners], [dy for _, dy in corners]
    even = max(max(across) - min(across), max(down) - min(down)) <= 2 * _EVEN_PX
    rows, columns = (1, 1) if even else _TILES
    tiles = [
        (height * i // rows, height * (i + 1) // rows, width * j // columns, width * (j + 1) // columns)
        for i in range(rows)
        for j in range(columns)
    ]
    middles = [((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2) for y0, y1, x0, x1 in tiles]
    return tiles, [(round(dx), round(dy)) for dx, dy in _shifts(before_from_now, middles)]


def _shifts(matrix: Float, places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """How far a homography moves places; far out of the picture where one lies on the vanishing line. [px]"""
    return [
        (min(max(dx, -1e6), 1e6), min(max(dy, -1e6), 1e6)) if math.isfinite(dx + dy) else (1e6, 1e6)
        for dx, dy in shifts_px(matrix, places)
    ]


def strongest(
    places: NDArray[np.int64], value: NDArray[np.int64], cell_px: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The strongest place of each cell, strongest first, at most `most`; of equals the first given.

    Args:
        places: x, y, row by row. shape (N, 2) [px]
        value: shape (N,)

    Slow twin: tests/naive_flash.py.
    """
    if not len(places):
        return places, value
    order = np.argsort(-value, kind="stable")
    across, down = places[order].T // cell_px
    _, first = np.unique(down * (int(across.max()) + 1) + across, return_index=True)
    chosen = order[np.sort(first)][:most]
    return places[chosen], value[chosen]


def brightest(picture: U8, xy: Float, reach_px: int, outside: float = 255.0) -> Float:
    """Brightest pixel within reach of each place. shape (N,) [grey]; `outside` where it is out of the picture."""
    height, width = picture.shape
    out = np.full(len(xy), outside)
    # A loop over places, not pixels: there are few, and each slice costs a twentieth of one vectorised gather.
    for index, (x, y) in enumerate(xy.tolist()):
        if 0 <= x <= width - 1 and 0 <= y <= height - 1:
            column, row = round(x), round(y)
            out[index] = picture[
                max(row - reach_px, 0) : row + reach_px + 1, max(column - reach_px, 0) : column + reach_px + 1
            ].max()
    return out
