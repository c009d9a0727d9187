"""Slow twins of what the detector for a still camera does, and a still view with known truth."""

from __future__ import annotations

import numpy as np

from tests.naive_vision import texture

SIZE = (480, 270)


class Scene:
    """A noisy still view. `make(index)` gives the picture; `things` draw into it and return their mask."""

    def __init__(self, *things, seed: int = 0, sigma: float = 1.5, light=None) -> None:
        self.ground = texture(seed, (SIZE[0] + 40, SIZE[1] + 40))[20:-20, 20:-20].astype(np.float64)
        self.things = things
        self.sigma = sigma
        self.light = light
        self.seed = seed

    def truth(self, index: int) -> np.ndarray:
        mask = np.zeros(SIZE[::-1], bool)
        for thing in self.things:
            mask |= thing(index, self.ground.copy())
        return mask

    def make(self, index: int) -> np.ndarray:
        picture = self.ground.copy()
        for thing in self.things:
            thing(index, picture)
        if self.light is not None:
            picture = self.light(index, picture)
        noise = np.random.default_rng([self.seed, index]).normal(0, self.sigma, picture.shape)
        return np.clip(picture + noise, 0, 255).astype(np.uint8)


def box(x, y, width, height, grey=250.0):
    """A thing at x(index), y(index) of one grey level."""

    def draw(index, picture):
        mask = np.zeros(picture.shape, bool)
        left, top = round(x(index)), round(y(index))
        mask[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
        picture[mask] = grey
        return mask

    return draw


def shade(x, y, width, height, factor):
    """A shadow at x(index), y(index): it is no thing."""

    def draw(index, picture):
        left, top = round(x(index)), round(y(index))
        picture[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] *= factor
        return np.zeros(picture.shape, bool)

    return draw


def naive_second_nearest(picture, samples):
    out = np.zeros(picture.shape, np.uint8)
    for place in np.ndindex(picture.shape):
        out[place] = sorted(abs(int(picture[place]) - int(sample[place])) for sample in samples)[1]
    return out


def naive_block_shift(home, now, block):
    """Least squares of now = home - slope * shift in each block. shape (rows, columns, 2) [px]"""
    rows, columns = home.shape[0] // block, home.shape[1] // block
    out = np.zeros((rows, columns, 2))
    padded = np.pad(home.astype(float), 1, mode="reflect")
    across = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    down = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    for row, column in np.ndindex(rows, columns):
        part = np.s_[row * block : (row + 1) * block, column * block : (column + 1) * block]
        slopes = np.stack([across[part].ravel(), down[part].ravel()], axis=1)
        differs = (now.astype(float) - home)[part].ravel()
        out[row, column] = np.linalg.lstsq(slopes, differs, rcond=None)[0]
    return out


def naive_light(picture, mean, block):
    """Factor and correlation of each block. shape (rows, columns), twice"""
    rows, columns = picture.shape[0] // block, picture.shape[1] // block
    factor, alike = np.zeros((rows, columns)), np.zeros((rows, columns))
    for row, column in np.ndindex(rows, columns):
        part = np.s_[row * block : (row + 1) * block, column * block : (column + 1) * block]
        factor[row, column] = picture[part].mean() / mean[part].mean()
        alike[row, column] = np.corrcoef(picture[part].ravel(), mean[part].ravel())[0, 1]
    return factor, alike


def naive_towards(level, seen, quantile, rate):
    out = level.copy()
    for place, value in np.ndenumerate(level):
        step = (value + 3) * 2 * rate
        out[place] = max(value + step * (quantile if seen[place] > value else quantile - 1), 0)
    return out


def naive_cell_means(picture, cell):
    rows, columns = -(-picture.shape[0] // cell), -(-picture.shape[1] // cell)
    out = np.zeros((rows, columns))
    for (y, x), value in np.ndenumerate(picture):
        out[y // cell, x // cell] += value / cell**2
    return out


def naive_small_and_clear(mask, thick, distance, threshold, min_area, most_px, times):
    """Spots one by one, each grown from its first pixel."""
    out, left = np.zeros(mask.shape, np.uint8), {(y, x) for y, x in np.argwhere(mask)}
    while left:
        edge = [left.pop()]
        spot = list(edge)
        while edge:
            y, x = edge.pop()
            beside = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= beside
            edge += beside
            spot += beside
        rows, columns = {y for y, _ in spot}, {x for _, x in spot}
        small = len(spot) >= 3 and max(rows) - min(rows) < most_px and max(columns) - min(columns) < most_px
        clear = any(distance[at] > times * int(threshold[at]) for at in spot)
        if small and clear and sum(thick[at] > 0 for at in spot) < min_area:
            for at in spot:
                out[at] = 1
    return out
