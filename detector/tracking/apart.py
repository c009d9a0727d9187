"""Two things that come together are one spot; where they are due tells it apart."""

from __future__ import annotations

import numpy as np

from detector.tracking.boxes import area, common_area
from detector.tracking.states import Float, Int

_INSIDE = 0.6  # so much of a thing's own box lies in a spot that holds it
_MOST = 0.85  # a thing larger than this share of the spot is the spot
_OWN = 0.4  # IoU: what has so good a spot elsewhere is not in this one
_GAP = 0.15  # of the way across: front and rear of a lorry that shows whole leave more between them
_SAME = 0.6  # IoU: so well the things together make up the spot


def told_apart(spots: Float, things: Float) -> tuple[Float, Int]:
    """The spots, and in place of each that is several things, one box for each of them.

    A thing keeps its size. The leftmost begins where the spot does, the rightmost ends where it does, and so at the top
    and at the bottom; what lies at neither end is where it is due. Slow twin: tests/naive_vision.py.

    Args:
        spots: x0, y0, x1, y1. shape (N, 4) [px]
        things: boxes of confirmed tracks, where they are due, in the same form. shape (M, 4) [px]

    Returns:
        Boxes, and the spot that each is of. shape (K, 4) [px], (K,)
    """
    whole = np.arange(len(spots))
    if len(things) < 2 or not len(spots):
        return spots, whole
    common, size, spot_size = common_area(things, spots), area(things)[:, None], area(spots)
    iou = common / (size + spot_size - common)
    best = iou.argmax(axis=1)[:, None]
    elsewhere = (iou.max(axis=1, keepdims=True) >= _OWN) & (best != whole)
    inside = (common >= _INSIDE * size) & (size <= _MOST * spot_size) & ~elsewhere
    boxes, spot_of = [], []
    for spot in np.flatnonzero(inside.sum(axis=0) > 1).tolist():
        members = things[inside[:, spot]]
        if _fill(members, spots[spot]):
            boxes.append(_laid(members, spots[spot]))
            spot_of.append(np.full(len(members), spot))
    if not boxes:
        return spots, whole
    whole = np.setdiff1d(whole, np.concatenate(spot_of))
    return np.concatenate([spots[whole], *boxes]), np.concatenate([whole, *spot_of])


def _fill(members: Float, spot: Float) -> bool:
    """Whether they make up the spot, with nothing much between them along either axis."""
    around = np.concatenate([members[:, :2].min(axis=0), members[:, 2:].max(axis=0)])
    both = common_area(around[None], spot[None]).item()
    if both < _SAME * (area(around[None]).item() + area(spot[None]).item() - both):
        return False
    order = members[:, :2].argsort(axis=0)
    low, high = np.take_along_axis(members[:, :2], order, 0), np.take_along_axis(members[:, 2:], order, 0)
    gaps = np.maximum(low[1:] - np.maximum.accumulate(high)[:-1], 0).sum(axis=0)
    return bool((gaps <= _GAP * (around[2:] - around[:2])).all())


def _laid(members: Float, spot: Float) -> Float:
    """The members' boxes, each moved to the ends of the spot that are its own. shape (K, 4)"""
    low, high = members[:, :2], members[:, 2:]
    size = np.minimum(high - low, spot[2:] - spot[:2])
    first, last = low == low.min(axis=0), high == high.max(axis=0)
    from_low, from_high = np.broadcast_to(spot[:2], low.shape), spot[2:] - size
    due = np.clip((low + high - size) / 2, from_low, from_high)
    at_ends = np.where(first, np.where(last, (from_low + from_high) / 2, from_low), from_high)
    placed = np.where(first | last, at_ends, due)
    return np.concatenate([placed, placed + size], axis=1)
