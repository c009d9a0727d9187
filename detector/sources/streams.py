"""What streams a container holds, and which of them is watched."""

from __future__ import annotations

from typing import Any

import av
from av.stream import Disposition


def watched_of(container: Any) -> Any:
    """The stream of pictures that is watched: the first that is no cover picture; None without any."""
    return next((one for one in container.streams.video if not one.disposition & Disposition.attached_pic), None)


def streams_of(container: Any) -> list[dict[str, Any]]:
    """Index, type, codec, size and pixel format of each; of several with pictures, whether it is watched."""
    shown = []
    watched = watched_of(container)
    for stream in container.streams:
        one: dict[str, Any] = {"index": stream.index, "type": stream.type}
        if stream.codec_context is not None:
            one["codec"] = stream.codec_context.name
        if isinstance(stream, av.VideoStream):
            one["size"] = f"{stream.codec_context.width}x{stream.codec_context.height}"
            one["pixels"] = stream.codec_context.pix_fmt
            if len(container.streams.video) > 1:
                one["watched"] = stream is watched
        shown.append(one)
    return shown
