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


def naive_lit_up(now, before, now_from_before, reach_px, least, bright):
    brighter = naive_brightened(now, before, now_from_before, reach_px)
    found = [((x, y), int(v)) for (y, x), v in np.ndenumerate(brighter) if v >= least and now[y, x] >= bright]
    return [place for place, _ in found], [value for _, value in found]


def naive_strongest(places, values, cell_px, most):
    best = {}
    for (x, y), value in zip(places, values, strict=True):
        cell = (y // cell_px, x // cell_px)
        if cell not in best or value > best[cell][0]:
            best[cell] = (value, y, x)
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


def naive_stays_in_place(means, rows, columns):
    count, height, width = means.shape
    out = []
    for y, x in zip(rows, columns, strict=True):
        own = [float(v) for v in means[:, y, x]]
        together, passing = -1.0, -1.0
        for v in range(y - 1, y + 2):
            for u in range(x - 1, x + 2):
                if (v, u) == (y, x) or not (0 <= v < height and 0 <= u < width):
                    continue
                other = [float(w) for w in means[:, v, u]]
                if any(np.isnan(other)):
                    continue
                together = max(together, _product(own, other, 0, count))
                passing = max(passing, *(_product(own, other, lag, count) for lag in (1, 2, 3)))
        out.append(passing - together < -0.05 and passing < 0.8)
    return out


def _product(own, other, lag, count):
    def standard(series):
        mean = sum(series) / count
        sigma = (sum((v - mean) ** 2 for v in series) / count) ** 0.5
        return [(v - mean) / (sigma + 1e-6) for v in series]

    a, b = standard(own), standard(other)
    return sum(a[t] * b[t - lag] for t in range(lag, count)) / (count - lag)


def naive_shifted(grid, down, across, empty):
    out = np.full_like(grid, empty)
    for y, x in np.ndindex(grid.shape):
        if 0 <= y + down < grid.shape[0] and 0 <= x + across < grid.shape[1]:
            out[y, x] = grid[y + down, x + across]
    return out


def naive_outside(picture, other, reach_px=2):
    out = np.zeros_like(picture)
    for y, x in np.ndindex(picture.shape):
        near = other[max(y - reach_px, 0) : y + reach_px + 1, max(x - reach_px, 0) : x + reach_px + 1].astype(int)
        out[y, x] = max(int(picture[y, x]) - near.max(), near.min() - int(picture[y, x]), 0)
    return out


def naive_likeness(piece, around):
    """Best correlation over all places."""
    best = -1.0
    high, wide = piece.shape
    a = piece.astype(float) - piece.mean()
    for y in range(around.shape[0] - high + 1):
        for x in range(around.shape[1] - wide + 1):
            b = around[y : y + high, x : x + wide].astype(float)
            b -= b.mean()
            best = max(best, float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))
    return best


def naive_contrast_to_ring(picture, box):
    x0, y0, x1, y1 = (round(v) for v in box)
    rim = max((x1 - x0) // 2, (y1 - y0) // 2, 3)
    inner, ring = [], []
    for y in range(max(y0 - rim, 0), min(y1 + rim, picture.shape[0])):
        for x in range(max(x0 - rim, 0), min(x1 + rim, picture.shape[1])):
            (inner if y0 <= y < y1 and x0 <= x < x1 else ring).append(float(picture[y, x]))
    return abs(np.mean(inner) - np.mean(ring)) + abs(np.std(inner) - np.std(ring))


def naive_in_view(picture_from_grid, shape, picture_shape, block_px):
    """Corner by corner."""
    height, width = picture_shape
    out = np.zeros(shape, bool)
    for row in range(shape[0]):
        for column in range(shape[1]):
            corners = [((column + i) * block_px - 0.5, (row + j) * block_px - 0.5) for i in (0, 1) for j in (0, 1)]
            out[row, column] = all(
                -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5
                for x, y in naive_apply(picture_from_grid, corners)
            )
    return out
