"""A quick scene for the gate: a flat textured field under a turning, sinking drone, with movers of 4 to 40 px.

Everything is known exactly, and a clip takes seconds to make: no solids, no shadows, no parallax. What it can tell is
whether small targets are still found and the registration is still as exact as it was, not how good they are outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from speed.clips import ground

from detector.picture.homography import apply

from .truth import TruthFrame

SIZE = (640, 360)
FPS = 25
FRAMES = 150
SIDES_PX = (4, 5, 6, 7, 8, 10, 12, 14, 18, 24, 30, 40)
_MARGIN = 500
_FRACTION_BITS = 4


@dataclass
class _Things:
    """Boxes on the ground: where, how fast, how large, how much brighter. Rows; [px of the ground], [px a frame]."""

    place: np.ndarray
    speed: np.ndarray
    size: np.ndarray
    contrast: np.ndarray

    def corners(self, index: int) -> np.ndarray:
        """shape (N, 4, 2)"""
        half = self.size / 2
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        return (self.place + self.speed * index)[:, None] + signs[None] * half[:, None]


def _things(random: np.random.Generator, extent: tuple[int, int], movers: bool) -> _Things:
    """Two movers of each size and a parked thing for every other one, well apart and mostly in view."""
    sides = np.array(SIDES_PX * 2 + SIDES_PX[::2], float)
    moving = np.arange(len(sides)) < 2 * len(SIDES_PX)
    columns, rows = 6, 5
    cell = (np.array(SIZE) - 60) / (columns, rows)
    slots = np.array([(x, y) for y in range(rows) for x in range(columns)])[random.permutation(columns * rows)]
    middle = np.array(extent) / 2 - np.array(SIZE) / 2 + 30
    place = middle + (slots[: len(sides)] + random.uniform(0.3, 0.7, (len(sides), 2))) * cell
    angle = random.uniform(0, 2 * np.pi, len(sides))
    # A thing of 4 px moves by 0.5 px a frame and more, one of 40 px by up to 2.5: as people and lorries do.
    fast = np.interp(sides, (4, 40), (0.5, 2.0)) * random.uniform(1, 1.3, len(sides))
    speed = np.where(moving & movers, fast, 0.0)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    size = np.column_stack([sides, sides * random.uniform(0.6, 1.0, len(sides))])
    contrast = random.uniform(40, 80, len(sides)) * random.choice([-1, 1], len(sides))
    return _Things(place, speed, size, contrast)


def _picture_from_ground(index: int, extent: tuple[int, int], moving: bool) -> np.ndarray:
    """The camera: it pans by 2 px a frame, turns, sinks and tilts, and trembles. shape (3, 3)"""
    t = index - FRAMES / 2 if moving else 0.0
    angle, zoom = np.radians(0.05 * t), 1.0 + 0.0006 * t
    tremble = np.array([0.7 * np.sin(0.9 * index), 0.6 * np.sin(1.3 * index)]) if moving else np.zeros(2)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    centre, half = np.array(extent) / 2, np.array(SIZE) / 2
    shift = np.array([2.0, 0.5]) * t + tremble
    to_centre = np.array([[1, 0, -centre[0] - shift[0]], [0, 1, -centre[1] - shift[1]], [0, 0, 1.0]])
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [2e-5 if moving else 0, 4e-5 if moving else 0, 1.0]])
    return np.array([[1, 0, half[0]], [0, 1, half[1]], [0, 0, 1.0]]) @ turn @ to_centre


def make(path: Path, seed: int, *, moving: bool = True, movers: bool = True) -> list[TruthFrame]:
    """Write the clip (H.264, 2 Mbit/s) and give its truth. The same seed gives the same pictures."""
    random = np.random.default_rng([seed, 17])
    extent = (SIZE[0] + _MARGIN, SIZE[1] + _MARGIN)
    still = cv2.convertScaleAbs(ground(*extent), alpha=1.0, beta=float(random.uniform(-15, 15)))
    still = np.roll(still, random.integers(0, 300, 2), axis=(0, 1))
    things = _things(random, extent, movers)
    truth = []
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *SIZE, "yuv420p", 2_000_000
        stream.codec_context.thread_count = 1
        for index in range(FRAMES):
            matrix = _picture_from_ground(index, extent, moving)
            shot = cv2.warpPerspective(still, matrix, SIZE, flags=cv2.INTER_LINEAR).astype(np.float32)
            truth.append(_drawn(shot, things, index, matrix))
            luma = np.clip(shot + random.normal(0, 2, shot.shape), 0, 255).astype(np.uint8)
            planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
            planes[: SIZE[1]] = luma
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return truth


def _drawn(shot: np.ndarray, things: _Things, index: int, matrix: np.ndarray) -> TruthFrame:
    """Draw the things into the picture, softly to a sixteenth of a pixel, and say where they are."""
    corners = apply(matrix, things.corners(index).reshape(-1, 2)).reshape(-1, 4, 2)
    cover = np.zeros(shot.shape, np.uint8)
    for polygon, contrast in zip(corners, things.contrast.tolist(), strict=True):
        low, high = np.floor(polygon.min(axis=0)).astype(int) - 2, np.ceil(polygon.max(axis=0)).astype(int) + 3
        x0, y0, x1, y1 = (*np.maximum(low, 0), *np.minimum(high, SIZE))
        if x0 >= x1 or y0 >= y1:
            continue
        cover[y0:y1, x0:x1] = 0
        points = np.round(polygon * (1 << _FRACTION_BITS)).astype(np.int32)
        cv2.fillConvexPoly(cover, points, 255, cv2.LINE_AA, _FRACTION_BITS)
        shot[y0:y1, x0:x1] += contrast / 255 * cover[y0:y1, x0:x1]
    boxes = np.concatenate([corners.min(axis=1) + 0.5, corners.max(axis=1) + 0.5], axis=1)
    inside = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= SIZE).all(axis=1)
    must = inside & (np.linalg.norm(things.speed, axis=1) > 0)
    return TruthFrame(boxes, must, list(range(len(boxes))), ["vehicle"] * len(boxes), [], matrix)
