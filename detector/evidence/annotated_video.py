"""A video that a person can judge: the pictures with what was found drawn into them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from detector.addresses import local_file
from detector.errors import LogError

_TIME_BASE = Fraction(1, 90_000)


class AnnotatedVideo:
    """An MP4 file (H.264) that is written picture by picture, each at its own time.

    Raises, from every call:
        LogError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: VideoStream | None = None
        self._t_first_ns = 0
        self._last_pts = -1
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(local_file(path), "w", format="mp4", options={"movflags": "faststart"})
        except (OSError, av.FFmpegError) as error:
            raise LogError(f"{path}: the annotated video cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except LogError:
            if kind is None:  # else what went wrong first is told already
                raise

    def write(self, picture: NDArray[np.uint8], t_ns: int) -> None:
        """Append one picture. BGR, shape (H, W, 3) uint8; an odd last row or column is left out."""
        height, width = picture.shape[0] & ~1, picture.shape[1] & ~1
        if width == 0 or height == 0:
            return
        if self._stream is None:
            self._t_first_ns = t_ns
            self._stream = self._container.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "22"})
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.time_base = self._stream.codec_context.time_base = _TIME_BASE
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="bgr24")
        pts = max(self._last_pts + 1, (t_ns - self._t_first_ns) * _TIME_BASE.denominator // 1_000_000_000)
        self._last_pts = frame.pts = pts
        frame.time_base = _TIME_BASE
        self._mux(self._stream, frame)

    def close(self) -> None:
        """Finish the file. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._stream is not None:
                self._mux(self._stream, None)
        finally:
            self._end()

    def _end(self) -> None:
        try:
            self._container.close()
        except (OSError, av.FFmpegError) as error:
            raise LogError(f"{self.path}: the annotated video cannot be written: {error.strerror}") from error

    def _mux(self, stream: VideoStream, frame: av.VideoFrame | None) -> None:
        try:
            self._container.mux(stream.encode(frame))
        except (OSError, av.FFmpegError) as error:
            raise LogError(f"{self.path}: the annotated video cannot be written: {error.strerror}") from error
