"""One spot that is two things side by side."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]

_LEAST_AREA_PX = 120
_LEAST_SHARE = 0.22  # a smaller part is an arm or a mirror
_MOST_OVERLAP = 0.4  # across: a head above its shoulders is no second person


def parts(mask: NDArray[np.uint8]) -> list[Box]:
    """Boxes x0, y0, x1, y1 (exclusive) of the things that one connected mask is made of.

    The mask is eaten away from its border until it falls apart into pieces beside one another; every pixel then goes to
    the piece it is nearest to. Where it never does so, it is one thing.
    """
    whole = cv2.boundingRect(mask)
    box = (whole[0], whole[1], whole[0] + whole[2], whole[1] + whole[3])
    area = cv2.countNonZero(mask)
    if area < _LEAST_AREA_PX:
        return [box]
    inner = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    deepest = float(inner.max())
    for depth in np.arange(1.5, 0.8 * deepest, max(1.0, deepest / 6)):
        count, found_labels = cv2.connectedComponents((inner > depth).astype(np.uint8))
        labels = np.asarray(found_labels, np.int32)
        if count < 3:
            continue
        found = _assigned(mask, labels, count, area)
        if len(found) > 1 and _side_by_side(found):
            return found
    return [box]


def _assigned(mask: NDArray[np.uint8], labels: NDArray[np.int32], count: int, area: int) -> list[Box]:
    """Boxes of all pixels nearest to each piece, of those pieces that get enough of the area."""
    sizes = np.bincount(labels.ravel(), minlength=count)[1:]
    large = [label for label in range(1, count) if sizes[label - 1] >= 0.1 * area]
    if len(large) < 2:
        return []
    seeds = np.isin(labels, large)
    _, nearest = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_CCOMP
    )
    nearest[mask == 0] = 0
    boxes = []
    for label in np.unique(nearest[nearest > 0]):
        mine = (nearest == label).astype(np.uint8)
        if cv2.countNonZero(mine) < _LEAST_SHARE * area:
            return []
        x, y, width, height = cv2.boundingRect(mine)
        boxes.append((x, y, x + width, y + height))
    return boxes


def _side_by_side(boxes: list[Box]) -> bool:
    """Whether no two overlap much across."""
    ordered = sorted(boxes)
    return all(
        min(a[2], b[2]) - max(a[0], b[0]) <= _MOST_OVERLAP * min(a[2] - a[0], b[2] - b[0]) for a, b in pairwise(ordered)
    )
