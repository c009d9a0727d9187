"""Other footage made of the footage at hand, with its truth: what was chosen on one should hold on the other."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import av
import cv2
import numpy as np

from detector.model import Frame, Gap, read_only
from detector.sources import Source

Pictures = list[np.ndarray]


class Variant(NamedTuple):
    """How other footage comes about.

    pictures: its pictures, from those of the recording in the same order.
    places: (width, height, number of the picture, of how many) -> matrix from the recording's places to its own, the
        edge of the first pixel being at 0.
    order: the recording's pictures that it shows, one after the other, of so many.
    pace: seconds of it a second of the recording.
    """

    pictures: Callable[[Pictures], Pictures] = list
    places: Callable[[int, int, int, int], np.ndarray] = lambda *_: np.eye(3)
    order: Callable[[int], list[int]] = lambda count: list(range(count))
    pace: float = 1.0


CENTRE_FROM_EDGE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
"""Boxes count from the edge of the first pixel; homographies, pictures and events from its centre."""


def centred(places: np.ndarray) -> np.ndarray:
    """The same for places that count from the centre of the first pixel. shape (3, 3)"""
    return CENTRE_FROM_EDGE @ places @ np.linalg.inv(CENTRE_FROM_EDGE)


def each(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Pictures], Pictures]:
    return lambda pictures: [change(one) for one in pictures]


def greys(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Pictures], Pictures]:
    """Each grey level becomes another one."""
    table = np.clip(np.rint(change(np.arange(256, dtype=float))), 0, 255).astype(np.uint8)
    return each(lambda one: cv2.LUT(one, table))


def noisy(pictures: Pictures) -> Pictures:
    """With the noise of a small sensor at dusk: standard deviation 6 grey levels."""
    random = np.random.default_rng(0)
    noise = (6 * random.standard_normal((64, *pictures[0].shape), np.float32)).astype(np.int8) if pictures else []
    return [cv2.add(one, noise[random.integers(64)], dtype=cv2.CV_8U) for one in pictures]


def resized(share: float) -> Callable[[Pictures], Pictures]:
    how = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    return each(lambda one: cv2.resize(one, None, fx=share, fy=share, interpolation=how))


def closer(one: np.ndarray) -> np.ndarray:
    """The middle three fifths of either side, at the size of the whole."""
    high, wide = one.shape
    middle = one[high // 5 : high - high // 5, wide // 5 : wide - wide // 5]
    return cv2.resize(middle, (wide, high), interpolation=cv2.INTER_CUBIC)


def closer_places(wide: int, high: int, *_: int) -> np.ndarray:
    x, y = wide // 5, high // 5
    return np.diag([wide / (wide - 2 * x), high / (high - 2 * y), 1.0]) @ np.array(
        [[1, 0, -x], [0, 1, -y], [0, 0, 1.0]]
    )


def letterboxed(pictures: Pictures) -> Pictures:
    """Black above and below, an eighth of the height each."""
    out = [one.copy() for one in pictures]
    for one in out:
        one[: len(one) // 8] = one[-(len(one) // 8) :] = 16
    return out


def interlaced(pictures: Pictures) -> Pictures:
    """Every second row is of the next picture, as where a camera of fields was recorded by whole pictures."""
    out = [one.copy() for one in pictures]
    for one, after in zip(out, pictures[1:], strict=False):
        one[1::2] = after[1::2]
    return out


def with_display(pictures: Pictures) -> Pictures:
    """A cross hair, a frame's corners and telemetry burnt in, whose figures go on."""
    out = [one.copy() for one in pictures]
    for number, one in enumerate(out):
        high, wide = one.shape
        unit, line = high // 36, max(high // 360, 1)
        x, y = wide // 2, high // 2
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            cv2.line(one, (x + unit * dx, y + unit * dy), (x + 3 * unit * dx, y + 3 * unit * dy), 255, line)
        told = [f"N 38 0{number // 60}.{number % 60:02d}", "E 023 44.10", "ALT 0412 M", f"HDG {number % 360:03d}"]
        places = [(unit, 2 * unit), (unit, 4 * unit), (wide - 10 * unit, 2 * unit), (wide - 10 * unit, high - unit)]
        for text, at in zip(told, places, strict=True):
            for grey, width in ((0, 3 * line), (255, line)):
                cv2.putText(one, text, at, cv2.FONT_HERSHEY_SIMPLEX, unit / 22, grey, width, cv2.LINE_AA)
    return out


