"""Motion on the ground under a moving camera."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.blobs import Blobs, find_blobs, inside, strongest
from detector.detectors.lagged import Kept, nearest, small_from_small
from detector.detectors.noise_floor import BLOCK_PX, NoiseFloor
from detector.detectors.residual import difference, edges, noise_sigma, symmetric, warped
from detector.detectors.surroundings import Laid, without_structure
from detector.model import Alignment, Detections, Frame, Kind, Sight, read_only
from detector.picture import level_at_most

_MAX_HOT_SHARE = 0.06


class MovingConfig(BaseModel):
    """Settings of the motion detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=1000, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    lag_s: float = Field(default=0.3, gt=0, le=2, description="Distance in time to the pictures compared with. [s]")
    long_lag_s: float = Field(
        default=0.6, gt=0, le=3, description="The same in every second judged frame, for what is long and slow. [s]"
    )
    judge_every_s: float = Field(default=0.055, ge=0, le=1, description="Frames closer together are passed over. [s]")
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    min_grey: float = Field(default=7.0, gt=0, description="Least difference that counts. [grey levels]")
    noise_factor: float = Field(
        default=4.0, gt=0, description="Least difference, in standard deviations of the noise. [1]"
    )
    floor_factor: float = Field(default=1.6, ge=0, description="Least difference, in units of what is usual there. [1]")
    edge_share: float = Field(default=0.3, ge=0, le=1, description="Misfit of the registration that is tolerated. [px]")
    floor_quantile: float = Field(default=0.7, gt=0, lt=1, description="What is usual: louder only in the rest. [1]")
    floor_memory_s: float = Field(default=2.0, gt=0, description="How long it remembers what is usual. [s]")
    low_share: float = Field(
        default=0.4,
        gt=0,
        le=1,
        description="What lies around a spot belongs to it above this share of the threshold. [1]",
    )
    close_px: int = Field(
        default=5, ge=1, le=31, description="Gaps inside a thing up to this are closed. [px of that picture]"
    )
    max_detections: int = Field(default=300, ge=1, description="The strongest so many in a frame are kept. [1]")


class _Evidence(NamedTuple):
    residual: NDArray[np.uint8]
    sigma: float
    earlier: NDArray[np.uint8]
    later: NDArray[np.uint8]


