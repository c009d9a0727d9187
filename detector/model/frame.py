"""One picture of one source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from detector.model.pose import CameraPose


class TimeFrom(StrEnum):
    """Where a frame's time was taken from."""

    TELEMETRY = "telemetry"  # the precision time stamp carried with the picture
    START_PTS = "start+pts"  # a start that was given, plus the presentation time stamp
    START_INDEX = "start+index"  # a start that was given, plus index / frame rate: image folders
    SENDER = "sender"  # the sender's clock as the protocol carries it (RTCP sender report): live only
    ARRIVAL = "arrival"  # this machine's clock at arrival: live only
    UNKNOWN = "unknown"  # nobody said when it began: counted from 1970


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Frame:
    """One picture.

    index: from 0 within its source.
    t_ns: int ns UTC; never goes back within a source.
    luma: the decoder's Y plane, a read-only view that may be strided. shape (H, W) uint8
    keyframe: decodable by itself.
    pose: None where the telemetry says nothing (or nothing complete) about this instant.
    colour: makes the picture in colour, only when asked. BGR, shape (H, W, 3) uint8
    damaged: part of it, or of a picture it was predicted from, was lost: it may show what was never there.
    """

    source_id: str
    index: int
    t_ns: int
    luma: NDArray[np.uint8]
    keyframe: bool
    time_from: TimeFrom
    pose: CameraPose | None
    colour: Callable[[], NDArray[np.uint8]]
    damaged: bool = False

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height. [px]"""
        return self.luma.shape[1], self.luma.shape[0]
