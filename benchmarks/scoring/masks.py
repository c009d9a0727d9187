"""Pixel F-measure of masks, as CDnet 2014 defines it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from detector.evidence import MaskMaker
from detector.sources.natural import natural_key

from .playing import Played, play
from .variants import centred

MOVING = ("bottle", "cyclists", "surf", "zodiac")
WARM_UP = {"ucsd": 5, "highway": 30}  # frames
_IGNORED = (85, 170)  # outside the region of interest; unknown
_MOVING = 255


class PixelCount:
    """True positives, false positives and false negatives, summed over all frames of a sequence."""

    def __init__(self) -> None:
        self.tp = self.fp = self.fn = 0

    def add(self, mask: np.ndarray, truth: np.ndarray, roi: np.ndarray | None = None) -> None:
        """One frame. mask, truth, roi: shape (H, W) uint8. Shadow (50) is not foreground, 85 and 170 do not count."""
        counts = ~np.isin(truth, _IGNORED)
        if roi is not None:
            counts &= roi > 0
        said, true = (mask > 127) & counts, (truth == _MOVING) & counts
        self.tp += int(np.count_nonzero(said & true))
        self.fp += int(np.count_nonzero(said & ~true))
        self.fn += int(np.count_nonzero(true & ~said))

    def summary(self) -> dict:
        precision = self.tp / max(self.tp + self.fp, 1)
        recall = self.tp / max(self.tp + self.fn, 1)
        f = 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)
        return {"f": f, "precision": precision, "recall": recall}


def _seen_as(truth: np.ndarray, played: Played, index: int) -> np.ndarray:
    """The mask of one frame of the footage that was played."""
    matrix = centred(played.matrices[index])
    size = played.frames[0].scene.size_px
    return np.asarray(cv2.warpPerspective(truth, matrix, size, flags=cv2.INTER_NEAREST), np.uint8)


def score_masks(folder: Path, other: str | None = None) -> dict:
    """One sequence: pictures in `in/`, truth in `gt/` or `groundtruth/`, perhaps `ROI.bmp`; 10 frames a second."""
    pictures, kind = folder / "in", "highway" if folder.name == "highway" else "ucsd"
    truths = [one for one in (folder / "gt", folder / "groundtruth") if one.is_dir()]
    files = sorted(truths[0].glob("*.png"), key=lambda path: natural_key(path.name))
    roi = cv2.imread(str(folder / "ROI.bmp"), cv2.IMREAD_GRAYSCALE) if (folder / "ROI.bmp").exists() else None
    played = play(pictures, other, masks=True)
    if other is None and len(files) != len(played.frames):
        raise ValueError(f"{folder}: {len(files)} masks of truth for {len(played.frames)} pictures")
    maker, count, judged = MaskMaker(), PixelCount(), 0
    for index, (frame, number) in enumerate(zip(played.frames, played.originals, strict=True)):
        truth = cv2.imread(str(files[number]), cv2.IMREAD_GRAYSCALE)
        mask = maker.mask(frame.scene.detections, frame.alignment, frame.scene.size_px)
        judged += frame.scene.detections.mask is not None
        if frame.scene.index >= WARM_UP[kind]:
            seen = None if roi is None else _seen_as(roi, played, index)
            count.add(mask, _seen_as(truth, played, index), seen)
    # Measured for itself: what the frames that can be judged at all are worth.
    return {"clip": folder.name, **count.summary(), "judged": judged / len(played.frames), "ms": played.ms}
