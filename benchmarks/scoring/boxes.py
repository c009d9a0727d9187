"""Which box is a hit on which object."""

from __future__ import annotations

import numpy as np

SMALL_PX = 16


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Shared share of each pair of boxes. shape (len(a), len(b))"""
    if len(a) == 0 or len(b) == 0:
        return np.zeros((len(a), len(b)))
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(np.clip(one[:, 2:] - one[:, :2], 0, None), axis=1) for one in (a, b)]
    return shared / np.maximum(area[0][:, None] + area[1][None] - shared, 1e-9)


def centres(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def sides(boxes: np.ndarray) -> np.ndarray:
    """Longer side of each box. [px]"""
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)


def hits(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How well each box fits each object, 0 where it is no hit: IoU >= 0.3, or centre within 2 px if it is small."""
    overlap = iou(found, truth)
    away = np.linalg.norm(centres(found)[:, None] - centres(truth)[None], axis=2)
    near = (away <= 2) & (sides(truth) <= SMALL_PX)[None]
    return np.where((overlap >= 0.3) | near, overlap + np.where(near, 3 - away, 0), 0)


def pair(fit: np.ndarray, must: np.ndarray) -> dict[int, int]:
    """One box to one object, best first, among the objects that must be found. row -> column"""
    rows, columns = np.nonzero((fit > 0) & must[None])
    order = np.argsort(-fit[rows, columns], kind="stable")
    taken: dict[int, int] = {}
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in taken and column not in taken.values():
            taken[row] = column
    return taken


def touches(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether the centre of each box lies in one of the others, grown by 2 px. shape (len(boxes),)"""
    centre = centres(boxes)[:, None]
    inside = (others[None, :, :2] - 2 <= centre) & (centre <= others[None, :, 2:] + 2)
    return inside.all(axis=2).any(axis=1)


def near_event(boxes: np.ndarray, events: list[tuple[float, float, float]]) -> np.ndarray:
    """Whether each box's centre lies in the circle (x, y, radius) of an event, grown by 10 px. shape (len(boxes),)"""
    if not events:
        return np.zeros(len(boxes), bool)
    circle = np.array(events)
    away = np.linalg.norm(centres(boxes)[:, None] - circle[None, :, :2], axis=2)
    return (away <= circle[None, :, 2] + 10).any(axis=1)