def coded(pictures: Pictures) -> Pictures:
    """Through H.264 at a low rate (constant rate factor 34, a keyframe every 50)."""
    high, wide = pictures[0].shape[0] & ~1, pictures[0].shape[1] & ~1
    kept = io.BytesIO()
    with av.open(kept, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "34", "preset": "veryfast", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
        stream.codec_context.thread_count = 1
        for index, one in enumerate(pictures):
            planes = np.full((high * 3 // 2, wide), 128, np.uint8)
            planes[:high] = one[:high, :wide]
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    kept.seek(0)
    with av.open(kept) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def _warped(places: Callable[[int, int, int, int], np.ndarray]) -> Callable[[Pictures], Pictures]:
    """Each picture as a camera would have taken it whose places are these; what it did not see repeats the border."""

    def warped(pictures: Pictures) -> Pictures:
        high, wide = pictures[0].shape
        matrices = (centred(places(wide, high, k, len(pictures))) for k in range(len(pictures)))
        how = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REPLICATE}
        return [
            cv2.warpPerspective(one, matrix, (wide, high), **how)
            for one, matrix in zip(pictures, matrices, strict=True)
        ]

    return warped


def zooming_places(wide: int, high: int, number: int, count: int) -> np.ndarray:
    """From the whole to the middle three fifths and back, as smoothly as a zoom lens goes."""
    scale = 1 + (1 - np.cos(2 * np.pi * number / count)) / 3
    return np.array([[scale, 0, (1 - scale) * wide / 2], [0, scale, (1 - scale) * high / 2], [0, 0, 1.0]])


def shaking_places(wide: int, high: int, number: int, _count: int) -> np.ndarray:
    """A mast in the wind: some sways of a 200th of the width in all, and a tremble from picture to picture."""
    periods, sizes = np.array([31.0, 11.3, 4.7]), np.array([0.003, 0.0015, 0.0006]) * wide
    x, y = (float(sizes @ np.sin(2 * np.pi * number / periods + phase)) for phase in (0.0, 1.9))
    scale = 1.02  # so that hardly any border is seen
    return np.array([[scale, 0, x - 0.01 * wide], [0, scale, y - 0.01 * high], [0, 0, 1.0]])


def exposing(pictures: Pictures) -> Pictures:
    """With an automatic exposure that hunts: .7 to 1.3 of the light, 40 pictures a turn. What was white stays white."""
    gains, grey = 1 + 0.3 * np.sin(2 * np.pi * np.arange(len(pictures)) / 40), np.arange(256)
    lit = [np.interp(grey, [0, 200, 255], [0, min(200 * gain, 255), 255]) for gain in gains]
    tables = [np.rint(one).astype(np.uint8) for one in lit]
    return [cv2.LUT(one, table) for one, table in zip(pictures, tables, strict=True)]


VARIANTS = {
    "itself": Variant(),
    "mirrored": Variant(
        each(lambda one: one[:, ::-1]), lambda wide, *_: np.array([[-1, 0, wide], [0, 1, 0], [0, 0, 1.0]])
    ),
    "upside-down": Variant(
        each(lambda one: one[::-1]), lambda _, high, *__: np.array([[1, 0, 0], [0, -1, high], [0, 0, 1.0]])
    ),
    "turned": Variant(
        each(lambda one: np.rot90(one, -1)), lambda _, high, *__: np.array([[0, -1, high], [1, 0, 0], [0, 0, 1.0]])
    ),
    "backwards": Variant(order=lambda count: list(range(count))[::-1]),
    "half-rate": Variant(order=lambda count: list(range(0, count, 2))),
    "repeated": Variant(order=lambda count: [k // 2 for k in range(2 * count)]),
    "twice-as-fast": Variant(order=lambda count: list(range(0, count, 2)), pace=0.5),
    "half-as-fast": Variant(pace=2.0),
    "smaller": Variant(resized(2 / 3), lambda *_: np.diag([2 / 3, 2 / 3, 1])),
    "larger": Variant(resized(1.5), lambda *_: np.diag([1.5, 1.5, 1])),
    "closer": Variant(each(closer), closer_places),
    "darker": Variant(greys(lambda grey: 0.4 * grey)),
    "fog": Variant(greys(lambda grey: 110 + 0.45 * grey)),
    "inverted": Variant(greys(lambda grey: 255 - grey)),
    "noisy": Variant(noisy),
    "coded": Variant(coded),
    "blurred": Variant(each(lambda one: cv2.GaussianBlur(one, (0, 0), len(one) / 480))),
    "exposing": Variant(exposing),
    "zooming": Variant(_warped(zooming_places), zooming_places),
    "shaking": Variant(_warped(shaking_places), shaking_places),
    "stuttering": Variant(order=lambda count: [k - (k % 7 == 6) for k in range(count)], pace=7 / 6),
    "letterboxed": Variant(letterboxed),
    "interlaced": Variant(interlaced),
    "display": Variant(with_display),
}


class Other:
    """A source that shows other footage made of one. It holds all of it in memory.

    originals: number, in the recording, of what each frame shows; filled in while it is read.
    matrices: as `Variant.places` gives them, one a frame. shape (3, 3)
    """

    def __init__(self, source: Source, variant: Variant) -> None:
        self._source, self._variant = source, variant
        self.originals: list[int] = []
        self.matrices: list[np.ndarray] = []

    def __iter__(self) -> Iterator[Frame | Gap]:
        frames = [item for item in self._source if isinstance(item, Frame)]
        variant, first_ns = self._variant, frames[0].t_ns
        step_ns = np.median(np.diff([one.t_ns for one in frames]))
        self.originals = variant.order(len(frames))
        count = len(self.originals)
        self.matrices = [variant.places(*frames[0].size_px, number, count) for number in range(count)]
        shown = [frames[k] for k in self.originals]
        frames.clear()
        pictures = variant.pictures([np.ascontiguousarray(one.luma) for one in shown])
        share = len(set(self.originals)) / len(self.originals)  # repeated pictures come sooner after one another
        skipped = abs(self.originals[1] - self.originals[0]) if share == 1 else 1
        for index, (one, luma) in enumerate(zip(shown, pictures, strict=True)):
            t_ns = first_ns + round(index * step_ns * skipped * share * variant.pace)
            yield replace(one, index=index, t_ns=t_ns, luma=read_only(np.ascontiguousarray(luma)), pose=None)
