"""What moves takes its pixels along: whether what is in a box goes the way that its track does."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detectors.masts import on_a_mast
from detector.detectors.residual import U8
from detector.model import Tracks, Ways, read_only
from detector.picture.between_pixels import greys_at
from detector.picture.homography import carried

Float = NDArray[np.float64]

_SETTLED_FRAMES = 5  # from then on a track's speed says where it was and will be
_POINTS = 10  # along each side of a box
_LEAST_PX = 3.0  # what is smaller is looked at with what is around it
_ASIDE_PX = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]], np.float64)  # neither box nor speed is exact
_LEAST_GREY = 0.5  # below it two differences are alike
_LEAST_WEIGHT = 0.2  # [grey]
_MOST_WEIGHT = 4.0  # times the mean of the box
_RING = np.array([[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]], np.float64)
_PIECE_PX = 12.0  # side of what is looked at around a box
_GAP_PX = 4.0  # between both
_PIECE_POINTS = 5
_FITS = 0.85
_MOST_ALONG = 0.45  # of what is around it
_BOTH = 2  # an earlier and a later picture
_NO_WAY = 3.0  # misfit of what is a piece of something that seems to move


class Neighbour(NamedTuple):
    """A picture laid over the judged one, in its light. apart_s: how much later it is, below 0 for an earlier one."""

    picture: U8
    apart_s: float


def ways(
    tracks: Tracks, judged_from_frame: Float, level: int, judged: U8, others: tuple[Neighbour, ...], *, plane: bool
) -> Ways | None:
    """How well the tentative tracks that were seen in this frame fit what is seen; None without any.

    Args:
        tracks: in the full-size pixels of the frame.
        judged_from_frame: homography to the judged picture from the frame at `level` halvings, which hardly turns.
        judged, others: as `misfit` has them.
        plane: all that stands lies on the plane by which the pictures were laid over one another. What goes along with
            its surroundings is then in a column of vehicles; else it is a piece of something. Nor is there a mast then.
    """
    rows = np.flatnonzero(~tracks.confirmed & (tracks.missed == 0) & (tracks.age_frames >= _SETTLED_FRAMES))
    if not len(rows):
        return None
    scale = 1 << level
    boxes = carried(tracks.xyxy_px[rows] / np.float64(scale), judged_from_frame)
    velocity_px_s = tracks.velocity_px_s[rows] / scale
    badly = misfit(boxes, velocity_px_s, judged, others)
    if not plane:
        badly[going_along(boxes, velocity_px_s, judged, others) > _MOST_ALONG] = _NO_WAY
    return Ways(tracks.track_id[rows], badly, mast=None if plane else _on_a_mast(boxes, velocity_px_s, judged, others))


def _on_a_mast(
    boxes: Float, velocity_px_s: Float, judged: U8, others: tuple[Neighbour, ...]
) -> NDArray[np.bool_] | None:
    """As `on_a_mast`; None without both an earlier and a later picture."""
    if len(others) != _BOTH:
        return None
    earlier, later = others
    aside_px = velocity_px_s[:, 0] * (later.apart_s - earlier.apart_s)
    return on_a_mast(boxes, np.asarray(aside_px, np.float64), judged, earlier.picture, later.picture)


def going_along(xyxy: Float, velocity_px_s: Float, judged: U8, others: tuple[Neighbour, ...]) -> Float:
    """Share of the eight places around each box that go its way, too: then it is a piece of something. shape (N,) [1]

    A blossom on a bush that stands out of the plane goes the way of the leaves around it; around a vehicle lies ground.
    Unlike `surroundings.py`, which follows these places, it asks whether they move so, however far that is in the time.
    Places out of the picture do not. Arguments as `misfit` has them. Slow twin: tests/naive_vision.py.
    """
    height, width = judged.shape
    middle, half = (xyxy[:, :2] + xyxy[:, 2:]) / 2, np.maximum(xyxy[:, 2:] - xyxy[:, :2], _LEAST_PX) / 2
    places = (middle[:, None] + _RING * (half[:, None] + _PIECE_PX / 2 + _GAP_PX)).reshape(-1, 2)
    pieces = np.concatenate([places - _PIECE_PX / 2, places + _PIECE_PX / 2], axis=1)
    fits = misfit(pieces, np.repeat(velocity_px_s, len(_RING), axis=0), judged, others, points=_PIECE_POINTS) < _FITS
    inside = (pieces[:, :2] >= 0).all(axis=1) & (pieces[:, 2:] <= (width, height)).all(axis=1)
    return np.asarray((fits & inside).reshape(-1, len(_RING)).mean(axis=1))


def misfit(
    xyxy: Float, velocity_px_s: Float, judged: U8, others: tuple[Neighbour, ...], *, points: int = _POINTS
) -> Float:
    """How much what is in each box differs where it was and will be on its way, over how much the ground there does.

    Well below 1 for what moves so: 0.2 to 0.9 of vehicles and people. Around 1 and above for what does not take its
    pixels along: a leaf that turns, a roof of which now one edge shows and now another. What stands above the plane
    (a mast) seems to move, and takes them along. shape (N,) [1]

    Args:
        xyxy: boxes in the judged picture. shape (N, 4) [px]
        velocity_px_s: of the tracks that they belong to. shape (N, 2)
        judged: shape (H, W)
        others: earlier and later ones.
        points: along each side of a box.

    Slow twin: tests/naive_vision.py.
    """
    if not len(xyxy):
        return np.zeros(0)
    centre = (xyxy[:, :2] + xyxy[:, 2:] - 1) / 2
    side = np.maximum(xyxy[:, 2:] - xyxy[:, :2], _LEAST_PX)
    places = centre[:, None] + side[:, None] * _grid(points)
    here = greys_at(judged, places).astype(np.float64)
    ground, own = [], []
    for one in others:
        there = np.array([places, places + velocity_px_s[:, None] * one.apart_s])
        standing, going = np.abs(greys_at(one.picture, there[:, None] + _ASIDE_PX[:, None, None]) - here)
        ground.append(standing)
        own.append(going)
    # What differs from the ground before and after is the thing; the rest of its box is ground.
    weight = np.min([one[0] for one in ground], axis=0) + _LEAST_WEIGHT
    weight = np.minimum(weight, _MOST_WEIGHT * weight.mean(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return np.asarray(_least(own, weight) / _least(ground, weight))


@cache
def _grid(points: int) -> Float:
    """Places in a box of side 1 about its middle. shape (points^2, 2), read-only"""
    along = (np.arange(points) + 0.5) / points - 0.5
    return read_only(np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2))


def _least(apart: list[Float], weight: Float) -> Float:
    """Weighted mean difference from all pictures, in each a pixel aside where it is least so. shape (N,) [grey]"""
    return np.asarray(sum((weight * one).sum(axis=2).min(axis=0) + _LEAST_GREY for one in apart))