class MovingDetector:
    """Compares each frame with an earlier and a later one, both laid over it: 0.3 s and, in turn, 0.6 s away.

    What differs from both in the same direction, by more than the noise, more than is usual there and more than a
    small misfit of the registration can do, moves. The short time keeps what turns or is soon hidden, the long one
    finds what is slower than its own length in 0.3 s. So it answers 0.6 s late. Times are in seconds: any frame rate
    works; at high ones some frames are passed over (`judged` False).
    """

    Config = MovingConfig

    def __init__(self, config: MovingConfig | None = None, *, masks: bool = False) -> None:
        self._masks = masks
        self._config = config if config is not None else MovingConfig()
        # Over a longer time more is usual: each lag has its own floor.
        self._floors = [NoiseFloor(self._config.floor_quantile, self._config.floor_memory_s) for _ in range(2)]
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._kept: list[Kept] = []
        self._next = 0  # position in _kept of the next frame to be answered for
        self._last: Kept | None = None
        self._start_ns = 0
        self._learned: list[Kept | None] = [None, None]  # the last frame that each floor learned
        self._turn = 0
        for floor in self._floors:
            floor.reset()

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame; answer for those that can now be judged."""
        now = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
        answers: list[Detections] = []
        if self._kept and not self._continues(now):
            answers = self._answer_rest()
            self.reset()
        if not self._kept:
            self._start_ns = now.t_ns
        self._kept.append(now)
        if now.sight is Sight.BLIND:
            self._next = 1
            return [*answers, Detections.none(now.index, now.t_ns, Sight.BLIND)]
        lag_ns = self._lag_ns
        while self._next < len(self._kept) and self._kept[self._next].t_ns + lag_ns <= now.t_ns:
            answers.append(self._answer(self._kept[self._next]))
            self._next += 1
        self._forget(lag_ns)
        return answers

    def finish(self) -> list[Detections]:
        """The stream has ended: answer for the rest; the last 0.3 s are passed over."""
        answers = self._answer_rest() if self._kept else []
        self.reset()
        return answers

    @property
    def _lag_ns(self) -> int:
        return round(max(self._config.lag_s, self._config.long_lag_s) * 1e9)

    def _continues(self, now: Kept) -> bool:
        """A new reference relates to the frame that began it and to nothing before."""
        last = self._kept[-1]
        same = now.reference_id == last.reference_id and now.size_px == last.size_px
        return same and now.sight is not Sight.BLIND and now.t_ns - last.t_ns <= 4 * self._lag_ns

    def _answer_rest(self) -> list[Detections]:
        """No later frame will come: judge by the short lag what still has one so much later, pass over the others."""
        rest, end_ns = self._kept[self._next :], self._kept[-1].t_ns
        self._next = len(self._kept)
        short_ns = round(self._config.lag_s * 1e9)
        return [
            self._answer(kept, turn=0)
            if kept.t_ns + short_ns <= end_ns
            else Detections.none(kept.index, kept.t_ns, self._sight(kept), judged=False)
            for kept in rest
        ]

    def _sight(self, kept: Kept) -> Sight:
        warm = kept.t_ns - self._start_ns >= max(self._config.warm_up_s, self._config.lag_s) * 1e9 * 0.99
        return Sight.SEEING if warm else Sight.WARMING_UP

    def _forget(self, lag_ns: int) -> None:
        """Keep one frame older than the oldest that will be needed."""
        oldest = self._kept[min(self._next, len(self._kept) - 1)].t_ns - lag_ns
        drop = 0
        while drop + 1 < self._next and self._kept[drop + 1].t_ns <= oldest:
            drop += 1
        del self._kept[:drop]
        self._next -= drop

    def _answer(self, judged: Kept, turn: int | None = None) -> Detections:
        due = self._last is None or judged.t_ns - self._last.t_ns >= self._config.judge_every_s * 1e9
        sight = self._sight(judged)
        if sight is not Sight.SEEING or not due or not np.isfinite(judged.reference_from_frame).all():
            return Detections.none(judged.index, judged.t_ns, sight, judged=False)
        self._turn = 1 - self._turn if turn is None else turn
        lag_ns = round((self._config.lag_s, self._config.long_lag_s)[self._turn] * 1e9)
        before = nearest(
            [one for one in self._kept if one.t_ns < judged.t_ns and one.sight is not Sight.BLIND] or [judged],
            judged.t_ns - lag_ns,
        )
        after = nearest([one for one in self._kept if one.t_ns > judged.t_ns] or [judged], judged.t_ns + lag_ns)
        if before is judged or after is judged:
            return Detections.none(judged.index, judged.t_ns, sight, judged=False)
        evidence = self._evidence(judged, before, after)
        threshold = self._threshold(evidence, judged)
        ratio = _ratio(evidence.residual, threshold)
        self._last = judged
        if np.count_nonzero(ratio >= 16) > _MAX_HOT_SHARE * ratio.size:
            return Detections.none(judged.index, judged.t_ns, sight, judged=False)
        blobs = find_blobs(ratio, 16, round(16 * self._config.low_share), self._config.close_px)
        blobs = strongest(blobs, self._config.max_detections)
        laid = Laid(judged.picture, evidence.earlier, evidence.later, threshold, BLOCK_PX, self._config.edge_share)
        moving = without_structure(blobs, laid)
        low = ratio >= round(16 * self._config.low_share)
        return self._record(judged, moving, inside(moving.xyxy, low) if self._masks else None)

    def _evidence(self, judged: Kept, before: Kept, after: Kept) -> _Evidence:
        earlier = warped(before.picture, small_from_small(judged, before), judged.picture)
        later = warped(after.picture, small_from_small(judged, after), judged.picture)
        first, second = difference(judged.picture, earlier), difference(judged.picture, later)
        misfit = cv2.convertScaleAbs(edges(judged.picture), alpha=self._config.edge_share)
        residual = cv2.subtract(symmetric(first, second), misfit)
        return _Evidence(np.asarray(residual, np.uint8), noise_sigma(first), earlier, later)

    def _threshold(self, evidence: _Evidence, judged: Kept) -> NDArray[np.float32]:
        """Least residual that counts in each block. [grey]"""
        config = self._config
        learned = self._learned[self._turn]
        last = learned if learned is not None else judged
        self._learned[self._turn] = judged
        dt_s = (judged.t_ns - last.t_ns) / 1e9
        floor = self._floors[self._turn].update(evidence.residual, small_from_small(judged, last), dt_s)
        least = max(config.min_grey, config.noise_factor * evidence.sigma)
        return np.asarray(np.maximum(floor * config.floor_factor, least), np.float32)

    def _record(self, judged: Kept, blobs: Blobs, mask: NDArray[np.uint8] | None) -> Detections:
        scale = 1 << judged.level
        return Detections(
            judged.index,
            judged.t_ns,
            read_only((blobs.xyxy * scale).astype(np.float32)),
            read_only(blobs.peak),
            read_only(np.full(len(blobs.peak), Kind.MOTION.value, "<U8")),
            Sight.SEEING,
            mask=mask,
        )


def _ratio(residual: NDArray[np.uint8], threshold: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The residual in sixteenths of the threshold of its block. shape as `residual`"""
    height, width = residual.shape
    size = (threshold.shape[1] * BLOCK_PX, threshold.shape[0] * BLOCK_PX)
    scale = cv2.resize((16 / threshold).astype(np.float32), size, interpolation=cv2.INTER_NEAREST)[:height, :width]
    return np.asarray(cv2.multiply(residual, scale, dtype=cv2.CV_8U), np.uint8)
