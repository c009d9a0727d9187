"""A short bright spot: a muzzle flash or an explosion's first light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.blobs import NO_BLOBS, Blobs, find_blobs
from detector.detectors.lagged import Kept, nearest, small_from_small
from detector.model import Alignment, Detections, Frame, Kind, Sight, read_only
from detector.picture import level_at_most
from detector.picture.homography import apply

_REACH_PX = 8  # what moves on shows up this near in the other pictures; a flash does not


class FlashConfig(BaseModel):
    """Settings of the flash detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=1000, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    lag_s: float = Field(default=0.1, gt=0, le=1, description="Distance in time to the pictures compared with. [s]")
    min_grey: float = Field(default=40.0, gt=0, description="Least brightening. [grey levels]")
    noise_factor: float = Field(
        default=10.0, gt=0, description="Least brightening, in standard deviations of the noise. [1]"
    )


class FlashDetector:
    """First version: a small spot much brighter than anything near the same place 0.1 s before and 0.1 s after.

    A change of light over the whole picture is taken out. A lamp that stays on, and a bright thing that moves on
    slowly, are no flashes; a glint from a wave or a windscreen may be taken for one. A damaged picture has none: the
    blocks that a decoder puts where something was lost are short and bright, too.
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
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
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
        after = nearest(self._kept[position + 1 :], judged.t_ns + lag_ns)
        earlier = nearest(before, judged.t_ns - lag_ns)
        if judged.damaged:
            return Detections.none(judged.index, judged.t_ns, Sight.SEEING)
        blobs = self._spots(judged, earlier)
        rise = self._rise(judged, [earlier, after], blobs)
        return self._record(judged, blobs, rise)

    def _spots(self, judged: Kept, earlier: Kept) -> Blobs:
        """Spots brighter than anything near the same place in the earlier picture."""
        height, width = judged.picture.shape
        near = cv2.dilate(earlier.picture, np.ones((5, 5), np.uint8))
        if not np.array_equal(judged.reference_from_frame, earlier.reference_from_frame):
            back = small_from_small(judged, earlier)
            near = cv2.warpPerspective(near, back, (width, height), flags=cv2.INTER_NEAREST, borderValue=255)
        brighter = cv2.subtract(judged.picture, near)
        if brighter.max() < self._config.min_grey:
            return NO_BLOBS
        ratio = cv2.convertScaleAbs(brighter, alpha=16 / self._config.min_grey)
        return find_blobs(np.asarray(ratio, np.uint8), 16, 8, 3)

    def _rise(self, judged: Kept, others: list[Kept], blobs: Blobs) -> NDArray[np.float64]:
        """How much brighter each spot is than anything near that place in the other pictures. shape (N,) [grey]

        A change of light over the whole picture is taken out by the difference of the medians.
        """
        centre = (blobs.xyxy[:, :2] + blobs.xyxy[:, 2:] - 1) / 2
        peak = _brightest(judged.picture, centre)
        rise = np.full(len(centre), np.inf)
        for other in others:
            there = apply(small_from_small(other, judged), centre)
            light = _median(judged.picture) - _median(other.picture)
            rise = np.minimum(rise, peak - _brightest(other.picture, there) - max(light, 0.0))
        return rise

    def _record(self, judged: Kept, blobs: Blobs, rise: NDArray[np.float64]) -> Detections:
        flash = rise >= self._config.min_grey
        count = int(flash.sum())
        return Detections(
            judged.index,
            judged.t_ns,
            read_only((blobs.xyxy[flash] * (1 << judged.level)).astype(np.float32)),
            read_only((rise[flash] / self._config.min_grey).astype(np.float32)),
            read_only(np.full(count, Kind.FLASH.value, "<U8")),
            Sight.SEEING,
        )


def _brightest(picture: NDArray[np.uint8], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brightest pixel near each place. shape (N,); 255 outside, where nothing is known."""
    height, width = picture.shape
    inside = (centre >= 0).all(axis=1) & (centre[:, 0] <= width - 1) & (centre[:, 1] <= height - 1)
    column, row = np.rint(np.where(inside[:, None], centre, 0)).astype(np.int64).T
    reach = np.arange(-_REACH_PX, _REACH_PX + 1)
    rows = np.clip(row[:, None] + reach, 0, height - 1)
    columns = np.clip(column[:, None] + reach, 0, width - 1)
    brightest = picture[rows[:, :, None], columns[:, None, :]].max(axis=(1, 2), initial=0)
    return np.where(inside, brightest, 255).astype(np.float64)


def _median(picture: NDArray[np.uint8]) -> float:
    return float(np.median(picture[::9, ::9]))
