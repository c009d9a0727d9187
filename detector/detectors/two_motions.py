"""Which pixels go with a thing and which with the ground, from one frame to the next."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_BLUR_PX = 7
_LEAST_SIDE_PX = 8
_LEAST_WAY_PX = 1.5  # less cannot be told from the ground
_LEAST_LIKENESS = 0.5
_REACH_SIZES = 2  # how far around a thing others are looked for that go with it
_BETTER_SHARE, _BETTER_GREY = 0.8, 2.0
_CLOSE_PX = 5
_LEAST_AREA_PX = 40
_UNKNOWN = 255.0


class Beside(NamedTuple):
    """A picture laid over the judged one by the motion of the ground; `valid` is 0 where it shows nothing."""

    picture: U8
    valid: U8 | None


def filled(judged: U8, pairs: list[tuple[Beside, Beside]], xyxy: NDArray[np.float64]) -> tuple[U8, NDArray[np.bool_]]:
    """The things that some boxes belong to, whole: what a comparison finds of a thing is often its border alone.

    Each box is looked for in the pictures of a pair. If it has moved one way, as far before as after, each
    pixel around is given to the motion, the box's or the ground's, that explains it better.

    Args:
        judged: shape (H, W)
        pairs: an earlier and a later picture each, nearest in time first; the first pair that shows a motion counts.
        xyxy: shape (N, 4) [px]

    Returns:
        255 on a thing and 0 elsewhere, shape (H, W); and which boxes showed a motion, shape (N,).
    """
    mask = np.zeros(judged.shape, np.uint8)
    known = np.zeros(len(xyxy), np.bool_)
    for row, box in enumerate(xyxy.astype(int).tolist()):
        if max(box[2] - box[0], box[3] - box[1]) < _LEAST_SIDE_PX:
            continue
        for pair in pairs:
            ways = [_way(judged, one.picture, box) for one in pair]
            if _is_one_motion(ways):
                x0, y0, x1, y1 = _around(box, judged.shape)
                mask[y0:y1, x0:x1] |= _with_thing(judged, pair, ways, (x0, y0, x1, y1))
                known[row] = True
                break
    clean = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    clean = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones((_CLOSE_PX, _CLOSE_PX), np.uint8))
    outlines, _ = cv2.findContours(clean, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(judged.shape, np.uint8)
    large = [one for one in outlines if cv2.contourArea(one) > _LEAST_AREA_PX]
    cv2.drawContours(whole, large, -1, 255, -1)
    return whole, known


def misfit(judged: U8, other: U8, valid: U8 | None, way: tuple[int, int]) -> Float32:
    """Mean difference around each pixel from the other picture, there moved by `way`; 255 where that shows nothing.

    Slow twin: tests/naive_restless.py.
    """
    height, width = judged.shape
    move = np.array([[1, 0, -way[0]], [0, 1, -way[1]]], np.float64)
    moved = cv2.warpAffine(other, move, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    apart = cv2.blur(cv2.absdiff(judged, np.asarray(moved, np.uint8)).astype(np.float32), (_BLUR_PX, _BLUR_PX))
    shown = np.full(judged.shape, 255, np.uint8) if valid is None else valid
    shown = np.asarray(cv2.warpAffine(shown, move, (width, height), flags=cv2.INTER_NEAREST), np.uint8)
    apart[shown == 0] = _UNKNOWN
    return np.asarray(apart, np.float32)


class _Way(NamedTuple):
    x: int
    y: int
    likeness: float


def _way(judged: U8, other: U8, box: list[int]) -> _Way:
    """Where a box's content lies in another picture, relative to its place here."""
    x0, y0, x1, y1 = box
    reach = max(x1 - x0, y1 - y0)
    piece = judged[y0:y1, x0:x1]
    height, width = judged.shape
    left, top = max(x0 - reach, 0), max(y0 - reach, 0)
    window = other[top : min(y1 + reach, height), left : min(x1 + reach, width)]
    alike = np.nan_to_num(cv2.matchTemplate(window, piece, cv2.TM_CCOEFF_NORMED), nan=-1.0, posinf=-1.0, neginf=-1.0)
    _, best, _, at = cv2.minMaxLoc(alike)
    return _Way(left + at[0] - x0, top + at[1] - y0, float(best))


def _is_one_motion(ways: list[_Way]) -> bool:
    before, after = ways
    lengths = np.hypot(before.x, before.y), np.hypot(after.x, after.y)
    turned = np.hypot(before.x + after.x, before.y + after.y)
    return bool(
        max(lengths) >= _LEAST_WAY_PX
        and min(before.likeness, after.likeness) > _LEAST_LIKENESS
        and turned < 3 + 0.25 * lengths[0]
    )


def _around(box: list[int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    reach = _REACH_SIZES * max(box[2] - box[0], box[3] - box[1])
    height, width = shape
    return max(box[0] - reach, 0), max(box[1] - reach, 0), min(box[2] + reach, width), min(box[3] + reach, height)


def _with_thing(judged: U8, pair: tuple[Beside, Beside], ways: list[_Way], window: tuple[int, int, int, int]) -> U8:
    """Pixels of a window that the thing's motion explains better than the ground's. 0 or 255"""
    # What comes into the window from outside it is needed too.
    reach = max(max(abs(way.x), abs(way.y)) for way in ways) + _BLUR_PX
    height, width = judged.shape
    x0, y0, x1, y1 = window
    left, top = max(x0 - reach, 0), max(y0 - reach, 0)
    cut = slice(top, min(y1 + reach, height)), slice(left, min(x1 + reach, width))
    here = judged[cut]
    others = [(one.picture[cut], None if one.valid is None else one.valid[cut]) for one in pair]
    with_ground = cv2.min(*(misfit(here, *other, (0, 0)) for other in others))
    with_thing = cv2.min(*(misfit(here, *other, (way.x, way.y)) for other, way in zip(others, ways, strict=True)))
    better = (with_thing < _BETTER_SHARE * with_ground) & (with_ground - with_thing > _BETTER_GREY)
    better &= with_ground < _UNKNOWN
    return np.asarray(better[y0 - top : y1 - top, x0 - left : x1 - left] * np.uint8(255), np.uint8)
