"""Slow twins of what the flash, smoke and change detectors compute."""

from __future__ import annotations

import numpy as np

from tests.naive_vision import naive_apply


def naive_brightened(now, before, now_from_before, reach_px, tiles=(4, 6)):
    """Pixel by pixel: its tile's shift, then the brightest near there."""
    height, width = now.shape
    inverse = np.linalg.inv(now_from_before)
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    moved = naive_apply(inverse, corners) - corners
    rows, columns = (1, 1) if np.ptp(moved, axis=0).max() <= 2 else tiles
    out = np.zeros_like(now)
    for i in range(rows):
        for j in range(columns):
            top, bottom, left, right = (
                height * i // rows,
                height * (i + 1) // rows,
                width * j // columns,
                width * (j + 1) // columns,
            )
            centre = ((left + right - 1) / 2, (top + bottom - 1) / 2)
            dx, dy = np.rint(naive_apply(inverse, [centre])[0] - centre).astype(int)
            for y in range(top, bottom):
                for x in range(left, right):
                    if 0 <= x + dx < width and 0 <= y + dy < height:
                        near = before[
                            max(y + dy - reach_px, 0) : y + dy + reach_px + 1,
                            max(x + dx - reach_px, 0) : x + dx + reach_px + 1,
                        ]
                        out[y, x] = max(int(now[y, x]) - int(near.max()), 0)
    return out


def naive_spots(brighter, least, cell_px, most):
    best = {}
    for (y, x), value in np.ndenumerate(brighter):
        cell = (y // cell_px, x // cell_px)
        if value >= least and (cell not in best or value > best[cell][0]):
            best[cell] = (int(value), y, x)
    found = sorted(best.values(), key=lambda one: (-one[0], one[1], one[2]))[:most]
    return [(x, y) for _, y, x in found], [value for value, _, _ in found]


def naive_brightest(picture, xy, reach_px, outside=255.0):
    height, width = picture.shape
    out = []
    for x, y in xy:
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            out.append(outside)
            continue
        column, row = round(x), round(y)
        out.append(
            max(
                int(picture[v, u])
                for v in range(max(row - reach_px, 0), min(row + reach_px + 1, height))
                for u in range(max(column - reach_px, 0), min(column + reach_px + 1, width))
            )
        )
    return out
