"""The parallax test: can what differs be a part of something that stands above the ground?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.residual import U8, symmetric
from detector.model import Parallax
from detector.picture.between_pixels import greys_at
from detector.picture.epipole import held_against
from detector.picture.flow import follow_from

Float = NDArray[np.float64]

_RING = np.array([[-1, -1], [0, -1.3], [1, -1], [1.3, 0], [1, 1], [0, 1.3], [-1, 1], [-1.3, 0]])
# At half size a window reaches 10 px: larger ones, or nearer, follow the thing itself instead of what is around it.
_MARGIN_PX = 12.0
_WINDOW_PX = 11
_AGREE_PX = 0.8
_LEAST_SHIFT_PX = 0.2
_NEEDED = 3
_NEEDED_ALONG = 1
_HEIGHTS = np.array([0.0, 0.5, 1.0])  # of the neighbour's; at a roof's border all of them meet
_MOST_PIXELS = 400  # of one box, evenly chosen
_LEAST_WAY_PX = 1.0
_SPEEDS = 1.5  # times the usual speed of structure: some of it is higher than nine of ten points
_ASIDE = 0.3  # of the way: how far off the line a neighbour may move
_UNEVEN = 0.35  # of the way: the two pictures need not be equally far off in time


_MOST_CUT_PX = 40  # what surrounds a larger box is followed in the whole picture
_BORDER_PX = 16
_AROUND_PX = 21  # half a window of Lucas-Kanade, and how far a point may move


class Pictures(NamedTuple):
    """The judged picture, an earlier and a later one laid over it.

    edges: of the judged picture (`residual.edges`).
    edge_share: misfit of the registration that is tolerated. [px]
    apart_s: from the earlier to the later one.
    parallax: how structure is known to move, in their pixels; None where nothing is known.
    """

    judged: U8
    earlier: U8
    later: U8
    edges: U8
    edge_share: float
    apart_s: float
    parallax: Parallax | None


def moves_alone(xyxy: Float, needed: Float, laid: Pictures) -> NDArray[np.bool_]:
    """Which spots still differ once their surroundings have been laid over one another. shape (N,)

    Roofs, walls and crowns stand above the plane that the pictures were aligned by, and so does some of what is around
    a spot on them or at their border: it has moved by a displacement that several neighbours agree on. The residual of
    each pixel is measured again at that displacement and at shares of it, the heights between; what vanishes was
    structure. A vehicle's surroundings lie on the ground and stay.

    Args:
        xyxy: boxes in the judged picture. shape (N, 4) [px]
        needed: least difference that counts, for each box. shape (N,) [grey levels]
    """
    if len(xyxy) == 0:
        return np.zeros(0, np.bool_)
    earlier, later = shifts(xyxy, laid)
    moved = np.maximum(np.hypot(*earlier.T), np.hypot(*later.T)) > _LEAST_SHIFT_PX
    alone = ~moved
    rows = np.flatnonzero(moved)
    if len(rows):
        left = least_left(xyxy[rows], earlier[rows], later[rows], laid)
        alone[rows] = left >= needed[rows]
    return np.asarray(alone, np.bool_)


def shifts(xyxy: Float, laid: Pictures) -> tuple[Float, Float]:
    """How far the neighbours of each box have moved in the earlier and in the later picture. shapes (N, 2) [px]

    0 where too few agree. Where it is known which way structure moves, one neighbour that moves so, back in the one
    picture and on in the other, is enough.
    """
    # Beyond its border a picture goes on as a mirror would show it, and moves the other way.
    ring = np.clip(_ring(xyxy), 0, np.array(laid.judged.shape[::-1]) - 1.0)
    (earlier, believed), (later, believed_later) = _all_followed(laid.judged, (laid.earlier, laid.later), xyxy, ring)
    counts, needed = np.concatenate([believed, believed_later]), _NEEDED
    if laid.parallax is not None:
        along = believed & believed_later & _travels(ring, earlier, later, laid.parallax, laid.apart_s)
        counts, needed = np.concatenate([along, along]), _NEEDED_ALONG
    both = _agreed(np.concatenate([earlier, later]), counts, needed)
    return both[: len(xyxy)], both[len(xyxy) :]


def _all_followed(
    judged: U8, others: tuple[U8, ...], xyxy: Float, ring: Float
) -> list[tuple[Float, NDArray[np.bool_]]]:
    """How far each point around each box has moved in each other picture, (N, 8, 2) [px]; what is believed, (N, 8)."""
    size, centre = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1), (xyxy[:, :2] + xyxy[:, 2:]) / 2
    side = 2 * int(1.3 * (_MOST_CUT_PX / 2 + _MARGIN_PX) + _AROUND_PX)
    cut = (size <= _MOST_CUT_PX) & (min(judged.shape) > side)
    found = [(np.zeros(ring.shape), np.zeros(ring.shape[:2], np.bool_)) for _ in others]
    if cut.any():
        last = np.array(judged.shape[::-1]) + 2 * _BORDER_PX - side
        first = np.clip(centre[cut] + _BORDER_PX - side / 2, 0, last).astype(int) & ~1
        for one, moved in zip(found, _followed_in_pieces(judged, others, ring[cut], first, side), strict=True):
            one[0][cut], one[1][cut] = moved
    if not cut.all():
        for one, other in zip(found, others, strict=True):
            one[0][~cut], one[1][~cut] = _followed(judged, other, ring[~cut])
    return found


def _followed(judged: U8, other: U8, ring: Float) -> tuple[Float, NDArray[np.bool_]]:
    """How far each point has moved, shape (N, 8, 2) [px], and whether that is believed, shape (N, 8)."""
    flat = ring.reshape(-1, 2)
    # Not `follow`, which takes a place 10,000 px away for none: a strip of pieces may be longer.
    places, believed = follow_from(judged, other, flat, flat, levels=1, window_px=_WINDOW_PX)
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

    count = len(ring)
    along = np.zeros((count * len(others), 2))
    along[:, 1] = side * np.arange(len(along))
    moved, believed = _followed(
        _strip([judged] * len(others), first, side),
        _strip(others, first, side),
        np.asarray(np.tile(ring + _BORDER_PX - first[:, None], (len(others), 1, 1)) + along[:, None], np.float64),
    )
    return [(moved[at : at + count], believed[at : at + count]) for at in range(0, len(moved), count)]


def _strip(pictures: Sequence[U8], first: NDArray[np.int64], side: int) -> U8:
    """The pieces of the first picture, then those of the next, one below the other. shape (P N side, side)"""
    pieces = np.empty((len(pictures), len(first), side, side), np.uint8)
    for picture, rows in zip(pictures, pieces, strict=True):
        high, wide = picture.shape
        for piece, (x, y) in zip(rows, (first - _BORDER_PX).tolist(), strict=True):
            x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, wide), min(y + side, high)
            part = picture[y0:y1, x0:x1]
            if part.shape == piece.shape:
                piece[:] = part
            else:
                # Continued beyond its border as Lucas-Kanade does it: else a window there would see the next piece.
                around = y0 - y, y + side - y1, x0 - x, x + side - x1
                piece[:] = cv2.copyMakeBorder(part, *around, cv2.BORDER_REFLECT_101)
    return pieces.reshape(-1, side)


def _ring(xyxy: Float) -> Float:
    """Eight places around each box. shape (N, 8, 2)"""
    centre, half = (xyxy[:, :2] + xyxy[:, 2:]) / 2, (xyxy[:, 2:] - xyxy[:, :2]) / 2
    return np.asarray(centre[:, None] + _RING[None] * (half[:, None] + _MARGIN_PX))


def _travels(ring: Float, earlier: Float, later: Float, parallax: Parallax, apart_s: float) -> NDArray[np.bool_]:
    """Which neighbours move along the line that structure moves along there, steadily and no faster. shape (N, 8)"""
    way = later - earlier
    held = held_against(parallax, ring.reshape(-1, 2), way.reshape(-1, 2))
    forward, aside, usual_px_s = (one.reshape(ring.shape[:2]) for one in held[1:])
    most = usual_px_s * _SPEEDS * apart_s + _AGREE_PX
    forward = np.abs(forward)
    uneven = np.hypot(*(later + earlier).transpose(2, 0, 1))
    return np.asarray(
        (forward > _LEAST_WAY_PX)
        & (forward <= most)
        & (aside <= _ASIDE * forward + _AGREE_PX)
        & (uneven <= _UNEVEN * forward + _AGREE_PX)
    )


def _agreed(moved: Float, counts: NDArray[np.bool_], needed: int) -> Float:
    """The median of the neighbours that count, 0 where fewer than `needed` agree with it. shape (N, 2)"""
    moved = np.where(counts[..., None], moved, np.inf)
    # The others sort last and are cut off by their number.
    count = counts.sum(axis=1)
    middle = np.sort(moved, axis=1)[np.arange(len(moved)), np.maximum(count - 1, 0) // 2]
    with np.errstate(invalid="ignore"):
        agree = (np.hypot(*(moved - middle[:, None]).transpose(2, 0, 1)) < _AGREE_PX).sum(axis=1)
    return np.where((agree >= needed)[:, None], middle, 0.0)


def least_left(xyxy: Float, earlier_px: Float, later_px: Float, laid: Pictures) -> Float:
    """The largest residual that no height takes away from a pixel of each box. shape (N,) [grey levels]

    earlier_px, later_px: displacement of the neighbours of each box. shape (N, 2)
    """
    places, box = _pixels(xyxy, laid.judged.shape)
    here = greys_at(laid.judged, places)
    misfit = laid.edge_share * greys_at(laid.edges, places).astype(np.float64)
    before = greys_at(laid.earlier, places + _HEIGHTS[:, None, None] * earlier_px[box])
    after = greys_at(laid.later, places + _HEIGHTS[:, None, None] * later_px[box])
    left = symmetric(np.tile(here, (len(_HEIGHTS), 1)), before, after).min(axis=0)
    most = np.zeros(len(xyxy))
    np.maximum.at(most, box, left - misfit)
    return most


def _pixels(xyxy: Float, shape: tuple[int, ...]) -> tuple[Float, NDArray[np.int64]]:
    """The pixels of all boxes, and the box of each. shapes (P, 2), (P,)"""
    height, width = shape
    places, box = [], []
    for row, (x0, y0, x1, y1) in enumerate(np.clip(xyxy.astype(int), 0, [width, height, width, height]).tolist()):
        step = max(1, int(np.ceil(np.sqrt((x1 - x0) * (y1 - y0) / _MOST_PIXELS))))
        x, y = np.arange(x0, x1, step), np.arange(y0, y1, step)
        grid = np.empty((len(y), len(x), 2))
        grid[..., 0], grid[..., 1] = x, y[:, None]
        places.append(grid.reshape(-1, 2))
        box.append(np.full(len(x) * len(y), row))
    return np.concatenate(places), np.concatenate(box)
