"""Pixel F-measure of masks, as CDnet 2014 defines it, and precision and recall by the strength of what was marked."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from detector.evidence import MaskMaker
from detector.sources.natural import natural_key

from .curves import Curve
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
        self._strengths: list[np.ndarray] = [np.zeros(0, np.float32)]
        self._right: list[np.ndarray] = [np.zeros(0, bool)]

    def add(
        self, mask: np.ndarray, truth: np.ndarray, roi: np.ndarray | None = None, strength: np.ndarray | None = None
    ) -> None:
        """One frame. mask, truth, roi: shape (H, W) uint8. Shadow (50) is not foreground, 85 and 170 do not count.

        strength: of each pixel that is marked, for the curve. shape (H, W) float32
        """
        counts = ~np.isin(truth, _IGNORED)
        if roi is not None:
            counts &= roi > 0
        said, true = (mask > 127) & counts, (truth == _MOVING) & counts
        self.tp += int(np.count_nonzero(said & true))
        self.fp += int(np.count_nonzero(said & ~true))
        self.fn += int(np.count_nonzero(true & ~said))
        if strength is not None:
            self._strengths.append(strength[said])
            self._right.append(true[said])

    def curve(self) -> Curve:
        """Of marked pixels, each as strong as the strongest detection around it."""
        return Curve(np.concatenate(self._strengths), np.concatenate(self._right), self.tp + self.fn)

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


def strengths(boxes: np.ndarray, score: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """Of each pixel the score of the strongest box that holds it, 0 outside all. shape (H, W) float32"""
    shown = np.zeros(size_px[::-1], np.float32)
    for row in np.argsort(score, kind="stable").tolist():
        x0, y0, x1, y1 = boxes[row].tolist()
        shown[max(math.floor(y0), 0) : math.ceil(y1), max(math.floor(x0), 0) : math.ceil(x1)] = score[row]
    return shown


def score_masks(folder: Path, other: str | None = None) -> tuple[dict, dict[str, Curve]]:
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
            strong = strengths(frame.scene.detections.xyxy_px, frame.scene.detections.score, frame.scene.size_px)
            count.add(mask, _seen_as(truth, played, index), seen, strong)
    # Measured for itself: what the frames that can be judged at all are worth.
    row = {"clip": folder.name, **count.summary(), "judged": judged / len(played.frames), "ms": played.ms}
    of = "highway" if kind == "highway" else "moving" if folder.name in MOVING else "others"
    return row, {f"pixels, {of}": count.curve()}
