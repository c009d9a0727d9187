"""Fire, and the bright turbulent smoke over it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.detectors.ground_blocks import BLOCK_PX, GroundBlocks, shifted
from detector.detectors.lagged import Kept
from detector.model import Alignment, Detections, Frame, Kind, Sight, read_only
from detector.picture import full_from_shrunk, level_at_most
from detector.picture.homography import Float

Bools = NDArray[np.bool_]

_LAGS = (1, 2, 3)
_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
_OVER_USUAL = 3.0
_FULL_SHARE = 0.9  # of the window has to be there
_SLOWEST_S = 0.115  # between samples, in the mean: further apart, who walks past is flicker


class SmokeConfig(BaseModel):
    """Settings of the smoke and fire detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=240, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    sample_every_s: float = Field(default=0.08, gt=0, le=1, description="Frames closer together are passed over. [s]")
    judge_every_s: float = Field(default=0.33, gt=0, le=5, description="It judges this often. [s]")
    window_s: float = Field(default=2.5, gt=0, le=30, description="How far back flicker is looked for. [s]")
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    min_turns: float = Field(
        default=0.168, gt=0, le=1, description="A flickering place turns brighter or darker this often. [per sample]"
    )
    min_sigma: float = Field(default=6.0, gt=0, description="Least standard deviation of its brightness. [grey levels]")
    min_level: float = Field(
        default=165.0, ge=0, le=255, description="Its brightest pixel is mostly above this. [grey level]"
    )
    min_blocks: int = Field(default=4, ge=1, description="Least size. [blocks of 4x4 px of that picture]")
    max_share: float = Field(
        default=0.06, gt=0, le=1, description="Flicker over more of the picture is water or light. [1]"
    )
    hold: int = Field(default=4, ge=1, le=5, description="Of the last five judgements, so many have to say so. [1]")


