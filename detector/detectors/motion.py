"""What moves on the ground, whether the camera moves or stands still."""

from __future__ import annotations

from collections import deque

from pydantic import Field

from detector.detectors.burnt_in import BurntIn
from detector.detectors.joined import JoinedDetector
from detector.detectors.moving import MovingConfig, MovingDetector
from detector.detectors.restless import RestlessConfig, RestlessDetector
from detector.detectors.still import StillConfig, StillDetector
from detector.model import Alignment, Detections, Frame, Sight, Tracks, Ways


class MotionConfig(MovingConfig):
    """Settings of the motion detector: for a camera that moves, under `still` for one that stands, `restless` for
    water."""

    still: StillConfig = Field(default_factory=StillConfig, description="For a camera that stands still.")
    restless: RestlessConfig = Field(
        default_factory=RestlessConfig, description="For ground that does not keep still, as water."
    )


class MotionDetector:
    """Sends each frame to the detector that the camera's motion calls for; each is answered once, in order.

    Both look until the camera has stood for three seconds; from then on only the one for a still camera does, which
    then answers at once, too. The first frames of a stream wait for up to these three seconds, so that a camera that
    never moves is judged by its background from the first frame on; later, nothing waits longer than the one for a
    moving camera needs (0.6 s).
    """

    Config = MotionConfig

    def __init__(self, config: MotionConfig | None = None, *, masks: bool = False) -> None:
        config = config if config is not None else MotionConfig()
        self._moving = JoinedDetector(
            MovingDetector(config, masks=masks), RestlessDetector(config.restless, masks=masks)
        )
        self._still = StillDetector(config.still, masks=masks)
        self._burnt_in = BurntIn()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._moving.reset()
        self._still.reset()
        self._burnt_in.reset()
        self._taken = 0  # frames
        self._answered = 0
        self._for_still: deque[int] = deque()  # numbers of the frames that each was given and has not answered
        self._for_moving: deque[int] = deque()
        self._of_still: dict[int, Detections] = {}
        self._of_moving: dict[int, Detections] = {}
        self._opening = True  # the stream has only begun: nothing was answered yet

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        number, self._taken = self._taken, self._taken + 1
        self._for_still.append(number)
        stood = self._still.standing
        self._keep(self._of_still, self._for_still, self._still.detect(frame, alignment))
        if self._still.standing:
            if not stood:
                # What it had not yet answered is answered by the background of the same three seconds.
                self._moving.reset()
                self._for_moving.clear()
        else:
            self._burnt_in.see(frame, alignment)
            self._for_moving.append(number)
            self._keep(self._of_moving, self._for_moving, self._moving.detect(frame, alignment))
        return self._in_order()

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the rest."""
        self._keep(self._of_still, self._for_still, self._still.finish())
        self._keep(self._of_moving, self._for_moving, self._moving.finish())
        answers = self._in_order()
        self.reset()
        return answers

    def heed(self, tracks: Tracks) -> Ways | None:
        """Leave what was found to move out of what is usual; whether it goes its way."""
        of_moving, of_still = self._moving.heed(tracks), self._still.heed(tracks)
        return of_moving if of_moving is not None else of_still

    def _keep(self, answers: dict[int, Detections], given: deque[int], found: list[Detections]) -> None:
        for one in found:
            number = given.popleft()
            if number >= self._answered:
                answers[number] = one

    def _in_order(self) -> list[Detections]:
        answers = []
        while (answer := self._next()) is not None:
            self._of_still.pop(self._answered, None)
            self._of_moving.pop(self._answered, None)
            self._answered += 1
            answers.append(answer)
        return answers

    def _next(self) -> Detections | None:
        """What is said of the next frame, if that is known."""
        number = self._answered
        still, moving = self._of_still.get(number), self._of_moving.get(number)
        if still is not None and still.sight is Sight.SEEING:
            return still
        if still is None and self._opening:
            return None
        if moving is not None:
            self._opening = False
            return self._burnt_in.without(moving)
        # The one for a moving camera was not given this frame, or was called off.
        return still if number not in self._for_moving else None
