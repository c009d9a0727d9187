"""Two ways to find what moves under a moving camera, as one detector."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from detector.detectors.moving import MovingDetector
from detector.detectors.restless import RestlessDetector
from detector.model import Alignment, Detections, Frame, Tracks, Ways


class JoinedDetector:
    """Differences of frames where the ground keeps still; where it does not, what holds together, too."""

    def __init__(self, moving: MovingDetector, restless: RestlessDetector) -> None:
        self._moving = moving
        self._restless = restless
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._moving.reset()
        self._restless.reset()
        self._of_moving: deque[Detections] = deque()
        self._of_restless: deque[Detections] = deque()

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that both have judged."""
        self._take(self._restless.detect(frame, alignment))
        self._of_moving.extend(self._moving.detect(frame, alignment))
        return self._both()

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the rest."""
        self._take(self._restless.finish())
        self._of_moving.extend(self._moving.finish())
        return self._both()

    def heed(self, tracks: Tracks) -> Ways | None:
        """Leave what was found to move out of what is usual; whether it goes its way."""
        # Of the spots that are followed on water most are waves: they are usual there until they count.
        known = tracks.rows(tracks.confirmed) if self._restless.has_judged(tracks.index) else tracks
        of_moving, of_restless = self._moving.heed(known), self._restless.heed(tracks)
        return of_restless if of_restless is not None else of_moving

    def _take(self, restless: list[Detections]) -> None:
        """It answers first: for what it has judged the other need not find spots, only learn what is usual."""
        self._of_restless.extend(restless)
        self._moving.needs_no_spots.update(one.index for one in restless if one.judged)

    def _both(self) -> list[Detections]:
        count = min(len(self._of_moving), len(self._of_restless))
        return [joined(self._of_moving.popleft(), self._of_restless.popleft()) for _ in range(count)]


def joined(moving: Detections, restless: Detections) -> Detections:
    """What both say of one frame. On restless ground a difference is a wave, and only what holds together counts."""
    if not restless.judged:
        return moving
    # Where nothing holds together for certain, a mask of differences may be all there is.
    mask = moving.mask if restless.mask is None else restless.mask
    return replace(restless, sight=moving.sight, mask=mask)
