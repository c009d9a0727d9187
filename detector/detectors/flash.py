"""A short bright spot: a muzzle flash or an explosion's first light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.blobs import find_blobs
from detector.detectors.lagged import Kept, nearest, small_from_small
from detector.model import Alignment, Detections, Frame, Kind, Sight, read_only
from detector.picture import level_at_most


class FlashConfig(BaseModel):
    """Settings of the flash detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width_px: int = Field(default=1000, ge=64, description="It works on a picture at most this wide. [px]")
    lag_s: float = Field(default=0.1, gt=0, le=1, description="Distance in time to the pictures compared with. [s]")
    min_grey: float = Field(default=40.0, gt=0, description="Least brightening. [grey levels]")
    noise_factor: float = Field(
        default=10.0, gt=0, description="Least brightening, in standard deviations of the noise. [1]"
    )


class FlashDetector:
    """First version: brighter than the picture before, the one a lag before and the one a lag after.

    A change of light over the whole picture is taken out first.
    """

    Config = FlashConfig

    def __init__(self, config: FlashConfig | None = None) -> None:
        self._config = config if config is not None else FlashConfig()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._kept: list[Kept] = []
        self._next = 0

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.width_px))
        answers: list[Detections] = []
        if self._kept and (
            now.reference_id != self._kept[-1].reference_id
            or now.size_px != self._kept[-1].size_px
            or now.sight is Sight.BLIND
        ):
            answers = self.finish()
        self._kept.append(now)
        if now.sight is Sight.BLIND:
            self._next = 1
            return [*answers, Detections.none(now.index, now.t_ns, Sight.BLIND)]
        lag_ns = round(self._config.lag_s * 1e9)
        while self._next < len(self._kept) and self._kept[self._next].t_ns + lag_ns <= now.t_ns:
            answers.append(self._answer(self._next, lag_ns))
            self._next += 1
        while self._next > 1 and self._kept[1].t_ns < self._kept[self._next - 1].t_ns - 2 * lag_ns:
            del self._kept[0]
            self._next -= 1
        return answers

    def finish(self) -> list[Detections]:
        """The stream has ended: the last 0.1 s are passed over."""
        rest = self._kept[self._next :]
        self.reset()
        return [Detections.none(kept.index, kept.t_ns, Sight.SEEING, judged=False) for kept in rest]

    def _answer(self, position: int, lag_ns: int) -> Detections:
        judged = self._kept[position]
        before = [one for one in self._kept[:position] if one.sight is not Sight.BLIND]
        if not before or not np.isfinite(judged.reference_from_frame).all():
            return Detections.none(judged.index, judged.t_ns, Sight.WARMING_UP, judged=False)
        others = [
            before[-1],
            nearest(before, judged.t_ns - lag_ns),
            nearest(self._kept[position + 1 :], judged.t_ns + lag_ns),
        ]
        return self._record(judged, self._brighter(judged, others))

    def _brighter(self, judged: Kept, others: list[Kept]) -> NDArray[np.uint8]:
        height, width = judged.picture.shape
        least: NDArray[np.uint8] | None = None
        # What is brighter than its own surroundings anywhere near in the other pictures is no flash.
        kernel = np.ones((5, 5), np.uint8)
        for other in {id(one): one for one in others}.values():
            near = cv2.dilate(other.picture, kernel)
            moved = cv2.warpPerspective(
                near, small_from_small(judged, other), (width, height), flags=cv2.INTER_LINEAR, borderValue=255
            )
            brighter = np.asarray(cv2.subtract(judged.picture, moved), np.uint8)
            least = brighter if least is None else np.asarray(cv2.min(least, brighter), np.uint8)
        assert least is not None
        return least

    def _record(self, judged: Kept, brighter: NDArray[np.uint8]) -> Detections:
        blobs = find_blobs(
            np.asarray(cv2.convertScaleAbs(brighter, alpha=16 / self._config.min_grey), np.uint8), 16, 8, 3
        )
        count = len(blobs.peak)
        return Detections(
            judged.index,
            judged.t_ns,
            read_only((blobs.xyxy * (1 << judged.level)).astype(np.float32)),
            read_only(blobs.peak),
            read_only(np.full(count, Kind.FLASH.value, "<U8")),
            Sight.SEEING,
        )
