"""The parallax test: does what lies around a spot move along with it?"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.residual import U8, edges, symmetric
from detector.picture.flow import follow

Float = NDArray[np.float64]

_RING = np.array([[-1, -1], [0, -1.3], [1, -1], [1.3, 0], [1, 1], [0, 1.3], [-1, 1], [-1.3, 0]])
_MARGIN_PX = 7.0
_AGREE_PX = 0.8
_LEAST_SHIFT_PX = 0.2
_NEEDED = 3


class Pictures(NamedTuple):
    """The judged picture, an earlier and a later one laid over it, and what evidence is needed in each block."""

    judged: U8
    earlier: U8
    later: U8
    threshold: NDArray[np.float32]
    block_px: int
    edge_share: float


def moves_alone(xyxy: Float, laid: Pictures) -> NDArray[np.bool_]:
    """Which spots still differ once their surroundings have been laid over one another. shape (N,)

    Roofs, walls and crowns stand above the plane that the pictures were aligned by, and so does all that is around a
    spot on them: it has moved by some displacement that its neighbours agree on. The residual is measured again at
    that displacement; what vanishes was structure. A vehicle's surroundings lie on the ground and stay.
    """
    if len(xyxy) == 0:
        return np.zeros(0, np.bool_)
    shift_earlier = shifts(laid.judged, laid.earlier, xyxy)
    shift_later = shifts(laid.judged, laid.later, xyxy)
    moved = np.maximum(np.hypot(*shift_earlier.T), np.hypot(*shift_later.T)) > _LEAST_SHIFT_PX
    alone = ~moved
    for row in np.flatnonzero(moved):
        alone[row] = _remains(laid, xyxy[row], shift_earlier[row], shift_later[row])
    return np.asarray(alone, np.bool_)


def shifts(judged: U8, other: U8, xyxy: Float) -> Float:
    """How far the surroundings of each box have moved in the other picture; 0 where they do not agree. shape (N, 2)"""
    centre, half = (xyxy[:, :2] + xyxy[:, 2:]) / 2, (xyxy[:, 2:] - xyxy[:, :2]) / 2
    ring = centre[:, None] + _RING[None] * (half[:, None] + _MARGIN_PX)
    places, believed = follow(judged, other, ring.reshape(-1, 2), np.eye(3), levels=1)
    moved = (places - ring.reshape(-1, 2)).reshape(len(xyxy), -1, 2)
    moved[~believed.reshape(len(xyxy), -1)] = np.inf
    # The median of the believed: the others sort last and are cut off by their number.
    count = believed.reshape(len(xyxy), -1).sum(axis=1)
    middle = np.sort(moved, axis=1)[np.arange(len(xyxy)), np.maximum(count - 1, 0) // 2]
    with np.errstate(invalid="ignore"):
        agree = (np.hypot(*(moved - middle[:, None]).transpose(2, 0, 1)) < _AGREE_PX).sum(axis=1)
    return np.where((agree >= _NEEDED)[:, None], middle, 0.0)


def _remains(laid: Pictures, box: Float, shift_earlier: Float, shift_later: Float) -> bool:
    height, width = laid.judged.shape
    x0, y0 = np.maximum(box[:2].astype(int) - 1, 0)
    x1, y1 = min(int(box[2]) + 1, width), min(int(box[3]) + 1, height)
    here = np.ascontiguousarray(laid.judged[y0:y1, x0:x1])
    size, centre = (int(x1 - x0), int(y1 - y0)), np.array([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2])
    earlier, later = (
        np.asarray(cv2.getRectSubPix(other, size, tuple((centre + shift).tolist())), np.uint8)
        for other, shift in ((laid.earlier, shift_earlier), (laid.later, shift_later))
    )
    misfit = cv2.convertScaleAbs(edges(here), alpha=laid.edge_share)
    left = cv2.subtract(symmetric(here, earlier, later), misfit)
    needed = laid.threshold[int(centre[1]) // laid.block_px, int(centre[0]) // laid.block_px]
    return bool(left.max() >= needed)