class SmokeDetector:
    """Places on the ground that flicker brightly and stay where they are, over seconds: flames, and smoke lit by them.

    What passes (traffic, people) hands its brightness on to the next block a moment later; a flame does not. Water
    glitters over much of the picture. The three together leave fire; a screen or an emergency light seen from near
    can look the same. It tells flame and smoke not apart, and thin smoke without fire it does not see.

    It looks every 0.08 s at blocks that stay on the ground and judges every 0.33 s, without delay; the frames between
    are judged, too, for what burns lasts: nothing is lost in them. A fire is reported 3.3 s after it came into view.
    It says nothing below 8.7 pictures a second: there somebody who walks past looks the same.
    """

    Config = SmokeConfig

    def __init__(self, config: SmokeConfig | None = None) -> None:
        self._config = config if config is not None else SmokeConfig()
        self._blocks = GroundBlocks(self._config.window_s)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._blocks.reset()
        self._said: list[Bools] = []
        self._judged_ns: int | None = None
        self._sampled_ns: int | None = None
        self._start_ns: int | None = None
        self._reference_id = -1
        self._size_px = (0, 0)

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame and answer for it."""
        if alignment.sight is Sight.BLIND or not np.isfinite(alignment.reference_from_frame).all():
            self.reset()
            return [Detections.none(frame.index, frame.t_ns, Sight.BLIND)]
        went_back = self._sampled_ns is not None and frame.t_ns < self._sampled_ns
        if alignment.reference_id != self._reference_id or frame.size_px != self._size_px or went_back:
            self.reset()
            self._reference_id, self._size_px, self._start_ns = alignment.reference_id, frame.size_px, frame.t_ns
        assert self._start_ns is not None
        found = self._look(frame, alignment)
        warm = frame.t_ns - self._start_ns >= self._config.warm_up_s * 0.99e9
        if not warm:
            return [Detections.none(frame.index, frame.t_ns, Sight.WARMING_UP, judged=False)]
        return [found if found is not None else Detections.none(frame.index, frame.t_ns, Sight.SEEING)]

    def finish(self) -> list[Detections]:
        """The stream has ended: nothing is left to say."""
        self.reset()
        return []

    def _look(self, frame: Frame, alignment: Alignment) -> Detections | None:
        every_ns = self._config.sample_every_s * 0.99e9
        if frame.damaged or (self._sampled_ns is not None and frame.t_ns - self._sampled_ns < every_ns):
            return None
        self._sampled_ns = frame.t_ns
        kept = Kept.of(frame, alignment, level_at_most(frame.size_px, self._config.side_px))
        if min(kept.picture.shape) < 3 * BLOCK_PX:
            return None
        reference_from_small = kept.reference_from_frame @ full_from_shrunk(kept.level)
        down, across = self._blocks.add(kept.picture, reference_from_small, kept.t_ns).tolist()
        if down or across:
            self._said = [shifted(one, down, across, False) for one in self._said]
        mean_s = self._blocks.window_s / max(len(self._blocks.t_ns) - 1, 1)
        if self._blocks.window_s < self._config.window_s * _FULL_SHARE or mean_s > _SLOWEST_S:
            self._said = []
            return None
        if self._judged_ns is not None and kept.t_ns - self._judged_ns < self._config.judge_every_s * 0.99e9:
            return None
        self._judged_ns = kept.t_ns
        flickering = self._flickering()
        too_much = flickering.mean() > self._config.max_share
        self._said = [*self._said[-4:], np.zeros_like(flickering) if too_much else flickering]
        return self._record(kept, np.asarray(np.linalg.inv(reference_from_small), np.float64))

    def _flickering(self) -> Bools:
        """Which blocks flicker as fire does. shape (rows, columns)"""
        config, blocks = self._config, self._blocks
        out = np.zeros(blocks.shape, np.bool_)
        rows, columns = np.nonzero(blocks.turns >= config.min_turns * len(blocks.t_ns))
        if not len(rows):
            return out
        means = blocks.means
        series = means[:, rows, columns]
        bright = np.median(blocks.highest[:, rows, columns], axis=0) >= config.min_level
        keep = bright & np.isfinite(series).all(axis=0)
        # Where the whole picture flickers, bright pieces of it do so the most.
        some = means[:, ::3, ::3].std(axis=0)
        some = some[np.isfinite(some)]
        usual = float(np.median(some)) if len(some) else 0.0
        keep[keep] &= series[:, keep].std(axis=0) > max(config.min_sigma, _OVER_USUAL * usual)
        keep[keep] &= _is_even(series[:, keep])
        rows, columns = rows[keep], columns[keep]
        if len(rows):
            stays = stays_in_place(means, rows, columns)
            out[rows[stays], columns[stays]] = True
        return out

    def _record(self, kept: Kept, small_from_reference: Float) -> Detections:
        held = np.sum(self._said, axis=0) >= self._config.hold
        near = cv2.dilate(held.astype(np.uint8), np.ones((3, 3), np.uint8))
        count, label = cv2.connectedComponents(near, connectivity=8)
        regions = [np.nonzero(held & (label == number)) for number in range(1, count)]
        regions = [region for region in regions if len(region[0]) >= self._config.min_blocks]
        if not regions:
            return Detections.none(kept.index, kept.t_ns, Sight.SEEING)
        rectangles = np.array([[y.min(), x.min(), y.max() + 1, x.max() + 1] for y, x in regions])
        scale = 1 << kept.level
        boxes = self._blocks.boxes(rectangles, small_from_reference) * scale
        size = np.tile(np.array(kept.size_px, np.float64), 2)
        return Detections(
            kept.index,
            kept.t_ns,
            read_only(np.clip(boxes, 0, size).astype(np.float32)),
            read_only(np.array([len(y) / self._config.min_blocks for y, _ in regions], np.float32)),
            read_only(np.full(len(regions), Kind.SMOKE.value, "<U8")),
            Sight.SEEING,
        )


def _is_even(series: NDArray[np.float32]) -> Bools:
    """Not mostly at one end of its range: what passes leaves the ground bare for most of the time. shape (N,)"""
    low, middle, high = np.quantile(series, (0.1, 0.5, 0.9), axis=0)
    share = (middle - low) / (high - low + 1)
    return np.asarray((share > 0.15) & (share < 0.8))


def stays_in_place(means: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Bools:
    """Whether each block flickers together with its neighbours rather than after or before them. shape (N,)

    The correlation of its brightness with that of a neighbour at the same time is held against that one to three
    samples later: what passes is seen next door a moment later, and then the second is as high.

    Args:
        means: shape (T, rows, columns) [grey] NaN: not in view; such a neighbour is left out.
        rows, columns: of the blocks. shape (N,)

    Slow twin: tests/naive_flash.py.
    """
    count, height, width = means.shape
    own = _standardised(means[:, rows, columns])
    together, passing = np.full(len(rows), -1.0), np.full(len(rows), -1.0)
    for down, across in _NEIGHBOURS:
        y, x = rows + down, columns + across
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        other = _standardised(means[:, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])
        inside &= np.isfinite(other).all(axis=0)
        other = np.nan_to_num(other)
        together = np.where(inside, np.maximum(together, (own * other).mean(axis=0)), together)
        for lag in _LAGS:
            later = (own[lag:] * other[:-lag]).sum(axis=0) / (count - lag)
            passing = np.where(inside, np.maximum(passing, later), passing)
    return np.asarray((passing - together < -0.05) & (passing < 0.8))


def _standardised(series: NDArray[np.float32]) -> Float:
    wide = series.astype(np.float64)
    return np.asarray((wide - wide.mean(axis=0)) / (wide.std(axis=0) + 1e-6))
