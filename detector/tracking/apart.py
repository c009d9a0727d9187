"""Two things that come together are one spot; the tracks that were seen before tell it apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.tracking.states import Float

_INSIDE = 0.6  # so much of a thing's own box lies in a spot that holds it
_OWN = 0.4  # IoU: what has so good a spot of its own is in no other
_SAME = 0.6  # IoU: so well the things together have to make up the spot


def told_apart(spots: Float, things: Float) -> tuple[Float, NDArray[np.int64]]:
    """The spots, and in place of each that is several things, one box for each of them.

    A thing keeps its size; the leftmost ends where the spot does at the left, and so on for all four sides. What
    lies at neither end of an axis stays where it is due. Slow twin: tests/naive_vision.py.

    Args:
        spots: x0, y0, x1, y1. shape (N, 4) [px]
        things: boxes of confirmed tracks where they are due, in the same form. shape (M, 4) [px]

    Returns:
        The boxes, shape (K, 4) [px], and which spot each of them is of, shape (K,).
    """
    kept = np.arange(len(spots))
    if len(things) < 2 or not len(spots):
        return spots, kept
    common, size, spot_size = _common(things, spots), _area(things)[:, None], _area(spots)
    iou = common / (size + spot_size - common)
    best = iou.argmax(axis=1)
    elsewhere = np.where(np.arange(len(spots)) == best[:, None], -1.0, iou.max(axis=1, keepdims=True)) >= _OWN
    inside = (common >= _INSIDE * size) & ~elsewhere
    several = np.flatnonzero(inside.sum(axis=0) > 1)
    boxes, of = [], []
    for spot in several.tolist():
        members = things[inside[:, spot]]
        around = np.concatenate([members[:, :2].min(axis=0), members[:, 2:].max(axis=0)])
        both = _common(around[None], spots[spot : spot + 1])
        if both < _SAME * (_area(around[None]) + spot_size[spot] - both):
            continue
        boxes.append(_laid(members, spots[spot]))
        of.append(np.full(len(members), spot))
    if not boxes:
        return spots, kept
    kept = np.setdiff1d(kept, np.concatenate([one[:1] for one in of]))
    return np.concatenate([spots[kept], *boxes]), np.concatenate([kept, *of])


def _laid(members: Float, spot: Float) -> Float:
    low, high = members[:, :2], members[:, 2:]
    size = np.minimum(high - low, spot[2:] - spot[:2])
    first, last = low == low.min(axis=0), high == high.max(axis=0)
    from_low, from_high = spot[:2] + 0 * size, spot[2:] - size
    due = np.clip((low + high - size) / 2, spot[:2], from_high)
    placed = np.where(first & last, (from_low + from_high) / 2, np.where(first, from_low, np.where(last, from_high, due)))
    return np.concatenate([placed, placed + size], axis=1)


def _common(a: Float, b: Float) -> Float:
    """Area that boxes share. (M, 4), (N, 4) -> (M, N)"""
    low, high = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0), axis=2))


def _area(xyxy: Float) -> Float:
    return np.asarray(np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1))
