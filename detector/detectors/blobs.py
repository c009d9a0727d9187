"""Connected spots of evidence."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detectors.noise_floor import BLOCK_PX, block_maximum, by_pixel
from detector.model import read_only

_MIN_BOX_PX = 4


class Blobs(NamedTuple):
    """Spots in one picture."""

    xyxy: NDArray[np.float64]  # (N, 4), x1 and y1 exclusive [px of that picture]
    peak: NDArray[np.float32]  # (N,) largest evidence over threshold [1]


NO_BLOBS = Blobs(read_only(np.zeros((0, 4))), read_only(np.zeros(0, np.float32)))


def find_blobs(ratio: NDArray[np.uint8], high: int, low: int, close_px: int) -> Blobs:
    """Spots whose evidence reaches `high` somewhere, with all that lies around it above `low` (hysteresis).

    Args:
        ratio: evidence in units of a sixteenth of the local threshold. shape (H, W)
        high, low: in the same unit.
        close_px: gaps up to this wide inside a thing are closed. [px]
    """
    _, mask = cv2.threshold(ratio, low - 1, 255, cv2.THRESH_BINARY)
    if close_px > 1:
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((close_px, close_px), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(outline) for outline in outlines], np.int64).reshape(-1, 4)
    peak = np.array([ratio[y : y + h, x : x + w].max() for x, y, w, h in boxes], np.float32)
    strong = peak >= high
    boxes, peak = boxes[strong], peak[strong]
    xyxy = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).astype(np.float64)
    return Blobs(xyxy, (peak / 16).astype(np.float32))


def strongest(blobs: Blobs, count: int) -> Blobs:
    """The `count` spots with the highest peaks, strongest first; of equals the first found."""
    order = np.argsort(-blobs.peak, kind="stable")[:count]
    return Blobs(blobs.xyxy[order], blobs.peak[order])


def spots(strong: NDArray[np.uint8], weak: NDArray[np.uint8], close_px: int) -> NDArray[np.float64]:
    """Boxes around connected weak evidence in which there is some that is strong. shape (N, 4)

    A box of fewer than 4 pixels is no thing: the corner of a roof shows that much.

    Args:
        strong, weak: 255 where there is evidence, 0 elsewhere; what is strong is weak, too. shape (H, W)
        close_px: gaps up to this wide inside a thing are closed. [px]
    """
    hot_cells = block_maximum(strong) > 0
    if not hot_cells.any():
        return np.zeros((0, 4))
    if close_px > 1:
        weak = np.asarray(cv2.morphologyEx(weak, cv2.MORPH_CLOSE, np.ones((close_px, close_px), np.uint8)), np.uint8)
    outlines, _ = cv2.findContours(_near(hot_cells, weak), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # One point is one pixel. Of a thousand specks that are left in a town most lie in cells without strong evidence.
    boxes = np.array([cv2.boundingRect(one) for one in outlines if len(one) > 1], np.int64).reshape(-1, 4)
    boxes = boxes[boxes[:, 2] * boxes[:, 3] >= _MIN_BOX_PX]
    boxes[:, 2:] += boxes[:, :2]
    boxes = boxes[_touches(boxes, hot_cells)]
    hot = [strong[y0:y1, x0:x1].any() for x0, y0, x1, y1 in boxes.tolist()]
    return boxes[np.array(hot, np.bool_)].astype(np.float64)


def trimmed(xyxy: NDArray[np.float64], evidence: NDArray[np.uint8], share: float) -> NDArray[np.float64]:
    """The boxes around those of their pixels that reach `share` of their largest. shape (N, 4)

    Args:
        xyxy: whole numbers, none empty. shape (N, 4) [px]
        evidence: shape (H, W)
    """
    return np.array([_around(evidence, box, share) for box in xyxy.astype(int).tolist()], np.float64).reshape(-1, 4)


def _around(evidence: NDArray[np.uint8], box: list[int], share: float) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    piece = evidence[y0:y1, x0:x1]
    x, y, width, height = cv2.boundingRect(np.asarray(piece >= share * piece.max(), np.uint8))
    return x0 + x, y0 + y, x0 + x + width, y0 + y + height


def _touches(xyxy: NDArray[np.int64], cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes lie over one of the cells. shape (N,)"""
    total = cv2.integral(cells.view(np.uint8))
    (x0, y0), (x1, y1) = xyxy[:, :2].T // BLOCK_PX, (xyxy[:, 2:].T - 1) // BLOCK_PX + 1
    return np.asarray(total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] > 0)


def _near(hot_cells: NDArray[np.bool_], weak: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The weak evidence without those cells from which no way over cells with some leads to strong evidence.

    Most of it is noise, hundreds of spots of a pixel or two, whose outlines would cost more than all that is found.
    """
    cells = block_maximum(weak) > 0
    count, labels = cv2.connectedComponents(cells.view(np.uint8))
    holds_strong = np.zeros(count, np.bool_)
    holds_strong[labels[hot_cells]] = True
    reached = cells & holds_strong[labels]
    return np.asarray(
        cv2.bitwise_and(weak, by_pixel(np.where(reached, np.uint8(255), np.uint8(0)), weak.shape)), np.uint8
    )


def inside(xyxy: NDArray[np.float64], evidence: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The evidence that lies in one of the boxes, as a mask of 0 and 255. shape as `evidence`, read-only"""
    boxes = np.zeros(evidence.shape, np.uint8)
    for x0, y0, x1, y1 in xyxy.astype(int).tolist():
        boxes[y0:y1, x0:x1] = 255
    return read_only(boxes * evidence)
