"""A recording through the default stages, as `trucewatch detect` runs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector import pipeline
from detector.model import Frame, Gap, Kind
from detector.replay import source_id_of
from detector.sources import Source, open_source

from .variants import VARIANTS, Other

WARM_UP_FRAMES = 20


@dataclass
class Played:
    """Every judged frame of one recording, and the CPU time of decoding and of all the rest. [ms a frame]

    originals: number of the picture in the recording that each frame shows.
    matrices: lead from the recording's places to those of the footage that was played, one a frame. shape (3, 3)
    """

    frames: list[pipeline.Judged]
    decode_ms: float
    ms: float
    originals: list[int]
    matrices: list[np.ndarray]

    @property
    def minutes(self) -> float:
        """From the end of the warm-up to the end."""
        first = self.frames[min(WARM_UP_FRAMES, len(self.frames) - 1)].scene.t_ns
        return max((self.frames[-1].scene.t_ns - first) / 6e10, 1e-9)

    def confirmed_tracks(self) -> set[int]:
        scenes = (frame.scene for frame in self.frames)
        return {int(i) for scene in scenes for i in scene.tracks.track_id[scene.tracks.confirmed]}

    def detections(self, kind: Kind) -> list[tuple[int, float, float, float]]:
        """Frame, centre x, centre y and longer side of each detection of one kind. [px]"""
        return [
            (frame.scene.index, (x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0))
            for frame in self.frames
            for (x0, y0, x1, y1), of in zip(
                frame.scene.detections.xyxy_px.tolist(), frame.scene.detections.kind.tolist(), strict=True
            )
            if of == kind.value
        ]


class _Timed:
    """A source that counts the CPU time spent in reading it. [s]"""

    def __init__(self, source: Source | Other) -> None:
        self.source, self.spent, self.frames = source, 0.0, 0

    def __iter__(self) -> Iterator[Frame | Gap]:
        items = iter(self.source)
        while True:
            start = time.process_time()
            item = next(items, None)
            self.spent += time.process_time() - start
            if item is None:
                return
            self.frames += isinstance(item, Frame)
            yield item


def play(path: Path, other: str | None = None, *, masks: bool = False, fps: float | None = None) -> Played:
    """other: name of a variant of the recording that is played in its place."""
    opened = open_source(path, source_id=source_id_of(path), fps=fps)
    source = _Timed(opened if other is None else Other(opened, VARIANTS[other]))
    stages = pipeline.default_stages(masks=masks)
    start = time.process_time()
    frames = [event for event in pipeline.run(source, stages) if isinstance(event, pipeline.Judged)]
    spent = time.process_time() - start - source.spent
    count = max(source.frames, 1)
    played = source.source
    originals, matrices = (
        (played.originals, played.matrices)
        if isinstance(played, Other)
        else (list(range(len(frames))), [np.eye(3)] * len(frames))
    )
    return Played(frames, 1000 * source.spent / count, 1000 * spent / count, originals, matrices)
