"""Masts and lamp posts: whether a thing is on an upright bar that seems to go along with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detectors.residual import U8
from detector.picture.between_pixels import greys_at

Float = NDArray[np.float64]

_SLOPES = np.arange(-3, 4) * 0.15  # sideways, a row on
_ROWS = np.arange(1, 13)  # below the box or above it, in steps
_COLUMNS = np.arange(-12, 13)  # to both sides of its middle, in steps
_STEPS_A_BOX = 8.0  # a step is an eighth of a wide box, and a pixel at least
_LEAST_GREY = 4  # by which a bar is brighter than what is beside it
_SHARE = 0.75  # of the rows
_REACH = 6  # how far a bar may have gone, in steps
_LEAST_WAY_PX = 0.7  # of the bar, from the earlier picture to the later one
_LIKELY_WAY_PX = 0.35  # of the thing, else nobody looks for a bar
_SLENDER = 2.0  # times as high as wide
_THICK = 2  # a bar is a step thick, or three
_BESIDE = 2  # from its side to what is beside it, in steps
_MARGIN = 3  # columns that only tell what is beside a bar
_DARKEST = -255.0


class Bars(NamedTuple):
    """The clearest bright bar beyond each box.

    share: of the rows there in which it shows. shape (N,) [1]
    way_px: how far it has gone to the right from the earlier to the later picture. shape (N,) [px]
    """

    share: Float
    way_px: Float


def on_a_mast(xyxy: Float, aside_px: Float, judged: U8, earlier: U8, later: U8) -> NDArray[np.bool_]:
    """Which things are on an upright bar that goes along with them, as what is high up a mast does. shape (N,)

    A mast takes its pixels along, is narrow, so that ground lies around it, and of a piece of it nobody can tell how
    far it has gone along the mast: so neither a misfit (`own_way.py`) nor the line through the epipole betrays it. But
    it goes on below, where what drives or walks has ground. A line painted on the road below a vehicle goes nowhere;
    the shadow of a person goes along but is dark, so only bright bars count. What stands on a mast may be its lamp;
    what is slender may be its foot, and then it goes on above.

    Args:
        xyxy: boxes in the judged picture. shape (N, 4) [px]
        aside_px: how far each thing goes to the right from the earlier picture to the later one. shape (N,) [px]
        judged, earlier, later: laid over one another. shape (H, W)
    """
    found = np.zeros(len(xyxy), np.bool_)
    likely = np.abs(aside_px) >= _LIKELY_WAY_PX
    if likely.any():
        found[likely] = _goes_along(bars_beyond(xyxy[likely], judged, earlier, later), aside_px[likely])
    slender = likely & ~found & (xyxy[:, 3] - xyxy[:, 1] >= _SLENDER * (xyxy[:, 2] - xyxy[:, 0]))
    if slender.any():
        above = bars_beyond(xyxy[slender], judged, earlier, later, above=True)
        found[slender] = _goes_along(above, aside_px[slender])
    return found


def _goes_along(bars: Bars, aside_px: Float) -> NDArray[np.bool_]:
    """Which bars there are that go the way of their things. shape (N,)"""
    along = (bars.way_px * aside_px > 0) & (np.abs(bars.way_px) >= _LEAST_WAY_PX)
    return np.asarray(along & (bars.share >= _SHARE))


def bars_beyond(xyxy: Float, judged: U8, earlier: U8, later: U8, *, above: bool = False) -> Bars:
    """The clearest bright bar that goes on below each box, or above it, upright or at a slant of up to 24 degrees.

    It begins within the box's width and is brighter than the ground on either side. Arguments as `on_a_mast` has them.
    Slow twin: tests/naive_vision.py.
    """
    count, every = len(xyxy), np.arange(len(xyxy))
    wide = xyxy[:, 2] - xyxy[:, 0]
    step = np.maximum(wide / _STEPS_A_BOX, 1.0)
    aside = _COLUMNS + _SLOPES[:, None, None] * _ROWS[:, None]
    end, on = (xyxy[:, 1], -step) if above else (xyxy[:, 3] - 1, step)
    places = np.empty((count, *aside.shape, 2))
    places[..., 0] = _by_box((xyxy[:, 0] + xyxy[:, 2] - 1) / 2) + _by_box(step) * aside
    places[..., 1] = _by_box(end) + _by_box(on) * _ROWS[:, None]
    shown = (_brighter(greys_at(judged, places)) >= _LEAST_GREY).sum(axis=-2, dtype=np.uint8)
    within = np.abs(_COLUMNS[_MARGIN:-_MARGIN]) <= (wide / 2 / step)[:, None]
    shown *= within[:, None, None]
    best = shown.reshape(count, -1).argmax(axis=1)
    slope, thick, at = np.unravel_index(best, shown.shape[1:])
    far = np.abs(np.arange(shown.shape[-1]) - at[:, None]) > _REACH
    before, after = (_brighter(greys_at(one, places[every, slope]))[every, thick] for one in (earlier, later))
    way = _peak(np.where(far, _DARKEST, after.mean(axis=1))) - _peak(np.where(far, _DARKEST, before.mean(axis=1)))
    return Bars(shown.reshape(count, -1)[every, best] / len(_ROWS), way * step)


def _by_box(values: Float) -> Float:
    """Of a value a box. shape (N,) -> (N, 1, 1, 1)"""
    return values[:, None, None, None]


def _brighter(greys: U8) -> NDArray[np.int16]:
    """By how much each place is brighter than what is beside it on either side, as a thin bar and as a thick one.

    greys: of places in rows. shape (..., R, C)

    Returns:
        Of all columns but three at either side. shape (..., 2, R, C - 6) [grey levels]
    """
    grey = greys.astype(np.int16)
    wide = grey.shape[-1] - 2 * _MARGIN
    column = [grey[..., k : k + wide] for k in range(2 * _MARGIN + 1)]
    thick = (column[_MARGIN - 1] + column[_MARGIN] + column[_MARGIN + 1]) // 3
    out = np.empty((*grey.shape[:-2], _THICK, grey.shape[-2], wide), np.int16)
    for number, core in enumerate((column[_MARGIN], thick)):
        far = number + _BESIDE
        np.subtract(core, np.maximum(column[_MARGIN - far], column[_MARGIN + far]), out=out[..., number, :, :])
    return out


def _peak(response: Float) -> Float:
    """Where each row is largest, between its places by a parabola. shape (N, C) -> (N,)"""
    every, at = np.arange(len(response)), response.argmax(axis=1)
    inner = np.clip(at, 1, response.shape[1] - 2)
    before, here, after = (response[every, inner + k] for k in (-1, 0, 1))
    bend = np.minimum(before - 2 * here + after, -1e-9)
    return np.asarray(at + np.where(at == inner, np.clip((before - after) / (2 * bend), -0.5, 0.5), 0.0))
