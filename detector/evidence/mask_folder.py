"""Masks of what moves, one picture a frame: what other programs compare with their own."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.errors import LogError
from detector.model import Alignment, Detections, Sight, read_only
from detector.picture import full_from_shrunk

_CARRIED_S = 0.5
_OURS = re.compile(r"\d{6,}\.png")


class MaskMaker:
    """The full-size mask of every frame of one source, in order.

    A frame that the detector passed over gets the mask of the last judged one, carried along with the ground by the
    registration, for at most half a second. While warming up or BLIND a mask is empty.
    """

    def __init__(self) -> None:
        self._last: tuple[NDArray[np.uint8], Alignment, tuple[int, int]] | None = None

    def mask(self, detections: Detections, alignment: Alignment, size_px: tuple[int, int]) -> NDArray[np.uint8]:
        """What moves in one frame: 255 there, 0 elsewhere. shape (H, W), read-only

        Args:
            detections: of the frame, from a detector that was asked for masks.
            alignment: of the same frame.
            size_px: its width and height. [px]
        """
        small = detections.mask
        if small is not None:
            self._last = (small, alignment, size_px)
        elif detections.sight is Sight.SEEING and not detections.judged:
            small = self._carried(alignment, size_px)
        if small is None:
            return read_only(np.zeros(size_px[::-1], np.uint8))
        return read_only(enlarged(small, size_px))

    def _carried(self, alignment: Alignment, size_px: tuple[int, int]) -> NDArray[np.uint8] | None:
        if self._last is None or self._last[2] != size_px:
            return None
        small, last, _ = self._last
        matrices = last.reference_from_frame, alignment.reference_from_frame
        related = last.reference_id == alignment.reference_id and all(np.isfinite(one).all() for one in matrices)
        if not related or alignment.t_ns - last.t_ns > _CARRIED_S * 1e9:
            return None
        if np.array_equal(*matrices):
            return small
        full = full_from_shrunk(halvings(size_px, small.shape))
        now_from_last = np.linalg.inv(full) @ np.linalg.inv(matrices[1]) @ matrices[0] @ full
        size = (small.shape[1], small.shape[0])
        return np.asarray(cv2.warpPerspective(small, now_from_last, size, flags=cv2.INTER_NEAREST), np.uint8)


class MaskFolder:
    """A folder with one 8-bit PNG a frame, named by the frame's index: 000000.png, 000001.png and so on.

    Masks of an earlier run in the same folder are removed first; nothing else is, as it may be evidence.

    Raises:
        LogError: it cannot be written, or it holds something that is no mask.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            present = sorted(path.iterdir())
            for file in present:
                if not _is_mask(file):
                    raise LogError(f"{path}: holds {file.name}, which is no mask; name another folder")
            for file in present:
                file.unlink()
        except OSError as error:
            raise LogError(f"{path}: masks cannot be written: {error.strerror}") from error

    def write(self, index: int, mask: NDArray[np.uint8]) -> None:
        """One frame's mask. shape (H, W) uint8, 0 or 255"""
        file = self.path / f"{index:06d}.png"
        _, data = cv2.imencode(".png", mask)
        try:
            file.write_bytes(data.tobytes())
        except OSError as error:
            raise LogError(f"{file}: the mask cannot be written: {error.strerror}") from error


def _is_mask(file: Path) -> bool:
    if not _OURS.fullmatch(file.name):
        return False
    data = np.frombuffer(file.read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    return picture is None or (picture.ndim == 2 and bool(np.isin(picture, (0, 255)).all()))


def halvings(size_px: tuple[int, int], shape: tuple[int, ...]) -> int:
    """How many times a picture of `size_px` was halved to get `shape`.

    Raises:
        ValueError: no number of halvings does.
    """
    for level in range(16):
        if (size_px[1] >> level, size_px[0] >> level) == shape:
            return level
    raise ValueError(f"mask of {shape[1]}x{shape[0]} px for a picture of {size_px[0]}x{size_px[1]}: not its halvings")


def enlarged(small: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Each pixel repeated as often as it was halved; the rows and columns that halving left out repeat the last ones.

    Slow twin: tests/naive_vision.py.
    """
    level = halvings(size_px, small.shape)
    height, width = small.shape
    size = (width << level, height << level)
    large = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST) if level else small
    bottom, right = size_px[1] - size[1], size_px[0] - size[0]
    if bottom or right:
        large = cv2.copyMakeBorder(large, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(large, np.uint8)
