"""A contact sheet of the scenes: one picture of each, at a moment that shows what the scene is about."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.synthetic.render import render
from detector.synthetic.scenes import SCENES

# Seconds into each scene; `events` while a burst flashes and an older one smokes, `cut` as the fog comes.
MOMENTS_S = {
    "demo": 19.0,
    "crossing": 4.0,
    "entry": 8.0,
    "night": 5.0,
    "fast_pan": 5.0,
    "oblique": 6.0,
    "hover": 6.0,
    "events": 6.98,
    "walkers": 6.0,
    "cut": 7.2,
    "light": 2.5,
    "parallax": 4.0,
}
_SIZE_PX = (1280, 720)
_ACROSS, _SHRUNK = 3, 3


def moment(name: str, t_s: float, seed: int = 1) -> NDArray[np.uint8]:
    """One picture of a scene, `t_s` > 0 after its start. BGR, shape (720, 1280, 3)"""
    # At a rate of one picture in t_s the second picture is the one wanted.
    pictures = render(SCENES[name](seed), _SIZE_PX, (1000, round(1000 * t_s)), 1.6 * t_s)
    next(pictures)
    return next(pictures).bgr


def contact_sheet() -> NDArray[np.uint8]:
    """All moments with their names, three across. BGR"""
    tiles = []
    for name, t_s in MOMENTS_S.items():
        tile = cv2.resize(moment(name, t_s), None, fx=1 / _SHRUNK, fy=1 / _SHRUNK, interpolation=cv2.INTER_AREA)
        cv2.putText(tile, name, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)
        tiles.append(tile)
    rows = [np.hstack(tiles[i : i + _ACROSS]) for i in range(0, len(tiles), _ACROSS)]
    return np.asarray(np.vstack(rows), np.uint8)


def write_sheet(path: Path) -> None:
    """Write the sheet as a picture; the suffix decides the format.

    Raises:
        OSError: the picture cannot be written.
    """
    coded, data = cv2.imencode(path.suffix, contact_sheet(), [cv2.IMWRITE_JPEG_QUALITY, 82])
    if not coded:
        raise OSError(f"{path}: a picture cannot be made as {path.suffix!r}; allowed are .jpg and .png")
    path.write_bytes(data.tobytes())
