"""The parallax test: does what lies around a spot move along with it?"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detector.detectors.residual import U8, edges, symmetric
from detector.picture.flow import follow

Float = NDArray[np.float64]

_RING = np.array([[-1, -1], [0, -1.3], [1, -1], [1.3, 0], [1, 1], [0, 1.3], [-1, 1], [-1.3, 0]])
_MARGIN_PX = 7.0
_WINDOW_PX = 15
_AGREE_PX = 0.8
_LEAST_SHIFT_PX = 0.2
_NEEDED = 3
_MOST_CUT_PX = 40  # what surrounds a larger box is followed in the whole picture
_BORDER_PX = 16
_AROUND_PX = 21  # half a window of Lucas-Kanade, and how far a point may move


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
    shift_earlier, shift_later = shifts(laid.judged, (laid.earlier, laid.later), xyxy)
    moved = np.maximum(np.hypot(*shift_earlier.T), np.hypot(*shift_later.T)) > _LEAST_SHIFT_PX
    alone = ~moved
    for row in np.flatnonzero(moved):
        alone[row] = _remains(laid, xyxy[row], shift_earlier[row], shift_later[row])
    return np.asarray(alone, np.bool_)


def shifts(judged: U8, others: tuple[U8, ...], xyxy: Float) -> list[Float]:
    """How far the surroundings of each box have moved in each other picture; 0 where they do not agree. shape (N, 2)"""
    centre, half = (xyxy[:, :2] + xyxy[:, 2:]) / 2, (xyxy[:, 2:] - xyxy[:, :2]) / 2
    ring = centre[:, None] + _RING[None] * (half[:, None] + _MARGIN_PX)
    side = 2 * int(1.3 * (_MOST_CUT_PX / 2 + _MARGIN_PX) + _AROUND_PX)
    cut = (half.max(axis=1) <= _MOST_CUT_PX / 2) & (min(judged.shape) > side)
    found = [np.zeros((len(xyxy), 2)) for _ in others]
    if cut.any():
        last = np.array(judged.shape[::-1]) + 2 * _BORDER_PX - side
        first = np.clip(centre[cut] + _BORDER_PX - side / 2, 0, last).astype(int) & ~1
        for one, moved in zip(found, _followed_in_pieces(judged, others, ring[cut], first, side), strict=True):
            one[cut] = _agreed(*moved)
    if not cut.all():
        for one, other in zip(found, others, strict=True):
            one[~cut] = _agreed(*_followed(judged, other, ring[~cut]))
    return found


def _followed(judged: U8, other: U8, ring: Float) -> tuple[Float, NDArray[np.bool_]]:
    """How far each point has moved, shape (N, 8, 2) [px], and whether that is believed, shape (N, 8)."""
    flat = ring.reshape(-1, 2)
    places, believed = follow(judged, other, flat, np.eye(3), levels=1, window_px=_WINDOW_PX)
    return (places - flat).reshape(ring.shape), believed.reshape(ring.shape[:2])


def _followed_in_pieces(
    judged: U8, others: tuple[U8, ...], ring: Float, first: NDArray[np.int64], side: int
) -> list[tuple[Float, NDArray[np.bool_]]]:
    """The same for each other picture, on a strip of the pieces that matter: the slopes of whole pictures cost more.

    Args:
        ring: the points to be followed. shape (N, 8, 2) [px]
        first: x, y of the first pixel of each square piece, counted from 16 px before the picture, and even: so a piece
            is halved like the picture. shape (N, 2)
        side: of a piece. [px]
    """

    def strip(picture: U8) -> U8:
        # Continued beyond its border as Lucas-Kanade does it: else a window there would see the next piece.
        around = cv2.copyMakeBorder(picture, _BORDER_PX, _BORDER_PX, _BORDER_PX, _BORDER_PX, cv2.BORDER_REFLECT_101)
        return sliding_window_view(np.asarray(around, np.uint8), (side, side))[first[:, 1], first[:, 0]].reshape(
            -1, side
        )

    count = len(ring)
    along = np.zeros((count * len(others), 2))
    along[:, 1] = side * np.arange(len(along))
    moved, believed = _followed(
        np.concatenate([strip(judged)] * len(others)),
        np.concatenate([strip(other) for other in others]),
        np.asarray(np.tile(ring + _BORDER_PX - first[:, None], (len(others), 1, 1)) + along[:, None], np.float64),
    )
    return [(moved[at : at + count], believed[at : at + count]) for at in range(0, len(moved), count)]


def _agreed(moved: Float, believed: NDArray[np.bool_]) -> Float:
    """The displacement that at least three of eight points agree on, else 0. shape (N, 2)"""
    moved = np.where(believed[..., None], moved, np.inf)
    # The median of the believed: the others sort last and are cut off by their number.
    count = believed.sum(axis=1)
    middle = np.sort(moved, axis=1)[np.arange(len(moved)), np.maximum(count - 1, 0) // 2]
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
