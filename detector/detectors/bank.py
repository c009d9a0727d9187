"""Several detectors as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from detector.detectors.contract import Detector, Heeding
from detector.model import Alignment, CameFrom, Detections, Frame, Sight, Tracks, Ways, read_only

_WORST = (Sight.BLIND, Sight.WARMING_UP, Sight.SEEING)


class DetectorBank:
    """Merges what several detectors say of one frame; it answers when the slowest has judged it.

    The merged `sight` is the worst of theirs, and the frame counts as judged only if each of them judged it. Those
    that look at some frames only without losing anything in between (smoke lasts) call all judged: what is passed over
    is passed over for motion. Such a frame may still hold a flash.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        if not detectors:
            raise ValueError("detectors=[]: allowed is one detector or more")
        self._detectors = tuple(detectors)
        self._heeding = tuple(one for one in detectors if isinstance(one, Heeding))
        self._waiting: list[deque[Detections]] = [deque() for _ in self._detectors]

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that all detectors have judged."""
        for waiting, detector in zip(self._waiting, self._detectors, strict=True):
            waiting.extend(detector.detect(frame, alignment))
        return self._merged()

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the rest."""
        for waiting, detector in zip(self._waiting, self._detectors, strict=True):
            waiting.extend(detector.finish())
        return self._merged()

    def heed(self, tracks: Tracks) -> Ways | None:
        """Tell those that heed it what was found to move; what the first of them that knows says of its ways."""
        seen = [detector.heed(tracks) for detector in self._heeding]
        return next((ways for ways in seen if ways is not None), None)

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        for waiting, detector in zip(self._waiting, self._detectors, strict=True):
            waiting.clear()
            detector.reset()

    def _merged(self) -> list[Detections]:
        ready = min(len(waiting) for waiting in self._waiting)
        return [merge([waiting.popleft() for waiting in self._waiting]) for _ in range(ready)]


def merge(parts: Sequence[Detections]) -> Detections:
    """What several detectors said of the same frame as one record.

    Raises:
        ValueError: the parts are of different frames.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    if any(part.index != first.index for part in parts):
        raise ValueError(f"frames {[part.index for part in parts]}: allowed are parts of one frame")
    found = [part for part in parts if len(part)] or [first]
    if len(found) == 1:
        found_px, score, kind = found[0].xyxy_px, found[0].score, found[0].kind
    else:
        found_px = read_only(np.concatenate([part.xyxy_px for part in found]))
        score = read_only(np.concatenate([part.score for part in found]))
        kind = read_only(np.concatenate([part.kind for part in found]))
    return Detections(
        first.index,
        first.t_ns,
        found_px,
        score,
        kind,
        min((part.sight for part in parts), key=_WORST.index),
        all(part.judged for part in parts),
        next((part.mask for part in parts if part.mask is not None), None),
        any(part.whole for part in parts),
        _came_from(found),
    )


def _came_from(parts: Sequence[Detections]) -> CameFrom | None:
    """Where all that was found lay before, of what one of the parts knows it."""
    known = next((part.came_from for part in parts if part.came_from is not None), None)
    if known is None or len(parts) == 1:
        return known
    xy_px = [np.full((len(part), 2), np.nan) if part.came_from is None else part.came_from.xy_px for part in parts]
    return known._replace(xy_px=read_only(np.concatenate(xy_px)))
