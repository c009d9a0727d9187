"""A thing in the sun and its shadow are one spot, and the shadow is often the clearer half: where the thing ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
U8 = NDArray[np.uint8]

SAMPLES = 24  # points along each side of what is looked at
AROUND = 0.75  # so much of a box's longer side is looked at around it
AROUND_PX = 2.0
STRONG_SHARE = 0.35  # less of a spot's largest difference is texture
_LEAST_PEAK = 0.2  # of the clearer half's largest difference that of the fainter one has to reach
_LEAST_MASS = 0.15  # and of the sum of all differences
_CLEAR = 3.0  # least differences that either half has to reach, for noise does not
_SECTORS = 16
_BESIDE = (np.arange(_SECTORS)[:, None] + [0, -1, 1]) % _SECTORS  # each with the one before and the one after it
_LEAST_TIMES = 1.4  # as many directions as the other way: what is light and dark on things points either way
_LEAST_SIGMA = 4.0  # above what so many directions would be by chance
_LEAST_COSINE = 0.7  # between a spot's own direction and that of the shadows
_MEMORY_S = 20.0


class Spots(NamedTuple):
    """Points on a grid over each box and a bit around it, and how much each differs from before and after.

    x, y: shape (N, 1, S) and (N, S, 1) [px]
    differs: brighter and darker by so much, shape (2, N, S, S) [grey levels], 0 where it does not count.
    both: whether there is enough of either. shape (N,)
    away: the way from the middle of the one to that of the other. shape (N, 2) [px]
    """

    x: Float
    y: Float
    differs: Float
    both: NDArray[np.bool_]
    away: Float

    @property
    def brighter(self) -> Float:
        """shape (N, S, S)"""
        return np.asarray(self.differs[0])

    @property
    def darker(self) -> Float:
        """shape (N, S, S)"""
        return np.asarray(self.differs[1])


def looked_at(xyxy: Float, judged: U8, earlier: U8, later: U8, least: Float) -> Spots:
    """What is brighter and what is darker than in both other pictures, in and around each box.

    Slow twin: tests/naive_vision.py.

    Args:
        xyxy: boxes, whole numbers. shape (N, 4) [px]
        judged, earlier, later: laid over one another, in the same light. shape (H, W)
        least: smaller differences do not count. shape (N,) [grey levels]
    """
    height, width = judged.shape
    around = np.ceil(AROUND * (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0) + AROUND_PX)[:, None]
    low, high = xyxy[:, :2] - around, xyxy[:, 2:] + around
    at = (np.arange(SAMPLES) + 0.5) / SAMPLES
    x = np.floor(low[:, :1] + at * (high[:, :1] - low[:, :1])).clip(0, width - 1).astype(np.intp)[:, None, :]
    y = np.floor(low[:, 1:] + at * (high[:, 1:] - low[:, 1:])).clip(0, height - 1).astype(np.intp)[:, :, None]
    now, before, after = (one[y, x].astype(np.int16) for one in (judged, earlier, later))
    differs = np.array([now - np.maximum(before, after), np.minimum(before, after) - now])
    # What is less than a share of the largest of its spot does not count.
    largest = differs.max(axis=(2, 3), initial=0)
    counts = np.maximum(least, STRONG_SHARE * largest)[:, :, None, None]
    differs = np.where(differs >= counts, differs, 0).astype(np.float64)
    x, y = x.astype(np.float64), y.astype(np.float64)
    return Spots(x, y, differs, *_from_bright_to_dark(differs, x, y, least))


class SunnySide:
    """Learns where shadows lie from things that are brighter than the ground.

    Shadows of one scene all lie to one side of what casts them; what is light and dark on things themselves points
    every way. So nothing is known under an overcast sky.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._sum = np.zeros((_SECTORS, 2))
        self._count = np.zeros(_SECTORS)
        self._t_ns: int | None = None

    def learn(self, spots: Spots, reference_from_picture: Float, t_ns: int) -> None:
        """Take note of one frame's spots. reference_from_picture: how directions turn. shape (2, 2)"""
        if self._t_ns is not None:
            fading = float(np.exp(-max(t_ns - self._t_ns, 0) / (_MEMORY_S * 1e9)))
            self._sum *= fading
            self._count *= fading
        self._t_ns = t_ns
        turned = spots.away[spots.both] @ reference_from_picture.T
        turned /= np.maximum(np.hypot(turned[:, 0], turned[:, 1]), 1e-9)[:, None]
        circle = np.arctan2(turned[:, 1], turned[:, 0]) / (2 * np.pi)
        sector = np.floor(circle * _SECTORS).astype(np.intp) % _SECTORS
        np.add.at(self._sum, sector, turned)
        np.add.at(self._count, sector, 1.0)

    def direction(self, picture_from_reference: Float) -> Float | None:
        """Where shadows lie from what casts them, in the picture; None where that is not known. shape (2,), length 1"""
        near = self._count[_BESIDE].sum(axis=1)
        best = int(near.argmax())
        by_chance = 3 * float(self._count.sum()) / _SECTORS
        opposite = near[(best + _SECTORS // 2) % _SECTORS]
        if near[best] < _LEAST_TIMES * opposite or near[best] - by_chance < _LEAST_SIGMA * max(by_chance, 1.0) ** 0.5:
            return None
        turned = picture_from_reference @ self._sum[[best - 1, best, (best + 1) % _SECTORS]].sum(axis=0)
        return np.asarray(turned / np.hypot(*turned), np.float64)


def without_shadow(xyxy: Float, spots: Spots, direction: Float) -> Float:
    """The boxes around what is brighter than the ground, and what is darker no farther along `direction`. shape (N, 4)

    The thing itself may lie beside the box that was found, towards the sun: its shadow may be all that stood out.
    Unchanged where too little is brighter, or where what is darker lies elsewhere. Slow twin: tests/naive_vision.py.

    Args:
        xyxy: the boxes that were looked at. shape (N, 4) [px]
        direction: where shadows lie from what casts them. shape (2,), length 1
    """
    both = spots.both & (spots.away @ direction >= _LEAST_COSINE * np.hypot(spots.away[:, 0], spots.away[:, 1]))
    side = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0)[:, None]
    sunward = xyxy - np.concatenate([direction, direction]) * (AROUND * side)
    reach = np.concatenate([np.minimum(xyxy, sunward)[:, :2] - 1, np.maximum(xyxy, sunward)[:, 2:] + 1], axis=1)
    bright = (spots.brighter > 0) & _within(reach, spots)
    along = spots.x * direction[0] + spots.y * direction[1]
    farthest = np.where(bright, along, -np.inf).max(axis=(1, 2), initial=-np.inf)[:, None, None]
    thing = bright | ((spots.darker > 0) & (along <= farthest) & _within(xyxy, spots))
    places = np.array([spots.x[:, 0], spots.y[:, :, 0]])
    step = np.maximum(np.ceil((places[..., -1] - places[..., 0]) / (SAMPLES - 1)), 1.0)
    there = np.array([thing.any(axis=1), thing.any(axis=2)])
    first = np.where(there, places, np.inf).min(axis=2, initial=np.inf)
    last = np.where(there, places, -np.inf).max(axis=2, initial=-np.inf) + step
    box = np.concatenate([first, last]).T
    return np.where((both & there[0].any(axis=1))[:, None], box, xyxy)


def _within(xyxy: Float, spots: Spots) -> NDArray[np.bool_]:
    """Which points lie in their box. shape (N, S, S)"""
    x0, y0, x1, y1 = (side[:, None, None] for side in xyxy.T)
    return np.asarray((spots.x >= x0) & (spots.x < x1) & (spots.y >= y0) & (spots.y < y1))


def _from_bright_to_dark(differs: Float, x: Float, y: Float, least: Float) -> tuple[NDArray[np.bool_], Float]:
    """Which spots have enough of both, and the way from the middle of the one to that of the other. (N,), (N, 2)"""
    mass, peak = differs.sum(axis=(2, 3)), differs.max(axis=(2, 3), initial=0)
    both = mass.min(axis=0) >= _LEAST_MASS * mass.sum(axis=0)
    both &= peak.min(axis=0) >= np.maximum(_LEAST_PEAK * peak.max(axis=0), _CLEAR * least)
    middle = np.array([(differs * at).sum(axis=(2, 3)) for at in (x, y)]) / np.maximum(mass, 1e-9)
    return both, np.asarray((middle[:, 1] - middle[:, 0]).T, np.float64)
