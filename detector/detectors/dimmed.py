"""A shadow is ground that the sun does not reach: dimmed by one factor all over a scene, to one side of things."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
U8 = NDArray[np.uint8]

LEAST_SIDE_PX = 32  # longer side of a spot: in a smaller one the borders are all there is, and there are many
SAMPLES = 24  # points along each side of a box
_LEAST_GREY = 6.0  # what differs less from the ground is ground
_NEAR = 0.18  # dimmed so nearly alike, of the logarithm
_LEVELS = np.arange(np.log(0.2), np.log(0.75), 0.06)  # how much shadows may dim the ground: logarithms of the factor
_LOGARITHM = np.log(np.maximum(np.arange(256), 1))
_SIDES = 16  # directions, and steps across the box in each
_STEPS = 24
_BEYOND_CLEAR, _BEYOND_KNOWN = 0.1, 0.05  # of all points that differ: more of shadow than of else beyond a line
_LEAST_THING = 0.2  # of all points that differ lie on the near side and are no shadow
_LEAST_COSINE = 0.5  # between a spot's own direction and that of the shadows
_LEAST_CORE = 5  # points within a shadow, away from its border
_BESIDE = (np.arange(_SIDES)[:, None] + [0, -1, 1]) % _SIDES
_BESIDE_LEVELS = 2  # steps of the logarithm to either side
_LEAST_TIMES = 1.4  # as many as the other way
_LEAST_SIGMA = 5.0  # above what so many would be by chance
_MOST_SPREAD = 0.8  # variance of the factor, over that of the shadows' grey levels: of paint it is above 1
_MEMORY_S = 60.0
_LEARN_S, _LEARN_ON_S = 0.2, 1.0  # so often, until it is known and from then on: the sun stays where it is


class Greys(NamedTuple):
    """Points on a grid in each box.

    now: logarithm of the grey level. shape (N, S, S)
    dimmed: logarithm of the grey level over that of the ground. shape (N, S, S)
    differs: whether there is something other than the ground as it was and will be. shape (N, S, S)
    """

    now: Float
    dimmed: Float
    differs: Bool


class Parts(NamedTuple):
    """Each box parted by a straight line: beyond it lies the shadow.

    beyond: how much more of shadow than of anything else lies beyond it, as a share of all that differs. shape (N,)
    thing: share of all that differs that lies before it and is no shadow. shape (N,)
    xyxy: the box around that. shape (N, 4) [px]
    away: the way from its middle to that of the shadow. shape (N, 2) [px]
    core: points within the shadow. shape (N, S, S)
    """

    beyond: Float
    thing: Float
    xyxy: Float
    away: Float
    core: Bool

    def clear(self, least: float) -> Bool:
        """Which of them are clearly a thing and its shadow. shape (N,)"""
        return np.asarray((self.beyond > least) & (self.thing > _LEAST_THING))


def greys_in(xyxy: Float, judged: U8, others: list[tuple[U8, int]], least: Float) -> Greys:
    """What is in each box, held against the ground there.

    The ground is the second brightest of the other pictures, or the brighter of two: most that moves hides it with
    something darker, its shadow.

    Args:
        xyxy: boxes in the judged picture. shape (N, 4) [px]
        judged: shape (H, W)
        others: laid over it, in its light, each with how many of its pixels along a side are one of theirs.
        least: smaller differences do not count. shape (N,) [grey levels]

    Slow twin: tests/naive_vision.py.
    """
    at = (np.arange(SAMPLES) + 0.5) / SAMPLES
    low, side = np.maximum(xyxy[:, :2], 0), xyxy[:, 2:] - xyxy[:, :2]
    x = np.floor(low[:, :1] + at * side[:, :1]).astype(np.intp)[:, None, :]
    y = np.floor(low[:, 1:] + at * side[:, 1:]).astype(np.intp)[:, :, None]
    now = _at(judged, x, y, 1)
    first = second = np.zeros_like(now)
    for picture, shrink in others:
        there = _at(picture, x, y, shrink)
        second = np.maximum(second, np.minimum(first, there))
        first = np.maximum(first, there)
    ground = second if len(others) > 2 else first
    apart = np.where(now > ground, now - ground, ground - now)
    grey = _LOGARITHM[now]
    return Greys(grey, grey - _LOGARITHM[ground], apart > np.maximum(least, _LEAST_GREY)[:, None, None])


def commonest(greys: Greys) -> Float:
    """By how much most of what is darker than the ground is dimmed, in each box. shape (N,) [logarithm]"""
    darker = greys.differs & (greys.dimmed < 0)
    near = [np.count_nonzero(darker & (np.abs(greys.dimmed - level) < _NEAR), axis=(1, 2)) for level in _LEVELS]
    return np.asarray(_LEVELS[np.argmax(near, axis=0)])


def parted(xyxy: Float, greys: Greys, level: Float) -> Parts:
    """The boxes parted from the shadow in them, if shadows dim the ground by `level`. shape (N,) [logarithm]

    Slow twin: tests/naive_vision.py.
    """
    differs = greys.differs
    dimmed = differs & (np.abs(greys.dimmed - level[:, None, None]) < _NEAR)
    around, alike = _of_nine(differs), _of_nine(dimmed)
    shadow = differs & (2 * alike > around) & (around >= 3)
    other = _opened(differs & ~shadow)
    total = np.maximum(differs.sum(axis=(1, 2)), 1)
    weight = shadow.astype(np.float32) - other
    score = weight.reshape(-1, SAMPLES * SAMPLES) @ _BEYOND.T
    best = score.argmax(axis=1)
    beyond = _BEYOND[best].reshape(weight.shape) > 0
    thing, cast = other & ~beyond, shadow & beyond
    step = (xyxy[:, 2:] - xyxy[:, :2]) / SAMPLES
    first, last = _ends(thing)
    box = np.concatenate([xyxy[:, :2] + first * step, xyxy[:, :2] + last * step], axis=1)
    away = (_middle(cast) - _middle(thing)) * step
    both = thing.any(axis=(1, 2)) & cast.any(axis=(1, 2))
    box[~both], away[~both] = xyxy[~both], 0.0
    core = cast & dimmed & (_of_nine(shadow) >= 8)
    share = np.where(both, thing.sum(axis=(1, 2)) / total, 0.0)
    return Parts(score.max(axis=1, initial=0) / total, share, box, away, core)


class Dimming:
    """Learns by how much shadows dim the ground of a scene, and to which side of things they lie.

    A lorry's dark half lies to one side of the other half, too, but it is as dark on light ground as on dark: its
    grey level stays the same, and a shadow's factor does.

    known: by how much shadows dim the ground [logarithm], and where they lie from what casts them, in the reference,
        shape (2,), length 1; None where that is not known.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        # Of each level and side: how many, direction (2), mean and mean square of grey level and of factor (logarithms)
        self._sums = np.zeros((len(_LEVELS), _SIDES, 7))
        self._t_ns: int | None = None
        self.known: tuple[float, Float] | None = None

    def is_due(self, t_ns: int) -> bool:
        """Whether to learn from the boxes of a frame at this time."""
        every_s = _LEARN_S if self.known is None else _LEARN_ON_S
        return self._t_ns is None or not 0 <= t_ns - self._t_ns < 0.99e9 * every_s

    def learn(self, greys: Greys, parts: Parts, reference_from_picture: Float, t_ns: int) -> None:
        """Take note of one frame's boxes.

        reference_from_picture: how directions turn at each of them. shape (N, 2, 2)
        """
        if self._t_ns is not None:
            self._sums *= np.exp(-max(t_ns - self._t_ns, 0) / (_MEMORY_S * 1e9))
        self._t_ns = t_ns
        rows = np.flatnonzero(parts.clear(_BEYOND_CLEAR) & (parts.core.sum(axis=(1, 2)) >= _LEAST_CORE))
        way = np.einsum("nij,nj->ni", reference_from_picture[rows], parts.away[rows])
        way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
        rows, way = rows[np.isfinite(way).all(axis=1)], way[np.isfinite(way).all(axis=1)]
        core = parts.core[rows]
        grey, grey2, factor, factor2 = (
            np.sum(one, axis=(1, 2), where=core) / core.sum(axis=(1, 2))
            for one in (greys.now[rows], greys.now[rows] ** 2, greys.dimmed[rows], greys.dimmed[rows] ** 2)
        )
        level = np.abs(factor[:, None] - _LEVELS).argmin(axis=1)
        side = np.floor(np.arctan2(way[:, 1], way[:, 0]) / (2 * np.pi) * _SIDES).astype(np.intp) % _SIDES
        one = np.ones(len(rows))
        np.add.at(self._sums, (level, side), np.stack([one, *way.T, grey, grey2, factor, factor2], axis=1))
        self.known = self._concluded()

    def _concluded(self) -> tuple[float, Float] | None:
        """What is known by now."""
        padded = np.pad(self._sums, ((_BESIDE_LEVELS, _BESIDE_LEVELS), (0, 0), (0, 0)))
        total = sum(padded[at : at + len(_LEVELS)] for at in range(2 * _BESIDE_LEVELS + 1))
        near = np.asarray(total)[:, _BESIDE].sum(axis=2)
        level, side = np.unravel_index(near[..., 0].argmax(), near.shape[:2])
        count, x, y, grey, grey2, factor, factor2 = near[level, side].tolist()
        by_chance = float(near[level, :, 0].mean())
        opposite = near[level, (side + _SIDES // 2) % _SIDES, 0]
        if count < _LEAST_TIMES * opposite or count - by_chance < _LEAST_SIGMA * max(by_chance, 1.0) ** 0.5:
            return None
        spread, grey_spread = factor2 / count - (factor / count) ** 2, grey2 / count - (grey / count) ** 2
        if spread > _MOST_SPREAD * grey_spread:
            return None
        return factor / count, np.array([x, y]) / np.hypot(x, y)


def without_shadows(
    xyxy: Float, greys: Greys, known: tuple[float, Float], reference_from_picture: Float
) -> tuple[Float, Bool]:
    """The boxes of those that are clearly a thing and its shadow without the shadow, the others as they are.

    Args:
        known: as `Dimming` says.
        reference_from_picture: how directions turn at each of them. shape (N, 2, 2)

    Returns:
        Boxes, shape (N, 4) [px], and which of them lost a shadow, shape (N,).
    """
    level, direction = known
    parts = parted(xyxy, greys, np.full(len(xyxy), level))
    way = np.einsum("nij,nj->ni", reference_from_picture, parts.away)
    lies_so = way @ direction >= _LEAST_COSINE * np.hypot(way[:, 0], way[:, 1])
    cut = parts.clear(_BEYOND_KNOWN) & lies_so
    return np.where(cut[:, None], parts.xyxy, xyxy), cut


def _at(picture: U8, x: NDArray[np.intp], y: NDArray[np.intp], shrink: int) -> U8:
    height, width = picture.shape
    if shrink > 1:
        x, y = x // shrink, y // shrink
    return np.asarray(picture[np.minimum(y, height - 1), np.minimum(x, width - 1)], np.uint8)


def _of_nine(points: Bool) -> NDArray[np.uint8]:
    """How many of the 3x3 around each point. shape (N, S, S)"""
    padded = _framed(points, SAMPLES)
    across = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    return np.asarray(across[:, :-2] + across[:, 1:-1] + across[:, 2:])


def _opened(points: Bool) -> Bool:
    """Those that lie in a block of 2x2 of them: the border of a shadow is one point wide. shape (N, S, S)"""
    across = points[:, :, :-1] & points[:, :, 1:]
    blocks = _framed(across[:, :-1] & across[:, 1:], SAMPLES - 1).view(np.bool_)
    across = blocks[:, :, :-1] | blocks[:, :, 1:]
    return np.asarray(across[:, :-1] | across[:, 1:])


def _framed(points: Bool, side: int) -> NDArray[np.uint8]:
    """With a border of 0. (N, S, S) -> (N, S + 2, S + 2), 0 or 1. A fifth of the time of np.pad."""
    framed = np.zeros((len(points), side + 2, side + 2), np.uint8)
    framed[:, 1:-1, 1:-1] = points
    return framed


def _ends(points: Bool) -> tuple[Float, Float]:
    """First column and row that holds any of them, and the ones after the last. shape (N, 2) each"""
    there = np.stack([points.any(axis=1), points.any(axis=2)], axis=1)
    return there.argmax(axis=2).astype(np.float64), SAMPLES - there[:, :, ::-1].argmax(axis=2).astype(np.float64)


def _middle(points: Bool) -> Float:
    """Mean column and row of them. shape (N, 2)"""
    count, at = np.maximum(points.sum(axis=(1, 2)), 1), np.arange(SAMPLES)
    return np.asarray(np.stack([points.sum(axis=1) @ at, points.sum(axis=2) @ at], axis=1) / count[:, None])


def _beyond() -> NDArray[np.float32]:
    """Which points of the grid lie beyond lines across each of the directions. shape (SIDES * STEPS, S * S), 0 or 1"""
    at = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    x, y = np.meshgrid(at, at)
    angle = np.arange(_SIDES)[:, None] * 2 * np.pi / _SIDES
    along = np.cos(angle) * x.ravel() + np.sin(angle) * y.ravel()
    step = np.floor((along / np.abs(along).max(axis=1, keepdims=True) + 1) / 2 * _STEPS)
    beyond = step[:, None] >= np.arange(_STEPS)[:, None]
    return np.asarray(beyond.reshape(_SIDES * _STEPS, -1), np.float32)


_BEYOND = _beyond()
