"""The grey picture of a decoded frame: the Y plane itself wherever there is one of 8 bits."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from detector.model import read_only

_EIGHT_BIT_Y = frozenset(
    f"yuv{kind}{layout}p" for kind in ("", "j", "a") for layout in ("420", "422", "444", "440", "411", "410")
) | {"nv12", "nv21", "nv16", "nv24", "gray"}


def luma_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Grey picture, read-only; without a copy for 8-bit planar YUV. shape (H, W)

    Deeper than 8 bits is scaled down by swscale; RGB, palettes and packed YUV are converted.
    """
    name = frame.format.name
    if name not in _EIGHT_BIT_Y:
        frame = frame.reformat(format="yuv420p" if name.startswith(("yuv4", "p01", "p21")) else "gray")
    plane: Any = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8)
    line = plane.line_size
    return read_only(rows[: line * frame.height].reshape(frame.height, line)[:, : frame.width])


def bgr_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The picture in colour, BGR. shape (H, W, 3)"""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
